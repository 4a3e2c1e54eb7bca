//! What is known of a tenant, as it is asked for.

use crate::world::{BOTH, MINUTE, World, group, id, member, now, page, person};
use events::{GraphRoundId, ResourceId};
use store::{
    GraphMembership, GraphObjectKind, GraphRemoval, GraphRound, KnownManager, LinkedObject, ListPage, PendingOf,
    SeenManager, SeenObject,
};

#[tokio::test]
async fn what_a_full_round_did_not_see_is_found_in_pages() {
    for dialect in BOTH {
        let world = World::new(dialect).await;
        let (directory, writer, _) = world.worker().await;
        let mut first = page(1, 1, (1..=10).map(person).chain([group(100)]).collect());
        first.members = (1..=10).map(|n| member(100, n, true)).collect();
        writer.page(first, now()).await.unwrap();
        let gone = SeenObject {
            removed: Some(GraphRemoval::Changed),
            ..person(10)
        };
        let mut second = page(1, 2, vec![gone]);
        second.after.round = 2;
        let before = Some(second.after.clone());
        writer.page(second, now()).await.unwrap();
        // The second round sees the even ones.
        let mut third = page(2, 3, (1..=5).map(|n| person(2 * n - 1)).collect());
        third.before = before;
        third.members = (1..=4).map(|n| member(100, 2 * n, true)).collect();
        writer.page(third, now()).await.unwrap();
        let objects = world.store().graph_objects(directory);
        let (mut unseen, mut after) = (Vec::new(), None);
        loop {
            let some = objects.unseen(GraphObjectKind::User, 2, after, 3).await.unwrap();
            let Some(last) = some.last() else { break };
            after = Some((last.round, last.object_id));
            unseen.extend(some.into_iter().map(|one| one.object_id));
        }
        // The tenth is known to be gone.
        assert_eq!(unseen, [2, 4, 6, 8].map(id), "{dialect:?}");
        let groups = objects.unseen(GraphObjectKind::Group, 2, None, 9).await.unwrap();
        assert_eq!(groups.len(), 1);
        let (mut unseen, mut after) = (Vec::new(), None);
        loop {
            let some = objects.unseen_members(2, after, 4).await.unwrap();
            let Some(last) = some.last() else { break };
            after = Some((last.round, last.group_object_id, last.member_object_id));
            unseen.extend(some.into_iter().map(|one| one.member_object_id));
        }
        assert_eq!(unseen, [1, 3, 5, 7, 9, 10].map(id), "{dialect:?}");
        let gone = [GraphMembership {
            group_object_id: id(100),
            member_object_id: id(1),
        }];
        writer.members_gone(2, &gone, now()).await.unwrap();
        assert_eq!(objects.unseen_members(2, None, 99).await.unwrap().len(), 5);
        world.db.close().await;
    }
}

