//! `/directories`.

use crate::harness::{Api, BOTH, text};
use actix_web::http::StatusCode;
use secrets::{Token, TokenKind};
use serde_json::{Value, json};
use store::TokenDigest;

const PATH: &str = "/api/v1/directories";

async fn stored_hash(api: &Api, key_id: &str) -> TokenDigest {
    api.db
        .store
        .find_directory_key(key_id.parse().unwrap())
        .await
        .unwrap()
        .unwrap()
        .token_hash
}

#[actix_web::test]
async fn one_call_sets_up_organization_directory_and_key() {
    for dialect in BOTH {
        let api = Api::on(dialect).await;
        let answer = api.post(PATH, &json!({"organization": "Contoso.com"})).await;
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        let made = answer.expect(StatusCode::CREATED);
        let id = text(&made, "id");
        assert_eq!(
            made["scim_url"],
            format!("https://rollcall.example/directories/{id}/scim/v2")
        );
        assert_eq!(
            (&made["state"], &made["provider"]),
            (&json!("active"), &json!("entra_id"))
        );
        assert_eq!(made["name"], "Microsoft Entra ID");
        let organization = text(&made, "organization_id");
        let found = api
            .get(&format!("/api/v1/organizations/{organization}"))
            .await
            .expect(StatusCode::OK);
        assert_eq!(found["domains"], json!(["contoso.com"]));

        let key = &made["key"];
        let token = Token::parse(text(key, "token")).unwrap();
        assert_eq!(
            (token.kind(), token.id().to_string()),
            (TokenKind::Directory, text(key, "id").to_owned())
        );
        assert!(token.matches(&stored_hash(&api, text(key, "id")).await));

        let by_id = json!({"organization": organization, "provider": "okta", "name": "Second"});
        let second = api.post(PATH, &by_id).await.expect(StatusCode::CREATED);
        assert_eq!(second["organization_id"], made["organization_id"]);
        assert_eq!(
            (&second["provider"], &second["name"]),
            (&json!("okta"), &json!("Second"))
        );
        let third = api.directory("contoso.com").await;
        assert_eq!(third["organization_id"], made["organization_id"]);
        api.close().await;
    }
}

#[actix_web::test]
async fn the_token_is_shown_once_and_never_stored() {
    for dialect in BOTH {
        let api = Api::on(dialect).await;
        let made = api.directory("contoso.com").await;
        let (id, token) = (text(&made, "id"), text(&made["key"], "token"));
        for path in ["", "/{id}", "/{id}/keys"] {
            let answer = api.get(&format!("{PATH}{}", path.replace("{id}", id))).await;
            assert_eq!(answer.status, 200);
            assert!(
                !answer.text.contains(token) && !answer.text.contains("\"token\""),
                "{}",
                answer.text
            );
        }
        let log = serde_json::to_string(&api.log(2).await).unwrap();
        assert!(!log.contains(token) && !log.contains(&token[26..]));
        api.close().await;
    }
}

#[actix_web::test]
async fn the_events_of_a_directory_are_announced_in_order() {
    for dialect in BOTH {
        let api = Api::on(dialect).await;
        let made = api.directory("contoso.com").await;
        let id = text(&made, "id");
        let path = format!("{PATH}/{id}");
        api.patch(&path, &json!({"name": "HR", "state": "paused"}))
            .await
            .expect(StatusCode::OK);
        api.patch(&path, &json!({"name": "HR"})).await.expect(StatusCode::OK);
        assert_eq!(api.delete(&path).await.status, 204);

        let log = api.log(4).await;
        let types: Vec<_> = log.iter().map(|event| text(event, "type")).collect();
        let expected = [
            "directory.created",
            "directory.key_created",
            "directory.updated",
            "directory.deleted",
        ];
        assert_eq!(types, expected);
        for (event, sequence) in log.iter().zip(1..) {
            assert_eq!(
                (&event["sequence"], &event["source"]),
                (&json!(sequence), &json!("api"))
            );
            assert_eq!(event["directory_id"], made["id"]);
            assert_eq!(event["organization_id"], made["organization_id"]);
            assert_eq!(event["data"]["directory"]["id"], made["id"]);
        }
        assert_eq!(log[1]["data"]["key"]["id"], made["key"]["id"]);
        let changes = json!([
            {"path": "name", "before": "Microsoft Entra ID", "after": "HR"},
            {"path": "state", "before": "active", "after": "paused"},
        ]);
        assert_eq!(log[2]["data"]["changes"], changes);
        let unpublished = api
            .db
            .store
            .events()
            .unpublished(&[0, 1, 2, 3], 10)
            .await
            .unwrap()
            .events;
        assert_eq!(unpublished.len(), 4, "they wait for the relay");
        api.close().await;
    }
}

