//! Commands in through the bus; verdicts, rows and events out. On both databases, with the bus inside.

#![allow(clippy::needless_pass_by_value, reason = "bodies are written where they are passed")]
#![allow(clippy::unwrap_used, reason = "a test that cannot do its part fails")]

#[macro_use]
mod world;

use bus::Consumer;
use events::{Command, DirectoryId, Event, Outcome, ResourceId, ResourceKind, Source, Timestamp, Verb};
use serde_json::{Value, json};
use std::time::Duration;
use store::{Dialect, Opening, PROJECTOR, Settlement};
use world::{World, object, status};

/// Takes so many different events off the bus, in the order in which each first came: like every consumer it must expect
/// one to come twice.
async fn take(consumer: &Consumer<Event>, count: usize) -> Vec<Event> {
    let mut taken: Vec<Event> = Vec::new();
    let mut seen = std::collections::HashSet::new();
    while taken.len() < count {
        let batch = tokio::time::timeout(Duration::from_secs(20), consumer.next(100)).await;
        let batch = batch.expect("events in time").expect("an open bus");
        consumer.acker().ack(&batch).await;
        taken.extend(
            batch
                .into_iter()
                .map(|delivery| delivery.payload)
                .filter(|event| seen.insert(event.id)),
        );
    }
    taken
}

on_both_databases! {
    concurrent_creates_are_all_stored_and_their_sequences_have_no_gap,
    the_same_name_from_many_clients_is_created_once,
    a_change_is_stored_found_and_announced_in_order,
    an_abandoned_command_is_never_applied,
    a_command_delivered_again_is_answered_with_its_first_verdict,
    names_are_swapped_within_one_batch,
    a_deleted_user_and_group_leave_nothing_behind,
    a_projector_that_lost_its_lane_commits_nothing_in_it,
    a_command_for_a_directory_that_is_gone_is_refused,
    events_that_others_append_are_published_too,
    what_others_append_does_not_wait_for_the_next_search,
    a_directory_with_hundreds_waiting_does_not_hold_up_another_in_its_lane,
    too_many_deactivations_and_deletions_at_once_hold_the_directory_and_nothing_else,
}

async fn concurrent_creates_are_all_stored_and_their_sequences_have_no_gap(dialect: Dialect) {
    let world = World::start(dialect).await;
    let (first, second) = (world.directory().await, world.directory().await);
    let consumer = world.bus.events(vec![0, 1]);
    let commands: Vec<_> = (0..100)
        .flat_map(|n| [first, second].map(|directory| world.create_user(directory, &format!("user{n}@x.test"))))
        .collect();
    let outcomes = futures_util::future::join_all(commands.iter().map(|command| world.send(command))).await;
    assert!(outcomes.iter().all(|outcome| status(outcome) == 201), "{outcomes:?}");
    let published = take(&consumer, 200).await;
    for directory in [first, second] {
        let log = world.log(directory).await;
        let sequences: Vec<i64> = log.iter().map(|event| event.sequence).collect();
        assert_eq!(sequences, (1..=100).collect::<Vec<_>>());
        let on_the_bus: Vec<&Event> = published
            .iter()
            .filter(|event| event.directory_id == directory)
            .collect();
        assert_eq!(
            on_the_bus,
            log.iter().collect::<Vec<_>>(),
            "the bus carries the log, in order"
        );
    }
    world.stop().await;
}

async fn the_same_name_from_many_clients_is_created_once(dialect: Dialect) {
    let world = World::start(dialect).await;
    let directory = world.directory().await;
    let commands: Vec<_> = (0..40)
        .map(|n| world.create_user(directory, ["ada@x.test", "ADA@X.test"][n % 2]))
        .collect();
    let outcomes = futures_util::future::join_all(commands.iter().map(|command| world.send(command))).await;
    let count = |wanted| outcomes.iter().filter(|outcome| status(outcome) == wanted).count();
    assert_eq!((count(201), count(409)), (1, 39));
    assert_eq!(world.log(directory).await.len(), 1);
    world.stop().await;
}

