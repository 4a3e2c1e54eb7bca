//! `Idempotency-Key`.

use crate::harness::{Answer, Api, BOTH, CONFIGURED_KEY, text};
use actix_web::http::{Method, StatusCode};
use serde_json::{Value, json};

const PATH: &str = "/api/v1/directories";

async fn send(api: &Api, key: &str, body: &Value) -> Answer {
    api.call(Method::POST, PATH)
        .header("idempotency-key", key)
        .json(body)
        .send()
        .await
}

#[actix_web::test]
async fn a_repeated_request_gets_the_first_answer_and_changes_nothing() {
    for dialect in BOTH {
        let api = Api::on(dialect).await;
        let body = json!({"organization": "contoso.com"});
        let (first, again) = (send(&api, "k1", &body).await, send(&api, "k1", &body).await);
        assert_eq!(
            (
                first.header("idempotency-replayed"),
                again.header("idempotency-replayed")
            ),
            (None, Some("true"))
        );
        assert_eq!(first.header("location"), again.header("location"));
        assert_eq!((again.status, &again.text), (StatusCode::CREATED, &first.text));
        api.log(2).await;
        let other = send(&api, "k2", &body).await.expect(StatusCode::CREATED);
        assert_ne!(other["id"], first.expect(StatusCode::CREATED)["id"]);
        api.close().await;
    }
}

#[actix_web::test]
async fn one_key_does_not_serve_two_requests() {
    for dialect in BOTH {
        let api = Api::on(dialect).await;
        send(&api, "k", &json!({"organization": "contoso.com"}))
            .await
            .expect(StatusCode::CREATED);
        let problem = send(&api, "k", &json!({"organization": "fabrikam.com"}))
            .await
            .problem(422);
        assert_eq!(problem["type"], "urn:rollcall:problem:idempotency-key-reused");
        let elsewhere = api
            .call(Method::POST, "/api/v1/organizations")
            .header("idempotency-key", "k");
        elsewhere
            .json(&json!({"domains": ["fabrikam.com"]}))
            .send()
            .await
            .problem(422);
        api.log(2).await;
        api.close().await;
    }
}

#[actix_web::test]
async fn requests_at_once_under_one_key_make_one_change() {
    for dialect in BOTH {
        let api = Api::on(dialect).await;
        let body = json!({"organization": "contoso.com"});
        let (a, b, c) = tokio::join!(send(&api, "k", &body), send(&api, "k", &body), send(&api, "k", &body));
        assert_eq!((&a.text, &a.text), (&b.text, &c.text));
        assert_eq!(
            (a.status, b.status, c.status),
            (StatusCode::CREATED, StatusCode::CREATED, StatusCode::CREATED)
        );
        api.log(2).await;
        api.close().await;
    }
}

#[actix_web::test]
async fn a_refused_request_can_be_mended_under_the_same_key() {
    for dialect in BOTH {
        let api = Api::on(dialect).await;
        let unknown = json!({"organization": "0190f5a4-3b1e-7c3a-8d2f-000000000001"});
        send(&api, "k", &unknown).await.problem(422);
        send(&api, "k", &json!({"organization": "contoso.com"}))
            .await
            .expect(StatusCode::CREATED);
        api.close().await;
    }
}

#[actix_web::test]
async fn the_same_key_of_another_caller_is_another_key() {
    for dialect in BOTH {
        let api = Api::on(dialect).await;
        let body = json!({"organization": "contoso.com"});
        let first = send(&api, "k", &body).await.expect(StatusCode::CREATED);
        let call = api
            .anonymous(Method::POST, PATH)
            .header("authorization", &format!("Bearer {CONFIGURED_KEY}"));
        let other = call
            .header("idempotency-key", "k")
            .json(&body)
            .send()
            .await
            .expect(StatusCode::CREATED);
        assert_ne!(text(&first, "id"), text(&other, "id"));
        api.close().await;
    }
}

#[actix_web::test]
async fn every_post_takes_the_key() {
    let api = Api::on(BOTH[1]).await;
    let directory = api.directory("contoso.com").await;
    let endpoint = json!({"url": "https://hooks.example.com/"});
    let made = api
        .post("/api/v1/endpoints", &endpoint)
        .await
        .expect(StatusCode::CREATED);
    let endpoint_path = format!("/api/v1/endpoints/{}", text(&made, "id"));
    for (n, (path, body)) in [
        ("/api/v1/organizations".to_owned(), json!({"domains": ["fabrikam.com"]})),
        (
            format!("/api/v1/directories/{}/keys", text(&directory, "id")),
            json!({"name": "second"}),
        ),
        ("/api/v1/endpoints".to_owned(), endpoint),
        (format!("{endpoint_path}/rotate-secret"), json!({})),
        (format!("{endpoint_path}/enable"), json!({})),
    ]
    .into_iter()
    .enumerate()
    {
        let send = async || {
            let call = api.call(Method::POST, &path).header("idempotency-key", &n.to_string());
            call.json(&body).send().await
        };
        let (first, again) = (send().await, send().await);
        assert!(first.status.is_success(), "{path}: {}", first.text);
        assert_eq!(
            (again.header("idempotency-replayed"), &again.text),
            (Some("true"), &first.text),
            "{path}"
        );
    }
    api.close().await;
}

#[actix_web::test]
async fn a_key_that_cannot_be_one_is_refused() {
    let api = Api::on(BOTH[1]).await;
    for key in [" ", &"k".repeat(256)] {
        send(&api, key, &json!({"organization": "contoso.com"}))
            .await
            .problem(400);
    }
    api.log(0).await;
    api.close().await;
}
