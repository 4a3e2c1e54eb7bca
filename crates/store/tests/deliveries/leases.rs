//! Who holds a delivery, and whose word about it counts.

use crate::world::{BOTH, Fixture, LEASE, attempt, ids, lease, now};
use events::EndpointId;
use store::{DeliveryState, DeliveryVerdict, FinishedAttempt};

#[tokio::test]
async fn an_event_becomes_one_delivery_however_often_it_comes() {
    for dialect in BOTH {
        let f = Fixture::new(dialect).await;
        let endpoint = f.endpoint(false).await;
        let events = f.events(&[None, None]).await;
        let first = f.insert(endpoint, &events[..1], true).await;
        assert_eq!(first[0].1, Some(true));
        let again = f.insert(endpoint, &events, false).await;
        assert_eq!((again[0].1, again[1].1), (None, Some(false)));
        assert_eq!(f.state(first[0].0).await, DeliveryState::Leased);
        assert_eq!(f.state(again[1].0).await, DeliveryState::Pending);
        assert!(
            f.insert(EndpointId::new(), &events, true)
                .await
                .iter()
                .all(|(_, leased)| leased.is_none())
        );
        f.db.close().await;
    }
}

#[tokio::test]
async fn due_deliveries_are_taken_once_in_order_with_their_event() {
    for dialect in BOTH {
        let f = Fixture::new(dialect).await;
        let endpoint = f.endpoint(false).await;
        let events = f.events(&[None, None, None]).await;
        let inserted = f.insert(endpoint, &events, false).await;
        let first = f.claim(endpoint, 2, "a", now()).await;
        assert_eq!(ids(&first), [inserted[0].0, inserted[1].0]);
        assert_eq!(first[0].body.as_deref(), Some(events[0].body.as_str()));
        assert_eq!(first[0].traceparent.as_deref(), events[0].traceparent.as_deref());
        assert_eq!(ids(&f.claim(endpoint, 9, "b", now()).await), [inserted[2].0]);
        assert!(f.claim(endpoint, 9, "b", now()).await.is_empty());
        f.db.close().await;
    }
}

#[tokio::test]
async fn concurrent_dispatchers_never_take_the_same_delivery() {
    for dialect in BOTH {
        let f = Fixture::new(dialect).await;
        let endpoint = f.endpoint(false).await;
        let events = f.events(&[None; 40]).await;
        f.insert(endpoint, &events, false).await;
        let claim = |owner| f.claim(endpoint, 15, owner, now());
        let (a, b, c) = tokio::join!(claim("a"), claim("b"), claim("c"));
        let mut all: Vec<_> = [a, b, c].iter().flat_map(|claimed| ids(claimed)).collect();
        let count = all.len();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), count);
        // What was locked by one and skipped by another comes at the next claim.
        assert_eq!(count + f.claim(endpoint, 40, "d", now()).await.len(), 40);
        f.db.close().await;
    }
}

#[tokio::test]
async fn an_expired_lease_is_due_again_and_its_late_failure_does_not_count() {
    for dialect in BOTH {
        let f = Fixture::new(dialect).await;
        let endpoint = f.endpoint(false).await;
        let events = f.events(&[None]).await;
        let id = f.insert(endpoint, &events, true).await[0].0;
        assert!(f.claim(endpoint, 9, "b", now().plus(LEASE / 2)).await.is_empty());

        let deliveries = f.store().deliveries();
        let renewed = deliveries
            .renew(&[id], lease("a", now().plus(LEASE / 2)))
            .await
            .unwrap();
        assert_eq!(renewed, [id]);
        assert!(f.claim(endpoint, 9, "b", now().plus(LEASE)).await.is_empty());

        let later = now().plus(LEASE * 2);
        assert_eq!(ids(&f.claim(endpoint, 9, "b", later).await), [id]);
        assert!(deliveries.renew(&[id], lease("a", later)).await.unwrap().is_empty());
        f.finish("a", later, &[attempt(id, endpoint, 1, DeliveryVerdict::Exhausted)])
            .await;
        assert_eq!(f.state(id).await, DeliveryState::Leased);
        f.finish("a", later, &[attempt(id, endpoint, 1, DeliveryVerdict::Delivered)])
            .await;
        assert_eq!(f.state(id).await, DeliveryState::Delivered);
        f.finish("b", later, &[attempt(id, endpoint, 1, DeliveryVerdict::RetryAt(later))])
            .await;
        assert_eq!(f.state(id).await, DeliveryState::Delivered);
        f.db.close().await;
    }
}

#[tokio::test]
async fn released_deliveries_are_due_at_once_and_only_their_holder_can_release_them() {
    for dialect in BOTH {
        let f = Fixture::new(dialect).await;
        let endpoint = f.endpoint(false).await;
        let events = f.events(&[None, None]).await;
        let held: Vec<_> = f
            .insert(endpoint, &events, true)
            .await
            .iter()
            .map(|(id, _)| *id)
            .collect();
        let deliveries = f.store().deliveries();
        deliveries.release(&held, "b", now()).await.unwrap();
        assert!(f.claim(endpoint, 9, "b", now()).await.is_empty());
        deliveries.release(&held[..1], "a", now()).await.unwrap();
        assert_eq!(ids(&f.claim(endpoint, 9, "b", now()).await), held[..1]);
        assert_eq!(deliveries.release_of_others("b", now()).await.unwrap(), 1);
        assert_eq!(ids(&f.claim(endpoint, 9, "b", now()).await), held[1..]);
        f.db.close().await;
    }
}

#[tokio::test]
async fn a_result_of_an_earlier_lease_of_the_same_holder_does_not_count() {
    for dialect in BOTH {
        let f = Fixture::new(dialect).await;
        let endpoint = f.endpoint(false).await;
        let id = f.insert(endpoint, &f.events(&[None]).await, true).await[0].0;
        let later = now().plus(LEASE * 2);
        assert_eq!(f.claim(endpoint, 9, "a", later).await[0].token, 2);
        let stale = attempt(id, endpoint, 1, DeliveryVerdict::Exhausted);
        f.finish("a", later, std::slice::from_ref(&stale)).await;
        assert_eq!(f.state(id).await, DeliveryState::Leased);
        f.finish("a", later, &[FinishedAttempt { token: 2, ..stale }]).await;
        assert_eq!(f.state(id).await, DeliveryState::Exhausted);
        f.db.close().await;
    }
}