#[tokio::test]
async fn memberships_and_managers_are_found_when_those_whom_they_name_arrive() {
    for dialect in BOTH {
        let world = World::new(dialect).await;
        let (directory, writer, _) = world.worker().await;
        let managed = |n| SeenObject {
            manager: SeenManager::Is(id(3)),
            ..person(n)
        };
        let mut first = page(1, 1, vec![managed(1), managed(2), person(3), group(100), group(200)]);
        first.members = vec![member(100, 1, true), member(100, 3, true), member(200, 3, true)];
        writer.page(first, now()).await.unwrap();
        let objects = world.store().graph_objects(directory);
        let arrived = [id(3), id(1)];
        assert!(
            objects
                .pending_members(PendingOf::Arrived(&arrived), 9)
                .await
                .unwrap()
                .is_empty()
        );
        assert!(objects.pending_managers_of(&arrived, 9).await.unwrap().is_empty());
        assert_eq!(objects.pending_managers(None, 9).await.unwrap().len(), 2);
        let resources = [ResourceId::new(), ResourceId::new(), ResourceId::new()];
        let linked = [(3, 0), (100, 1), (1, 2)].map(|(n, place)| LinkedObject {
            object_id: id(n),
            resource_id: Some(resources[place]),
        });
        writer.link(&linked).await.unwrap();
        let found = objects.pending_members(PendingOf::Arrived(&[id(3)]), 9).await.unwrap();
        assert_eq!(found.len(), 1, "{dialect:?}: the other group is not there");
        assert_eq!(
            (found[0].group(), found[0].member()),
            (Some(resources[1]), Some(resources[0]))
        );
        let managers = objects.pending_managers_of(&[id(3)], 9).await.unwrap();
        assert_eq!(managers.len(), 1);
        assert_eq!(
            (managers[0].resource(), managers[0].manager()),
            (Some(resources[2]), Some(resources[0]))
        );
        let all = objects.pending_members(PendingOf::All(None), 2).await.unwrap();
        let last = all.last().map(|one| (one.group_object_id, one.member_object_id));
        assert_eq!(objects.pending_members(PendingOf::All(last), 9).await.unwrap().len(), 1);
        let of_group = objects
            .pending_members(PendingOf::Group(id(100), None), 9)
            .await
            .unwrap();
        assert_eq!(of_group.len(), 2);
        let of_group = objects
            .pending_members(PendingOf::Group(id(100), Some(id(1))), 9)
            .await
            .unwrap();
        assert_eq!(of_group.len(), 1);
        let wrong = KnownManager {
            object_id: id(1),
            manager_object_id: Some(id(9)),
        };
        writer.managers_applied(&[wrong]).await.unwrap();
        assert_eq!(
            objects.pending_managers(None, 9).await.unwrap().len(),
            2,
            "it is another by now"
        );
        let known = KnownManager {
            manager_object_id: Some(id(3)),
            ..wrong
        };
        writer.managers_applied(&[known]).await.unwrap();
        assert_eq!(objects.pending_managers(Some(id(1)), 9).await.unwrap().len(), 1);
        let groups = objects.memberships_of(&[id(3)], None, 1).await.unwrap();
        let after = Some((groups[0].member_object_id, groups[0].group_object_id));
        let rest = objects.memberships_of(&[id(3)], after, 9).await.unwrap();
        assert_eq!(rest[0].group_object_id, id(200));
        world.db.close().await;
    }
}

#[tokio::test]
async fn whoever_is_left_out_is_counted_by_reason_and_found_in_pages() {
    for dialect in BOTH {
        let world = World::new(dialect).await;
        let (directory, writer, _) = world.worker().await;
        let skipped = |n: u128, reason: &str| SeenObject {
            skipped: Some(reason.to_owned()),
            ..person(n)
        };
        let some = (1..=5).map(|n| skipped(n, if n < 4 { "guest" } else { "no_user_name" }));
        writer
            .objects(1, some.chain([person(6)]).collect(), now())
            .await
            .unwrap();
        let objects = world.store().graph_objects(directory);
        let counts = objects.skipped_counts().await.unwrap();
        assert_eq!(
            counts,
            [("guest".to_owned(), 3), ("no_user_name".to_owned(), 2)],
            "{dialect:?}"
        );
        let first = objects.skipped(None, None, 4).await.unwrap();
        let last = first.last().unwrap();
        let after = Some((last.skipped.as_deref().unwrap(), last.object_id));
        let rest = objects.skipped(None, after, 4).await.unwrap();
        assert_eq!(rest.iter().map(|one| one.object_id).collect::<Vec<_>>(), [id(5)]);
        assert_eq!(objects.skipped(Some("guest"), None, 9).await.unwrap().len(), 3);
        writer.objects(1, vec![person(1)], now()).await.unwrap();
        assert_eq!(objects.skipped(Some("guest"), None, 9).await.unwrap().len(), 2);
        world.db.close().await;
    }
}

