//! What is heavy, slow or hopeless costs those who sent it, and nobody else. On both databases, with the bus inside.

#![allow(clippy::unwrap_used, reason = "a test that cannot do its part fails")]

#[macro_use]
mod world;

use events::{Command, CommandId, DirectoryId, Event, Outcome, ResourceId, ResourceKind, Verb, Verdict};
use futures_util::future::join_all;
use projector::Config;
use serde_json::{Value, json};
use std::time::Duration;
use store::testing::insert_many_users;
use store::{Dialect, SaveOutcome, Settlement};
use world::{World, object, status};

/// No time at all: whatever is measured against it takes too long.
fn no_time_apart() -> Config {
    Config {
        apart_budget: Duration::ZERO,
        ..Config::default()
    }
}

/// As long as a slow machine may need.
fn all_the_time() -> Config {
    Config {
        budget: Duration::from_mins(5),
        apart_budget: Duration::from_mins(5),
        ..Config::default()
    }
}

impl World {
    fn group_of(&self, directory: DirectoryId, name: &str, members: &[ResourceId]) -> Command {
        let members: Vec<Value> = members.iter().map(|id| json!({ "value": id })).collect();
        let body = object(json!({ "displayName": name, "members": members }));
        self.command(directory, ResourceKind::Group, ResourceId::new(), Verb::Create(body))
    }

    async fn people(&self, directory: DirectoryId, count: usize) -> Vec<ResourceId> {
        let create = |n: usize| self.create_user(directory, &format!("person{n}@x.test"));
        let commands: Vec<Command> = (0..count).map(create).collect();
        let outcomes = join_all(commands.iter().map(|command| self.send(command))).await;
        assert!(outcomes.iter().all(|outcome| status(outcome) == 201), "{outcomes:?}");
        commands.iter().map(|command| command.resource_id).collect()
    }

    async fn is_as_its_log_says(&self, directory: DirectoryId) {
        let report = projector::verify::verify(&self.database.store, directory)
            .await
            .unwrap();
        assert_eq!(report.differences, Vec::<String>::new());
    }

    /// The `lanes` row counts take-overs.
    async fn take_overs(&self, directory: DirectoryId) -> i64 {
        let lane = events::lane_of(directory, 2);
        // Taking it tells; the projector takes it back with its next batch.
        let lanes = self.database.store.lanes(store::PROJECTOR);
        lanes.take(lane, "test", events::Timestamp::now()).await.unwrap()
    }
}

fn reason(outcome: &Outcome) -> &str {
    match outcome {
        Outcome::Refused { detail, .. } => detail,
        other => panic!("not refused: {other:?}"),
    }
}

on_both_databases! {
    what_its_sender_gave_up_is_not_even_tried,
    a_heavy_command_that_takes_too_long_is_refused_alone_and_says_why,
    a_command_that_reaches_many_rows_goes_apart_and_one_that_reaches_few_does_not,
    the_order_within_a_directory_holds_also_where_some_go_apart,
    a_command_that_is_handed_over_again_and_again_is_parked_and_its_neighbours_are_stored,
    while_a_heavy_command_is_under_way_other_directories_go_on_and_its_own_waits,
    a_group_of_sixty_thousand_is_announced_in_order_and_writes_go_on,
}

async fn what_its_sender_gave_up_is_not_even_tried(dialect: Dialect) {
    let world = World::start_with(dialect, no_time_apart()).await;
    let directory = world.directory().await;
    let people = world.people(directory, 300).await;
    let command = world.group_of(directory, "All", &people);
    let inbox = world.database.store.inbox();
    let settled = inbox.settle(command.id, events::Timestamp::now()).await.unwrap();
    assert_eq!(settled, Settlement::Abandoned);
    // Had it been tried, it would have taken longer than it may.
    assert_eq!(world.send(&command).await, Outcome::Abandoned);
    world.stop().await;
}