#[actix_web::test]
async fn a_directory_is_shown_with_its_counts_and_health() {
    for dialect in BOTH {
        let api = Api::on(dialect).await;
        let made = api.directory("contoso.com").await;
        let path = format!("{PATH}/{}", text(&made, "id"));
        let found = api.get(&path).await.expect(StatusCode::OK);
        assert_eq!(found["counts"], json!({"users": 0, "active_users": 0, "groups": 0}));
        assert_eq!(
            (&found["health"]["state"], &found["last_request_at"]),
            (&json!("waiting"), &Value::Null)
        );
        assert_eq!(api.get(PATH).await.expect(StatusCode::OK)["data"], json!([found]));

        let health = async |error: Option<&str>| {
            let used = store::KeyUse {
                key_id: text(&made["key"], "id").parse().unwrap(),
                directory_id: text(&made, "id").parse().unwrap(),
                at: events::Timestamp::now(),
                error: error.map(str::to_owned),
            };
            api.db.store.directories().note_use(&[used]).await.unwrap();
            let found = api.get(&path).await.expect(StatusCode::OK);
            (found["health"]["state"].clone(), found["last_error"].clone())
        };
        assert_eq!(health(Some("no")).await, (json!("failing"), json!("no")));
        assert_eq!(health(None).await, (json!("active"), Value::Null));
        let paused = api
            .patch(&path, &json!({"state": "paused"}))
            .await
            .expect(StatusCode::OK);
        assert_eq!(
            (&paused["health"]["state"], &paused["state"]),
            (&json!("paused"), &json!("paused"))
        );
        api.close().await;
    }
}

#[actix_web::test]
async fn lists_show_the_directories_of_the_organization_asked_for_only() {
    for dialect in BOTH {
        let api = Api::on(dialect).await;
        let (ours, theirs) = (api.directory("contoso.com").await, api.directory("fabrikam.com").await);
        let path = format!("{PATH}?organization_id={}", text(&ours, "organization_id"));
        let list = api.get(&path).await.expect(StatusCode::OK);
        assert_eq!(list["data"].as_array().unwrap().len(), 1);
        assert_eq!(list["data"][0]["id"], ours["id"]);
        // A key is found below its own directory only.
        let (our_id, their_key) = (text(&ours, "id"), text(&theirs["key"], "id"));
        let path = format!("{PATH}/{our_id}/keys/{their_key}");
        api.delete(&path).await.problem(404);
        api.patch(&path, &json!({"name": "x"})).await.problem(404);
        api.get(&format!("{path}/token")).await.problem(404);
        assert!(api.get(&format!("{PATH}?organization_id=x")).await.faults(400) == ["organization_id"]);
        api.close().await;
    }
}

#[actix_web::test]
async fn a_deleted_directory_is_gone_with_its_keys() {
    for dialect in BOTH {
        let api = Api::on(dialect).await;
        let made = api.directory("contoso.com").await;
        let path = format!("{PATH}/{}", text(&made, "id"));
        assert_eq!(api.delete(&path).await.status, 204);
        api.get(&path).await.problem(404);
        api.delete(&path).await.problem(404);
        api.patch(&path, &json!({"name": "x"})).await.problem(404);
        api.get(&format!("{path}/keys")).await.problem(404);
        let key = text(&made["key"], "id").parse().unwrap();
        assert!(api.db.store.find_directory_key(key).await.unwrap().is_none());
        api.close().await;
    }
}

#[actix_web::test]
async fn what_no_directory_can_be_made_of_is_refused() {
    let api = Api::on(BOTH[1]).await;
    for (body, pointers) in [
        (json!({}), vec!["#/organization"]),
        (json!({"organization": "nodots"}), vec!["#/organization"]),
        (
            json!({"organization": "0190f5a4-3b1e-7c3a-8d2f-000000000001"}),
            vec!["#/organization"],
        ),
        (
            json!({"organization": "a.example", "provider": "ldap", "name": "x".repeat(201)}),
            vec!["#/provider", "#/name"],
        ),
    ] {
        assert_eq!(api.post(PATH, &body).await.faults(422), pointers, "{body}");
    }
    api.log(0).await;
    let made = api.directory("contoso.com").await;
    let path = format!("{PATH}/{}", text(&made, "id"));
    for (body, pointers) in [
        (json!({"state": "off"}), vec!["#/state"]),
        (json!({"state": null, "name": null}), vec!["#/name", "#/state"]),
        (json!({"provider": "okta"}), vec!["#/provider"]),
    ] {
        assert_eq!(api.patch(&path, &body).await.faults(422), pointers, "{body}");
    }
    api.close().await;
}