async fn a_change_is_stored_found_and_announced_in_order(dialect: Dialect) {
    let world = World::start(dialect).await;
    let directory = world.directory().await;
    let create = world.create_user(directory, "ada@x.test");
    world.send(&create).await;
    let patch = json!({ "Operations": [{ "op": "Replace", "path": "active", "value": "False" }] });
    let patch = world.command(directory, ResourceKind::User, create.resource_id, Verb::Patch(patch));
    let Outcome::Stored {
        created: false,
        resource,
    } = world.send(&patch).await
    else {
        panic!("not stored")
    };
    assert_eq!(
        (resource.version, &resource.attributes["active"]),
        (2, &Value::Bool(false))
    );
    let row = world
        .database
        .store
        .users(directory)
        .by_id(create.resource_id, false)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(row.version, 2);
    let other = world.directory().await;
    assert!(
        world
            .database
            .store
            .users(other)
            .by_id(create.resource_id, false)
            .await
            .unwrap()
            .is_none()
    );
    let log = world.log(directory).await;
    let bodies: Vec<Value> = log
        .iter()
        .map(|event| serde_json::from_str(&event.body).unwrap())
        .collect();
    assert_eq!(bodies[1]["type"], "user.deactivated");
    assert_eq!(
        bodies[1]["data"]["changes"],
        json!([{ "path": "active", "before": true, "after": false }])
    );
    world.stop().await;
}

async fn an_abandoned_command_is_never_applied(dialect: Dialect) {
    let world = World::start(dialect).await;
    let directory = world.directory().await;
    let command = world.create_user(directory, "ada@x.test");
    let settled = world
        .database
        .store
        .inbox()
        .settle(command.id, Timestamp::now())
        .await
        .unwrap();
    assert_eq!(settled, Settlement::Abandoned);
    // Beside one that is in order, in the same batch or not: the neighbour must not suffer.
    let neighbour = world.create_user(directory, "bob@x.test");
    let (abandoned, stored) = tokio::join!(world.send(&command), world.send(&neighbour));
    assert_eq!((abandoned, status(&stored)), (Outcome::Abandoned, 201));
    let log = world.log(directory).await;
    assert_eq!(log.len(), 1);
    assert_eq!(log[0].subject_id, Some(neighbour.resource_id));
    world.stop().await;
}

async fn a_command_delivered_again_is_answered_with_its_first_verdict(dialect: Dialect) {
    let world = World::start(dialect).await;
    let directory = world.directory().await;
    let command = world.create_user(directory, "ada@x.test");
    assert_eq!(status(&world.send(&command).await), 201);
    let again = world.send(&command).await;
    assert_eq!(
        again,
        Outcome::Applied {
            created: true,
            resource_id: command.resource_id,
            version: 1
        }
    );
    let refused = world.create_user(directory, "ada@x.test");
    let first = world.send(&refused).await;
    assert_eq!(status(&first), 409);
    assert_eq!(world.send(&refused).await, first);
    assert_eq!(world.log(directory).await.len(), 1);
    let settled = world
        .database
        .store
        .inbox()
        .settle(command.id, Timestamp::now())
        .await
        .unwrap();
    assert!(
        matches!(settled, Settlement::Verdict(Outcome::Applied { .. })),
        "{settled:?}"
    );
    world.stop().await;
}

async fn names_are_swapped_within_one_batch(dialect: Dialect) {
    let world = World::start(dialect).await;
    let directory = world.directory().await;
    let (x, y) = (world.create_user(directory, "x"), world.create_user(directory, "y"));
    world.send(&x).await;
    world.send(&y).await;
    let rename = |id, name: &str| {
        let patch = json!({ "Operations": [{ "op": "replace", "path": "userName", "value": name }] });
        world.command(directory, ResourceKind::User, id, Verb::Patch(patch))
    };
    let renames = [
        rename(x.resource_id, "z"),
        rename(y.resource_id, "x"),
        rename(x.resource_id, "y"),
    ];
    // Sent in order, without waiting for each other, so that they meet in few transactions.
    let outcomes = futures_util::future::join_all(renames.iter().map(|command| world.send(command))).await;
    assert!(outcomes.iter().all(|outcome| status(outcome) == 200), "{outcomes:?}");
    let name = async |id| {
        let row = world
            .database
            .store
            .users(directory)
            .by_id(id, false)
            .await
            .unwrap()
            .unwrap();
        serde_json::from_str::<Value>(&row.resource).unwrap()["userName"].clone()
    };
    assert_eq!(
        (name(x.resource_id).await, name(y.resource_id).await),
        (json!("y"), json!("x"))
    );
    world.stop().await;
}

