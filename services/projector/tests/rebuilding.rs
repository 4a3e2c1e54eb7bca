//! The log is the truth: from it the rows are made again, and its beginning can be cut off without losing that.

#![allow(clippy::needless_pass_by_value, reason = "bodies are written where they are passed")]
#![allow(clippy::unwrap_used, reason = "a test that cannot do its part fails")]

#[macro_use]
mod world;

use events::{DirectoryId, ResourceId, ResourceKind, Timestamp, Verb};
use projector::rebuild::rebuild;
use projector::verify::verify;
use serde_json::json;
use std::time::{Duration, Instant};
use store::{CopyName, Dialect, Feed, RebuildReport, StoreError};
use world::{World, object, status};

on_both_databases! {
    a_directory_that_is_as_its_log_says_is_left_alone,
    damaged_rows_are_rebuilt_and_nobody_elses_are_touched,
    a_dry_run_reports_and_changes_nothing,
    the_beginning_of_the_log_is_cut_off_and_state_still_follows_from_the_rest,
    a_rebuild_while_people_are_created_loses_none,
    events_that_are_not_on_the_bus_are_never_cut_off,
}

/// Two groups, thirty people in both, one of them deleted again, one renamed, one switched off.
async fn fill(world: &World) -> (DirectoryId, Vec<ResourceId>) {
    let directory = world.directory().await;
    let mut people = Vec::new();
    for n in 0..30 {
        let command = world.create_user(directory, &format!("user{n}@x.test"));
        people.push(command.resource_id);
        assert_eq!(status(&world.send(&command).await), 201);
    }
    let members: Vec<_> = people.iter().map(|id| json!({ "value": id })).collect();
    for name in ["Sales", "Support"] {
        let body = object(json!({ "displayName": name, "members": members }));
        let command = world.command(directory, ResourceKind::Group, ResourceId::new(), Verb::Create(body));
        assert_eq!(status(&world.send(&command).await), 201);
    }
    let rename = object(json!({ "userName": "renamed@x.test", "title": "Planner" }));
    let off = object(json!({ "userName": "user2@x.test", "active": false }));
    for (person, body) in [(people[1], rename), (people[2], off)] {
        let command = world.command(directory, ResourceKind::User, person, Verb::Replace(body));
        assert_eq!(status(&world.send(&command).await), 200);
    }
    let command = world.command(directory, ResourceKind::User, people[0], Verb::Delete);
    assert_eq!(status(&world.send(&command).await), 204);
    (directory, people)
}

async fn is_clean(world: &World, directory: DirectoryId) {
    let verified = verify(&world.database.store, directory).await.unwrap();
    assert_eq!(verified.differences, Vec::<String>::new());
}

async fn mend(world: &World, directory: DirectoryId, dry_run: bool) -> RebuildReport {
    let lane = events::lane_of(directory, 2);
    rebuild(&world.database.store, directory, lane, dry_run).await.unwrap()
}

/// Somebody who takes events off the bus: what nobody took does not count as published there.
fn drain(world: &World) {
    let consumer = world.bus.events(vec![0, 1]);
    tokio::spawn(async move {
        while let Some(batch) = consumer.next(100).await {
            consumer.acker().ack(&batch).await;
        }
    });
}

