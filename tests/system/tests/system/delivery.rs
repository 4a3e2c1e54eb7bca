//! Webhooks as the apps see them.

use serde_json::{Value, json};
use system::receiver::Receiver;
use system::{Shape, System, assert_gapless};

crate::on_both_shapes! { each_app_gets_what_it_subscribed_to_and_the_log_says_the_same }

async fn each_app_gets_what_it_subscribed_to_and_the_log_says_the_same(shape: Shape) {
    let system = System::start(shape).await;
    let (all, only_deleted) = (Receiver::start(), Receiver::start());
    let all_id = system.subscribe(&all, json!({})).await;
    system
        .subscribe(&only_deleted, json!({ "event_types": ["user.deleted"] }))
        .await;
    let tenant = system.tenant("contoso.example").await;
    for n in 0..10 {
        let id = tenant.scim.create_user(&format!("person{n}@x.example")).await.id();
        tenant
            .scim
            .patch(
                &format!("/Users/{id}"),
                json!([{ "op": "Replace", "path": "active", "value": "False" }]),
            )
            .await
            .expect(200);
        tenant.scim.delete(&format!("/Users/{id}")).await.expect(204);
    }
    let log = system.log(&tenant).await;
    assert_gapless(&log);
    assert_eq!(log.len(), 32);
    // The directory of the first start may still be telling of itself when the endpoint is made.
    let is_ours = |body: &Value| body["directory_id"] == tenant.directory_id.as_str();
    let started = std::time::Instant::now();
    let mut arrived = loop {
        let bodies = all.distinct().into_iter().map(|arrival| arrival.body);
        let ours: Vec<_> = bodies.filter(is_ours).collect();
        if ours.len() >= 32 {
            break ours;
        }
        assert!(started.elapsed() < system::process::PATIENCE, "{} arrived", ours.len());
        system::process::pause().await;
    };
    arrived.sort_by_key(|body| body["sequence"].as_i64());
    assert_eq!(arrived, log, "the webhook's body is the log's");
    assert!(
        all.arrivals()
            .iter()
            .all(|arrival| arrival.verified && arrival.id == arrival.body["id"].as_str().unwrap())
    );
    let deleted = only_deleted.wait_for(10).await;
    assert!(deleted.iter().all(|arrival| arrival.kind() == "user.deleted"));
    assert_eq!(deleted.len(), 10);
    // The delivery log agrees, once the results are written.
    let started = std::time::Instant::now();
    loop {
        let page = system
            .api(
                "GET",
                &format!("/deliveries?endpoint_id={all_id}&status=delivered&limit=100"),
                None,
            )
            .await;
        let delivered = page["data"].as_array().unwrap().iter();
        let ids: Vec<_> = delivered.map(|delivery| delivery["event_id"].clone()).collect();
        if log.iter().all(|event| ids.contains(&event["id"])) {
            break;
        }
        assert!(started.elapsed() < system::process::PATIENCE, "{page}");
        system::process::pause().await;
    }
    all.stop().await;
    only_deleted.stop().await;
    system.stop().await;
}
