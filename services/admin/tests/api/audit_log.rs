//! The audit log: every change and every refusal, and no secret.

use crate::harness::{Answer, Api, BOTH, text};
use actix_web::http::{Method, StatusCode};
use serde_json::{Value, json};
use store::Dialect;

const PATH: &str = "/api/v1/audit-log";

/// The entries that a query finds, newest first.
async fn entries(api: &Api, query: &str) -> Vec<Value> {
    let list = api
        .get(&format!("{PATH}?limit=100&{query}"))
        .await
        .expect(StatusCode::OK);
    list["data"].as_array().unwrap().clone()
}

fn actions(entries: &[Value]) -> Vec<&str> {
    entries.iter().map(|entry| text(entry, "action")).collect()
}

#[actix_web::test]
async fn a_change_is_in_the_log_with_who_when_where_and_what_changed() {
    for dialect in BOTH {
        let api = Api::on(dialect).await;
        let directory = api.directory("contoso.com").await;
        let id = text(&directory, "id");
        let path = format!("/api/v1/directories/{id}");
        let body = json!({"name": "Two", "state": "paused"});
        api.patch(&path, &body).await.expect(StatusCode::OK);
        // What changes nothing is no change.
        api.patch(&path, &body).await.expect(StatusCode::OK);
        let found = entries(&api, &format!("directory_id={id}")).await;
        assert_eq!(actions(&found), ["directory.updated", "directory.created"]);
        let updated = &found[0];
        assert_eq!(updated["outcome"], "done");
        assert_eq!(updated["actor"]["type"], "admin_key");
        assert_eq!(updated["actor"]["name"], "tests");
        assert_eq!(updated["object"], json!({"type": "directory", "id": id}));
        assert_eq!(updated["organization_id"], directory["organization_id"]);
        assert_eq!(updated["operation"], "PATCH /api/v1/directories/{id}");
        assert_eq!(updated["before"]["name"], directory["name"]);
        assert_eq!(updated["after"]["name"], "Two");
        assert_eq!(updated["after"]["state"], "paused");
        assert_eq!(updated["after"]["provider"], json!(null), "it did not change");
        assert_eq!(updated["count"], 1);
        // The key that asks was made on the command line.
        let of_program = entries(&api, "actor=system").await;
        assert_eq!(actions(&of_program), ["admin_key.created"]);
        assert_eq!(of_program[0]["actor"]["name"], "command line");
        api.close().await;
    }
}

#[actix_web::test]
async fn a_change_that_does_not_happen_is_not_in_the_log() {
    for dialect in BOTH {
        let api = Api::on(dialect).await;
        let body = json!({"domains": ["contoso.com"]});
        let organizations = "/api/v1/organizations";
        api.post(organizations, &body).await.expect(StatusCode::CREATED);
        api.post(organizations, &body).await.problem(409);
        let call = || api.call(Method::POST, organizations).header("idempotency-key", "one");
        let again = json!({"domains": ["fabrikam.com"]});
        call().json(&again).send().await.expect(StatusCode::CREATED);
        call().json(&again).send().await.expect(StatusCode::CREATED);
        let found = entries(&api, "action=organization.created").await;
        assert_eq!(found.len(), 2);
        api.close().await;
    }
}

#[actix_web::test]
async fn no_secret_is_in_the_log_and_reading_one_back_is() {
    for dialect in BOTH {
        let api = Api::on(dialect).await;
        let directory = api.directory("contoso.com").await;
        let id = text(&directory, "id");
        let keys = format!("/api/v1/directories/{id}/keys");
        let key = api.post(&keys, &json!({"name": "a", "retrievable": true})).await;
        let key = key.expect(StatusCode::CREATED);
        let token = format!("{keys}/{}/token", text(&key, "id"));
        api.get(&token).await.expect(StatusCode::OK);
        let client = api
            .post(&format!("/api/v1/directories/{id}/oauth-clients"), &json!({}))
            .await;
        let client = client.expect(StatusCode::CREATED);
        let body = json!({
            "url": "https://app.example/hooks/path-secret?key=query-secret",
            "headers": {"x-key": "header-secret"},
        });
        let endpoint = api.post("/api/v1/endpoints", &body).await.expect(StatusCode::CREATED);
        let path = format!("/api/v1/endpoints/{}", text(&endpoint, "id"));
        let body = json!({"url": "https://app.example/other-secret", "description": "d"});
        api.patch(&path, &body).await.expect(StatusCode::OK);
        api.get(&format!("{path}/secret")).await.expect(StatusCode::OK);
        let rotated = api.call(Method::POST, &format!("{path}/rotate-secret")).send().await;
        let rotated = rotated.expect(StatusCode::OK);
        let admin = api.admin_key(&json!({"name": "b", "scopes": ["read"]})).await;

        let found = entries(&api, "").await;
        let log = Value::from(found.clone()).to_string();
        for secret in [
            text(&directory["key"], "token"),
            text(&key, "token"),
            text(&client, "client_secret"),
            text(&endpoint, "secret"),
            text(&rotated, "secret"),
            admin.as_str(),
            "path-secret",
            "query-secret",
            "other-secret",
            "header-secret",
        ] {
            assert!(!log.contains(secret), "{secret}");
        }
        let found = actions(&found);
        for action in [
            "key.token_read",
            "endpoint.secret_read",
            "endpoint.secret_rotated",
            "endpoint.updated",
        ] {
            assert!(found.contains(&action), "{action} in {found:?}");
        }
        api.close().await;
    }
}

