//! Ordered endpoints: one delivery about a subject after the other.

use crate::world::{BOTH, Fixture, LEASE, attempt, ids, lease, now};
use events::{DeliveryId, ResourceId};
use store::{CancelOutcome, DeliveryState, DeliveryVerdict, FinishedAttempt, Head};

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

#[tokio::test]
async fn what_waits_behind_a_delivery_is_taken_along_in_order_as_far_as_is_asked_for() {
    for dialect in BOTH {
        let f = Fixture::new(dialect).await;
        let endpoint = f.endpoint(true).await;
        let (ada, bob) = (Some(ResourceId::new()), Some(ResourceId::new()));
        let events = f.events(&[ada, bob, ada, ada, bob, ada]).await;
        let mut made = f.insert(endpoint, &events[..2], true).await;
        made.extend(f.insert(endpoint, &events[2..], false).await);
        let made: Vec<DeliveryId> = made.iter().map(|(id, _)| *id).collect();
        assert_eq!(f.follow(made[0], 2, "a", now()).await, (vec![made[2], made[3]], true));
        assert_eq!(f.state(made[3]).await, DeliveryState::Leased);
        assert!(f.claim(endpoint, 9, "b", now()).await.is_empty(), "a lease is for one");
        assert_eq!(f.follow(made[3], 9, "a", now()).await, (vec![made[5]], false));
        assert_eq!(
            f.follow(made[5], 9, "a", now()).await,
            (vec![], false),
            "the end of the line"
        );
        assert_eq!(f.follow(made[1], 0, "a", now()).await, (vec![], true));
        let (deliveries, most) = (f.store().deliveries(), Head::MOST);
        let heads = [Head { id: made[1], most }];
        let mut found = deliveries.follow(&heads, lease("a", now()), now()).await.unwrap();
        let taken = found.remove(&made[1]).unwrap().taken.remove(0);
        assert_eq!(
            (taken.id, taken.token, taken.body.as_deref()),
            (made[4], 1, Some(events[4].body.as_str()))
        );
        f.db.close().await;
    }
}

#[tokio::test]
async fn what_somebody_else_has_what_was_tried_and_what_is_held_ends_what_is_taken_along() {
    for dialect in BOTH {
        let f = Fixture::new(dialect).await;
        let (endpoint, ada) = (f.endpoint(true).await, Some(ResourceId::new()));
        let events = f.events(&[ada; 5]).await;
        let mut made = f.insert(endpoint, &events[..1], true).await;
        made.extend(f.insert(endpoint, &events[1..], false).await);
        let made: Vec<DeliveryId> = made.iter().map(|(id, _)| *id).collect();
        assert_eq!(f.follow(made[1], 1, "b", now()).await.0, [made[2]]);
        assert_eq!(f.follow(made[0], 9, "a", now()).await, (vec![made[1]], true));
        let later = now().plus(LEASE * 2);
        assert_eq!(ids(&f.claim(endpoint, 9, "c", later).await), [made[0]], "only the head");
        let rest = (made[1..].to_vec(), false);
        assert_eq!(f.follow(made[0], 9, "c", later).await, rest, "their leases are over");
        let failed = FinishedAttempt {
            token: 2,
            ..attempt(made[2], endpoint, 1, DeliveryVerdict::RetryAt(later))
        };
        f.finish("c", later, &[failed]).await;
        let after_that = later.plus(LEASE * 2);
        assert_eq!(f.follow(made[0], 9, "d", after_that).await, (vec![made[1]], true));
        f.db.close().await;
    }
}

