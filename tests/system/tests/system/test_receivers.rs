//! Receivers of Rollcall's own: what an app would get, and nothing of anybody else.

use crate::portal::{Visitor, key, location};
use reqwest::StatusCode;
use serde_json::{Value, json};
use standardwebhooks::Webhook;
use std::time::Instant;
use system::process::{PATIENCE, pause};
use system::{ADMIN_KEY, Shape, System};

crate::on_both_shapes! {
    a_test_receiver_keeps_the_last_of_what_is_signed_and_nothing_else,
    a_test_receiver_shows_what_an_app_gets,
}

/// What is at the end of the URL that the receiver has, at the service that answers it.
fn place(system: &System, receiver: &Value) -> String {
    let url = receiver["url"].as_str().unwrap();
    format!("{}{}", system.admin_url(), &url[url.find("/receivers/").unwrap()..])
}

async fn send(url: &str, secret: &str, id: &str, body: &str) -> StatusCode {
    let at = i64::try_from(
        std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .unwrap()
            .as_secs(),
    )
    .unwrap();
    let signature = Webhook::new(secret).unwrap().sign(id, at, body.as_bytes()).unwrap();
    let request = system::client()
        .post(url)
        .header("webhook-id", id)
        .header("webhook-timestamp", at.to_string())
        .header("webhook-signature", signature)
        .header("content-type", "application/json")
        .body(body.to_owned());
    request.send().await.unwrap().status()
}

async fn a_test_receiver_keeps_the_last_of_what_is_signed_and_nothing_else(shape: Shape) {
    let system = System::start(shape).await;
    let tenant = system.tenant("contoso.example").await;
    // Nothing is sent to it but what this test sends.
    let body = json!({ "event_types": ["endpoint.disabled"] });
    let receiver = system.api("POST", "/test-receivers", Some(body)).await;
    let (url, id) = (place(&system, &receiver), receiver["id"].as_str().unwrap());
    let secret = system.api("GET", &format!("/endpoints/{id}/secret"), None).await;
    let secret = secret["secret"].as_str().unwrap();
    assert_eq!(send(&url, secret, "first", "{\"type\":\"first\"}").await, 204);
    let other = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYqr";
    assert_eq!(send(&url, other, "x", "{}").await, 401);
    let unsigned = system::client().post(&url).body("{}").send().await.unwrap();
    assert_eq!(unsigned.status(), 401);
    assert_eq!(send(&format!("{url}x"), secret, "x", "{}").await, 404);
    let cut = &url[..url.len() - 1];
    let last = if url.ends_with('A') { 'B' } else { 'A' };
    assert_eq!(send(&format!("{cut}{last}"), secret, "x", "{}").await, 404);
    let path = format!("/test-receivers/{id}");
    let shown = system.api("GET", &path, None).await;
    let receipts = shown["receipts"].as_array().unwrap();
    assert_eq!(receipts.len(), 1, "{shown}");
    assert_eq!(receipts[0]["headers"]["webhook-id"], "first");
    assert!(shown["receiver"].get("url").is_none(), "its URL is shown once");
    for n in 0..104 {
        assert_eq!(send(&url, secret, &n.to_string(), "{}").await, 204);
    }
    let large = format!("\"{}\"", "x".repeat(100_000));
    assert_eq!(send(&url, secret, "large", &large).await, 204);
    let shown = system.api("GET", &path, None).await;
    let receipts = shown["receipts"].as_array().unwrap();
    assert_eq!(receipts.len(), 100);
    assert_eq!(receipts[0]["headers"]["webhook-id"], "large");
    assert_eq!(
        (
            receipts[0]["size"].as_u64(),
            receipts[0]["body"].as_str().unwrap().len()
        ),
        (Some(100_002), 65_536)
    );
    assert_eq!(receipts[99]["headers"]["webhook-id"], "5", "the oldest are gone");
    let own = json!({ "name": "own", "scopes": ["read", "endpoints"], "organization_id": tenant.organization_id });
    let (_, own) = key(&system, own).await;
    let mut own = Visitor::log_in(&system, &own).await;
    assert_eq!(
        own.get(&format!("/console/test-receivers/{id}")).await.status(),
        StatusCode::NOT_FOUND
    );
    assert!(!own.read("/console/test-receivers").await.contains(id));
    system.api("DELETE", &path, None).await;
    assert_eq!(send(&url, secret, "late", "{}").await, 404);
    assert_eq!(system.try_api("GET", &format!("/endpoints/{id}"), None).await.0, 404);
    system.stop().await;
}

async fn a_test_receiver_shows_what_an_app_gets(shape: Shape) {
    let system = System::start(shape).await;
    let tenant = system.tenant("contoso.example").await;
    let mut dana = Visitor::log_in(&system, ADMIN_KEY).await;
    assert!(
        dana.read("/console/test-receivers")
            .await
            .contains("No test receiver yet")
    );
    let page = location(&dana.post("/console/test-receivers", &[("event_types", "user.*")]).await);
    assert!(dana.read(&page).await.contains("Nothing came yet"));
    let ada = tenant.scim.create_user("ada@contoso.example").await.id();
    if shape == Shape::AllInOne {
        let started = Instant::now();
        loop {
            let shown = dana.read(&page).await;
            if shown.contains("user.created") {
                assert!(shown.contains("Signature verified") && shown.contains(&ada), "{shown}");
                break;
            }
            assert!(started.elapsed() < PATIENCE, "{shown}");
            pause().await;
        }
        // Whoever is erased is nowhere, also in what was on its way.
        let path = format!("/directories/{}/users/{ada}?erase=true", tenant.directory_id);
        system.api("DELETE", &path, None).await;
        let receiver = format!("/test-receivers/{}", page.rsplit('/').next().unwrap());
        let started = Instant::now();
        loop {
            let shown = system.api("GET", &receiver, None).await.to_string();
            assert!(!shown.contains("ada@contoso.example"), "{shown}");
            if shown.contains("user.deleted") {
                break;
            }
            assert!(started.elapsed() < PATIENCE, "{shown}");
            pause().await;
        }
    }
    assert_eq!(
        location(&dana.post(&format!("{page}/delete"), &[]).await),
        "/console/test-receivers"
    );
    assert_eq!(dana.get(&page).await.status(), StatusCode::NOT_FOUND);
    system.stop().await;
}
