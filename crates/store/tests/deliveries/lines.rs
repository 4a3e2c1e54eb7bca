//! Ordered endpoints: one delivery about a subject after the other.

use crate::world::{BOTH, Fixture, LEASE, attempt, ids, now};
use events::{DeliveryId, ResourceId};
use store::{CancelOutcome, DeliveryState, DeliveryVerdict, FinishedAttempt};

#[tokio::test]
async fn an_ordered_endpoint_gets_the_events_of_a_subject_one_after_the_other() {
    for dialect in BOTH {
        let f = Fixture::new(dialect).await;
        let endpoint = f.endpoint(true).await;
        let (ada, bob) = (Some(ResourceId::new()), Some(ResourceId::new()));
        let events = f.events(&[ada, bob, ada, None, None]).await;
        let first = f.insert(endpoint, &events[..2], true).await;
        assert_eq!((first[0].1, first[1].1), (Some(true), Some(true)));
        let rest = f.insert(endpoint, &events[2..], true).await;
        assert_eq!(
            rest.iter().map(|(_, leased)| *leased).collect::<Vec<_>>(),
            [Some(false), Some(true), Some(true)]
        );

        assert!(f.claim(endpoint, 9, "a", now()).await.is_empty());
        let retry_at = now().plus(LEASE * 10);
        f.finish(
            "a",
            now(),
            &[attempt(first[0].0, endpoint, 1, DeliveryVerdict::RetryAt(retry_at))],
        )
        .await;
        assert!(
            f.claim(endpoint, 9, "a", now()).await.is_empty(),
            "held back while the earlier one is scheduled"
        );
        let again = f.claim(endpoint, 9, "a", retry_at).await;
        assert_eq!((again[0].id, again[0].token), (first[0].0, 2));
        let last = FinishedAttempt {
            token: 2,
            ..attempt(first[0].0, endpoint, 2, DeliveryVerdict::Exhausted)
        };
        f.finish("a", retry_at, &[last]).await;
        assert_eq!(f.claim(endpoint, 1, "a", retry_at).await[0].id, rest[0].0);
        f.db.close().await;
    }
}

#[tokio::test]
async fn while_a_subject_waits_newer_updates_supersede_older_ones_where_the_endpoint_asks_for_it() {
    for dialect in BOTH {
        let f = Fixture::new(dialect).await;
        let (plain, coalescing) = (f.endpoint(true).await, f.endpoint_with(true, true).await);
        let (ada, bob) = (Some(ResourceId::new()), Some(ResourceId::new()));
        let events = f.events(&[ada, ada, bob, ada, ada]).await;
        for endpoint in [plain, coalescing] {
            let mut made = f.insert(endpoint, &events[..1], true).await;
            made.extend(f.insert(endpoint, &events[1..4], false).await);
            made.extend(f.insert(endpoint, &events[4..], false).await);
            let mut states = Vec::new();
            for (id, _) in &made {
                states.push(f.state(*id).await);
            }
            let superseded = if endpoint == coalescing {
                DeliveryState::Cancelled
            } else {
                DeliveryState::Pending
            };
            let (leased, pending) = (DeliveryState::Leased, DeliveryState::Pending);
            assert_eq!(states, [leased, superseded, pending, superseded, pending]);
            if endpoint == coalescing {
                let reason = f.store().deliveries().by_id(made[3].0).await.unwrap().unwrap().reason;
                assert_eq!(reason, Some(format!("superseded by event {}", events[4].id)));
            }
            assert_eq!(
                ids(&f.claim(endpoint, 9, "a", now()).await),
                [made[2].0],
                "bob does not wait"
            );
            f.finish(
                "a",
                now(),
                &[attempt(made[0].0, endpoint, 1, DeliveryVerdict::Delivered)],
            )
            .await;
            let next = if endpoint == coalescing { made[4].0 } else { made[1].0 };
            assert_eq!(ids(&f.claim(endpoint, 9, "a", now()).await), [next]);
        }
        f.db.close().await;
    }
}

#[tokio::test]
async fn a_cancelled_delivery_is_not_sent_and_lets_the_next_of_its_subject_go() {
    for dialect in BOTH {
        let f = Fixture::new(dialect).await;
        let (endpoint, ada) = (f.endpoint(true).await, Some(ResourceId::new()));
        let events = f.events(&[ada, ada]).await;
        let mut made = f.insert(endpoint, &events[..1], true).await;
        made.extend(f.insert(endpoint, &events[1..], true).await);
        let deliveries = f.store().deliveries();
        assert_eq!(
            deliveries.cancel(made[0].0, now()).await.unwrap(),
            CancelOutcome::InFlight
        );
        let retry_at = now().plus(LEASE * 10);
        let failed = attempt(made[0].0, endpoint, 1, DeliveryVerdict::RetryAt(retry_at));
        f.finish("a", now(), &[failed]).await;
        assert_eq!(deliveries.cancel(made[0].0, now()).await.unwrap(), CancelOutcome::Done);
        let ended = CancelOutcome::Ended(DeliveryState::Cancelled);
        assert_eq!(deliveries.cancel(made[0].0, now()).await.unwrap(), ended);
        assert_eq!(
            deliveries.cancel(DeliveryId::new(), now()).await.unwrap(),
            CancelOutcome::NotFound
        );
        let delivery = deliveries.by_id(made[0].0).await.unwrap().unwrap();
        assert_eq!(delivery.reason.as_deref(), Some("cancelled by an operator"));
        assert_eq!(ids(&f.claim(endpoint, 9, "a", now()).await), [made[1].0]);
        f.db.close().await;
    }
}

#[tokio::test]
async fn an_endpoint_that_stops_being_ordered_holds_nobody_back() {
    for dialect in BOTH {
        let f = Fixture::new(dialect).await;
        let (endpoint, ada) = (f.endpoint(true).await, Some(ResourceId::new()));
        let events = f.events(&[ada, ada]).await;
        let mut made = f.insert(endpoint, &events[..1], true).await;
        made.extend(f.insert(endpoint, &events[1..], true).await);
        assert!(f.claim(endpoint, 9, "a", now()).await.is_empty());
        let change = f.store().change(None).await.unwrap();
        let mut edited = change.endpoint(endpoint).await.unwrap().unwrap();
        (edited.ordered, edited.updated_at) = (false, now());
        change.save_endpoint(&edited).await.unwrap();
        change.commit().await.unwrap();
        assert_eq!(ids(&f.claim(endpoint, 9, "a", now()).await), [made[1].0]);
        f.db.close().await;
    }
}
