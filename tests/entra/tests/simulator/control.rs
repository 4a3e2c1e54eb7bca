//! The control API over HTTP, and what tests read.

use crate::support::World;
use entra::{Bulk, Entra, Kind, Options, Presence, Rule};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

async fn sim(world: &World, method: &str, path: &str, body: Value) -> (u16, Value) {
    let url = format!("{}/_sim{path}", world.entra.url());
    let answer = World::read(world.client.request(method.parse().unwrap(), url).json(&body)).await;
    (answer.status, answer.body)
}

#[tokio::test]
async fn everything_can_be_done_over_http_and_is_true() {
    let world = World::start().await;
    let (status, tenant) = sim(&world, "POST", "/tenants", json!({ "domain": "contoso.example" })).await;
    assert_eq!(status, 200);
    let (_, tenants) = sim(&world, "GET", "/tenants", json!({})).await;
    assert_eq!(tenants.as_array().unwrap().len(), 2);
    let of = format!("/tenants/{}", tenant["id"].as_str().unwrap());
    let call = async |method: &str, path: &str, body: Value| {
        let (status, answer) = sim(&world, method, &format!("{of}{path}"), body).await;
        assert!(status < 300, "{method} {path}: {status} {answer}");
        answer
    };
    let id = |answer: &Value| answer["id"].as_str().unwrap().to_owned();
    let dana = id(&call("POST", "/users", json!({ "displayName": "Dana" })).await);
    let noor = id(&call("POST", "/users", json!({})).await);
    let crew = id(&call("POST", "/groups", json!({ "displayName": "Crew" })).await);
    call("PATCH", &format!("/users/{dana}"), json!({ "accountEnabled": false })).await;
    call("PUT", &format!("/users/{dana}/manager"), json!({ "id": noor })).await;
    call(
        "POST",
        &format!("/groups/{crew}/members"),
        json!({ "add": [dana, noor] }),
    )
    .await;
    let service = call(
        "POST",
        "/servicePrincipals",
        json!({ "app_id": world.app, "display_name": "Depot" }),
    )
    .await;
    call(
        "POST",
        &format!("/servicePrincipals/{}/assignments", id(&service)),
        json!({ "principal_id": crew }),
    )
    .await;
    call("DELETE", &format!("/users/{noor}"), json!({})).await;
    let truth: entra::Truth = serde_json::from_value(call("GET", "/truth", json!({})).await).unwrap();
    let user = |id: &str| truth.users.iter().find(|user| user.id.to_string() == id).unwrap();
    assert!(!user(&dana).enabled);
    assert_eq!(user(&dana).manager.unwrap().to_string(), noor);
    assert_eq!(user(&noor).presence, Presence::Deleted);
    assert_eq!(truth.groups[0].members.len(), 2);
    assert_eq!(truth.assignments[0].principal_kind, Kind::Group);
    call("POST", &format!("/users/{noor}/restore"), json!({})).await;
    call("POST", &format!("/users/{noor}/purge"), json!({})).await;
    call("PATCH", "/behaviour", json!({ "page_size": 3 })).await;
    call(
        "POST",
        "/faults",
        json!({ "action": { "kind": "throttle", "retry_after": { "seconds": 2 } }, "next": 2 }),
    )
    .await;
    assert_eq!(call("GET", "/faults", json!({})).await.as_array().unwrap().len(), 1);
    let (_, before) = sim(&world, "GET", "", json!({})).await;
    let (_, after) = sim(&world, "POST", "/clock", json!({ "seconds": 86_400 })).await;
    assert_ne!(
        before["now"].as_str().unwrap()[..10],
        after["now"].as_str().unwrap()[..10]
    );
}

#[tokio::test]
async fn what_there_is_not_is_said() {
    let world = World::start().await;
    let nobody = "00000000-0000-4000-8000-000000000000";
    let of = format!("/tenants/{}", world.tenant.id());
    let status = async |method: &str, path: String, body: Value| sim(&world, method, &path, body).await.0;
    assert_eq!(status("GET", format!("/tenants/{nobody}/truth"), json!({})).await, 404);
    assert_eq!(status("DELETE", format!("{of}/users/{nobody}"), json!({})).await, 404);
    assert_eq!(
        status("POST", format!("{of}/users"), json!({ "shoeSize": 42 })).await,
        400
    );
    assert_eq!(
        status("PATCH", format!("{of}/behaviour"), json!({ "mood": "bad" })).await,
        400
    );
    assert_eq!(
        status(
            "POST",
            "/tenants".to_owned(),
            json!({ "id": world.tenant.id(), "domain": "x" })
        )
        .await,
        409
    );
}

#[tokio::test]
async fn requests_are_counted_and_have_no_queries() {
    let world = World::start().await;
    world.get("/users?$filter=mail eq 'dana'").await;
    let url = format!("{}/v1.0/groups", world.entra.url());
    World::read(world.client.get(url).bearer_auth(&world.token)).await;
    let requests = world.entra.requests();
    assert_eq!(
        (
            requests.total,
            requests.tokens[&world.tenant.id()],
            requests.at("/v1.0/users")
        ),
        (3, 1, 1)
    );
    assert_eq!(requests.broken.get(&Rule::NoRequestId), Some(&1));
    assert!(requests.recent.iter().all(|request| !request.path.contains("dana")));
    world.entra.forget_requests();
    assert_eq!(world.entra.requests().total, 0);
}

#[tokio::test]
async fn a_page_of_a_hundred_thousand_users_costs_no_more_than_a_page() {
    let world = World::start().await;
    let bulk = Bulk {
        users: 100_000,
        groups: 1_000,
        members: 100,
        managers: true,
    };
    world.tenant.bulk(bulk).unwrap();
    let started = Instant::now();
    let page = world.get("/users/delta?$select=displayName,manager").await;
    assert_eq!(page.items().len(), 200);
    assert!(started.elapsed() < Duration::from_secs(2), "{:?}", started.elapsed());
    assert_eq!(world.get("/groups/delta?$select=members").await.status, 200);
}

#[tokio::test]
async fn it_speaks_tls_with_an_authority_of_its_own() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let entra = Entra::start(Options {
        tls: true,
        host: Some("localhost".to_owned()),
        ..Options::default()
    })
    .unwrap();
    let authority = reqwest::Certificate::from_pem(entra.authority().unwrap().as_bytes()).unwrap();
    let client = reqwest::Client::builder().tls_certs_only([authority]).build().unwrap();
    assert!(entra.url().starts_with("https://localhost:"));
    let about = client.get(format!("{}/_sim", entra.url())).send().await.unwrap();
    assert_eq!(about.status().as_u16(), 200);
    let stranger = reqwest::Client::new().get(format!("{}/_sim", entra.url())).send().await;
    assert!(stranger.is_err());
}