#[tokio::test]
async fn where_newer_updates_supersede_older_ones_and_without_order_nothing_is_taken_along() {
    for dialect in BOTH {
        let f = Fixture::new(dialect).await;
        let ada = Some(ResourceId::new());
        for endpoint in [f.endpoint(false).await, f.endpoint_with(true, true).await] {
            let events = f.events(&[ada; 3]).await;
            let made = f.insert(endpoint, &events[..1], true).await;
            f.insert(endpoint, &events[1..2], false).await;
            assert_eq!(f.follow(made[0].0, 9, "a", now()).await, (vec![], false));
        }
        let endpoint = f.endpoint_with(true, true).await;
        let events = f.events(&[ada; 2]).await;
        let first = f.insert(endpoint, &events[..1], true).await[0].0;
        let second = f.insert_behind(endpoint, &events[1..], true, Some(first)).await;
        assert_eq!(second[0].1, Some(false));
        f.db.close().await;
    }
}

#[tokio::test]
async fn a_new_delivery_is_leased_behind_the_last_of_its_line_if_the_caller_holds_that() {
    for dialect in BOTH {
        let f = Fixture::new(dialect).await;
        let (endpoint, ada) = (f.endpoint(true).await, Some(ResourceId::new()));
        let events = f.events(&[ada; 9]).await;
        let leased = |made: &[(DeliveryId, Option<bool>)]| made.iter().map(|(_, leased)| *leased).collect::<Vec<_>>();
        let first = f.insert(endpoint, &events[..2], true).await;
        assert_eq!(leased(&first), [Some(true); 2], "a line that begins in this batch");
        let wrong = f.insert_behind(endpoint, &events[2..3], true, Some(first[0].0)).await;
        assert_eq!(leased(&wrong), [Some(false)], "there is one between");
        let behind_pending = f.insert_behind(endpoint, &events[3..4], true, Some(wrong[0].0)).await;
        assert_eq!(leased(&behind_pending), [Some(false)], "nobody holds it");
        let last = behind_pending[0].0;
        assert_eq!(f.follow(first[1].0, 9, "b", now()).await.0, [wrong[0].0, last]);
        let of_another = f.insert_behind(endpoint, &events[4..5], true, Some(last)).await;
        assert_eq!(leased(&of_another), [Some(false)]);
        assert_eq!(f.follow(last, 9, "a", now()).await.0, [of_another[0].0]);
        let joined = f
            .insert_behind(endpoint, &events[5..7], true, Some(of_another[0].0))
            .await;
        assert_eq!(leased(&joined), [Some(true); 2]);
        let again = f.insert_behind(endpoint, &events[5..8], true, Some(joined[1].0)).await;
        assert_eq!(
            leased(&again),
            [None, None, Some(true)],
            "what comes twice changes nothing"
        );
        f.db.close().await;
    }
}

#[tokio::test]
async fn what_is_given_back_waits_in_its_line_again() {
    for dialect in BOTH {
        let f = Fixture::new(dialect).await;
        let (endpoint, ada) = (f.endpoint(true).await, Some(ResourceId::new()));
        let events = f.events(&[ada; 3]).await;
        let made = f.insert(endpoint, &events, true).await;
        let made: Vec<DeliveryId> = made.iter().map(|(id, _)| *id).collect();
        let deliveries = f.store().deliveries();
        deliveries
            .release_in_order(&made[1..], &[endpoint], "a", now())
            .await
            .unwrap();
        assert_eq!(f.state(made[1]).await, DeliveryState::Pending);
        let next_at = deliveries.by_id(made[1]).await.unwrap().unwrap().next_at;
        assert_eq!(next_at, None, "nobody looks for it");
        assert!(f.claim(endpoint, 9, "b", now()).await.is_empty());
        f.finish("a", now(), &[attempt(made[0], endpoint, 1, DeliveryVerdict::Delivered)])
            .await;
        assert_eq!(ids(&f.claim(endpoint, 9, "b", now()).await), [made[1]]);
        // The head of a line that is given back is due at once.
        deliveries
            .release_in_order(&made[1..2], &[endpoint], "b", now())
            .await
            .unwrap();
        assert_eq!(ids(&f.claim(endpoint, 9, "b", now()).await), [made[1]]);
        f.db.close().await;
    }
}
