//! What is shown of deliveries, and how long it is kept.

use crate::world::{BOTH, Fixture, LEASE, attempt, ids, now};
use events::{DeliveryId, Timestamp};
use std::time::Duration;
use store::{
    DeliveryFilter, DeliveryState, DeliveryVerdict, ListPage, PruneReport, ReplayRange, Retention, RetryOutcome,
};

#[tokio::test]
async fn deliveries_are_listed_newest_first_and_can_be_tried_again_by_hand() {
    for dialect in BOTH {
        let f = Fixture::new(dialect).await;
        let (one, other) = (f.endpoint(false).await, f.endpoint(false).await);
        let events = f.events(&[None, None, None]).await;
        let mine: Vec<_> = f.insert(one, &events, true).await.iter().map(|(id, _)| *id).collect();
        f.insert(other, &events, false).await;
        f.finish(
            "a",
            now(),
            &[
                attempt(mine[0], one, 1, DeliveryVerdict::Delivered),
                attempt(mine[1], one, 10, DeliveryVerdict::Exhausted),
            ],
        )
        .await;

        let deliveries = f.store().deliveries();
        let list = async |endpoint_id, state, limit, cursor| {
            deliveries
                .list(DeliveryFilter { endpoint_id, state }, &ListPage { limit, cursor })
                .await
                .unwrap()
        };
        let page = list(Some(one), None, 2, None).await;
        assert_eq!(
            page.data.iter().map(|delivery| delivery.id).collect::<Vec<_>>(),
            [mine[2], mine[1]]
        );
        assert_eq!(list(Some(one), None, 2, page.next_cursor).await.data[0].id, mine[0]);
        assert_eq!(list(None, None, 100, None).await.data.len(), 6);
        for (state, count) in [
            (DeliveryState::Pending, 3),
            (DeliveryState::Leased, 1),
            (DeliveryState::Exhausted, 1),
        ] {
            assert_eq!(list(None, Some(state), 100, None).await.data.len(), count, "{state:?}");
        }
        assert_eq!(
            list(Some(one), Some(DeliveryState::Pending), 9, None).await.data.len(),
            0
        );

        assert_eq!(deliveries.retry(mine[1], now()).await.unwrap(), RetryOutcome::Queued);
        assert_eq!(deliveries.retry(mine[2], now()).await.unwrap(), RetryOutcome::InFlight);
        assert_eq!(
            deliveries.retry(DeliveryId::new(), now()).await.unwrap(),
            RetryOutcome::NotFound
        );
        assert_eq!(ids(&f.claim(one, 9, "a", now()).await), [mine[1]]);

        let replay = ReplayRange {
            states: ReplayRange::FAILED.to_vec(),
            ..ReplayRange::default()
        };
        assert_eq!(deliveries.replay(one, &replay, now()).await.unwrap(), 0);
        assert_eq!(
            deliveries
                .replay(
                    one,
                    &ReplayRange {
                        after: Some(now().plus(LEASE)),
                        ..ReplayRange::default()
                    },
                    now()
                )
                .await
                .unwrap(),
            0
        );
        assert_eq!(deliveries.replay(one, &ReplayRange::default(), now()).await.unwrap(), 1);
        assert_eq!(ids(&f.claim(one, 9, "a", now()).await), [mine[0]]);
        f.db.close().await;
    }
}

#[tokio::test]
async fn what_is_older_than_it_is_kept_is_forgotten_and_what_is_open_stays() {
    for dialect in BOTH {
        let f = Fixture::new(dialect).await;
        let (endpoint, held) = (f.endpoint(false).await, f.endpoint(false).await);
        let events = f.events(&[None, None, None]).await;
        let made = f.insert(endpoint, &events, true).await;
        let kept = f.insert(held, &events[..1], true).await[0].0;
        f.finish(
            "a",
            now(),
            &[
                attempt(made[0].0, endpoint, 1, DeliveryVerdict::Delivered),
                attempt(made[1].0, endpoint, 1, DeliveryVerdict::RetryAt(now())),
            ],
        )
        .await;
        f.disable(held, kept, None, now()).await;
        let (day, deliveries) = (Duration::from_secs(24 * 3_600), f.store().deliveries());
        let retention = Retention {
            deliveries: day * 90,
            attempts: day * 30,
            responses: day * 7,
        };
        let prune = async |after: Duration| {
            let pruned = deliveries
                .prune(retention, &PruneReport::default(), Timestamp::now().plus(after))
                .await
                .unwrap();
            (pruned.responses, pruned.attempts, pruned.deliveries, pruned.cancelled)
        };
        assert_eq!(prune(day * 6).await, (0, 0, 0, 0));
        assert_eq!(prune(day * 8).await, (1, 0, 0, 0));
        let attempts = deliveries.attempts(made[0].0).await.unwrap();
        assert_eq!((attempts.len(), &attempts[0].response_head), (1, &None));
        assert_eq!(prune(day * 31).await, (0, 1, 0, 0));
        assert_eq!(
            prune(day * 91).await,
            (0, 0, 2, 1),
            "the delivered one, and the one held too long"
        );
        assert_eq!(f.state(made[1].0).await, DeliveryState::Scheduled);
        assert_eq!(f.state(made[2].0).await, DeliveryState::Leased);
        f.db.close().await;
    }
}

#[tokio::test]
async fn the_stats_of_an_endpoint_tell_what_was_taken_and_what_waits() {
    for dialect in BOTH {
        let f = Fixture::new(dialect).await;
        let endpoint = f.endpoint(false).await;
        let events = f.events(&[None; 4]).await;
        let made = f.insert(endpoint, &events, true).await;
        f.finish(
            "a",
            Timestamp::now(),
            &[
                attempt(made[0].0, endpoint, 1, DeliveryVerdict::Delivered),
                attempt(made[1].0, endpoint, 1, DeliveryVerdict::Exhausted),
                attempt(made[2].0, endpoint, 1, DeliveryVerdict::RetryAt(now())),
            ],
        )
        .await;
        let deliveries = f.store().deliveries();
        let hour = Duration::from_secs(3_600);
        let stats = deliveries.stats(endpoint, hour, Timestamp::now()).await.unwrap();
        assert_eq!(
            (
                stats.deliveries,
                stats.is_complete,
                stats.delivered,
                stats.exhausted,
                stats.attempts
            ),
            (4, true, 1, 1, 3)
        );
        assert_eq!(
            stats.duration.map(|duration| (duration.p50, duration.p99)),
            Some((12, 12))
        );
        assert!(stats.lag.is_some_and(|lag| lag.p99 < 60_000), "{stats:?}");
        assert_eq!((stats.waiting["leased"], stats.waiting["scheduled"]), (1, 1));
        assert_eq!(stats.oldest_undelivered.map(|(event, _)| event), Some(events[2].id));
        let later = Timestamp::now().plus(hour * 2);
        assert_eq!(deliveries.stats(endpoint, hour, later).await.unwrap().deliveries, 0);
        let backlog = deliveries.backlog().await.unwrap();
        assert_eq!(
            (backlog.waiting["leased"], backlog.enabled, backlog.disabled),
            (1, 1, 0)
        );
        f.db.close().await;
    }
}