async fn a_heavy_command_that_takes_too_long_is_refused_alone_and_says_why(dialect: Dialect) {
    let world = World::start_with(dialect, no_time_apart()).await;
    let directory = world.directory().await;
    let people = world.people(directory, 300).await;
    let heavy = world.group_of(directory, "All", &people);
    let (before, after) = (
        world.group_of(directory, "Some", &people[..10]),
        world.create_user(directory, "ada@x.test"),
    );
    let (first, outcome, last) = tokio::join!(world.send(&before), world.send(&heavy), world.send(&after));
    assert_eq!((status(&first), status(&outcome), status(&last)), (201, 503, 201));
    assert!(reason(&outcome).contains("longer than the 0 seconds"), "{outcome:?}");
    assert_eq!(world.send(&heavy).await, outcome, "its verdict is stored");
    assert_eq!(world.bus.dead_count().await.unwrap(), 0);
    world.is_as_its_log_says(directory).await;
    world.stop().await;
}

async fn a_command_that_reaches_many_rows_goes_apart_and_one_that_reaches_few_does_not(dialect: Dialect) {
    let mut world = World::start_with(dialect, all_the_time()).await;
    let directory = world.directory().await;
    let people = world.people(directory, 400).await;
    let (large, small) = (
        world.group_of(directory, "Large", &people),
        world.group_of(directory, "Small", &people[..20]),
    );
    assert_eq!(status(&world.send(&large).await), 201);
    assert_eq!(status(&world.send(&small).await), 201);
    // From here on nothing that goes apart has time.
    world.shutdown.soft.cancel();
    (&mut world.running).await.unwrap().unwrap();
    world.shutdown = runtime::Shutdown::new();
    world.running = World::projector_with(&world.database, &world.bus, &world.shutdown, no_time_apart());
    let change = |group: &Command, verb: Verb| world.command(directory, ResourceKind::Group, group.resource_id, verb);
    let clear = json!({ "Operations": [{ "op": "remove", "path": "members" }] });
    let rename = json!({ "Operations": [{ "op": "replace", "path": "displayName", "value": "Other" }] });
    let outcomes = [
        // Small by themselves, and they change 400 memberships.
        world.send(&change(&large, Verb::Patch(clear.clone()))).await,
        world
            .send(&change(
                &large,
                Verb::Replace(object(json!({ "displayName": "Large" }))),
            ))
            .await,
        world.send(&change(&large, Verb::Delete)).await,
        // These touch nobody.
        world.send(&change(&large, Verb::Patch(rename))).await,
        world.send(&change(&small, Verb::Patch(clear))).await,
        world.send(&change(&small, Verb::Delete)).await,
    ];
    assert_eq!(outcomes.each_ref().map(status), [503, 503, 503, 200, 200, 204]);
    world.is_as_its_log_says(directory).await;
    world.stop().await;
}

async fn the_order_within_a_directory_holds_also_where_some_go_apart(dialect: Dialect) {
    let world = World::start_with(dialect, all_the_time()).await;
    let directory = world.directory().await;
    let people = world.people(directory, 300).await;
    let create = world.group_of(directory, "All", &people);
    let group = |verb: Verb| world.command(directory, ResourceKind::Group, create.resource_id, verb);
    let patch = |operation: Value| group(Verb::Patch(json!({ "Operations": [operation] })));
    let members: Vec<Value> = people.iter().map(|id| json!({ "value": id })).collect();
    let commands = [
        create.clone(),
        patch(json!({ "op": "remove", "path": "members", "value": [{ "value": people[0] }] })),
        group(Verb::Replace(object(
            json!({ "displayName": "All", "members": members }),
        ))),
        patch(json!({ "op": "replace", "path": "displayName", "value": "Nobody" })),
        patch(json!({ "op": "remove", "path": "members" })),
        world.create_user(directory, "ada@x.test"),
        group(Verb::Delete),
        world.group_of(directory, "Nobody", &people[..1]),
    ];
    let mut requests: Vec<_> = commands
        .iter()
        .map(|command| Box::pin(world.bus.request(command)))
        .collect();
    // The first poll puts a command on the bus, in this order.
    for request in &mut requests {
        assert!(futures_util::poll!(request.as_mut()).is_pending());
    }
    let outcomes = join_all(requests).await;
    let told: Vec<u16> = outcomes
        .iter()
        .map(|verdict| status(&verdict.as_ref().unwrap().outcome))
        .collect();
    assert_eq!(told, [201, 200, 200, 200, 200, 201, 204, 201]);
    let kinds: Vec<String> = world
        .log(directory)
        .await
        .iter()
        .map(|event| event.kind.to_string())
        .collect();
    let mut expected = vec!["user.created"; 300];
    expected.push("group.created");
    expected.extend(["group.member_added"; 300]);
    expected.extend(["group.member_removed", "group.member_added", "group.updated"]);
    expected.extend(["group.member_removed"; 300]);
    expected.extend(["user.created", "group.deleted", "group.created", "group.member_added"]);
    assert_eq!(kinds, expected);
    world.is_as_its_log_says(directory).await;
    world.stop().await;
}

