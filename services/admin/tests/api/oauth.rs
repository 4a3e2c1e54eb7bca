//! `/directories/{id}/oauth-clients`, `/directories/{id}/federation` and which ways of authentication are on.

use crate::harness::{Api, BOTH, text};
use actix_web::http::{Method, StatusCode};
use secrets::Token;
use serde_json::{Value, json};

async fn directory_path(api: &Api) -> String {
    format!(
        "/api/v1/directories/{}",
        text(&api.directory("contoso.com").await, "id")
    )
}

// Rules: E3
#[actix_web::test]
async fn several_oauth_clients_live_at_once_and_each_secret_is_shown_once() {
    for dialect in BOTH {
        let api = Api::on(dialect).await;
        let path = format!("{}/oauth-clients", directory_path(&api).await);
        let first = api.post(&path, &json!({})).await.expect(StatusCode::CREATED);
        let body = json!({"name": "Entra", "expires_at": "2099-01-31T10:00:00Z"});
        let second = api.post(&path, &body).await.expect(StatusCode::CREATED);
        assert_eq!(second["name"], "Entra");
        assert!(text(&second, "token_url").ends_with("/scim/v2/oauth/token"));
        let id = text(&second, "client_id").parse().unwrap();
        let stored = api.db.store.find_oauth_client(id).await.unwrap().unwrap();
        let secret = Token::parse(text(&second, "client_secret")).unwrap();
        assert!(secret.matches(&stored.token_hash));

        let list = api.get(&path).await.expect(StatusCode::OK);
        let shown: Vec<_> = list["data"].as_array().unwrap().iter().collect();
        let ids: Vec<_> = shown.iter().map(|client| &client["client_id"]).collect();
        assert_eq!(ids, [&second["client_id"], &first["client_id"]]);
        assert!(shown.iter().all(|client| client.get("client_secret").is_none()));

        let one = format!("{path}/{id}");
        assert_eq!(api.delete(&one).await.status, 204);
        api.delete(&one).await.problem(404);
        let list = api.get(&path).await.expect(StatusCode::OK);
        assert_eq!(list["data"].as_array().unwrap().len(), 1);
        let log = api.log(5).await;
        let types: Vec<_> = log.iter().skip(2).map(|event| text(event, "type")).collect();
        assert_eq!(types[..2], ["directory.key_created", "directory.key_created"]);
        assert_eq!(types[2], "directory.key_revoked");
        assert_eq!(log[4]["data"]["key"]["id"], second["client_id"]);
        assert!(!log.iter().any(|event| event.to_string().contains("rcs_")));
        api.close().await;
    }
}

// Rules: E4
#[actix_web::test]
async fn a_federation_is_set_changed_and_ended() {
    for dialect in BOTH {
        let api = Api::on(dialect).await;
        let path = format!("{}/federation", directory_path(&api).await);
        api.get(&path).await.problem(404);
        api.delete(&path).await.problem(404);
        let mut body = json!({"tenant_id": uuid::Uuid::from_u128(7), "audience": "api://a", "subject": "s"});
        let put = async |body: &Value| api.call(Method::PUT, &path).json(body).send().await;
        let set = put(&body).await.expect(StatusCode::OK);
        assert_eq!((&set["audience"], &set["subject"]), (&json!("api://a"), &json!("s")));
        assert_eq!(put(&body).await.expect(StatusCode::OK), set);
        body["subject"] = json!("t");
        let changed = put(&body).await.expect(StatusCode::OK);
        assert_eq!(
            (&changed["subject"], &changed["created_at"]),
            (&json!("t"), &set["created_at"])
        );
        assert_eq!(api.get(&path).await.expect(StatusCode::OK), changed);
        let faults = put(&json!({"tenant_id": "common"})).await.faults(422);
        assert_eq!(faults, ["#/tenant_id", "#/audience", "#/subject"]);
        assert_eq!(api.delete(&path).await.status, 204);
        api.get(&path).await.problem(404);
        let log = api.log(5).await;
        assert_eq!(log[3]["data"]["changes"][0]["before"]["subject"], "s");
        assert_eq!(log[4]["data"]["changes"][0]["after"], Value::Null);
        api.close().await;
    }
}

#[actix_web::test]
async fn a_directory_says_which_ways_of_authentication_are_on() {
    for dialect in BOTH {
        let api = Api::on(dialect).await;
        let path = directory_path(&api).await;
        let all = json!(["bearer", "basic", "oauth_client_credentials", "workload_identity"]);
        let shown = async || api.get(&path).await.expect(StatusCode::OK)["authentication"].clone();
        assert_eq!(shown().await, all);
        let body = json!({"authentication": ["workload_identity", "basic"]});
        let changed = api.patch(&path, &body).await.expect(StatusCode::OK);
        assert_eq!(changed["authentication"], json!(["basic", "workload_identity"]));
        assert_eq!(shown().await, changed["authentication"]);
        for (wrong, place) in [
            (json!(["password"]), "#/authentication/0"),
            (json!([]), "#/authentication"),
        ] {
            let answer = api.patch(&path, &json!({"authentication": wrong})).await;
            assert_eq!(answer.faults(422), [place]);
        }
        let reset = api.patch(&path, &json!({"authentication": null})).await;
        assert_eq!(reset.expect(StatusCode::OK)["authentication"], all);
        let log = api.log(4).await;
        assert_eq!(log[2]["data"]["changes"][0]["path"], "authentication");
        api.close().await;
    }
}
