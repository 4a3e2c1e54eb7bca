//! Ordered endpoints and people who change all the time: whatever happens to the dispatcher, the events of each come for the
//! first time in the order in which they happened, and none is missing.

use nix::sys::signal::Signal;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use system::receiver::Receiver;
use system::{Detour, Shape, System, Tenant};

const PEOPLE: usize = 3;
/// Changes of each person between two faults.
const CHANGES: usize = 60;

async fn people(tenant: &Tenant) -> Vec<String> {
    let mut ids = Vec::new();
    for n in 0..PEOPLE {
        ids.push(tenant.scim.create_user(&format!("busy{n}@x.example")).await.id());
    }
    ids
}

/// Changes all people at the same time, each so often.
async fn change(tenant: &Tenant, people: &[String], round: usize) {
    let changes = people.iter().map(|id| async move {
        for n in 0..CHANGES {
            let value = format!("Name {round} {n}");
            tenant
                .scim
                .patch(
                    &format!("/Users/{id}"),
                    json!([{ "op": "Replace", "path": "displayName", "value": value }]),
                )
                .await
                .expect(200);
        }
    });
    futures_util::future::join_all(changes).await;
}

/// The sequences of each person's events, in the order in which each came first.
fn sequences(receiver: &Receiver) -> BTreeMap<String, Vec<i64>> {
    let mut sequences: BTreeMap<String, Vec<i64>> = BTreeMap::new();
    for arrival in receiver.distinct() {
        let person = arrival.body["data"]["user"]["id"].as_str().unwrap().to_owned();
        sequences
            .entry(person)
            .or_default()
            .push(arrival.body["sequence"].as_i64().unwrap());
    }
    sequences
}

fn assert_in_order(receiver: &Receiver, rounds: usize) {
    let all = sequences(receiver);
    assert_eq!(all.len(), PEOPLE);
    for (person, sequences) in all {
        assert_eq!(sequences.len(), rounds * CHANGES, "events of {person}");
        assert!(sequences.is_sorted(), "{person}: {sequences:?}");
    }
}

fn subscription() -> Value {
    json!({ "event_types": ["user.updated"], "ordered": true })
}

async fn killing(shape: Shape, service: &str) {
    let mut system = System::start(shape).await;
    let receiver = Receiver::start();
    system.subscribe(&receiver, subscription()).await;
    let tenant = system.tenant("contoso.example").await;
    let people = people(&tenant).await;
    for round in 0..3 {
        change(&tenant, &people, round).await;
        receiver.wait_for(round * PEOPLE * CHANGES + 40).await;
        let process = system.process(service);
        process.kill().await;
        process.start().await;
    }
    receiver.wait_for(3 * PEOPLE * CHANGES).await;
    assert_in_order(&receiver, 3);
    receiver.stop().await;
    system.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_dispatcher_leaves_lines_whole_and_in_order() {
    killing(Shape::Separate, "dispatcher").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_in_one_process_the_dispatcher_leaves_lines_whole_and_in_order() {
    killing(Shape::AllInOne, "ingress").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_frozen_dispatcher_is_replaced_and_thawed_disturbs_no_line() {
    let mut system = System::start(Shape::Separate).await;
    let receiver = Receiver::start();
    system.subscribe(&receiver, subscription()).await;
    let tenant = system.tenant("contoso.example").await;
    let people = people(&tenant).await;
    change(&tenant, &people, 0).await;
    receiver.wait_for(40).await;
    system.add("dispatcher", "standing-by", Detour::default()).await;
    system.process("dispatcher").signal(Signal::SIGSTOP);
    change(&tenant, &people, 1).await;
    // After the leases of the frozen one have run out.
    receiver.wait_for(2 * PEOPLE * CHANGES).await;
    system.process("dispatcher").signal(Signal::SIGCONT);
    change(&tenant, &people, 2).await;
    receiver.wait_for(3 * PEOPLE * CHANGES).await;
    assert_in_order(&receiver, 3);
    receiver.stop().await;
    system.clean().await;
}
