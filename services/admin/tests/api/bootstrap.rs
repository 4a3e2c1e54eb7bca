//! The set-up of a first start.

use crate::harness::{Api, BOTH, text};
use actix_web::http::{Method, StatusCode};
use secrecy::ExposeSecret;
use secrets::Token;
use serde_json::json;

#[actix_web::test]
async fn a_first_start_makes_everything_once() {
    for dialect in BOTH {
        let api = Api::on(dialect).await;
        let made = admin::bootstrap(&api.db.store, "http://127.0.0.1:8080/", 4)
            .await
            .unwrap()
            .unwrap();
        assert_eq!(
            made.scim_url,
            format!("http://127.0.0.1:8080/directories/{}/scim/v2", made.directory_id)
        );
        assert!(
            admin::bootstrap(&api.db.store, "http://127.0.0.1:8080", 4)
                .await
                .unwrap()
                .is_none()
        );

        let token = Token::parse(made.token.expose_secret()).unwrap();
        let key = api
            .db
            .store
            .find_directory_key(token.id().into())
            .await
            .unwrap()
            .unwrap();
        assert!(token.matches(&key.token_hash) && key.directory.id == made.directory_id);
        let authorization = format!("Bearer {}", made.admin_key.expose_secret());
        let call = api
            .anonymous(Method::GET, "/api/v1/organizations")
            .header("authorization", &authorization);
        let list = call.send().await.expect(StatusCode::OK);
        assert_eq!(list["data"][0]["domains"], json!(["example.com"]));
        assert_eq!(list["data"][0]["id"], made.organization_id.to_string());
        let log = api.log(2).await;
        let types: Vec<_> = log.iter().map(|event| text(event, "type")).collect();
        assert_eq!(types, ["directory.created", "directory.key_created"]);
        assert!(log.iter().all(|event| event["source"] == "system"));
        assert!(!format!("{made:?}").contains(made.token.expose_secret()));
        api.close().await;
    }
}

#[actix_web::test]
async fn two_first_starts_at_once_make_one_organization() {
    for dialect in BOTH {
        let api = Api::on(dialect).await;
        let start = || admin::bootstrap(&api.db.store, "http://127.0.0.1:8080", 4);
        let (a, b) = tokio::join!(start(), start());
        assert_eq!([a.unwrap(), b.unwrap()].iter().flatten().count(), 1);
        let directories = api.get("/api/v1/directories").await.expect(StatusCode::OK);
        assert_eq!(directories["data"].as_array().unwrap().len(), 1);
        api.close().await;
    }
}
