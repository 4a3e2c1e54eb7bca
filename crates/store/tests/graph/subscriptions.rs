//! Subscriptions of changes at Microsoft Graph.

use crate::world::{BOTH, MINUTE, World, now};
use events::GraphSubscriptionId;
use store::{GraphCollection, GraphSubscription, GraphWriteError};
use uuid::Uuid;

fn new(collection: GraphCollection, directory_id: events::DirectoryId) -> GraphSubscription {
    GraphSubscription {
        id: GraphSubscriptionId::new(),
        directory_id,
        collection,
        subscription_id: None,
        state_hash: [7; 32],
        expires_at: now().plus(MINUTE),
        renew_at: now().plus(MINUTE),
    }
}

#[tokio::test]
async fn a_collection_has_one_subscription_and_the_one_before_is_nobodys() {
    for dialect in BOTH {
        let world = World::new(dialect).await;
        let (directory, writer, _) = world.worker().await;
        let [first, second] = [(); 2].map(|()| new(GraphCollection::Users, directory));
        let groups = new(GraphCollection::Groups, directory);
        for one in [&first, &groups, &second] {
            writer.subscription_begins(one).await.unwrap();
        }
        assert!(world.store().graph_subscription(first.id).await.unwrap().is_none());
        let mut found = world.store().graph_subscriptions(directory).await.unwrap();
        found.sort_by_key(|one| one.id);
        assert_eq!(found, [second, groups]);
        world.db.close().await;
    }
}

#[tokio::test]
async fn a_url_may_be_asked_for_only_while_its_subscription_is_being_made() {
    for dialect in BOTH {
        let world = World::new(dialect).await;
        let (directory, writer, _) = world.worker().await;
        let new = new(GraphCollection::Users, directory);
        writer.subscription_begins(&new).await.unwrap();
        let found = async || world.store().graph_subscription(new.id).await.unwrap().unwrap();
        assert!(found().await.is_pending(now()));
        assert!(!found().await.is_pending(new.expires_at));
        let (graph_id, until) = (Uuid::from_u128(9), now().plus(9 * MINUTE));
        writer
            .subscription_lasts(new.id, graph_id, until, now().plus(MINUTE))
            .await
            .unwrap();
        assert!(!found().await.is_pending(now()));
        assert_eq!(
            (found().await.subscription_id, found().await.expires_at),
            (Some(graph_id), until)
        );
        world
            .store()
            .graph_subscription_wanted(new.id, false, now())
            .await
            .unwrap();
        assert_eq!((found().await.renew_at, found().await.expires_at), (now(), until));
        world
            .store()
            .graph_subscription_wanted(new.id, true, now())
            .await
            .unwrap();
        assert_eq!(found().await.expires_at, now());
        writer.subscription_ends(new.id).await.unwrap();
        assert!(world.store().graph_subscriptions(directory).await.unwrap().is_empty());
        world.db.close().await;
    }
}

#[tokio::test]
async fn who_lost_the_directory_subscribes_to_nothing() {
    for dialect in BOTH {
        let world = World::new(dialect).await;
        let (directory, stale, _) = world.worker().await;
        let later = now().plus(2 * MINUTE);
        world.pulls().claim("other", later, MINUTE, 9).await.unwrap();
        let refused = stale.subscription_begins(&new(GraphCollection::Users, directory)).await;
        assert!(matches!(refused, Err(GraphWriteError::LeaseLost)), "{refused:?}");
        assert!(world.store().graph_subscriptions(directory).await.unwrap().is_empty());
        world.db.close().await;
    }
}
