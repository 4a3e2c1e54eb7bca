//! What a sender learns of its command, on the bus inside the process and a database of its own.

use bus::Bus;
use commands::{CommandError, Effect, send};
use events::{
    Command, CommandId, DirectoryId, OrganizationId, Outcome, ResourceId, ResourceKind, Source, Timestamp, Verb,
    Verdict,
};
use std::time::Duration;
use store::testing::TestDatabase;
use store::{Dialect, Settlement};

const BOTH: [Dialect; 2] = [Dialect::Postgres, Dialect::Sqlite];

fn command_until(deadline: Timestamp) -> Command {
    Command {
        id: CommandId::new(),
        organization_id: OrganizationId::new(),
        directory_id: DirectoryId::new(),
        source: Source::Scim,
        issued_at: Timestamp::now(),
        deadline,
        kind: ResourceKind::User,
        resource_id: ResourceId::new(),
        if_match: Vec::new(),
        verb: Verb::Delete,
    }
}

fn patient() -> Command {
    command_until(Timestamp::now().plus(Duration::from_secs(30)))
}

/// Takes one command and answers it.
async fn answer(bus: &Bus, outcome: Outcome) {
    let consumer = bus.commands(vec![0]);
    let batch = consumer.next(1).await.expect("a command comes");
    let [delivery] = &batch[..] else { panic!("one command") };
    let verdict = Verdict {
        command_id: delivery.payload.id,
        outcome,
    };
    consumer.replier().reply(delivery, &verdict).await;
    consumer.acker().ack(&batch).await;
}

#[tokio::test]
async fn a_verdict_is_an_effect_or_an_error() {
    let db = TestDatabase::sqlite().await;
    let bus = Bus::embedded(1);
    let id = ResourceId::new();
    let noted = Outcome::Applied {
        created: true,
        resource_id: id,
        version: 7,
    };
    let refused = Outcome::Refused {
        status: 409,
        scim_type: Some("uniqueness".to_owned()),
        detail: "taken".to_owned(),
    };
    for (outcome, expected) in [
        (
            noted,
            Ok(Effect::Noted {
                created: true,
                resource_id: id,
                version: 7,
            }),
        ),
        (Outcome::Deleted, Ok(Effect::Deleted)),
        (
            refused,
            Err(CommandError::Refused {
                status: 409,
                scim_type: Some("uniqueness".to_owned()),
                detail: "taken".to_owned(),
            }),
        ),
        (Outcome::Abandoned, Err(CommandError::NotApplied)),
    ] {
        let sent = async { send(&bus, &db.store, patient()).await.effect().await };
        let (effect, ()) = tokio::join!(sent, answer(&bus, outcome));
        assert_eq!(effect, expected);
    }
    db.close().await;
}

#[tokio::test]
async fn without_a_verdict_the_command_is_given_up_for_good() {
    for dialect in BOTH {
        let db = TestDatabase::of(dialect).await;
        let bus = Bus::embedded(1);
        let command = command_until(Timestamp::now());
        let id = command.id;
        let effect = send(&bus, &db.store, command).await.effect().await;
        assert_eq!(effect, Err(CommandError::NotApplied));
        let settled = db.store.inbox().settle(id, Timestamp::now()).await.unwrap();
        assert_eq!(settled, Settlement::Abandoned);
        db.close().await;
    }
}

#[tokio::test]
async fn a_full_lane_takes_no_command_and_a_closed_bus_none_either() {
    let db = TestDatabase::sqlite().await;
    let bus = Bus::embedded_with_max_length(1, 1);
    let first = send(&bus, &db.store, command_until(Timestamp::now())).await;
    let second = send(&bus, &db.store, patient()).await;
    assert_eq!(second.effect().await, Err(CommandError::TooDeep));
    assert_eq!(first.effect().await, Err(CommandError::NotApplied));
    bus.close().await;
    let late = send(&bus, &db.store, patient()).await;
    assert_eq!(late.effect().await, Err(CommandError::Unavailable));
    db.close().await;
}

#[tokio::test]
async fn without_a_verdict_and_a_database_the_outcome_is_unknown() {
    let db = TestDatabase::sqlite().await;
    let bus = Bus::embedded(1);
    db.store.close().await;
    let effect = send(&bus, &db.store, command_until(Timestamp::now()))
        .await
        .effect()
        .await;
    assert_eq!(effect, Err(CommandError::Unknown));
    db.close().await;
}

#[tokio::test]
async fn what_is_held_is_let_go_of_with_the_verdict_although_the_sender_is_gone() {
    let db = TestDatabase::sqlite().await;
    let bus = Bus::embedded(1);
    let (held, is_free) = tokio::sync::oneshot::channel::<()>();
    drop(commands::send_holding(&bus, &db.store, patient(), held).await);
    answer(&bus, Outcome::Deleted).await;
    is_free.await.expect_err("it is dropped");
    db.close().await;
}