async fn a_command_that_is_handed_over_again_and_again_is_parked_and_its_neighbours_are_stored(dialect: Dialect) {
    let mut world = World::start(dialect).await;
    let directory = world.directory().await;
    world.shutdown.soft.cancel();
    (&mut world.running).await.unwrap().unwrap();
    let (culprit, neighbour) = (
        world.create_user(directory, "ada@x.test"),
        world.create_user(directory, "bob@x.test"),
    );
    let bus = world.bus.clone();
    let mut culprits = Box::pin(bus.request(&culprit));
    assert!(futures_util::poll!(culprits.as_mut()).is_pending());
    // Four projectors take it, and end before they come to a verdict.
    for _ in 0..4 {
        let consumer = world.bus.commands(vec![0, 1]);
        assert_eq!(consumer.next(10).await.unwrap().len(), 1);
    }
    let mut neighbours = Box::pin(bus.request(&neighbour));
    assert!(futures_util::poll!(neighbours.as_mut()).is_pending());
    world.shutdown = runtime::Shutdown::new();
    world.running = World::projector(&world.database, &world.bus, &world.shutdown);
    let (refused, stored) = tokio::join!(culprits, neighbours);
    let refused = refused.unwrap().outcome;
    assert_eq!((status(&refused), status(&stored.unwrap().outcome)), (503, 201));
    assert!(reason(&refused).contains(&culprit.id.to_string()), "{refused:?}");
    assert_eq!(world.bus.dead_count().await.unwrap(), 1);
    assert_eq!(world.send(&culprit).await, refused, "its verdict is stored");
    assert_eq!(world.log(directory).await.len(), 1);
    world.stop().await;
}

async fn a_group_of_sixty_thousand_is_announced_in_order_and_writes_go_on(dialect: Dialect) {
    // More at once than the bus inside holds, three times.
    const AT_ONCE: usize = 20_100;
    const MANY: usize = 3 * AT_ONCE;
    let world = World::start_with(dialect, all_the_time()).await;
    let (directory, other) = world.two_in_a_lane().await;
    let consumer = world.bus.events(vec![0, 1]);
    let people = insert_many_users(&world.database.store, directory, MANY).await.unwrap();
    let create = world.group_of(directory, "All", &people[..AT_ONCE]);
    let add = |people: &[ResourceId]| {
        let value: Vec<Value> = people.iter().map(|id| json!({ "value": id })).collect();
        let patch = json!({ "Operations": [{ "op": "add", "path": "members", "value": value }] });
        world.command(directory, ResourceKind::Group, create.resource_id, Verb::Patch(patch))
    };
    let (second, third) = (add(&people[AT_ONCE..2 * AT_ONCE]), add(&people[2 * AT_ONCE..]));
    let mut commands = [create.clone(), second, third];
    for command in &mut commands {
        command.deadline = events::Timestamp::now().plus(Duration::from_mins(10));
    }
    let mut requests: Vec<_> = commands
        .iter()
        .map(|command| Box::pin(world.bus.request(command)))
        .collect();
    for request in &mut requests {
        assert!(futures_util::poll!(request.as_mut()).is_pending());
    }
    let mut received: Vec<Event> = Vec::new();
    let mut seen = std::collections::HashSet::new();
    let receiving = async {
        while received.len() < MANY + 3 {
            let batch = consumer.next(512).await.expect("an open bus");
            consumer.acker().ack(&batch).await;
            let events = batch.into_iter().map(|delivery| delivery.payload);
            received.extend(events.filter(|event| seen.insert(event.id)));
        }
    };
    let sending = async {
        // On a slow machine it may take longer than anybody waits for a verdict; what counts is the outcome.
        for verdict in join_all(requests).await.into_iter().flatten() {
            assert!(status(&verdict.outcome) < 300, "{}", reason(&verdict.outcome));
        }
        for of in [directory, other] {
            let mut next = world.create_user(of, "ada@x.test");
            next.deadline = events::Timestamp::now().plus(Duration::from_mins(10));
            assert_eq!(status(&world.send(&next).await), 201);
        }
    };
    let both = async { tokio::join!(receiving, sending) };
    tokio::time::timeout(Duration::from_mins(4), both).await.unwrap();
    let of_first = received.iter().filter(|event| event.directory_id == directory);
    let sequences = of_first.map(|event| event.sequence);
    assert!(
        sequences.eq(1..=i64::try_from(MANY).unwrap() + 2),
        "all, in the order of the log"
    );
    assert_eq!(received.iter().filter(|event| event.directory_id == other).count(), 1);
    world.stop().await;
}

