//! What goes wrong: at Graph, in the directory, and with processes.

use crate::world::{BOTH, World};
use entra::{Action, AppChange, Bulk, Fault, RetryAfter};
use events::EventType;
use graph::pull::PullFault;
use graph_sync::Config;
use serde_json::json;
use std::time::Duration;
use store::GraphPullState;

fn everybody() -> serde_json::Value {
    json!({ "scope": "all" })
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_graph_answers_nothing_is_lost_and_nobody_is_gone_by_it() {
    for dialect in BOTH {
        let world = World::new(dialect).await;
        let of = world.pulled(&everybody()).await;
        of.tenant
            .bulk(Bulk {
                users: 30,
                groups: 2,
                members: 10,
                managers: true,
            })
            .unwrap();
        of.tenant.behave(|how| how.page_size = 10).unwrap();
        world.round(&of).await;
        let first = of.tenant.truth().unwrap().users[0].id;
        let bad = [
            Action::Truncate,
            Action::Reset,
            Action::Html { status: 200 },
            Action::Throttle {
                retry_after: RetryAfter::Seconds(7),
            },
            Action::Throttle {
                retry_after: RetryAfter::None,
            },
            Action::Throttle {
                retry_after: RetryAfter::Date(20),
            },
            Action::Status {
                status: 503,
                retry_after: RetryAfter::Seconds(3),
            },
            Action::Status {
                status: 504,
                retry_after: RetryAfter::None,
            },
            Action::Unauthorized,
            Action::Gzip,
        ];
        for (n, action) in bad.into_iter().enumerate() {
            of.tenant.fault(Fault::new(action.clone()).next(2)).unwrap();
            of.tenant
                .update_user(first, json!({ "jobTitle": format!("Title {n}") }))
                .unwrap();
            world.round(&of).await;
            of.tenant.clear_faults().unwrap();
            world.entra.advance(Duration::from_hours(2));
            world.round(&of).await;
            world.assert_same(&of).await;
            assert_eq!(world.pull(&of).await.failures, 0, "{dialect:?} {action:?}");
        }
        let types = world.types(&of).await;
        assert!(
            !types
                .iter()
                .any(|kind| matches!(kind, EventType::UserDeactivated | EventType::UserDeleted))
        );
        assert!(
            world.entra.requests().broken.is_empty(),
            "{:?}",
            world.entra.requests().broken
        );
        world.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn links_and_redirects_to_other_hosts_are_not_followed_and_fail_the_round() {
    let world = World::new(store::Dialect::Sqlite).await;
    let of = world.pulled(&everybody()).await;
    of.tenant
        .bulk(Bulk {
            users: 5,
            ..Bulk::default()
        })
        .unwrap();
    for action in [
        Action::LinkElsewhere,
        Action::Redirect { location: None },
        Action::GoneElsewhere,
    ] {
        of.tenant.fault(Fault::new(action).at("/users/delta").next(1)).unwrap();
        world.round(&of).await;
    }
    world.entra.advance(Duration::from_hours(2));
    world.round(&of).await;
    world.assert_same(&of).await;
    assert!(
        world.entra.requests().broken.is_empty(),
        "{:?}",
        world.entra.requests().broken
    );
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_administrator_is_told_what_to_mend_and_the_round_goes_on_when_it_is() {
    for dialect in BOTH {
        let world = World::new(dialect).await;
        let of = world.pulled(&everybody()).await;
        of.tenant
            .bulk(Bulk {
                users: 3,
                ..Bulk::default()
            })
            .unwrap();
        let consent = |roles: &[&str]| AppChange {
            consented: Some(roles.iter().map(|role| (*role).to_owned()).collect()),
            ..AppChange::default()
        };
        of.tenant
            .change_app(of.client_id, consent(&["GroupMember.Read.All"]))
            .unwrap();
        world.round(&of).await;
        let pull = world.pull(&of).await;
        let fault = PullFault::read(pull.last_error.as_deref().unwrap());
        assert_eq!(
            (pull.state, fault.code.as_str(), pull.failures),
            (GraphPullState::Failing, "forbidden", 1),
            "{dialect:?}"
        );
        assert!(fault.detail.contains("User.Read.All"), "{}", fault.detail);
        assert_eq!(world.rounds(&of).await[0].outcome, "failed");
        of.tenant
            .change_app(of.client_id, consent(&["User.Read.All", "GroupMember.Read.All"]))
            .unwrap();
        world.entra.advance(Duration::from_hours(2));
        world.round(&of).await;
        world.assert_same(&of).await;
        let pull = world.pull(&of).await;
        assert_eq!(
            (pull.state, pull.failures, pull.last_error),
            (GraphPullState::Active, 0, None)
        );
        let disabled = AppChange {
            disabled: Some(true),
            ..AppChange::default()
        };
        of.tenant.change_app(of.client_id, disabled).unwrap();
        world.entra.advance(Duration::from_hours(2));
        world.round(&of).await;
        let fault = PullFault::read(world.pull(&of).await.last_error.as_deref().unwrap());
        assert!(fault.aadsts.is_some() && fault.trace_id.is_some(), "{fault:?}");
        world.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_that_waits_keeps_no_other_waiting() {
    let world = World::new(store::Dialect::Sqlite).await;
    let slow = world.pulled(&everybody()).await;
    let fast = world.pulled(&everybody()).await;
    for of in [&slow, &fast] {
        of.tenant
            .bulk(Bulk {
                users: 5,
                ..Bulk::default()
            })
            .unwrap();
    }
    let long = Action::Throttle {
        retry_after: RetryAfter::Seconds(7_200),
    };
    slow.tenant.fault(Fault::new(long).at("/users/delta").next(1)).unwrap();
    world.sync.settle().await.unwrap();
    world.assert_same(&fast).await;
    let pull = world.pull(&slow).await;
    assert!(
        pull.due_at.since(world.now()) > Duration::from_secs(7_000),
        "it is due when Graph says, and not before"
    );
    assert_eq!(
        (pull.state, world.pull(&fast).await.failures),
        (GraphPullState::Active, 0)
    );
    world.entra.advance(Duration::from_secs(7_200));
    world.sync.settle().await.unwrap();
    world.assert_same(&slow).await;
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_whom_the_directory_refuses_stops_no_round_and_comes_when_it_takes_them() {
    for dialect in BOTH {
        let world = World::new(dialect).await;
        let of = world.pulled(&everybody()).await;
        let settings = json!({ "required_attributes": ["name.givenName"] });
        let change = world
            .store()
            .change(Some(events::lane_of(of.directory, 2)))
            .await
            .unwrap();
        let mut directory = change.directory(of.directory).await.unwrap().unwrap();
        directory.settings = settings.to_string();
        change.save_directory(&directory).await.unwrap();
        change.commit().await.unwrap();
        let good = of.tenant.user(json!({ "givenName": "Dana" })).unwrap();
        let bad = of.tenant.user(json!({ "surname": "Nobody" })).unwrap();
        let crew = of.tenant.group(json!({ "displayName": "Crew" })).unwrap();
        of.tenant.add_members(crew, &[good, bad]).unwrap();
        of.tenant.set_manager(good, Some(bad)).unwrap();
        world.round(&of).await;
        assert!(
            world.user(&of, good).await.is_some() && world.user(&of, bad).await.is_none(),
            "{dialect:?}"
        );
        let counts = world
            .store()
            .graph_objects(of.directory)
            .skipped_counts()
            .await
            .unwrap();
        assert_eq!(counts, [("refused".to_owned(), 1)]);
        assert_eq!(world.rounds(&of).await[0].outcome, "completed");
        let change = world
            .store()
            .change(Some(events::lane_of(of.directory, 2)))
            .await
            .unwrap();
        let mut directory = change.directory(of.directory).await.unwrap().unwrap();
        directory.settings = "{}".to_owned();
        change.save_directory(&directory).await.unwrap();
        change.commit().await.unwrap();
        world.round(&of).await;
        world.assert_same(&of).await;
        world.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_was_pushed_before_is_the_same_person_when_they_are_pulled() {
    for dialect in BOTH {
        let world = World::new(dialect).await;
        let of = world.pulled(&everybody()).await;
        let pushed = world
            .push(
                &of,
                json!({ "userName": "DANA@fabrikam.example", "externalId": "dana", "title": "Old", "active": true }),
            )
            .await;
        let dana = of
            .tenant
            .user(json!({ "userPrincipalName": "dana@fabrikam.example", "jobTitle": "New" }))
            .unwrap();
        world.round(&of).await;
        world.assert_same(&of).await;
        assert_eq!(world.user(&of, dana).await.unwrap().0, pushed, "{dialect:?}");
        let types = world.types(&of).await;
        assert_eq!(types, [EventType::UserCreated, EventType::UserUpdated]);
        world.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_directory_moves_when_its_process_dies_and_the_old_one_writes_nothing() {
    for dialect in BOTH {
        let world = World::new(dialect).await;
        let of = world.pulled(&everybody()).await;
        of.tenant
            .bulk(Bulk {
                users: 60,
                groups: 1,
                members: 40,
                managers: true,
            })
            .unwrap();
        of.tenant.behave(|how| how.page_size = 10).unwrap();
        let config = Config {
            lease: Duration::from_secs(10),
            ..world.config.clone()
        };
        // Graph answers so slowly that the first process is in the middle of it for as long as it takes.
        of.tenant
            .fault(
                Fault::new(Action::Slow { bytes: 20, pause: 500 })
                    .at("/users/delta")
                    .asking("skiptoken")
                    .next(1),
            )
            .unwrap();
        let first = world.process("first", config.clone());
        let overtaken = tokio::spawn(async move { first.settle().await });
        while world.pull(&of).await.progress.is_none() {
            tokio::task::yield_now().await;
        }
        let second = world.process("second", config.clone());
        assert_eq!(second.settle().await.unwrap(), 0, "it is held");
        world.entra.advance(Duration::from_secs(11));
        assert!(second.settle().await.unwrap() > 0, "{dialect:?}");
        world.assert_same(&of).await;
        let before = world.types(&of).await;
        of.tenant.clear_faults().unwrap();
        overtaken.abort();
        let _ = overtaken.await;
        world.round(&of).await;
        assert_eq!(world.types(&of).await, before);
        assert_eq!(
            before.iter().filter(|kind| **kind == EventType::UserCreated).count(),
            60
        );
        world.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_turn_that_ends_goes_on_where_it_was() {
    let world = World::new(store::Dialect::Sqlite).await;
    let of = world.pulled(&everybody()).await;
    of.tenant
        .bulk(Bulk {
            users: 60,
            groups: 2,
            members: 20,
            managers: true,
        })
        .unwrap();
    of.tenant.behave(|how| how.page_size = 10).unwrap();
    // Each turn is over before its first page is; so one page is all that a turn brings.
    let config = Config {
        turn: Duration::from_millis(1),
        ..world.config.clone()
    };
    let sync = world.process("short", config);
    let turns = sync.settle().await.unwrap();
    assert!(turns > 1, "{turns} turns");
    world.assert_same(&of).await;
    let types = world.types(&of).await;
    assert_eq!(types.iter().filter(|kind| **kind == EventType::UserCreated).count(), 60);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn where_nobody_is_pulled_nobody_is_asked() {
    let world = World::new(store::Dialect::Sqlite).await;
    assert_eq!(world.sync.settle().await.unwrap(), 0);
    assert_eq!(world.entra.requests().total, 0);
    world.stop().await;
}
