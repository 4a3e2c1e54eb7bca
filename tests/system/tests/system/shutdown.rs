//! Stopping is a feature: SIGTERM finishes what is in flight, ends with exit code 0, and the next start goes on.

use serde_json::json;
use std::sync::atomic::{AtomicBool, Ordering};
use system::receiver::Receiver;
use system::{Shape, System, assert_gapless};

crate::on_both_shapes! { a_soft_stop_loses_nothing_and_ends_well, probes_and_metrics_answer_on_every_service }

async fn a_soft_stop_loses_nothing_and_ends_well(shape: Shape) {
    let mut system = System::start(shape).await;
    let receiver = Receiver::start();
    system
        .subscribe(&receiver, json!({ "event_types": ["user.created"] }))
        .await;
    let tenant = system.tenant("contoso.example").await;
    let stopping = AtomicBool::new(false);
    let acknowledged = {
        let scim = &tenant.scim;
        let stopping = &stopping;
        let client = |n: usize| async move {
            let mut created = Vec::new();
            for k in 0.. {
                let name = format!("c{n}k{k}@x.example");
                match scim
                    .try_send("POST", "/Users", Some(&system::scim::user(&name)), &[])
                    .await
                {
                    Ok(answer) if answer.status == 201 => created.push(answer.id()),
                    Ok(answer) => assert!(matches!(answer.status, 503 | 504), "{}", answer.text),
                    Err(_) => assert!(stopping.load(Ordering::SeqCst), "connections fail only once it stops"),
                }
                if stopping.load(Ordering::SeqCst) && created.len() > 5 {
                    break;
                }
            }
            created
        };
        let clients = futures_util::future::join_all((0..8).map(client));
        let stop = async {
            receiver.wait_for(20).await;
            stopping.store(true, Ordering::SeqCst);
            let names: Vec<&str> = match shape {
                Shape::AllInOne => vec!["ingress"],
                Shape::Separate => vec!["ingress", "projector", "dispatcher", "admin"],
            };
            for name in names {
                let process = system.process(name);
                let status = process.terminate().await;
                assert!(status.success(), "{name} ended with {status}:\n{}", process.log());
                process.start().await;
            }
        };
        let (created, ()) = tokio::join!(clients, stop);
        created.concat()
    };
    for id in &acknowledged {
        tenant.scim.get(&format!("/Users/{id}")).await.expect(200);
    }
    let log = system.log(&tenant).await;
    assert_gapless(&log);
    let users = log.iter().filter(|event| event["type"] == "user.created").count();
    assert!(users >= acknowledged.len());
    let arrivals = receiver.wait_for(users).await;
    assert_eq!(arrivals.len(), users);
    receiver.stop().await;
    system.stop().await;
}

async fn probes_and_metrics_answer_on_every_service(shape: Shape) {
    let system = System::start(shape).await;
    let tenant = system.tenant("contoso.example").await;
    tenant.scim.create_user("ada@x.example").await.expect(201);
    let client = system::client();
    for process in system.processes.values() {
        let url = process.url();
        assert_eq!(client.get(format!("{url}/healthz")).send().await.unwrap().status(), 200);
        let ready = client.get(format!("{url}/readyz")).send().await.unwrap();
        assert_eq!(ready.status(), 200);
        let body: serde_json::Value = serde_json::from_str(&ready.text().await.unwrap()).unwrap();
        assert_eq!(body["status"], "ok", "{body}");
        for dependency in ["database", "bus"] {
            assert_eq!(body["dependencies"][dependency]["status"], "ok", "{body}");
        }
        let metrics = client.get(format!("{url}/metrics")).send().await.unwrap();
        assert_eq!(metrics.status(), 200);
        assert!(!process.log().contains(&tenant.scim.token), "tokens never reach a log");
    }
    system.stop().await;
}