#[actix_web::test]
async fn refusals_are_counted_and_those_of_strangers_are_few_rows() {
    for dialect in BOTH {
        let api = Api::on(dialect).await;
        let directory = api.directory("contoso.com").await;
        let path = format!("/api/v1/directories/{}", text(&directory, "id"));
        for n in 0..300 {
            let path = format!("/api/v1/organizations?n={n}");
            let call = api
                .anonymous(Method::GET, &path)
                .header("authorization", &format!("Bearer {n}"));
            call.send().await.problem(401);
        }
        let key = api.admin_key(&json!({"name": "reader", "scopes": ["read"]})).await;
        for _ in 0..3 {
            api.call_with(&key, Method::DELETE, &path).send().await.problem(403);
        }
        let strangers = entries(&api, "actor=stranger").await;
        assert!(strangers.len() <= 2, "{strangers:?}");
        let count: i64 = strangers.iter().map(|entry| entry["count"].as_i64().unwrap()).sum();
        assert_eq!(count, 300);
        assert_eq!(strangers[0]["status"], 401);
        let refused = entries(&api, "action=access.refused").await;
        let refused: Vec<_> = refused.iter().filter(|entry| entry["status"] == 403).collect();
        let count: i64 = refused.iter().map(|entry| entry["count"].as_i64().unwrap()).sum();
        assert_eq!(count, 3);
        assert_eq!(refused[0]["outcome"], "refused");
        assert_eq!(refused[0]["actor"]["name"], "reader");
        assert_eq!(refused[0]["operation"], "DELETE /api/v1/directories/{id}");
        assert_eq!(refused[0]["object"]["id"], directory["id"]);
        // Counting goes on in the same row.
        api.call_with(&key, Method::DELETE, &path).send().await.problem(403);
        let refused = entries(&api, "action=access.refused").await;
        let count: i64 = refused.iter().map(|entry| entry["count"].as_i64().unwrap()).sum();
        assert_eq!(count, 304);
        api.close().await;
    }
}

#[actix_web::test]
async fn the_log_is_filtered_paged_and_exported_as_lines() {
    for dialect in BOTH {
        let api = Api::on(dialect).await;
        for n in 0..105 {
            let body = json!({"domains": [format!("d{n}.example")]});
            api.post("/api/v1/organizations", &body)
                .await
                .expect(StatusCode::CREATED);
        }
        let mut ids = Vec::new();
        let mut cursor = String::new();
        loop {
            let path = format!("{PATH}?limit=40&action=organization.created{cursor}");
            let list = api.get(&path).await.expect(StatusCode::OK);
            ids.extend(list["data"].as_array().unwrap().iter().map(|entry| entry["id"].clone()));
            let Some(next) = list["next_cursor"].as_str() else {
                break;
            };
            cursor = format!("&cursor={next}");
        }
        assert_eq!(ids.len(), 105);
        let lines = |answer: Answer| {
            assert_eq!(answer.header("content-type"), Some("application/jsonl"));
            let lines = answer
                .text
                .lines()
                .map(|line| serde_json::from_str::<Value>(line).unwrap());
            lines.map(|entry| entry["id"].clone()).collect::<Vec<_>>()
        };
        let export = api
            .get(&format!("{PATH}?format=jsonl&action=organization.created"))
            .await;
        assert_eq!(lines(export), ids);
        let accepting = api.call(Method::GET, &format!("{PATH}?action=organization.created"));
        let accepting = accepting.header("accept", "application/jsonl").send().await;
        assert_eq!(lines(accepting), ids);
        assert!(entries(&api, "until=2001-01-01T00:00:00Z").await.is_empty());
        assert_eq!(entries(&api, "since=2001-01-01T00:00:00Z").await.len(), 100);
        let faults = api
            .get(&format!("{PATH}?actor=me&since=x&format=csv&cursor=x&who=me"))
            .await
            .faults(400);
        assert_eq!(faults, ["who", "since", "actor", "cursor", "format"]);
        api.close().await;
    }
}

#[actix_web::test]
async fn a_key_of_one_organization_reads_the_log_of_that_organization() {
    for dialect in BOTH {
        let api = Api::on(dialect).await;
        let own = api.directory("own.example").await;
        let other = api.directory("other.example").await;
        let body = json!({"name": "own", "scopes": ["admin"], "organization_id": own["organization_id"]});
        let key = api.admin_key(&body).await;
        let path = format!("/api/v1/directories/{}", text(&other, "id"));
        // It lacks the scope: that is said first, and of its own refusals it may know.
        api.call_with(&key, Method::GET, &path).send().await.problem(403);
        let log = api
            .call_with(&key, Method::GET, PATH)
            .send()
            .await
            .expect(StatusCode::OK);
        let log = log["data"].as_array().unwrap();
        assert_eq!(
            actions(log),
            [
                "access.refused",
                "admin_key.created",
                "directory.created",
                "organization.created"
            ]
        );
        assert!(
            log.iter()
                .all(|entry| entry["organization_id"] == own["organization_id"])
        );
        let of_other = format!("{PATH}?organization_id={}", text(&other, "organization_id"));
        api.call_with(&key, Method::GET, &of_other).send().await.problem(404);
        api.close().await;
    }
}

#[actix_web::test]
async fn old_entries_are_forgotten_in_steps() {
    for dialect in [Dialect::Postgres, Dialect::Sqlite] {
        let api = Api::on(dialect).await;
        api.directory("contoso.com").await;
        let log = api.db.store.audit_log();
        assert!(
            !log.prune(events::Timestamp::now().minus(std::time::Duration::from_secs(60)))
                .await
                .unwrap()
        );
        assert_eq!(entries(&api, "").await.len(), 3);
        let soon = events::Timestamp::now().plus(std::time::Duration::from_secs(60));
        assert!(!log.prune(soon).await.unwrap());
        assert!(entries(&api, "").await.is_empty());
        api.close().await;
    }
}
