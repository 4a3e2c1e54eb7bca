//! Requests that cannot be read.

use crate::harness::{Api, BOTH};
use actix_web::http::Method;
use serde_json::json;

const ORGANIZATIONS: &str = "/api/v1/organizations";

#[actix_web::test]
async fn a_body_that_is_no_json_object_is_refused() {
    let api = Api::on(BOTH[1]).await;
    let send = async |kind: &str, body: Vec<u8>| api.call(Method::POST, ORGANIZATIONS).raw(kind, body).send().await;
    let json = "application/json";
    let broken = send(json, b"{\"domains\": [\"contoso.com\",]}".to_vec())
        .await
        .problem(400);
    assert!(
        broken["detail"].as_str().unwrap().contains("line 1, column 28"),
        "{broken}"
    );
    send(json, Vec::new()).await.problem(400);
    send(json, vec![b'"', 0xff, b'"']).await.problem(400);
    send(json, "[".repeat(10_000).into_bytes()).await.problem(400);
    assert_eq!(send(json, b"[]".to_vec()).await.faults(422), ["#"]);
    send(json, vec![b' '; 256 * 1024 + 1]).await.problem(413);
    for kind in ["text/plain", "application/x-www-form-urlencoded", "application/jsonp"] {
        let problem = send(kind, b"{}".to_vec()).await.problem(415);
        assert!(problem["detail"].as_str().unwrap().contains(kind));
    }
    api.call(Method::POST, ORGANIZATIONS).send().await.problem(415);
    for kind in [
        "application/json; charset=utf-8",
        "application/vnd.api+json",
        "APPLICATION/JSON",
    ] {
        assert_eq!(send(kind, b"{}".to_vec()).await.faults(422), ["#/domains"]);
    }
    api.close().await;
}

#[actix_web::test]
async fn unknown_fields_and_parameters_are_named_with_the_known_ones() {
    let api = Api::on(BOTH[1]).await;
    let body = json!({"domains": ["contoso.com"], "domain": "contoso.com", "a/b": 1});
    let problem = api.post(ORGANIZATIONS, &body).await.problem(422);
    let errors = problem["errors"].as_array().unwrap();
    assert_eq!(
        (&errors[0]["pointer"], &errors[1]["pointer"]),
        (&json!("#/domain"), &json!("#/a~1b"))
    );
    let detail = errors[0]["detail"].as_str().unwrap();
    assert!(
        detail.contains("\"domain\"") && detail.contains("name, domains"),
        "{detail}"
    );
    let problem = api.get(&format!("{ORGANIZATIONS}?limit=x&page=2")).await.problem(400);
    assert_eq!(problem["errors"][0]["parameter"], "page");
    assert!(
        problem["errors"][0]["detail"]
            .as_str()
            .unwrap()
            .contains("limit, cursor")
    );
    assert_eq!(problem["errors"][1]["parameter"], "limit");
    let body = json!({"domains": ["contoso.com"]});
    assert_eq!(
        api.post(&format!("{ORGANIZATIONS}?dry_run=1"), &body).await.faults(400),
        ["dry_run"]
    );
    api.close().await;
}

#[actix_web::test]
async fn every_fault_of_a_body_is_told_with_its_place_its_limit_and_what_was_sent() {
    let api = Api::on(BOTH[1]).await;
    let secret = "hunter2-hunter2";
    let body = json!({
        "url": secret.repeat(400), "description": 7, "event_types": ["user.created", "user.exploded"], "rate_limit": 0,
        "ordered": "yes", "signing": "v9", "directory_ids": ["x"], "client_certificate": {"certificate": secret},
    });
    let problem = api.post("/api/v1/endpoints", &body).await.problem(422);
    let errors = problem["errors"].as_array().unwrap();
    let told = |pointer: &str| {
        let fault = errors.iter().find(|fault| fault["pointer"] == pointer);
        fault.unwrap_or_else(|| panic!("{pointer} in {problem}"))["detail"]
            .as_str()
            .unwrap()
    };
    for (pointer, limit, sent) in [
        ("#/description", "a string", "this is 7"),
        ("#/event_types/1", "user.created", "user.exploded"),
        ("#/rate_limit", "from 1 to 10000", "this is 0"),
        ("#/ordered", "true or false", "this is a string"),
        ("#/signing", "v1, v1a", "this is \"v9\""),
        ("#/directory_ids/0", "a UUID", "this is \"x\""),
        ("#/client_certificate/private_key", "is required", ""),
    ] {
        let detail = told(pointer);
        assert!(detail.contains(limit) && detail.contains(sent), "{pointer}: {detail}");
    }
    told("#/url");
    // What may be a secret is not repeated.
    assert!(!problem.to_string().contains(secret), "{problem}");
    api.close().await;
}

#[actix_web::test]
async fn of_a_body_with_thousands_of_faults_the_first_hundred_are_told_and_how_many_there_are() {
    let api = Api::on(BOTH[1]).await;
    let members: serde_json::Map<String, serde_json::Value> =
        (0..5_000).map(|number| (format!("m{number}"), json!(1))).collect();
    let problem = api.post(ORGANIZATIONS, &members.into()).await.problem(422);
    assert_eq!(problem["errors"].as_array().unwrap().len(), 100);
    assert!(problem["detail"].as_str().unwrap().contains("5001 faults"), "{problem}");
    api.close().await;
}

#[actix_web::test]
async fn unknown_paths_ids_and_methods_are_problems_too() {
    let api = Api::on(BOTH[1]).await;
    api.get("/api/v1/nothing").await.problem(404);
    api.anonymous(Method::GET, "/api/nothing").send().await.problem(404);
    api.get("/api/v1/organizations/no-uuid").await.problem(404);
    api.get("/api/v1/directories/0190f5a4-3b1e-7c3a-8d2f-000000000001")
        .await
        .problem(404);
    let answer = api.call(Method::PUT, "/api/v1/directories/x").send().await;
    assert_eq!(answer.header("allow"), Some("GET, HEAD, PATCH, DELETE, OPTIONS"));
    answer.problem(405);
    api.close().await;
}

#[actix_web::test]
async fn a_cursor_of_another_list_is_refused() {
    for dialect in BOTH {
        let api = Api::on(dialect).await;
        for domain in ["a.example", "b.example"] {
            api.directory(domain).await;
        }
        let list = api
            .get(&format!("{ORGANIZATIONS}?limit=1"))
            .await
            .expect(actix_web::http::StatusCode::OK);
        let cursor = list["next_cursor"].as_str().unwrap();
        for path in [
            format!("/api/v1/directories?cursor={cursor}"),
            format!("{ORGANIZATIONS}?cursor=garbage"),
        ] {
            assert_eq!(api.get(&path).await.faults(400), ["cursor"]);
        }
        api.close().await;
    }
}

#[actix_web::test]
async fn without_a_database_the_answer_is_503_with_a_time_to_retry() {
    for dialect in BOTH {
        let api = Api::on(dialect).await;
        api.db.store.close().await;
        let call = api.anonymous(Method::GET, ORGANIZATIONS);
        let answer = call
            .header("authorization", &format!("Bearer {}", crate::harness::CONFIGURED_KEY))
            .send()
            .await;
        assert_eq!(answer.header("retry-after"), Some("2"));
        answer.problem(503);
        api.close().await;
    }
}
