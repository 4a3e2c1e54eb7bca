//! `/admin-keys`.

use crate::harness::{Api, BOTH, CONFIGURED_KEY, text};
use actix_web::http::{Method, StatusCode};
use admin::AdminKeyWish;
use events::Timestamp;
use secrecy::ExposeSecret;
use serde_json::json;
use std::time::Duration;
use store::AdminScope;

const PATH: &str = "/api/v1/admin-keys";
const ORGANIZATIONS: &str = "/api/v1/organizations";

#[actix_web::test]
async fn an_admin_key_is_made_listed_used_and_deleted() {
    for dialect in BOTH {
        let api = Api::on(dialect).await;
        let body = json!({"name": " CI ", "scopes": ["read"], "expires_at": "2099-01-31T12:00:00Z"});
        let answer = api.post(PATH, &body).await;
        let location = answer.header("location").unwrap().to_owned();
        let mut made = answer.expect(StatusCode::CREATED);
        let token = text(&made, "token").to_owned();
        assert!(token.starts_with("rca_"));
        assert_eq!(made["name"], "CI");
        assert_eq!(made["scopes"], json!(["read"]));
        assert_eq!(made["organization_id"], json!(null));
        let id = text(&made, "id").to_owned();
        assert_eq!(location, format!("https://rollcall.example{PATH}/{id}"));
        made.as_object_mut().unwrap().remove("token");
        assert_eq!(api.get(&format!("{PATH}/{id}")).await.expect(StatusCode::OK), made);

        let used = api.call_with(&token, Method::GET, ORGANIZATIONS).send().await;
        used.expect(StatusCode::OK);
        let list = api.get(PATH).await.expect(StatusCode::OK);
        let listed = &list["data"][0];
        assert_eq!(listed["id"], json!(id));
        assert!(listed["last_used_at"].is_string());
        assert!(!list.to_string().contains(&token));

        let deleted = api.delete(&format!("{PATH}/{id}")).await;
        assert_eq!(deleted.status, StatusCode::NO_CONTENT);
        api.call_with(&token, Method::GET, ORGANIZATIONS)
            .send()
            .await
            .problem(401);
        api.delete(&format!("{PATH}/{id}")).await.problem(404);
        api.get(&format!("{PATH}/{id}")).await.problem(404);
        api.close().await;
    }
}

#[actix_web::test]
async fn every_fault_of_a_new_admin_key_is_reported_with_its_pointer() {
    let api = Api::on(BOTH[1]).await;
    for (body, pointers) in [
        (json!({}), vec!["#/name", "#/scopes"]),
        (json!({"name": "a", "scopes": []}), vec!["#/scopes"]),
        (
            json!({"name": "a", "scopes": ["read", "write", "read"]}),
            vec!["#/scopes/1"],
        ),
        (json!({"name": "a", "scopes": ["read", "read"]}), vec!["#/scopes/1"]),
        (
            json!({"name": "a", "scopes": ["read"], "organization_id": "x", "expires_at": "2001-01-01T00:00:00Z"}),
            vec!["#/organization_id", "#/expires_at"],
        ),
        (
            json!({"name": "a", "scopes": ["read"], "organization_id": "0190f5a4-3b1e-7c3a-8d2f-000000000001"}),
            vec!["#/organization_id"],
        ),
    ] {
        assert_eq!(api.post(PATH, &body).await.faults(422), pointers, "{body}");
    }
    assert_eq!(
        api.get(&format!("{PATH}?organisation=x")).await.faults(400),
        ["organisation"]
    );
    api.close().await;
}

#[actix_web::test]
async fn a_key_gives_no_scope_that_it_lacks() {
    for dialect in BOTH {
        let api = Api::on(dialect).await;
        let key = api.admin_key(&json!({"name": "a", "scopes": ["admin", "read"]})).await;
        let body = json!({"name": "b", "scopes": ["read", "endpoints", "directories"]});
        let refused = api.call_with(&key, Method::POST, PATH).json(&body).send().await;
        assert_eq!(refused.faults(403), ["#/scopes/1", "#/scopes/2"]);
        let body = json!({"name": "b", "scopes": ["read"]});
        let made = api.call_with(&key, Method::POST, PATH).json(&body).send().await;
        made.expect(StatusCode::CREATED);
        api.close().await;
    }
}

#[actix_web::test]
async fn an_operation_says_which_scope_is_missing() {
    let api = Api::on(BOTH[1]).await;
    let key = api.admin_key(&json!({"name": "a", "scopes": ["read"]})).await;
    let body = json!({"domains": ["contoso.com"]});
    let answer = api
        .call_with(&key, Method::POST, ORGANIZATIONS)
        .json(&body)
        .send()
        .await;
    assert_eq!(
        answer.header("www-authenticate"),
        Some(r#"Bearer realm="rollcall", error="insufficient_scope", scope="directories""#)
    );
    let problem = answer.problem(403);
    let detail = text(&problem, "detail");
    assert!(
        detail.contains("\"directories\"") && detail.ends_with("The key has: read."),
        "{detail}"
    );
    assert_eq!(api.call_with(&key, Method::HEAD, PATH).status().await, 403);
    api.call_with(&key, Method::GET, "/api/v1/nothing")
        .send()
        .await
        .problem(404);
    api.close().await;
}

#[actix_web::test]
async fn an_expired_key_opens_nothing_and_keys_without_limits_may_everything() {
    for dialect in BOTH {
        let api = Api::on(dialect).await;
        let wish = AdminKeyWish {
            scopes: vec![AdminScope::Read],
            expires_at: Some(Timestamp::now().minus(Duration::from_secs(1))),
            ..AdminKeyWish::named("late")
        };
        let (_, token) = admin::create_admin_key_as(&api.db.store, &wish).await.unwrap().unwrap();
        let late = api.call_with(token.expose_secret(), Method::GET, ORGANIZATIONS);
        late.send().await.problem(401);
        let all = json!({"name": "b", "scopes": ["read", "directories", "endpoints", "connections", "admin"]});
        for key in [api.key.as_str(), CONFIGURED_KEY] {
            let made = api.call_with(key, Method::POST, PATH).json(&all).send().await;
            made.expect(StatusCode::CREATED);
        }
        api.close().await;
    }
}