#[tokio::test]
async fn rounds_are_kept_up_to_a_number_and_an_age() {
    for dialect in BOTH {
        let world = World::new(dialect).await;
        let (directory, _, lease) = world.worker().await;
        let rounds = world.store().graph_rounds(directory);
        let mut at = now();
        for _ in 0..5 {
            at = at.plus(MINUTE);
            let ended = GraphRound {
                id: GraphRoundId::new(),
                is_full: false,
                began_at: now(),
                ended_at: at,
                outcome: "good".to_owned(),
                counts: "{}".to_owned(),
                error: None,
            };
            rounds.add(lease, &ended, 3).await.unwrap();
        }
        let all = || async {
            let page = ListPage { limit: 9, cursor: None };
            let ended: Vec<_> = rounds.list(&page).await.unwrap().data;
            ended.into_iter().map(|round| round.ended_at).collect::<Vec<_>>()
        };
        assert_eq!(all().await, [5, 4, 3].map(|n| now().plus(n * MINUTE)), "{dialect:?}");
        assert!(!world.store().prune_graph_rounds(now().plus(4 * MINUTE)).await.unwrap());
        assert_eq!(all().await, [5, 4].map(|n| now().plus(n * MINUTE)), "{dialect:?}");
        world.db.close().await;
    }
}

#[tokio::test]
async fn what_is_known_of_a_tenant_is_forgotten_in_portions_and_of_others_nothing() {
    for dialect in BOTH {
        let world = World::new(dialect).await;
        let mut directories = Vec::new();
        for _ in 0..2 {
            let (directory, writer, lease) = world.worker().await;
            let mut first = page(1, 1, (1..=5).map(person).chain([group(100)]).collect());
            first.members = (1..=5).map(|n| member(100, n, true)).collect();
            writer.page(first, now()).await.unwrap();
            directories.push((directory, lease));
        }
        let [(gone, _), (kept, _)] = directories[..] else {
            panic!("two were made")
        };
        let mut portions = 0;
        while world.store().forget_graph_portion(gone, 2).await.unwrap() {
            portions += 1;
        }
        // Five memberships and six objects, two at a time; the last one finds none.
        assert_eq!(portions, 6, "{dialect:?}");
        for (directory, members, people) in [(gone, 0, 0), (kept, 5, 2)] {
            let objects = world.store().graph_objects(directory);
            assert_eq!(
                objects.members_of(id(100), None, 9).await.unwrap().len(),
                members,
                "{dialect:?}"
            );
            assert_eq!(
                objects.by_ids(&[id(1), id(5)]).await.unwrap().len(),
                people,
                "{dialect:?}"
            );
        }
        world.db.close().await;
    }
}

#[tokio::test]
async fn with_its_directory_everything_goes_that_is_known_of_the_tenant() {
    for dialect in BOTH {
        let world = World::new(dialect).await;
        for goes in ["directory", "pull"] {
            let (directory, writer, _) = world.worker().await;
            let mut first = page(1, 1, vec![person(1), group(100)]);
            first.members = vec![member(100, 1, true)];
            writer.page(first, now()).await.unwrap();
            let change = world.store().change(None).await.unwrap();
            if goes == "directory" {
                change.delete_directory(directory).await.unwrap();
            } else {
                change.delete_graph_pull(directory).await.unwrap();
            }
            change.commit().await.unwrap();
            assert_eq!(
                world.pulls().by_directory(directory).await.unwrap(),
                None,
                "{dialect:?} {goes}"
            );
            assert!(world.store().graph_cursors(directory).await.unwrap().is_empty());
            let objects = world.store().graph_objects(directory);
            assert!(objects.by_ids(&[id(1), id(100)]).await.unwrap().is_empty());
            assert!(objects.members_of(id(100), None, 9).await.unwrap().is_empty());
            assert!(writer.progress("{}", now()).await.is_err());
        }
        world.db.close().await;
    }
}
