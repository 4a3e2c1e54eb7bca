//! kill -9 in mid-stream: nothing acknowledged is lost, nothing refused is announced, nothing happens twice.

use serde_json::{Value, json};
use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use system::receiver::Receiver;
use system::scim::{Scim, user};
use system::{Detour, Shape, System, Tenant, assert_gapless};

/// What a client was told about each name.
#[derive(Default)]
struct Record {
    /// 201, with the id.
    created: HashMap<String, String>,
    /// 503: not applied.
    refused: HashSet<String>,
    /// 504, or no answer: may or may not have been applied.
    unknown: HashSet<String>,
}

/// One client after the other creates people until it is told to stop.
async fn load(scim: &Scim, client: usize, stop: &AtomicBool) -> Record {
    let mut record = Record::default();
    let mut n = 0;
    while !stop.load(Ordering::SeqCst) {
        n += 1;
        let name = format!("c{client}n{n}@x.example");
        match scim.try_send("POST", "/Users", Some(&user(&name)), &[]).await {
            Ok(answer) if answer.status == 201 => {
                record.created.insert(name, answer.id());
            }
            Ok(answer) if answer.status == 503 => {
                assert!(!answer.header("retry-after").is_empty(), "{}", answer.text);
                record.refused.insert(name);
            }
            Ok(answer) => {
                answer.expect_error(504, "");
                record.unknown.insert(name);
            }
            Err(_) => {
                record.unknown.insert(name);
                system::process::pause().await;
            }
        }
    }
    record
}

/// Kills a service several times under load, and checks everything that was promised.
async fn kill_under_load(shape: Shape, service: &str) {
    let mut system = System::start(shape).await;
    let receiver = Receiver::start();
    system
        .subscribe(&receiver, json!({ "event_types": ["user.created"] }))
        .await;
    let tenant = system.tenant("contoso.example").await;
    let stop = AtomicBool::new(false);
    let clients = futures_util::future::join_all((0..16).map(|client| load(&tenant.scim, client, &stop)));
    let killing = async {
        for round in 1..=3 {
            receiver.wait_for(round * 40).await;
            let process = system.process(service);
            process.kill().await;
            process.start().await;
        }
        receiver.wait_for(4 * 40).await;
        stop.store(true, Ordering::SeqCst);
    };
    let (records, ()) = tokio::join!(clients, killing);
    check(&system, &tenant, &receiver, &records).await;
    receiver.stop().await;
    system.stop().await;
}

