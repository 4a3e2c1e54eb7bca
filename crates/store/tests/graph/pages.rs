//! Pages: as a whole or not at all, and one after the other.

use crate::world::{BOTH, MINUTE, World, cursor, group, id, member, now, page, person};
use store::{GraphCollection, GraphPage, GraphRemoval, GraphWriteError, SeenManager, SeenObject};

#[tokio::test]
async fn a_page_is_committed_only_after_the_cursor_that_it_was_read_with() {
    for dialect in BOTH {
        let world = World::new(dialect).await;
        let (directory, writer, _) = world.worker().await;
        writer.page(page(1, 1, vec![person(1)]), now()).await.unwrap();
        for refused in [page(1, 1, vec![person(2)]), page(1, 3, vec![person(2)])] {
            let refused = writer.page(refused, now()).await;
            assert!(
                matches!(refused, Err(GraphWriteError::CursorMoved)),
                "{dialect:?} {refused:?}"
            );
        }
        let mut other_link = page(1, 2, vec![person(2)]);
        other_link.before.as_mut().unwrap().link.push('x');
        let refused = writer.page(other_link, now()).await;
        assert!(
            matches!(refused, Err(GraphWriteError::CursorMoved)),
            "{dialect:?} {refused:?}"
        );
        let objects = world.store().graph_objects(directory);
        assert_eq!(objects.by_ids(&[id(1), id(2)]).await.unwrap().len(), 1);
        writer.page(page(1, 2, vec![person(2)]), now()).await.unwrap();
        assert_eq!(objects.by_ids(&[id(1), id(2)]).await.unwrap().len(), 2);
        // A round that begins anew names the cursor of the one before.
        let anew = GraphPage {
            before: Some(cursor(GraphCollection::Users, 1, 2)),
            after: cursor(GraphCollection::Users, 2, 1),
            objects: vec![],
            members: vec![],
            progress: Some("{\"round\":2}".to_owned()),
        };
        writer.page(anew, now()).await.unwrap();
        let cursors = world.store().graph_cursors(directory).await.unwrap();
        assert_eq!(cursors, [cursor(GraphCollection::Users, 2, 1)]);
        let pull = world.pulls().by_directory(directory).await.unwrap().unwrap();
        assert_eq!(pull.progress.as_deref(), Some("{\"round\":2}"));
        assert!(!format!("{cursors:?}").contains("skiptoken"), "a link stands in no log");
        world.db.close().await;
    }
}

#[tokio::test]
async fn a_page_of_which_something_cannot_be_written_is_not_written_at_all() {
    for dialect in BOTH {
        let world = World::new(dialect).await;
        let (directory, writer, _) = world.worker().await;
        // The last statement of a page is refused.
        world
            .db
            .execute("CREATE UNIQUE INDEX no_two_alike ON graph_members (directory_id, member_object_id)")
            .await;
        let mut bad = page(1, 1, (0..3_000).map(person).collect());
        bad.members = vec![member(9_001, 1, true), member(9_002, 1, true)];
        let refused = writer.page(bad.clone(), now()).await;
        assert!(
            matches!(refused, Err(GraphWriteError::Store(_))),
            "{dialect:?} {refused:?}"
        );
        let objects = world.store().graph_objects(directory);
        assert!(objects.by_ids(&[id(1)]).await.unwrap().is_empty());
        assert!(world.store().graph_cursors(directory).await.unwrap().is_empty());
        bad.members.pop();
        writer.page(bad, now()).await.unwrap();
        assert_eq!(objects.counts().await.unwrap().users, 3_000);
        world.db.close().await;
    }
}

