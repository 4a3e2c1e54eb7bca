//! People: the first round, what changed since, names, deletions.

use crate::world::{A_WHILE, BOTH, World, said};
use entra::{Bulk, Kind, Presence};
use events::EventType;
use graph::pull::PullFault;
use serde_json::{Value, json};
use std::time::Duration;
use store::{GraphDifference, GraphPullState};

fn everybody() -> Value {
    json!({ "scope": "all" })
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_round_brings_everybody_and_the_next_ones_what_changed() {
    for dialect in BOTH {
        let world = World::new(dialect).await;
        let of = world.pulled(&everybody()).await;
        let bulk = Bulk {
            users: 60,
            groups: 3,
            members: 20,
            managers: true,
        };
        of.tenant.bulk(bulk).unwrap();
        of.tenant
            .behave(|how| (how.page_size, how.member_page_size) = (25, 15))
            .unwrap();
        world.round(&of).await;
        world.assert_same(&of).await;
        let made = world.types(&of).await;
        let count = |kind| made.iter().filter(|one| **one == kind).count();
        assert_eq!(count(EventType::UserCreated), 60, "{dialect:?}");
        assert_eq!(
            (count(EventType::GroupCreated), count(EventType::GroupMemberAdded)),
            (3, 60)
        );
        assert!(
            world
                .log(&of)
                .await
                .iter()
                .all(|event| said(event)["source"] == "graph")
        );
        // Nothing has changed, and nothing is said.
        world.round(&of).await;
        assert_eq!(world.types(&of).await, made);
        let dana = of
            .tenant
            .user(json!({ "displayName": "Dana", "jobTitle": "Driver", "surname": "K" }))
            .unwrap();
        let first = of.tenant.truth().unwrap().users[0].id;
        of.tenant
            .update_user(
                first,
                json!({ "jobTitle": null, "department": "Depot", "accountEnabled": false }),
            )
            .unwrap();
        of.tenant.set_manager(dana, Some(first)).unwrap();
        world.round(&of).await;
        world.assert_same(&of).await;
        let said = world.types(&of).await[made.len()..].to_vec();
        assert_eq!(said.len(), 2, "{said:?}");
        assert!(said.contains(&EventType::UserCreated) && said.contains(&EventType::UserDeactivated));
        let rounds = world.rounds(&of).await;
        assert_eq!(
            rounds
                .iter()
                .map(|round| (round.outcome.as_str(), round.is_full))
                .collect::<Vec<_>>(),
            [("completed", false), ("completed", false), ("completed", true)]
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
async fn people_who_swap_their_names_stay_who_they_are() {
    for dialect in BOTH {
        let world = World::new(dialect).await;
        let of = world.pulled(&everybody()).await;
        let name = |n: usize| format!("person{n}@fabrikam.example");
        let user = |n| {
            of.tenant
                .user(json!({ "userPrincipalName": name(n), "displayName": format!("Person {n}") }))
                .unwrap()
        };
        let people: Vec<_> = (0..6).map(user).collect();
        world.round(&of).await;
        let mut before = Vec::new();
        for id in &people {
            before.push(world.user(&of, *id).await.unwrap().0);
        }
        // Two swap, and three go around in a circle: on one page, and each on a page of their own.
        for page_size in [100, 1] {
            of.tenant.behave(|how| how.page_size = page_size).unwrap();
            let truth = of.tenant.truth().unwrap();
            let name = |n: usize| {
                truth.users.iter().find(|user| user.id == people[n]).unwrap().properties["userPrincipalName"].clone()
            };
            for (n, other) in [(0, 1), (1, 0), (2, 3), (3, 4), (4, 2)] {
                of.tenant
                    .update_user(people[n], json!({ "userPrincipalName": name(other) }))
                    .unwrap();
            }
            world.round(&of).await;
            world.assert_same(&of).await;
        }
        for (id, was) in people.iter().zip(before) {
            assert_eq!(world.user(&of, *id).await.unwrap().0, was, "{dialect:?}");
        }
        let types = world.types(&of).await;
        assert!(!types.contains(&EventType::UserDeleted) && !types.contains(&EventType::UserDeactivated));
        world.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_deleted_is_deactivated_comes_back_as_the_same_and_is_deleted_for_good() {
    for dialect in BOTH {
        let world = World::new(dialect).await;
        let of = world.pulled(&everybody()).await;
        let dana = of
            .tenant
            .user(json!({ "userPrincipalName": "dana@fabrikam.example" }))
            .unwrap();
        let erin = of
            .tenant
            .user(json!({ "userPrincipalName": "erin@fabrikam.example" }))
            .unwrap();
        let crew = of.tenant.group(json!({ "displayName": "Crew" })).unwrap();
        of.tenant.add_members(crew, &[dana, erin]).unwrap();
        world.round(&of).await;
        let (was, _) = world.user(&of, dana).await.unwrap();
        of.tenant.delete(Kind::User, dana).unwrap();
        world.round(&of).await;
        world.assert_same(&of).await;
        let (is, attributes) = world.user(&of, dana).await.unwrap();
        assert_eq!((is, &attributes["active"]), (was, &json!(false)), "{dialect:?}");
        // The name is free: somebody else has it now.
        let other = of
            .tenant
            .user(json!({ "userPrincipalName": "dana@fabrikam.example" }))
            .unwrap();
        world.round(&of).await;
        world.assert_same(&of).await;
        assert_ne!(world.user(&of, other).await.unwrap().0, was);
        of.tenant
            .update_user(other, json!({ "userPrincipalName": "dana2@fabrikam.example" }))
            .unwrap();
        of.tenant.restore(Kind::User, dana).unwrap();
        world.round(&of).await;
        world.assert_same(&of).await;
        assert_eq!(world.user(&of, dana).await.unwrap().0, was);
        of.tenant.behave(|how| how.purge_unmentioned = true).unwrap();
        of.tenant.delete(Kind::User, dana).unwrap();
        of.tenant.purge(Kind::User, dana).unwrap();
        world.round(&of).await;
        world.assert_same(&of).await;
        assert!(world.user(&of, dana).await.is_none());
        let types = world.types(&of).await;
        let ends: Vec<_> = types
            .iter()
            .filter(|kind| {
                matches!(
                    kind,
                    EventType::UserDeactivated | EventType::UserReactivated | EventType::UserDeleted
                )
            })
            .collect();
        assert_eq!(
            ends,
            [
                &EventType::UserDeactivated,
                &EventType::UserReactivated,
                &EventType::UserDeleted
            ]
        );
        world.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_round_that_has_expired_begins_again_and_finds_whoever_left_meanwhile() {
    for dialect in BOTH {
        for expired in [
            entra::Expired::Location,
            entra::Expired::NoLocation,
            entra::Expired::SteadyState,
        ] {
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
            of.tenant.behave(|how| how.expired = expired).unwrap();
            world.round(&of).await;
            let users: Vec<_> = of.tenant.truth().unwrap().users.iter().map(|user| user.id).collect();
            let groups: Vec<_> = of.tenant.truth().unwrap().groups.iter().map(|group| group.id).collect();
            of.tenant.delete(Kind::User, users[3]).unwrap();
            of.tenant.delete(Kind::User, users[4]).unwrap();
            of.tenant.purge(Kind::User, users[4]).unwrap();
            of.tenant.delete(Kind::Group, groups[0]).unwrap();
            let members = of.tenant.truth().unwrap().groups[1].members.clone();
            of.tenant.remove_members(groups[1], &members[..3]).unwrap();
            of.tenant.set_manager(users[9], None).unwrap();
            of.tenant.update_user(users[10], json!({ "jobTitle": null })).unwrap();
            world.entra.advance(Duration::from_hours(24 * 8));
            world.round(&of).await;
            world.assert_same(&of).await;
            assert!(world.rounds(&of).await[0].is_full, "{dialect:?} {expired:?}");
            assert_eq!(
                of.tenant
                    .truth()
                    .unwrap()
                    .users
                    .iter()
                    .filter(|user| user.presence == Presence::Live)
                    .count(),
                28
            );
            world.stop().await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn when_too_many_would_go_nobody_does_until_an_administrator_has_looked() {
    for dialect in BOTH {
        let world = World::new(dialect).await;
        let of = world.pulled(&everybody()).await;
        of.tenant
            .bulk(Bulk {
                users: 40,
                ..Bulk::default()
            })
            .unwrap();
        world.round(&of).await;
        let users: Vec<_> = of.tenant.truth().unwrap().users.iter().map(|user| user.id).collect();
        for user in &users[..11] {
            of.tenant.delete(Kind::User, *user).unwrap();
            of.tenant.purge(Kind::User, *user).unwrap();
        }
        world.entra.advance(Duration::from_hours(24 * 8));
        world.round(&of).await;
        let pull = world.pull(&of).await;
        assert_eq!(pull.state, GraphPullState::Held, "{dialect:?} {:?}", pull.last_error);
        let fault = PullFault::read(pull.last_error.as_deref().unwrap());
        assert_eq!((fault.code.as_str(), fault.would_go), ("held", Some(11)));
        let types = world.types(&of).await;
        assert_eq!(types.last(), Some(&EventType::DirectoryHeld));
        assert!(!types.contains(&EventType::UserDeleted));
        world.round(&of).await;
        assert_eq!(world.types(&of).await, types, "nothing happens while it is held");
        world.entra.advance(A_WHILE);
        let change = world.store().change(None).await.unwrap();
        assert!(change.release_graph_brake(of.directory, world.now()).await.unwrap());
        change.commit().await.unwrap();
        world.sync.settle().await.unwrap();
        world.assert_same(&of).await;
        assert_eq!(world.pull(&of).await.state, GraphPullState::Active);
        world.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_comparison_counts_what_would_change_and_changes_nothing() {
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
        let pushed = json!({ "userName": "user3@fabrikam.example", "externalId": "old", "active": true });
        world.push(&of, pushed).await;
        let before = world.types(&of).await;
        let mut pull = world.pull(&of).await;
        pull.mode = store::GraphPullMode::Compare;
        let change = world.store().change(None).await.unwrap();
        change.update_graph_pull(&pull, false, world.now()).await.unwrap();
        change.commit().await.unwrap();
        world.round(&of).await;
        let round = world.rounds(&of).await.remove(0);
        let counts: Value = serde_json::from_str(&round.counts).unwrap();
        assert_eq!(
            (
                round.outcome.as_str(),
                &counts["users_created"],
                &counts["users_updated"]
            ),
            ("compared", &json!(29), &json!(1)),
            "{dialect:?}"
        );
        assert_eq!(counts["groups_created"], 2);
        let mut expected = before.clone();
        expected.push(EventType::DirectoryDriftFound);
        assert_eq!(world.types(&of).await, expected);
        let told = world.log(&of).await.pop().unwrap();
        let told: Value = serde_json::from_str(&told.body).unwrap();
        assert_eq!(told["data"]["comparison"]["counts"]["users_created"], 29);
        assert!(world.store().graph_cursors(of.directory).await.unwrap().is_empty());
        // The pull itself begins with everything.
        let mut pull = world.pull(&of).await;
        (pull.mode, pull.due_at) = (store::GraphPullMode::Pull, world.now());
        let change = world.store().change(None).await.unwrap();
        change.update_graph_pull(&pull, false, world.now()).await.unwrap();
        change.commit().await.unwrap();
        world.sync.settle().await.unwrap();
        world.assert_same(&of).await;
        world.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_comparison_says_in_whom_and_in_what_directory_and_tenant_differ() {
    for dialect in BOTH {
        let world = World::new(dialect).await;
        let of = world.pulled(&everybody()).await;
        let user = |name: &str| {
            let with = json!({ "userPrincipalName": format!("{name}@fabrikam.example"), "jobTitle": "Engineer" });
            of.tenant.user(with).unwrap()
        };
        let [_, other, new, left] = ["same", "other", "new", "left"].map(user);
        world.round(&of).await;
        world.compare(&of).await;
        assert_eq!(world.drift(&of).await, [], "{dialect:?}: nothing differs");

        of.tenant.update_user(other, json!({ "jobTitle": "Countess" })).unwrap();
        of.tenant.delete(entra::Kind::User, new).unwrap();
        of.tenant.delete(entra::Kind::User, left).unwrap();
        of.tenant.purge(entra::Kind::User, left).unwrap();
        let newer = user("newer");
        let pushed = world
            .push(&of, json!({ "userName": "x@elsewhere.example", "active": true }))
            .await;
        let before = world.types(&of).await;
        world.compare(&of).await;
        let (left_here, _) = world.user(&of, left).await.unwrap();
        let (new_here, _) = world.user(&of, new).await.unwrap();
        let (other_here, _) = world.user(&of, other).await.unwrap();
        let mut expected = vec![
            (GraphDifference::Missing, Some(newer), None, vec![]),
            (
                GraphDifference::Different,
                Some(other),
                Some(other_here),
                vec!["title".to_owned()],
            ),
            (GraphDifference::Unexpected, None, Some(left_here), vec![]),
            (GraphDifference::Unexpected, None, Some(new_here), vec![]),
            (GraphDifference::Unexpected, None, Some(pushed), vec![]),
        ];
        expected.sort();
        assert_eq!(world.drift(&of).await, expected, "{dialect:?}");
        let mut events = before;
        events.push(EventType::DirectoryDriftFound);
        assert_eq!(world.types(&of).await, events, "and nothing was changed");
        // What was mended is forgotten with the next one.
        of.tenant.update_user(other, json!({ "jobTitle": "Engineer" })).unwrap();
        world.compare(&of).await;
        expected.retain(|(difference, ..)| *difference != GraphDifference::Different);
        assert_eq!(world.drift(&of).await, expected);
        world.stop().await;
    }
}