/// PostgreSQL only: SQLite has one writer, and nobody to wait for.
#[tokio::test(flavor = "multi_thread")]
async fn a_command_that_waits_for_a_lock_is_refused_alone_and_the_lanes_stay() {
    let world = World::start(Dialect::Postgres).await;
    let (directory, other) = (world.directory().await, world.directory().await);
    let locked = world.create_user(directory, "locked@x.test");
    assert_eq!(status(&world.send(&locked).await), 201);
    let sql = format!("SELECT 1 FROM users WHERE id = '{}' FOR UPDATE", locked.resource_id);
    let somebody = world.database.hold(&sql).await;
    let rename = json!({ "Operations": [{ "op": "Replace", "path": "displayName", "value": "Ada" }] });
    let culprit = world.command(
        directory,
        ResourceKind::User,
        locked.resource_id,
        Verb::Patch(rename.clone()),
    );
    let mut commands: Vec<Command> = (0..20)
        .flat_map(|n| [directory, other].map(|of| world.create_user(of, &format!("user{n}@x.test"))))
        .collect();
    commands.insert(9, culprit.clone());
    let outcomes = join_all(commands.iter().map(|command| world.send(command))).await;
    let refused: Vec<usize> = (0..commands.len()).filter(|n| status(&outcomes[*n]) != 201).collect();
    assert_eq!(refused, [9], "{:?}", outcomes[9]);
    assert_eq!(status(&outcomes[9]), 503);
    assert!(reason(&outcomes[9]).contains("takes longer than"), "{:?}", outcomes[9]);
    // A database that were away would have passed the lanes on, and each lane would have been taken once more.
    assert_eq!(world.take_overs(other).await, 2);
    drop(somebody);
    let again = world.command(directory, ResourceKind::User, locked.resource_id, Verb::Patch(rename));
    assert_eq!(status(&world.send(&again).await), 200);
    assert_eq!(world.log(directory).await.len(), 22);
    world.stop().await;
}