#[tokio::test]
async fn what_a_page_does_not_say_of_an_object_stays_as_it_was() {
    for dialect in BOTH {
        let world = World::new(dialect).await;
        let (directory, writer, _) = world.worker().await;
        let resource = events::ResourceId::new();
        let first = SeenObject {
            resource_id: Some(resource),
            kept: Some("{\"a\":1}".to_owned()),
            skipped: Some("guest".to_owned()),
            manager: SeenManager::Is(id(7)),
            ..person(1)
        };
        // The same object twice on a page: both parts count.
        let second = SeenObject {
            name: None,
            skipped: None,
            ..person(1)
        };
        writer
            .page(page(1, 1, vec![first, second.clone()]), now())
            .await
            .unwrap();
        writer.page(page(1, 2, vec![second.clone()]), now()).await.unwrap();
        let objects = world.store().graph_objects(directory);
        let found = objects.by_ids(&[id(1)]).await.unwrap().remove(0);
        assert_eq!(found.resource_id, Some(resource), "{dialect:?}");
        assert_eq!(found.name.as_deref(), Some("person 1"));
        assert_eq!(found.kept.as_deref(), Some("{\"a\":1}"));
        assert_eq!((found.skipped, found.manager_object_id), (None, Some(id(7))));
        assert!(!found.is_manager_applied);
        assert_eq!(objects.of_resources(&[resource]).await.unwrap().len(), 1);
        let gone = |removed| SeenObject {
            removed: Some(removed),
            ..second.clone()
        };
        writer
            .page(page(1, 3, vec![gone(GraphRemoval::Changed)]), now())
            .await
            .unwrap();
        let later = now().plus(MINUTE);
        writer
            .page(page(1, 4, vec![gone(GraphRemoval::Deleted)]), later)
            .await
            .unwrap();
        let found = objects.by_ids(&[id(1)]).await.unwrap().remove(0);
        assert_eq!(
            (found.removed, found.removed_at),
            (Some(GraphRemoval::Deleted), Some(now()))
        );
        let cleared = SeenObject {
            manager: SeenManager::Cleared,
            ..second
        };
        writer.page(page(1, 5, vec![cleared]), later).await.unwrap();
        let found = objects.by_ids(&[id(1)]).await.unwrap().remove(0);
        assert_eq!(
            (found.removed, found.removed_at, found.manager_object_id),
            (None, None, None)
        );
        assert!(!found.is_manager_applied, "that there is none is to be told, too");
        world.db.close().await;
    }
}

#[tokio::test]
async fn memberships_wait_until_the_directory_has_them_and_end_with_those_who_are_gone_for_good() {
    for dialect in BOTH {
        let world = World::new(dialect).await;
        let (directory, writer, _) = world.worker().await;
        let mut first = page(1, 1, vec![group(100), person(1), person(2)]);
        first.members = vec![
            member(100, 1, true),
            member(100, 2, false),
            member(100, 2, true),
            member(100, 3, true),
        ];
        writer.page(first, now()).await.unwrap();
        let objects = world.store().graph_objects(directory);
        let waiting = || async { objects.counts().await.unwrap().waiting_members };
        assert_eq!(waiting().await, 3, "{dialect:?}");
        let pair = |n| store::GraphMembership {
            group_object_id: id(100),
            member_object_id: id(n),
        };
        writer.members_applied(true, &[pair(1), pair(2)], now()).await.unwrap();
        assert_eq!(waiting().await, 1);
        // Coming again changes nothing; going is to be done in the directory, and is forgotten then.
        let mut second = page(1, 2, vec![]);
        second.members = vec![member(100, 1, true), member(100, 2, false), member(100, 77, false)];
        writer.page(second, now()).await.unwrap();
        assert_eq!(waiting().await, 2);
        writer.members_applied(true, &[pair(2)], now()).await.unwrap();
        assert_eq!(waiting().await, 2, "it is no member any more");
        writer.members_applied(false, &[pair(1), pair(2)], now()).await.unwrap();
        assert_eq!(waiting().await, 1);
        let left = objects.members_of(id(100), None, 9).await.unwrap();
        assert_eq!(
            left.iter().map(|one| one.member_object_id).collect::<Vec<_>>(),
            [id(1), id(3)]
        );
        writer.removed(&[id(1)], GraphRemoval::Changed, now()).await.unwrap();
        assert_eq!(objects.members_of(id(100), None, 9).await.unwrap().len(), 2);
        writer.removed(&[id(1)], GraphRemoval::Deleted, now()).await.unwrap();
        assert_eq!(objects.members_of(id(100), None, 9).await.unwrap().len(), 1);
        writer.removed(&[id(100)], GraphRemoval::Deleted, now()).await.unwrap();
        assert!(objects.members_of(id(100), None, 9).await.unwrap().is_empty());
        assert!(!writer.forget_removed(now()).await.unwrap());
        assert_eq!(objects.by_ids(&[id(1), id(100)]).await.unwrap().len(), 2);
        assert!(!writer.forget_removed(now().plus(MINUTE)).await.unwrap());
        assert!(objects.by_ids(&[id(1), id(100)]).await.unwrap().is_empty());
        world.db.close().await;
    }
}
