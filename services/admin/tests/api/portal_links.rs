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
            "features": ["sso", "directory_sync"], "expires_in": 3600,
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
        assert_eq!(
            plain.expect(StatusCode::CREATED)["features"],
            json!(["directory_sync", "sso"])
        );
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
            (
                json!({"organization_id": organization, "features": ["webhooks", "directory_sync"]}),
                vec!["#/features"],
            ),
            (
                json!({"organization_id": organization, "features": ["webhooks"], "directory_id": own["id"]}),
                vec!["#/directory_id"],
            ),
            (
                json!({"organization_id": organization, "capabilities": ["view"]}),
                vec!["#/capabilities"],
            ),
            (
                json!({"organization_id": organization, "features": ["webhooks"], "capabilities": ["view", "look", "view"]}),
                vec!["#/capabilities/1"],
            ),
            (
                json!({"organization_id": organization, "return_url": "javascript:alert(1)", "brand": {"colour": "red"}}),
                vec!["#/return_url", "#/brand/name", "#/brand/colour"],
            ),
            (
                json!({"organization_id": organization, "brand": {"name": "x", "logo_url": "https://app.example/x.png"}}),
                vec!["#/brand/logo_url"],
            ),
        ] {
            assert_eq!(api.post(PATH, &body).await.faults(422), pointers, "{body}");
        }
        let key = json!({"name": "a", "scopes": ["read", "directories"], "organization_id": organization});
        let key = api.admin_key(&key).await;
        let post = async |body| api.call_with(&key, Method::POST, PATH).json(&body).send().await;
        let plain = post(json!({"organization_id": organization})).await;
        assert_eq!(plain.expect(StatusCode::CREATED)["features"], json!(["directory_sync"]));
        // Nobody gives more than they have.
        let of_sign_on = json!({"organization_id": organization, "features": ["directory_sync", "sso"]});
        assert!(post(of_sign_on).await.problem(403).to_string().contains("connections"));
        let of_endpoints =
            json!({"organization_id": organization, "features": ["webhooks"], "capabilities": ["manage"]});
        post(of_endpoints).await.problem(403);
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

#[actix_web::test]
async fn a_link_to_endpoints_always_shows_them_and_gives_what_is_said() {
    for dialect in BOTH {
        let api = Api::on(dialect).await;
        let directory = api.directory("contoso.com").await;
        let of = |more: serde_json::Value| {
            let mut body = json!({"organization_id": directory["organization_id"], "features": ["webhooks"]});
            body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            body
        };
        for (more, capabilities) in [
            (json!({}), json!(["view"])),
            (json!({"capabilities": ["resend"]}), json!(["view", "resend"])),
            (
                json!({"capabilities": ["manage", "view", "resend", "reveal"]}),
                json!(["view", "reveal", "manage", "resend"]),
            ),
        ] {
            let made = api.post(PATH, &of(more)).await.expect(StatusCode::CREATED);
            assert_eq!(made["capabilities"], capabilities);
            assert!(text(&made, "url").starts_with("https://rollcall.example/apps/rcl_"));
            assert_eq!((&made["return_url"], &made["brand"]), (&json!(null), &json!(null)));
        }
        // One pixel.
        let logo = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
        let more = json!({
            "return_url": "https://app.example/settings",
            "brand": {"name": "Hero SaaS", "colour": "#12ABEF", "logo_url": format!("data:image/png;base64,{logo}")},
        });
        let made = api.post(PATH, &of(more)).await.expect(StatusCode::CREATED);
        assert_eq!(made["return_url"], "https://app.example/settings");
        assert_eq!(
            made["brand"],
            json!({"name": "Hero SaaS", "colour": "#12abef", "has_logo": true})
        );
        let list = api.get(PATH).await.expect(StatusCode::OK);
        assert_eq!(list["data"][0]["brand"], made["brand"]);
        let log = api.get("/api/v1/audit-log?limit=100").await;
        assert!(!log.text.contains(logo), "a picture is not in the audit log");
        api.close().await;
    }
}
