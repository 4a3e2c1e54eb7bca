//! `/portal-links`.

use crate::harness::{Api, BOTH, text};
use actix_web::http::{Method, StatusCode};
use secrets::{Token, TokenKind};
use serde_json::json;

const PATH: &str = "/api/v1/portal-links";

#[actix_web::test]
async fn a_link_is_shown_once_and_only_the_hash_of_its_token_is_kept() {
    for dialect in BOTH {
        let api = Api::on(dialect).await;
        let directory = api.directory("contoso.com").await;
        let (organization, directory) = (&directory["organization_id"], &directory["id"]);
        let body = json!({
            "organization_id": organization, "directory_id": directory,
            "features": ["sso", "webhooks"], "expires_in": 3600,
        });
        let mut made = api.post(PATH, &body).await.expect(StatusCode::CREATED);
        let url = text(&made, "url").to_owned();
        let token = url.strip_prefix("https://rollcall.example/setup/").unwrap();
        let parsed = Token::parse(token).unwrap();
        assert_eq!(parsed.kind(), TokenKind::PortalLink);
        let link = api
            .db
            .store
            .portal_links()
            .by_id(parsed.id().into())
            .await
            .unwrap()
            .unwrap();
        assert!(parsed.matches(&link.token_hash));
        assert_eq!(link.expires_at.since(link.created_at).as_secs(), 3_600);
        made.as_object_mut().unwrap().remove("url");
        let list = api
            .get(&format!("{PATH}?organization_id={}", organization.as_str().unwrap()))
            .await;
        assert_eq!(list.expect(StatusCode::OK)["data"], json!([made]));
        let plain = api.post(PATH, &json!({"organization_id": organization})).await;
        assert_eq!(plain.expect(StatusCode::CREATED)["features"], json!(["directory_sync"]));
        let revoked = api.delete(&format!("{PATH}/{}", text(&made, "id"))).await;
        assert_eq!(revoked.status, StatusCode::NO_CONTENT);
        api.delete(&format!("{PATH}/{}", text(&made, "id"))).await.problem(404);
        let log = api.get("/api/v1/audit-log?limit=100").await;
        assert!(log.text.contains("portal_link.revoked") && !log.text.contains(token));
        api.close().await;
    }
}

#[actix_web::test]
async fn a_link_is_for_an_organization_and_a_directory_of_it() {
    for dialect in BOTH {
        let api = Api::on(dialect).await;
        let own = api.directory("own.example").await;
        let other = api.directory("other.example").await;
        let organization = &own["organization_id"];
        for (body, pointers) in [
            (json!({}), vec!["#/organization_id"]),
            (
                json!({"organization_id": "0190f5a4-3b1e-7c3a-8d2f-000000000001"}),
                vec!["#/organization_id"],
            ),
            (
                json!({"organization_id": organization, "directory_id": other["id"]}),
                vec!["#/directory_id"],
            ),
            (
                json!({"organization_id": organization, "features": ["sso", "sso"], "expires_in": 5}),
                vec!["#/features/1", "#/expires_in"],
            ),
        ] {
            assert_eq!(api.post(PATH, &body).await.faults(422), pointers, "{body}");
        }
        let key = json!({"name": "a", "scopes": ["read", "directories"], "organization_id": organization});
        let key = api.admin_key(&key).await;
        let post = async |body| api.call_with(&key, Method::POST, PATH).json(&body).send().await;
        post(json!({"organization_id": organization}))
            .await
            .expect(StatusCode::CREATED);
        // Nobody gives more than they have.
        post(json!({"organization_id": organization, "features": ["webhooks"]}))
            .await
            .problem(403);
        post(json!({"organization_id": other["organization_id"]}))
            .await
            .problem(404);
        let list = api
            .call_with(&key, Method::GET, PATH)
            .send()
            .await
            .expect(StatusCode::OK);
        assert_eq!(list["data"].as_array().unwrap().len(), 1);
        api.close().await;
    }
}
