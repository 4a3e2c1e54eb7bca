//! Groups: members in slices, names, and who is in the scope.

use crate::world::{BOTH, World};
use entra::{Bulk, Kind, NewServicePrincipal};
use events::EventType;
use graph::pull::PullFault;
use serde_json::json;
use store::GraphPullState;
use uuid::Uuid;

#[tokio::test(flavor = "multi_thread")]
async fn members_of_a_group_come_and_go_in_slices_and_each_is_told_once() {
    for dialect in BOTH {
        let world = World::new(dialect).await;
        let of = world.pulled(&json!({ "scope": "all" })).await;
        of.tenant
            .bulk(Bulk {
                users: 450,
                groups: 1,
                members: 200,
                managers: false,
            })
            .unwrap();
        of.tenant
            .behave(|how| (how.page_size, how.member_page_size) = (50, 30))
            .unwrap();
        world.round(&of).await;
        world.assert_same(&of).await;
        let truth = of.tenant.truth().unwrap();
        let (group, members) = (truth.groups[0].id, truth.groups[0].members.clone());
        let others: Vec<Uuid> = truth
            .users
            .iter()
            .map(|user| user.id)
            .filter(|id| !members.contains(id))
            .collect();
        of.tenant.remove_members(group, &members[..150]).unwrap();
        of.tenant.add_members(group, &others[..200]).unwrap();
        world.round(&of).await;
        world.assert_same(&of).await;
        let types = world.types(&of).await;
        let count = |kind| types.iter().filter(|one| **one == kind).count();
        assert_eq!(count(EventType::GroupMemberAdded), 400, "{dialect:?}");
        assert_eq!(count(EventType::GroupMemberRemoved), 150);
        assert_eq!((count(EventType::GroupCreated), count(EventType::GroupUpdated)), (1, 0));
        world.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_groups_with_one_name_the_second_waits_until_the_name_is_free() {
    for dialect in BOTH {
        let world = World::new(dialect).await;
        let of = world.pulled(&json!({ "scope": "all" })).await;
        let first = of.tenant.group(json!({ "displayName": "Crew" })).unwrap();
        let second = of.tenant.group(json!({ "displayName": "crew" })).unwrap();
        let dana = of.tenant.user(json!({ "displayName": "Dana" })).unwrap();
        of.tenant.add_members(second, &[dana]).unwrap();
        world.round(&of).await;
        let skipped = world
            .store()
            .graph_objects(of.directory)
            .skipped(None, None, 10)
            .await
            .unwrap();
        let skipped: Vec<_> = skipped
            .iter()
            .map(|one| (one.object_id, one.skipped.as_deref()))
            .collect();
        assert_eq!(skipped, [(second, Some("name_taken"))], "{dialect:?}");
        assert_eq!(
            world.pull(&of).await.state,
            GraphPullState::Active,
            "one group stops no round"
        );
        of.tenant
            .update_group(first, json!({ "displayName": "Old crew" }))
            .unwrap();
        world.round(&of).await;
        world.assert_same(&of).await;
        // Names change hands on one page.
        of.tenant.update_group(first, json!({ "displayName": "crew" })).unwrap();
        of.tenant
            .update_group(second, json!({ "displayName": "Old crew" }))
            .unwrap();
        world.round(&of).await;
        world.assert_same(&of).await;
        assert!(!world.types(&of).await.contains(&EventType::GroupDeleted));
        world.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_that_comes_back_has_its_members_again() {
    for dialect in BOTH {
        let world = World::new(dialect).await;
        let of = world.pulled(&json!({ "scope": "all" })).await;
        of.tenant
            .bulk(Bulk {
                users: 5,
                ..Bulk::default()
            })
            .unwrap();
        let users: Vec<Uuid> = of.tenant.truth().unwrap().users.iter().map(|user| user.id).collect();
        let team = of
            .tenant
            .group(json!({ "displayName": "Team", "groupTypes": ["Unified"] }))
            .unwrap();
        let outer = of.tenant.group(json!({ "displayName": "Outer" })).unwrap();
        of.tenant.add_members(team, &users).unwrap();
        of.tenant.add_members(outer, &[team, users[0]]).unwrap();
        world.round(&of).await;
        world.assert_same(&of).await;
        of.tenant.delete(Kind::Group, team).unwrap();
        world.round(&of).await;
        world.assert_same(&of).await;
        of.tenant.restore(Kind::Group, team).unwrap();
        world.round(&of).await;
        world.assert_same(&of).await;
        assert_eq!(
            world
                .types(&of)
                .await
                .iter()
                .filter(|kind| **kind == EventType::GroupDeleted)
                .count(),
            1,
            "{dialect:?}"
        );
        world.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn with_another_scope_whoever_is_out_of_it_is_deactivated_unless_that_is_too_many() {
    for dialect in BOTH {
        let world = World::new(dialect).await;
        let of = world.pulled(&json!({ "scope": "all" })).await;
        of.tenant
            .bulk(Bulk {
                users: 18,
                ..Bulk::default()
            })
            .unwrap();
        let users: Vec<Uuid> = of.tenant.truth().unwrap().users.iter().map(|user| user.id).collect();
        let crew = of.tenant.group(json!({ "displayName": "Crew" })).unwrap();
        let inner = of.tenant.group(json!({ "displayName": "Inner" })).unwrap();
        of.tenant.add_members(crew, &users[..8]).unwrap();
        of.tenant.add_members(inner, &users[8..10]).unwrap();
        of.tenant.add_members(crew, &[inner]).unwrap();
        world.round(&of).await;
        let active = || async {
            let truth = of.tenant.truth().unwrap();
            let state = world.state(&of, &truth).await;
            let active = users.iter().filter(|id| state.users[*id]["active"] == true).count();
            (active, state.groups.len())
        };
        assert_eq!(active().await, (18, 2), "{dialect:?}");
        // Direct members alone, then those of the group inside, too.
        let chosen = |nested: bool| json!({ "scope": "groups", "groups": [crew], "nested": nested });
        world.set(&of, &chosen(false), true).await;
        world.sync.settle().await.unwrap();
        assert_eq!(active().await, (8, 1));
        world.set(&of, &chosen(true), true).await;
        world.sync.settle().await.unwrap();
        assert_eq!(active().await, (10, 1));
        // Who comes into the group comes into the directory, though their round does not bring them again.
        of.tenant.add_members(crew, &users[10..18]).unwrap();
        world.round(&of).await;
        assert_eq!(active().await, (18, 1));
        of.tenant.remove_members(crew, &users[..8]).unwrap();
        of.tenant.remove_members(crew, &users[10..14]).unwrap();
        world.round(&of).await;
        let pull = world.pull(&of).await;
        let fault = PullFault::read(pull.last_error.as_deref().unwrap());
        assert_eq!((pull.state, fault.would_go), (GraphPullState::Held, Some(12)));
        assert_eq!(active().await, (18, 1));
        assert!(
            !world.types(&of).await.contains(&EventType::UserDeleted),
            "whoever is out of the scope is not deleted"
        );
        world.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_assigned_to_the_application_comes_and_groups_that_are_come_with_their_members() {
    for dialect in BOTH {
        let world = World::new(dialect).await;
        let of = world.pulled(&json!({ "scope": "assigned", "guests": "skip" })).await;
        of.tenant
            .bulk(Bulk {
                users: 10,
                ..Bulk::default()
            })
            .unwrap();
        let users: Vec<Uuid> = of.tenant.truth().unwrap().users.iter().map(|user| user.id).collect();
        let guest = of
            .tenant
            .user(json!({ "displayName": "Guest", "userType": "Guest" }))
            .unwrap();
        let crew = of.tenant.group(json!({ "displayName": "Crew" })).unwrap();
        of.tenant.group(json!({ "displayName": "Others" })).unwrap();
        of.tenant.add_members(crew, &[users[0], users[1], guest]).unwrap();
        world.round(&of).await;
        let fault = PullFault::read(world.pull(&of).await.last_error.as_deref().unwrap());
        assert_eq!(fault.code, "application_missing", "{dialect:?}");
        let app = NewServicePrincipal {
            app_id: of.client_id,
            display_name: "App".to_owned(),
            ..NewServicePrincipal::default()
        };
        let app = of.tenant.service_principal(app).unwrap().id;
        of.tenant.assign(app, users[5], Uuid::nil()).unwrap();
        of.tenant.assign(app, crew, Uuid::nil()).unwrap();
        world.round(&of).await;
        let who = || async {
            let truth = of.tenant.truth().unwrap();
            let state = world.state(&of, &truth).await;
            let active = state
                .users
                .iter()
                .filter(|(_, user)| user["active"] == true)
                .map(|(id, _)| *id)
                .collect::<Vec<_>>();
            let groups = state
                .groups
                .into_iter()
                .map(|(id, (_, members))| (id, members.len()))
                .collect::<Vec<_>>();
            (active, groups)
        };
        let sorted = |mut ids: Vec<Uuid>| {
            ids.sort_unstable();
            ids
        };
        let (active, groups) = who().await;
        assert_eq!(
            (active, groups),
            (sorted(vec![users[0], users[1], users[5]]), vec![(crew, 2)])
        );
        let counts = world
            .store()
            .graph_objects(of.directory)
            .skipped_counts()
            .await
            .unwrap();
        assert!(counts.contains(&("guest".to_owned(), 1)), "{counts:?}");
        of.tenant.unassign(app, users[5]).unwrap();
        of.tenant.assign(app, users[7], Uuid::nil()).unwrap();
        world.round(&of).await;
        assert_eq!(who().await.0, sorted(vec![users[0], users[1], users[7]]));
        of.tenant.unassign(app, crew).unwrap();
        world.round(&of).await;
        assert_eq!(who().await, (vec![users[7]], vec![]));
        world.stop().await;
    }
}
