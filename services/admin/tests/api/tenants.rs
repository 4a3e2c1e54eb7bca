//! A key of one organization sees and changes what belongs to it, and learns nothing of others.

use crate::harness::{Api, BOTH, text};
use actix_web::http::{Method, StatusCode};
use serde_json::{Value, json};

/// Two organizations with a directory and an endpoint each, and a key that is for the first.
struct Two {
    own: Tenant,
    other: Tenant,
    key: String,
}

struct Tenant {
    organization: String,
    directory: String,
    endpoint: String,
}

async fn tenant(api: &Api, domain: &str) -> Tenant {
    let directory = api.directory(domain).await;
    let organization = text(&directory, "organization_id").to_owned();
    let body = json!({"url": format!("https://{domain}/hooks/secret"), "organization_ids": [organization]});
    let endpoint = api.post("/api/v1/endpoints", &body).await.expect(StatusCode::CREATED);
    Tenant {
        organization,
        directory: text(&directory, "id").to_owned(),
        endpoint: text(&endpoint, "id").to_owned(),
    }
}

async fn two(api: &Api) -> Two {
    let own = tenant(api, "own.example").await;
    let other = tenant(api, "other.example").await;
    let scopes = ["read", "directories", "endpoints", "connections", "admin"];
    let body = json!({"name": "own", "scopes": scopes, "organization_id": own.organization});
    let key = api.admin_key(&body).await;
    Two { own, other, key }
}

impl Two {
    async fn ids(&self, api: &Api, path: &str) -> Vec<Value> {
        let list = api.call_with(&self.key, Method::GET, path).send().await;
        let list = list.expect(StatusCode::OK);
        let data = list["data"].as_array().unwrap();
        data.iter().map(|one| one["id"].clone()).collect()
    }
}

#[actix_web::test]
async fn lists_have_only_what_belongs_to_the_organization() {
    for dialect in BOTH {
        let api = Api::on(dialect).await;
        let two = two(&api).await;
        let own = &two.own;
        assert_eq!(two.ids(&api, "/api/v1/organizations").await, [json!(own.organization)]);
        assert_eq!(two.ids(&api, "/api/v1/directories").await, [json!(own.directory)]);
        assert_eq!(two.ids(&api, "/api/v1/endpoints").await, [json!(own.endpoint)]);
        assert_eq!(two.ids(&api, "/api/v1/admin-keys").await.len(), 1);
        api.log(4).await;
        let log = api.call_with(&two.key, Method::GET, "/api/v1/events").send().await;
        let log = log.expect(StatusCode::OK);
        let events = log["data"].as_array().unwrap();
        assert_eq!(events.len(), 2);
        assert!(
            events
                .iter()
                .all(|event| event["organization_id"] == json!(own.organization))
        );
        let all = api.get("/api/v1/endpoints").await.expect(StatusCode::OK);
        assert_eq!(all["data"].as_array().unwrap().len(), 2);
        for path in [
            "/api/v1/directories",
            "/api/v1/events",
            "/api/v1/events/stream",
            "/api/v1/admin-keys",
        ] {
            let path = format!("{path}?organization_id={}", two.other.organization);
            let answer = api.call_with(&two.key, Method::GET, &path).send().await;
            answer.problem(404);
        }
        let deliveries = "/api/v1/deliveries";
        let answer = api.call_with(&two.key, Method::GET, deliveries).send().await;
        assert_eq!(answer.faults(400), ["endpoint_id"]);
        for (endpoint, status) in [(&own.endpoint, 200), (&two.other.endpoint, 404)] {
            let path = format!("{deliveries}?endpoint_id={endpoint}");
            let answer = api.call_with(&two.key, Method::GET, &path).send().await;
            assert_eq!(answer.status, status);
        }
        api.close().await;
    }
}

