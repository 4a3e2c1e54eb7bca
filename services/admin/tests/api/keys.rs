//! `/directories/{id}/keys`.

use crate::harness::{Api, BOTH, text};
use actix_web::http::{Method, StatusCode};
use secrets::Token;
use serde_json::{Value, json};

async fn keys_path(api: &Api) -> String {
    format!(
        "/api/v1/directories/{}/keys",
        text(&api.directory("contoso.com").await, "id")
    )
}

#[actix_web::test]
async fn a_key_is_made_changed_and_revoked() {
    for dialect in BOTH {
        let api = Api::on(dialect).await;
        let path = keys_path(&api).await;
        let body = json!({"name": "Backup", "description": "spare", "expires_at": "2099-01-31T12:00:00+02:00"});
        let made = api.post(&path, &body).await.expect(StatusCode::CREATED);
        assert_eq!(
            (&made["name"], &made["description"]),
            (&json!("Backup"), &json!("spare"))
        );
        assert_eq!(made["expires_at"], "2099-01-31T10:00:00.000Z");
        assert_eq!(
            (&made["retrievable"], &made["last_used_at"]),
            (&json!(false), &Value::Null)
        );
        let stored = api
            .db
            .store
            .find_directory_key(text(&made, "id").parse().unwrap())
            .await
            .unwrap()
            .unwrap();
        assert!(Token::parse(text(&made, "token")).unwrap().matches(&stored.token_hash));

        let key = format!("{path}/{}", text(&made, "id"));
        let change = json!({"name": "Main", "description": null});
        let changed = api.patch(&key, &change).await.expect(StatusCode::OK);
        assert_eq!(
            (&changed["name"], &changed["description"]),
            (&json!("Main"), &Value::Null)
        );
        assert_eq!(changed["expires_at"], made["expires_at"]);
        assert_eq!(changed.get("token"), None);
        let list = api.get(&path).await.expect(StatusCode::OK);
        assert_eq!(list["data"][0], changed);
        assert_eq!(list["data"].as_array().unwrap().len(), 2);

        assert_eq!(api.delete(&key).await.status, 204);
        api.delete(&key).await.problem(404);
        api.patch(&key, &json!({"name": "x"})).await.problem(404);
        assert_eq!(
            api.get(&path).await.expect(StatusCode::OK)["data"]
                .as_array()
                .unwrap()
                .len(),
            1
        );
        let stored = api
            .db
            .store
            .find_directory_key(text(&made, "id").parse().unwrap())
            .await
            .unwrap()
            .unwrap();
        assert!(stored.revoked_at.is_some());
        let log = api.log(4).await;
        let types: Vec<_> = log.iter().skip(2).map(|event| text(event, "type")).collect();
        assert_eq!(types, ["directory.key_created", "directory.key_revoked"]);
        assert_eq!(log[3]["data"]["key"]["id"], made["id"]);
        api.close().await;
    }
}

#[actix_web::test]
async fn only_a_retrievable_key_is_read_back() {
    for dialect in BOTH {
        let api = Api::on(dialect).await;
        let path = keys_path(&api).await;
        let plain = api.post(&path, &json!({"name": "a"})).await.expect(StatusCode::CREATED);
        api.get(&format!("{path}/{}/token", text(&plain, "id")))
            .await
            .problem(404);
        let body = json!({"name": "b", "retrievable": true});
        let made = api.post(&path, &body).await.expect(StatusCode::CREATED);
        assert_eq!(made["retrievable"], true);
        let id: events::KeyId = text(&made, "id").parse().unwrap();
        let token_path = format!("{path}/{id}/token");
        assert_eq!(
            api.get(&token_path).await.expect(StatusCode::OK)["token"],
            made["token"]
        );

        let directory = path.split('/').nth(4).unwrap().parse().unwrap();
        let stored = api.db.store.directory_keys(directory).by_id(id).await.unwrap().unwrap();
        let sealed = stored.sealed_token.unwrap();
        let token = text(&made, "token").as_bytes();
        assert!(
            !sealed.windows(token.len()).any(|window| window == token),
            "it is stored encrypted"
        );
        assert_eq!(api.delete(&format!("{path}/{id}")).await.status, 204);
        api.get(&token_path).await.problem(404);
        api.close().await;
    }
}

#[actix_web::test]
async fn what_no_key_can_be_made_of_is_refused() {
    let api = Api::on(BOTH[1]).await;
    let path = keys_path(&api).await;
    for (body, pointers) in [
        (json!({}), vec!["#/name"]),
        (
            json!({"name": "x".repeat(101), "description": "y".repeat(251)}),
            vec!["#/name", "#/description"],
        ),
        (
            json!({"name": "a", "expires_at": "2001-01-01T00:00:00Z"}),
            vec!["#/expires_at"],
        ),
        (
            json!({"name": "a", "expires_at": "tomorrow", "retrievable": "yes"}),
            vec!["#/expires_at", "#/retrievable"],
        ),
        (json!({"name": "a", "token": "rcd_mine"}), vec!["#/token"]),
    ] {
        assert_eq!(api.post(&path, &body).await.faults(422), pointers, "{body}");
    }
    let nowhere = "/api/v1/directories/0190f5a4-3b1e-7c3a-8d2f-000000000001/keys";
    api.post(nowhere, &json!({"name": "a"})).await.problem(404);
    api.get(nowhere).await.problem(404);
    assert_eq!(
        api.call(Method::PUT, &path).send().await.header("allow"),
        Some("POST, GET, HEAD, OPTIONS")
    );
    api.close().await;
}