/// Until the relay has told how far it is.
async fn published(world: &World, directory: DirectoryId) -> i64 {
    let last = world.log(directory).await.last().unwrap().sequence;
    let started = Instant::now();
    loop {
        let positions = world.database.store.published().positions(&[directory]).await.unwrap();
        if positions.get(&directory) == Some(&last) {
            return last;
        }
        assert!(started.elapsed() < Duration::from_secs(30), "{positions:?} of {last}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

fn in_an_hour() -> Timestamp {
    Timestamp::now().plus(Duration::from_hours(1))
}

async fn a_directory_that_is_as_its_log_says_is_left_alone(dialect: Dialect) {
    let world = World::start(dialect).await;
    let (directory, people) = fill(&world).await;
    let mended = mend(&world, directory, false).await;
    assert!(mended.is_nothing(), "{mended:?}");
    assert_eq!(mended.sequence, world.log(directory).await.last().unwrap().sequence);
    let user = world
        .database
        .store
        .users(directory)
        .by_id(people[1], false)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(user.version, 2, "entity tags hold");
    world.stop().await;
}

async fn damaged_rows_are_rebuilt_and_nobody_elses_are_touched(dialect: Dialect) {
    let world = World::start(dialect).await;
    let (directory, people) = fill(&world).await;
    let (other, _) = fill(&world).await;
    let hex = |id: ResourceId| id.uuid().simple().to_string();
    let id = |id: ResourceId| match dialect {
        Dialect::Postgres => format!("'{}'", id.uuid()),
        Dialect::Sqlite => format!("x'{}'", hex(id)),
    };
    // A row lost, one changed beneath its index, a name swapped with another's, memberships lost and invented.
    world
        .database
        .execute(&format!(
            "DELETE FROM users WHERE id = {lost}; DELETE FROM user_emails WHERE user_id = {lost}; \
             UPDATE users SET active = FALSE, version = version + 7 WHERE id = {changed}; \
             UPDATE users SET user_name_key = 'nobody' WHERE id = {swapped}; \
             UPDATE users SET user_name_key = 'user6@x.test', resource = '{{}}' WHERE id = {changed}; \
             DELETE FROM group_members WHERE member_id = {changed}; \
             UPDATE groups SET resource = '{{\"displayName\":\"Hacked\"}}' WHERE display_name = 'Sales' \
             AND directory_id = (SELECT directory_id FROM users WHERE id = {swapped})",
            lost = id(people[4]),
            changed = id(people[5]),
            swapped = id(people[6]),
        ))
        .await;
    assert!(
        !verify(&world.database.store, directory)
            .await
            .unwrap()
            .differences
            .is_empty()
    );
    let mended = mend(&world, directory, false).await;
    assert_eq!((mended.users_removed, mended.users_written), (2, 3), "{mended:?}");
    assert_eq!((mended.groups_removed, mended.groups_written), (1, 1), "{mended:?}");
    assert_eq!((mended.members_removed, mended.members_written), (0, 2), "{mended:?}");
    is_clean(&world, directory).await;
    is_clean(&world, other).await;
    assert!(mend(&world, directory, false).await.is_nothing());
    assert!(mend(&world, other, false).await.is_nothing());
    // The indexes are right again: the name is taken, and nobody has the other one.
    assert_eq!(
        status(&world.send(&world.create_user(directory, "user6@x.test")).await),
        409
    );
    assert_eq!(status(&world.send(&world.create_user(directory, "nobody")).await), 201);
    world.stop().await;
}

async fn a_dry_run_reports_and_changes_nothing(dialect: Dialect) {
    let world = World::start(dialect).await;
    let (directory, _) = fill(&world).await;
    world.database.execute("DELETE FROM group_members").await;
    let told = mend(&world, directory, true).await;
    assert_eq!(told.members_written, 58);
    assert_eq!(mend(&world, directory, true).await, told);
    assert!(
        !verify(&world.database.store, directory)
            .await
            .unwrap()
            .differences
            .is_empty()
    );
    world.stop().await;
}

async fn the_beginning_of_the_log_is_cut_off_and_state_still_follows_from_the_rest(dialect: Dialect) {
    let world = World::start(dialect).await;
    drain(&world);
    let (directory, people) = fill(&world).await;
    let store = &world.database.store;
    let first = world.log(directory).await[0].id;
    let last = published(&world, directory).await;
    assert_eq!(
        projector::cut(store, directory, Timestamp::from_millis(0))
            .await
            .unwrap(),
        0,
        "none is so old"
    );
    assert_eq!(
        projector::cut(store, directory, in_an_hour()).await.unwrap(),
        u64::try_from(last).unwrap()
    );
    assert!(world.log(directory).await.is_empty());
    assert_eq!(
        store.log_copies(directory).sequence(CopyName::Base).await.unwrap(),
        last
    );
    is_clean(&world, directory).await;

    let gone = world.command(directory, ResourceKind::User, people[3], Verb::Delete);
    assert_eq!(status(&world.send(&gone).await), 204);
    assert_eq!(world.log(directory).await[0].sequence, last + 1, "the numbers go on");
    is_clean(&world, directory).await;
    world
        .database
        .execute("DELETE FROM group_members; DELETE FROM user_emails; DELETE FROM users")
        .await;
    let mended = mend(&world, directory, false).await;
    assert_eq!((mended.users_written, mended.members_written), (28, 56), "{mended:?}");
    is_clean(&world, directory).await;
    let last = published(&world, directory).await;
    projector::cut(store, directory, in_an_hour()).await.unwrap();
    assert_eq!(
        store.log_copies(directory).sequence(CopyName::Base).await.unwrap(),
        last
    );
    is_clean(&world, directory).await;

    // A reader of the log learns that it missed something.
    let feed = Feed {
        directory_id: Some(directory),
        limit: 10,
        ..Feed::default()
    };
    for after in [None, Some(first)] {
        let missed = store.events().feed(&Feed { after, ..feed.clone() }).await;
        assert!(matches!(missed, Err(StoreError::Gone(_))), "{missed:?}");
    }
    let oldest = Feed {
        from_oldest: true,
        ..feed
    };
    assert!(store.events().feed(&oldest).await.unwrap().events.is_empty());
    world.stop().await;
}

async fn a_rebuild_while_people_are_created_loses_none(dialect: Dialect) {
    let world = World::start(dialect).await;
    let (directory, _) = fill(&world).await;
    let create = async {
        for n in 0..60 {
            let command = world.create_user(directory, &format!("late{n}@x.test"));
            assert_eq!(status(&world.send(&command).await), 201);
        }
    };
    let rebuild = async {
        for _ in 0..3 {
            assert!(mend(&world, directory, false).await.is_nothing());
        }
    };
    tokio::join!(create, rebuild);
    is_clean(&world, directory).await;
    world.stop().await;
}

async fn events_that_are_not_on_the_bus_are_never_cut_off(dialect: Dialect) {
    let world = World::start(dialect).await;
    drain(&world);
    let (directory, _) = fill(&world).await;
    let last = published(&world, directory).await;
    world.shutdown.soft.cancel();
    world
        .database
        .execute(&format!("UPDATE publications SET sequence = {}", last - 5))
        .await;
    let store = &world.database.store;
    assert_eq!(
        projector::cut(store, directory, in_an_hour()).await.unwrap(),
        u64::try_from(last - 5).unwrap()
    );
    assert_eq!(world.log(directory).await.len(), 5);
    is_clean(&world, directory).await;
    world.stop().await;
}
