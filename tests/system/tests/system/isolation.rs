//! Endpoints in trouble beside healthy ones.

use serde_json::json;
use system::process::{PATIENCE, pause};
use system::receiver::Receiver;
use system::trouble::Trouble;
use system::{Shape, System};

crate::on_both_shapes! { endpoints_in_trouble_keep_nothing_from_the_others_and_lose_nothing_themselves }

async fn endpoints_in_trouble_keep_nothing_from_the_others_and_lose_nothing_themselves(shape: Shape) {
    const USERS: usize = 60;
    let system = System::start(shape).await;
    let users = json!({ "event_types": ["user.created"] });
    let healthy = [Receiver::start(), Receiver::start()];
    for receiver in &healthy {
        system.subscribe(receiver, users.clone()).await;
    }
    let mut troubled = Vec::new();
    for trouble in Trouble::ALL {
        let body = json!({ "url": trouble.start().await, "event_types": ["user.created"] });
        let endpoint = system.api("POST", "/endpoints", Some(body)).await;
        troubled.push((trouble, endpoint["id"].as_str().unwrap().to_owned()));
    }
    let tenant = system.tenant("contoso.example").await;
    for n in 0..USERS {
        tenant
            .scim
            .create_user(&format!("person{n}@x.example"))
            .await
            .expect(201);
    }
    for receiver in &healthy {
        let arrived = receiver.wait_for(USERS).await;
        assert!(arrived.iter().all(|arrival| arrival.verified));
        assert_eq!(receiver.arrivals().len(), USERS, "each once");
    }
    for (trouble, id) in &troubled {
        let stats = stats(&system, id, USERS).await;
        assert_eq!(
            (&stats["delivered"], &stats["exhausted"]),
            (&json!(0), &json!(0)),
            "{trouble:?}: {stats}"
        );
        let count = |state: &str| stats[state].as_u64().unwrap();
        let waiting = count("in_flight") + count("pending") + count("scheduled");
        assert_eq!(
            waiting,
            u64::try_from(USERS).unwrap(),
            "{trouble:?}: nothing of it is lost: {stats}"
        );
    }
    let mut system = system;
    // What hangs is cut off and given back, so that stopping does not wait for it.
    for process in system.processes.values_mut() {
        process.terminate().await;
    }
    system.clean().await;
}

/// As soon as every delivery of the endpoint is stored.
async fn stats(system: &System, id: &str, deliveries: usize) -> serde_json::Value {
    let started = std::time::Instant::now();
    loop {
        let stats = system
            .api("GET", &format!("/endpoints/{id}/stats?window=5m"), None)
            .await;
        if stats["deliveries"] == deliveries {
            return stats;
        }
        assert!(started.elapsed() < PATIENCE, "{stats}");
        pause().await;
    }
}
