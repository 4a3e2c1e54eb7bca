//! Broker and database restarted under load, and the one process frozen: on servers that only this test uses.

use nix::sys::signal::Signal;
use serde_json::json;
use std::time::Duration;
use system::receiver::Receiver;
use system::recorder::{Progress, check, work};
use system::servers::{Broker, Postgres};
use system::{Own, Shape, System};

const PAUSE: Duration = Duration::from_millis(15);
const CLIENTS: usize = 12;

fn subscription() -> serde_json::Value {
    json!({ "event_types": ["user.created", "user.updated", "user.deleted"], "ordered": true })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_of_the_broker_and_one_of_the_database_lose_nothing() {
    let (broker, database) = tokio::join!(Broker::start(), Postgres::start());
    let own = Own {
        broker: &broker,
        database: &database,
    };
    let system = System::start_on(own).await;
    let tenants = [system.tenant("contoso.example").await];
    let receiver = Receiver::start();
    system.subscribe(&receiver, subscription()).await;
    let progress = Progress::default();
    let faults = async {
        progress.wait_for_more(50).await;
        broker.stop_app().await;
        broker.start_app().await;
        progress.wait_for_more(50).await;
        database.restart().await;
        progress.wait_for_more(50).await;
        progress.stop();
    };
    let (lived, ()) = tokio::join!(work(&tenants, CLIENTS, PAUSE, &progress), faults);
    let findings = check(&system, &tenants, &lived, &progress, &[(&receiver, true)]).await;
    findings.assert_none();
    receiver.stop().await;
    system.clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_one_process_frozen_and_killed_loses_nothing() {
    let mut system = System::start(Shape::AllInOne).await;
    let tenants = [system.tenant("contoso.example").await];
    let receiver = Receiver::start();
    system.subscribe(&receiver, subscription()).await;
    let progress = Progress::default();
    let faults = async {
        for _ in 0..2 {
            progress.wait_for_more(50).await;
            system.process("ingress").signal(Signal::SIGSTOP);
            // Longer than anybody in it waits for anything: every deadline has passed when it goes on.
            tokio::time::sleep(Duration::from_secs(10)).await;
            system.process("ingress").signal(Signal::SIGCONT);
            progress.wait_for_more(50).await;
            system.process("ingress").kill().await;
            system.process("ingress").start().await;
        }
        progress.wait_for_more(50).await;
        progress.stop();
    };
    let (lived, ()) = tokio::join!(work(&tenants, CLIENTS, PAUSE, &progress), faults);
    let findings = check(&system, &tenants, &lived, &progress, &[(&receiver, true)]).await;
    findings.assert_none();
    receiver.stop().await;
    system.clean().await;
}