#[actix_web::test]
async fn what_belongs_to_others_is_answered_like_what_is_not_there() {
    for dialect in BOTH {
        let api = Api::on(dialect).await;
        let two = two(&api).await;
        let none = "0190f5a4-3b1e-7c3a-8d2f-000000000001";
        for (path, of_other) in [
            ("/api/v1/organizations/", &two.other.organization),
            ("/api/v1/directories/", &two.other.directory),
            ("/api/v1/endpoints/", &two.other.endpoint),
        ] {
            let ask = async |id: &str| {
                let path = format!("{path}{id}");
                let answer = api.call_with(&two.key, Method::GET, &path).send().await;
                answer.problem(404)["detail"].as_str().unwrap().replace(id, "…")
            };
            assert_eq!(ask(of_other).await, ask(none).await, "{path}");
        }
        let path = format!("/api/v1/directories/{}", two.own.directory);
        let renamed = api.call_with(&two.key, Method::PATCH, &path);
        let renamed = renamed.json(&json!({"name": "Mine"})).send().await;
        assert_eq!(renamed.expect(StatusCode::OK)["name"], "Mine");
        let path = format!("/api/v1/directories/{}", two.other.directory);
        let before = api.get(&path).await.expect(StatusCode::OK);
        let refused = api.call_with(&two.key, Method::PATCH, &path);
        refused.json(&json!({"name": "Mine"})).send().await.problem(404);
        api.call_with(&two.key, Method::DELETE, &path).send().await.problem(404);
        assert_eq!(api.get(&path).await.expect(StatusCode::OK), before);
        api.close().await;
    }
}

#[actix_web::test]
async fn what_a_key_of_one_organization_makes_belongs_to_that_organization() {
    for dialect in BOTH {
        let api = Api::on(dialect).await;
        let two = two(&api).await;
        let post = async |path: &str, body: Value| {
            let call = api.call_with(&two.key, Method::POST, path);
            call.json(&body).send().await
        };
        post("/api/v1/organizations", json!({"domains": ["new.example"]}))
            .await
            .problem(403);
        let directories = "/api/v1/directories";
        for organization in [two.other.organization.as_str(), "other.example", "new.example"] {
            let answer = post(directories, json!({"organization": organization})).await;
            assert_eq!(answer.faults(422), ["#/organization"]);
        }
        for organization in [two.own.organization.as_str(), "own.example"] {
            let made = post(directories, json!({"organization": organization})).await;
            let made = made.expect(StatusCode::CREATED);
            assert_eq!(made["organization_id"], json!(two.own.organization));
        }
        let endpoints = "/api/v1/endpoints";
        let url = "https://app.example/";
        let made = post(endpoints, json!({"url": url, "directory_ids": [two.own.directory]})).await;
        let made = made.expect(StatusCode::CREATED);
        assert_eq!(made["organization_ids"], json!([two.own.organization]));
        let path = format!("{endpoints}/{}", text(&made, "id"));
        let patched = api.call_with(&two.key, Method::PATCH, &path);
        let patched = patched.json(&json!({"organization_ids": null})).send().await;
        assert_eq!(
            patched.expect(StatusCode::OK)["organization_ids"],
            json!([two.own.organization])
        );
        for (body, pointer) in [
            (
                json!({"url": url, "directory_ids": [two.other.directory]}),
                "#/directory_ids/0",
            ),
            (
                json!({"url": url, "organization_ids": [two.own.organization, two.other.organization]}),
                "#/organization_ids/1",
            ),
        ] {
            assert_eq!(post(endpoints, body).await.faults(422), [pointer]);
        }
        let keys = "/api/v1/admin-keys";
        let made = post(keys, json!({"name": "b", "scopes": ["read"]})).await;
        assert_eq!(
            made.expect(StatusCode::CREATED)["organization_id"],
            json!(two.own.organization)
        );
        let body = json!({"name": "b", "scopes": ["read"], "organization_id": two.other.organization});
        post(keys, body).await.problem(404);
        api.close().await;
    }
}

#[actix_web::test]
async fn the_whole_url_of_an_endpoint_is_shown_to_keys_that_may_change_it() {
    let api = Api::on(BOTH[1]).await;
    let two = two(&api).await;
    let key = api.admin_key(&json!({"name": "a", "scopes": ["read"]})).await;
    let path = format!("/api/v1/endpoints/{}", two.own.endpoint);
    let whole = api.get(&path).await.expect(StatusCode::OK);
    assert_eq!(whole["url"], "https://own.example/hooks/secret");
    let read = api.call_with(&key, Method::GET, &path).send().await;
    let read = read.expect(StatusCode::OK);
    assert!(!read.to_string().contains("hooks"), "{read}");
    assert_eq!(read["url_origin"], "https://own.example");
    api.close().await;
}