async fn while_a_heavy_command_is_under_way_other_directories_go_on_and_its_own_waits(dialect: Dialect) {
    // The bus takes a hundred events, and nobody takes them off: a command of 300 events stays under way.
    let bus = bus::Bus::embedded_with_max_length(2, 100);
    let world = World::start_on(dialect, all_the_time(), bus).await;
    let (busy, quiet) = world.two_in_a_lane().await;
    let people = insert_many_users(&world.database.store, busy, 300).await.unwrap();
    assert_eq!(status(&world.send(&world.group_of(busy, "All", &people)).await), 201);
    let behind = world.create_user(busy, "behind@x.test");
    let mut behind = Box::pin(world.bus.request(&behind));
    assert!(futures_util::poll!(behind.as_mut()).is_pending());
    for n in 0..50 {
        let command = world.create_user(quiet, &format!("user{n}@x.test"));
        assert_eq!(status(&world.send(&command).await), 201);
    }
    assert!(futures_util::poll!(behind.as_mut()).is_pending(), "one is under way");
    let consumer = world.bus.events(vec![0, 1]);
    let taking = async {
        while let Some(batch) = consumer.next(100).await {
            consumer.acker().ack(&batch).await;
        }
    };
    tokio::select! {
        () = taking => panic!("the bus is open"),
        verdict = behind => assert_eq!(status(&verdict.unwrap().outcome), 201),
    }
    let consumer = world.bus.events(vec![0, 1]);
    tokio::spawn(async move {
        while let Some(batch) = consumer.next(100).await {
            consumer.acker().ack(&batch).await;
        }
    });
    world.stop().await;
}

/// PostgreSQL only: there they are two transactions at a time.
#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_apart_keeps_no_batch_waiting_and_other_writers_wait_for_both() {
    let world = World::start(Dialect::Postgres).await;
    let (busy, quiet) = world.two_in_a_lane().await;
    assert_eq!(status(&world.send(&world.create_user(busy, "ada@x.test")).await), 201);
    let store = &world.database.store;
    let lane = events::lane_of(busy, 2);
    let epoch = world.take_overs(busy).await;
    let opening = store::Opening {
        held: &[(lane, epoch)],
        directories: &[busy],
        apart: true,
        ..store::Opening::default()
    };
    let apart = store.project(opening).await.unwrap();
    // The projector takes its lane back, and commits in it.
    assert_eq!(status(&world.send(&world.create_user(quiet, "ada@x.test")).await), 201);
    let refused = store.change(Some(lane)).await.unwrap_err();
    assert!(refused.was_cut_short(), "{refused:?}");
    apart.rollback().await.unwrap();
    drop(store.change(Some(lane)).await.unwrap());
    world.stop().await;
}

/// SQLite only: there one transaction writes at a time.
#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_apart_writes_only_when_it_saves_and_only_if_nothing_has_moved_on() {
    let world = World::start(Dialect::Sqlite).await;
    let (busy, quiet) = world.two_in_a_lane().await;
    assert_eq!(status(&world.send(&world.create_user(busy, "ada@x.test")).await), 201);
    let store = &world.database.store;
    let now = events::Timestamp::now();
    let verdicts = [(); 3].map(|()| Verdict {
        command_id: CommandId::new(),
        outcome: Outcome::Refused {
            status: 404,
            scim_type: None,
            detail: "nobody".to_owned(),
        },
    });
    let project = |n: usize| {
        let (directories, commands) = ([busy], [verdicts[n].command_id]);
        async move {
            let opening = store::Opening {
                directories: &directories,
                commands: &commands,
                apart: true,
                ..store::Opening::default()
            };
            store.project(opening).await.unwrap()
        }
    };
    let batch = |n: usize| store::Batch {
        verdicts: &verdicts[n..=n],
        ..store::Batch::default()
    };

    let mut first = project(0).await;
    assert_eq!(status(&world.send(&world.create_user(quiet, "ada@x.test")).await), 201);
    let saved = first.save(batch(0), now).await.unwrap();
    assert!(matches!(saved, SaveOutcome::Written(_)), "{saved:?}");
    first.commit().await.unwrap();
    assert_eq!(store.verdicts(&[verdicts[0].command_id]).await.unwrap(), verdicts[..1]);

    let mut second = project(1).await;
    assert_eq!(status(&world.send(&world.create_user(busy, "bob@x.test")).await), 201);
    let overtaken = second.save(batch(1), now).await.unwrap_err();
    assert!(overtaken.is_transient(), "read again, {overtaken:?}");
    drop(second);

    let mut third = project(2).await;
    store.inbox().settle(verdicts[2].command_id, now).await.unwrap();
    let saved = third.save(batch(2), now).await.unwrap();
    assert!(matches!(saved, SaveOutcome::Settled), "given up meanwhile, {saved:?}");
    third.rollback().await.unwrap();
    world.stop().await;
}