async fn a_deleted_user_and_group_leave_nothing_behind(dialect: Dialect) {
    let world = World::start(dialect).await;
    let directory = world.directory().await;
    let (ada, bob) = (world.create_user(directory, "ada"), world.create_user(directory, "bob"));
    world.send(&ada).await;
    world.send(&bob).await;
    let members = json!([{ "value": ada.resource_id }, { "value": bob.resource_id }]);
    let body = object(json!({ "displayName": "Sales", "members": members }));
    let group = world.command(directory, ResourceKind::Group, ResourceId::new(), Verb::Create(body));
    assert_eq!(status(&world.send(&group).await), 201);
    let delete = world.command(directory, ResourceKind::User, ada.resource_id, Verb::Delete);
    assert_eq!(world.send(&delete).await, Outcome::Deleted);
    let stored = world
        .database
        .store
        .groups(directory)
        .by_id(group.resource_id, true)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        stored
            .members
            .unwrap()
            .iter()
            .map(|member| member.id)
            .collect::<Vec<_>>(),
        [bob.resource_id]
    );
    assert_eq!(stored.version, 2, "the group changed with it");
    let delete = world.command(directory, ResourceKind::Group, group.resource_id, Verb::Delete);
    assert_eq!(world.send(&delete).await, Outcome::Deleted);
    let bob = world
        .database
        .store
        .users(directory)
        .by_id(bob.resource_id, true)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(bob.groups, Some(Vec::new()), "B35");
    // R54: the name is free again, under a new id.
    assert_eq!(status(&world.send(&world.create_user(directory, "ada")).await), 201);
    world.stop().await;
}

fn held(held: &[(u16, i64)]) -> Opening<'_> {
    Opening {
        held,
        ..Opening::default()
    }
}

async fn a_projector_that_lost_its_lane_commits_nothing_in_it(dialect: Dialect) {
    let world = World::start(dialect).await;
    let directory = world.directory().await;
    world.send(&world.create_user(directory, "ada")).await;
    let lane = events::lane_of(directory, 2);
    let store = &world.database.store;
    let taken = store
        .lanes(PROJECTOR)
        .take(lane, "another", Timestamp::now())
        .await
        .unwrap();
    let refused = store.project(held(&[(lane, taken - 1)])).await.unwrap_err();
    assert!(matches!(refused, store::BatchError::Fenced(lanes) if lanes == [lane]));
    drop(store.project(held(&[(lane, taken)])).await.unwrap());
    // The running one notices, takes the lane again through the bus, and goes on.
    assert_eq!(status(&world.send(&world.create_user(directory, "bob")).await), 201);
    world.stop().await;
}

async fn a_command_for_a_directory_that_is_gone_is_refused(dialect: Dialect) {
    let world = World::start(dialect).await;
    let outcome = world.send(&world.create_user(DirectoryId::new(), "ada")).await;
    assert_eq!(status(&outcome), 404);
    world.stop().await;
}

async fn append(world: &World, directory: DirectoryId, kind: events::EventType) {
    let lane = events::lane_of(directory, 2);
    let change = world.database.store.change(Some(lane)).await.unwrap();
    let draft = store::EventDraft {
        id: events::EventId::new(),
        kind,
        organization_id: world.organization,
        directory_id: directory,
        source: Source::Api,
        subject_id: None,
        timestamp: Timestamp::now(),
        traceparent: None,
        data: json!({}),
    };
    change.append(lane, vec![draft]).await.unwrap();
    change.commit().await.unwrap();
}