async fn check(system: &System, tenant: &Tenant, receiver: &Receiver, records: &[Record]) {
    let log = system.log(tenant).await;
    assert_gapless(&log);
    let mut announced: HashMap<String, String> = HashMap::new();
    for event in log.iter().filter(|event| event["type"] == "user.created") {
        let user = &event["data"]["user"];
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let twice = announced.insert(text(&user["user_name"]), text(&user["id"]));
        assert!(twice.is_none(), "announced twice: {event}");
    }
    let mut acknowledged = 0;
    for record in records {
        for (name, id) in &record.created {
            assert_eq!(announced.get(name), Some(id), "{name} was acknowledged");
            acknowledged += 1;
        }
        for name in &record.refused {
            assert!(!announced.contains_key(name), "{name} was refused and yet announced");
            let found = tenant.scim.find("Users", &format!("userName eq \"{name}\"")).await;
            assert_eq!(
                found.expect(200)["totalResults"],
                0,
                "{name} was refused and yet stored"
            );
        }
    }
    let unknown: usize = records.iter().map(|record| record.unknown.len()).sum();
    assert!(announced.len() <= acknowledged + unknown);
    let total = tenant.scim.get("/Users?count=0").await;
    assert_eq!(
        total.expect(200)["totalResults"].as_u64(),
        u64::try_from(announced.len()).ok()
    );
    let arrivals = receiver.wait_for(announced.len()).await;
    assert!(arrivals.iter().all(|arrival| arrival.verified));
    assert_eq!(arrivals.len(), announced.len());
    system.verify().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn killing_the_ingress_loses_nothing() {
    kill_under_load(Shape::Separate, "ingress").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn killing_the_projector_loses_nothing() {
    kill_under_load(Shape::Separate, "projector").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn killing_the_dispatcher_loses_nothing() {
    kill_under_load(Shape::Separate, "dispatcher").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn killing_the_admin_service_disturbs_nobody() {
    kill_under_load(Shape::Separate, "admin").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn killing_everything_in_one_process_loses_nothing() {
    kill_under_load(Shape::AllInOne, "ingress").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_frozen_projector_is_distinguished_from_a_slow_one_and_applies_nothing_given_up() {
    let mut system = System::start(Shape::Separate).await;
    let tenant = system.tenant("contoso.example").await;
    tenant.scim.create_user("before@x.example").await.expect(201);
    system.process("projector").signal(nix::sys::signal::Signal::SIGSTOP);
    let answer = tenant.scim.create_user("during@x.example").await;
    answer.expect_error(503, "");
    system.process("projector").signal(nix::sys::signal::Signal::SIGCONT);
    // The thawed projector finds the command given up, and goes on with the next.
    let retry = tenant.scim.create_user("during@x.example").await;
    retry.expect(201);
    let created = system
        .log(&tenant)
        .await
        .iter()
        .filter(|event| event["type"] == "user.created")
        .count();
    assert_eq!(created, 2);
    system.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_broker_writes_are_refused_at_once_reads_go_on_and_all_comes_back() {
    let proxy = {
        let url = std::env::var("ROLLCALL_TEST_BUS_URL")
            .unwrap_or_else(|_| "amqp://guest:guest@127.0.0.1:5672/%2f".to_owned());
        bus::testing::TcpProxy::to_broker(&url).await
    };
    let system = System::start_through(Detour {
        broker: Some(proxy.address()),
        ..Detour::default()
    })
    .await;
    let receiver = Receiver::start();
    system
        .subscribe(&receiver, json!({ "event_types": ["user.created"] }))
        .await;
    let tenant = system.tenant("contoso.example").await;
    let id = tenant.scim.create_user("before@x.example").await.id();
    proxy.block();
    let mut refused = 0;
    for n in 0..5 {
        let started = std::time::Instant::now();
        let answer = tenant.scim.create_user(&format!("during{n}@x.example")).await;
        assert!(started.elapsed() < Duration::from_secs(5), "an answer, not a hang");
        answer.expect_error(503, "");
        refused += 1;
        tenant.scim.get(&format!("/Users/{id}")).await.expect(200);
    }
    proxy.restore();
    let started = std::time::Instant::now();
    while tenant.scim.create_user("after@x.example").await.status != 201 {
        assert!(started.elapsed() < system::process::PATIENCE);
        system::process::pause().await;
    }
    let names: Vec<_> = receiver
        .wait_for(2)
        .await
        .iter()
        .map(|a| a.body["data"]["user"]["user_name"].clone())
        .collect();
    assert_eq!(names, ["before@x.example", "after@x.example"]);
    assert_eq!(
        (
            refused,
            tenant.scim.get("/Users?count=0").await.expect(200)["totalResults"].as_u64()
        ),
        (5, Some(2))
    );
    receiver.stop().await;
    system.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_database_nothing_hangs_nothing_is_made_up_and_all_comes_back() {
    let server = std::env::var("ROLLCALL_TEST_DATABASE_URL")
        .unwrap_or_else(|_| "postgres://postgres@127.0.0.1:5432/postgres".to_owned());
    let server: url::Url = server.parse().unwrap();
    let server = format!("{}:{}", server.host_str().unwrap(), server.port().unwrap_or(5432));
    let proxy = bus::testing::TcpProxy::start(&server).await;
    let system = System::start_through(Detour {
        database: Some(proxy.address()),
        ..Detour::default()
    })
    .await;
    let receiver = Receiver::start();
    system
        .subscribe(&receiver, json!({ "event_types": ["user.created"] }))
        .await;
    let tenant = system.tenant("contoso.example").await;
    let id = tenant.scim.create_user("before@x.example").await.id();
    proxy.block();
    let ingress = system.processes["rollcall-ingress"].url();
    let mut unknown = Vec::new();
    for n in 0..3 {
        let name = format!("during{n}@x.example");
        let started = std::time::Instant::now();
        let answer = tenant.scim.create_user(&name).await;
        assert!(started.elapsed() < Duration::from_secs(20), "an answer, not a hang");
        assert!(matches!(answer.status, 503 | 504), "{}", answer.text);
        if answer.status == 504 {
            unknown.push(name);
        }
        tenant.scim.get(&format!("/Users/{id}")).await.expect_error(503, "");
    }
    assert_eq!(
        system::client()
            .get(format!("{ingress}/readyz"))
            .send()
            .await
            .unwrap()
            .status(),
        503
    );
    proxy.restore();
    let started = std::time::Instant::now();
    while tenant.scim.create_user("after@x.example").await.status != 201 {
        assert!(started.elapsed() < system::process::PATIENCE);
        system::process::pause().await;
    }
    receiver
        .wait_for_kind("user.created", i64::try_from(system.log(&tenant).await.len()).unwrap())
        .await;
    let log = system.log(&tenant).await;
    assert_gapless(&log);
    for event in log.iter().skip(2) {
        let name = event["data"]["user"]["user_name"].as_str().unwrap().to_owned();
        assert!(
            ["before@x.example", "after@x.example"].contains(&name.as_str()) || unknown.contains(&name),
            "{name}"
        );
    }
    system.verify().await;
    receiver.stop().await;
    system.stop().await;
}
