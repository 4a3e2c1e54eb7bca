//! How much is done, as the management API and the console show it.

use serde_json::{Value, json};
use system::process::pause;
use system::receiver::Receiver;
use system::{Shape, System};

crate::on_both_shapes! {
    what_is_done_is_counted_by_the_minute_and_for_each_endpoint,
    what_is_done_over_all_is_not_for_keys_of_one_organization,
}

/// The sum of one kind over the hour.
fn sum(activity: &Value, kind: &str) -> u64 {
    let minutes = activity["minutes"].as_array().unwrap();
    assert_eq!(minutes.len(), 60);
    minutes.iter().map(|minute| minute[kind].as_u64().unwrap()).sum()
}

async fn what_is_done_is_counted_by_the_minute_and_for_each_endpoint(shape: Shape) {
    let system = System::start(shape).await;
    let receiver = Receiver::start();
    let tenant = system.tenant("contoso.example").await;
    let endpoint = system.subscribe(&receiver, json!({})).await;
    let before = system.api("GET", "/activity", None).await;
    assert!(before["latency_ms"].is_null(), "{before}");
    for n in 0..3 {
        tenant.scim.create_user(&format!("p{n}@contoso.example")).await;
    }
    receiver.wait_for(3).await;
    // Processes add what they did every few seconds.
    let activity = loop {
        let activity = system.api("GET", "/activity", None).await;
        if sum(&activity, "deliveries") >= 3 && sum(&activity, "events") >= 3 && sum(&activity, "requests") >= 3 {
            break activity;
        }
        pause().await;
    };
    assert_eq!(sum(&activity, "requests"), 3);
    assert!(activity["latency_ms"]["p99"].as_u64().unwrap() >= activity["latency_ms"]["p50"].as_u64().unwrap());
    assert!(!activity["lanes"].as_array().unwrap().is_empty(), "{activity}");
    let listed = system.api("GET", "/endpoints", None).await;
    assert_eq!(listed["data"][0]["id"], endpoint);
    let day = &listed["data"][0]["last_24_hours"];
    // Those of the directory itself are among them.
    assert!(day["delivered"].as_u64().unwrap() >= 3 && day["failed"] == 0, "{day}");
    let hours = day["hours"].as_array().unwrap();
    let of_hours: u64 = hours.iter().map(|hour| hour["delivered"].as_u64().unwrap()).sum();
    assert_eq!((hours.len(), Some(of_hours)), (24, day["delivered"].as_u64()));
    receiver.stop().await;
    system.stop().await;
}

async fn what_is_done_over_all_is_not_for_keys_of_one_organization(shape: Shape) {
    let system = System::start(shape).await;
    let tenant = system.tenant("contoso.example").await;
    let body = json!({ "name": "One", "scopes": ["read"], "organization_id": tenant.organization_id });
    let key = system.api("POST", "/admin-keys", Some(body)).await;
    let url = format!("{}/api/v1/activity", system.admin_url());
    let asked = system::client().get(&url).bearer_auth(key["token"].as_str().unwrap());
    assert_eq!(asked.send().await.unwrap().status(), 403);
    assert_eq!(system::client().get(&url).send().await.unwrap().status(), 401);
    system.stop().await;
}