async fn what_others_append_does_not_wait_for_the_next_search(dialect: Dialect) {
    let config = projector::Config {
        sweep: Duration::from_hours(1),
        ..projector::Config::default()
    };
    let world = World::start_with(dialect, config).await;
    let directory = world.directory().await;
    let consumer = world.bus.events(vec![0, 1]);
    for kind in [events::EventType::SessionCreated, events::EventType::SessionEnded] {
        append(&world, directory, kind).await;
        let published = take(&consumer, 1).await;
        assert_eq!(published[0].kind, kind);
    }
    let verified = projector::verify::verify(&world.database.store, directory)
        .await
        .unwrap();
    assert_eq!(verified.differences, Vec::<String>::new(), "sessions change no rows");
    world.stop().await;
}

async fn events_that_others_append_are_published_too(dialect: Dialect) {
    let world = World::start(dialect).await;
    let directory = world.directory().await;
    let consumer = world.bus.events(vec![0, 1]);
    for n in 0..3 {
        append(&world, directory, events::EventType::DirectoryUpdated).await;
        world.send(&world.create_user(directory, &format!("user{n}"))).await;
    }
    let published = take(&consumer, 6).await;
    assert_eq!(
        published.iter().map(|event| event.sequence).collect::<Vec<_>>(),
        [1, 2, 3, 4, 5, 6]
    );
    world.stop().await;
}

/// PostgreSQL only: its text cannot hold U+0000. No request gets that far; a defect might.
#[tokio::test(flavor = "multi_thread")]
async fn a_command_that_the_database_refuses_is_refused_alone_and_for_good() {
    let world = World::start(Dialect::Postgres).await;
    let directory = world.directory().await;
    let mut commands: Vec<_> = (0..30)
        .map(|n| world.create_user(directory, &format!("user{n}")))
        .collect();
    let poison = world.create_user(directory, "poi\u{0}son");
    commands.insert(15, poison.clone());
    let outcomes = futures_util::future::join_all(commands.iter().map(|command| world.send(command))).await;
    let refused: Vec<usize> = (0..31).filter(|n| status(&outcomes[*n]) != 201).collect();
    assert_eq!(refused, [15], "{:?}", outcomes[15]);
    assert_eq!(status(&outcomes[15]), 500);
    assert_eq!(world.send(&poison).await, outcomes[15], "its verdict is stored");
    assert_eq!(world.log(directory).await.len(), 30);
    world.stop().await;
}

async fn a_directory_with_hundreds_waiting_does_not_hold_up_another_in_its_lane(dialect: Dialect) {
    const BATCH: usize = 16;
    let mut world = World::start(dialect).await;
    let (busy, quiet) = world.two_in_a_lane().await;
    // Nobody takes commands while they queue up.
    world.shutdown.soft.cancel();
    (&mut world.running).await.unwrap().unwrap();
    let consumer = world.bus.events(vec![0, 1]);
    let mut commands: Vec<Command> = (0..500)
        .map(|n| world.create_user(busy, &format!("user{n}@x.test")))
        .collect();
    commands.push(world.create_user(quiet, "ada@x.test"));
    let bus = world.bus.clone();
    let mut requests: Vec<_> = commands.iter().map(|command| Box::pin(bus.request(command))).collect();
    // The first poll puts a command on the bus, in this order.
    for request in &mut requests {
        assert!(futures_util::poll!(request.as_mut()).is_pending());
    }
    world.shutdown = runtime::Shutdown::new();
    let running = World::projector_of(&world.database, &world.bus, &world.shutdown, BATCH);
    let verdicts = futures_util::future::join_all(requests).await;
    assert!(
        verdicts
            .iter()
            .all(|verdict| status(&verdict.as_ref().unwrap().outcome) == 201)
    );
    let published = take(&consumer, 501).await;
    let position = published.iter().position(|event| event.directory_id == quiet).unwrap();
    assert!(position < 2 * BATCH, "it came as event {position}");
    let of_busy: Vec<i64> = published
        .iter()
        .filter(|event| event.directory_id == busy)
        .map(|event| event.sequence)
        .collect();
    assert_eq!(of_busy, (1..=500).collect::<Vec<_>>());
    let names: Vec<Value> = world
        .log(busy)
        .await
        .iter()
        .map(|event| serde_json::from_str::<Value>(&event.body).unwrap()["data"]["user"]["user_name"].clone())
        .collect();
    let sent: Vec<Value> = (0..500).map(|n| json!(format!("user{n}@x.test"))).collect();
    assert_eq!(names, sent, "the order within the directory is kept");
    world.running = running;
    world.stop().await;
}

async fn too_many_deactivations_and_deletions_at_once_hold_the_directory_and_nothing_else(dialect: Dialect) {
    let world = World::start(dialect).await;
    let (directory, other) = (world.directory().await, world.directory().await);
    world
        .settle(directory, r#"{"mass_change_brake":{"new_user_hours":0}}"#)
        .await;
    let users: Vec<Command> = (0..60)
        .map(|n| world.create_user(directory, &format!("user{n}@x.test")))
        .collect();
    futures_util::future::join_all(users.iter().map(|user| world.send(user))).await;
    let deactivate = json!({ "Operations": [{ "op": "Replace", "path": "active", "value": "False" }] });
    let take_away = |n: usize| {
        let verb = if n.is_multiple_of(2) {
            Verb::Delete
        } else {
            Verb::Patch(deactivate.clone())
        };
        world.command(directory, ResourceKind::User, users[n].resource_id, verb)
    };
    // 20 % of 60 are twelve; they come together, in whatever batches.
    let commands: Vec<Command> = (0..40).map(take_away).collect();
    let outcomes = futures_util::future::join_all(commands.iter().map(|command| world.send(command))).await;
    let refused: Vec<&Outcome> = outcomes.iter().filter(|outcome| status(outcome) == 503).collect();
    assert_eq!((outcomes.len() - refused.len(), refused.len()), (12, 28));
    let Outcome::Refused { detail, .. } = refused[0] else {
        panic!("not refused")
    };
    assert!(detail.contains("held") && detail.contains("20 %"), "{detail}");
    // Other changes go on, there and elsewhere.
    assert_eq!(
        status(&world.send(&world.create_user(directory, "new@x.test")).await),
        201
    );
    let rename = json!({ "Operations": [{ "op": "Replace", "path": "displayName", "value": "Ada" }] });
    let rename = world.command(
        directory,
        ResourceKind::User,
        users[59].resource_id,
        Verb::Patch(rename),
    );
    assert_eq!(status(&world.send(&rename).await), 200);
    let elsewhere = world.create_user(other, "ada@x.test");
    world.send(&elsewhere).await;
    let gone = world.command(other, ResourceKind::User, elsewhere.resource_id, Verb::Delete);
    assert_eq!(status(&world.send(&gone).await), 204);
    let kinds: Vec<String> = world
        .log(directory)
        .await
        .iter()
        .map(|event| event.kind.to_string())
        .collect();
    assert_eq!(kinds.iter().filter(|kind| *kind == "directory.held").count(), 1);
    assert_eq!(
        kinds[60 + 12],
        "directory.held",
        "after what was let through, before what came later"
    );
    let held = world
        .database
        .store
        .directories()
        .by_id(directory)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(held.state, store::DirectoryState::Held);
    let report = projector::verify::verify(&world.database.store, directory)
        .await
        .unwrap();
    assert_eq!((report.differences, report.users), (vec![], 60 - 6 + 1));

    // Released, the identity provider's retry goes through, all of it.
    let lane = events::lane_of(directory, 2);
    let change = world.database.store.change(Some(lane)).await.unwrap();
    let mut after = change.directory(directory).await.unwrap().unwrap();
    after.state = store::DirectoryState::Active;
    after.release(Timestamp::now().plus(Duration::from_mins(10)));
    change.save_directory(&after).await.unwrap();
    change.forget_removals(&after).await.unwrap();
    change.commit().await.unwrap();
    let again: Vec<Command> = (0..40)
        .filter(|n| status(&outcomes[*n]) == 503)
        .map(take_away)
        .collect();
    let outcomes = futures_util::future::join_all(again.iter().map(|command| world.send(command))).await;
    assert!(outcomes.iter().all(|outcome| status(outcome) < 300), "{outcomes:?}");
    world.stop().await;
}
