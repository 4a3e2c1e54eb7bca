//! What came of attempts.

use crate::world::{BOTH, Fixture, attempt, now};
use std::time::Duration;
use store::{DeliveryState, DeliveryVerdict, FinishedAttempt, RetryOutcome};

#[tokio::test]
async fn an_attempt_is_recorded_with_its_delivery_and_once() {
    for dialect in BOTH {
        let f = Fixture::new(dialect).await;
        let endpoint = f.endpoint(false).await;
        let events = f.events(&[None]).await;
        let id = f.insert(endpoint, &events, true).await[0].0;
        let retry_at = now().plus(Duration::from_secs(5));
        let failed = attempt(id, endpoint, 1, DeliveryVerdict::RetryAt(retry_at));
        f.finish("a", now(), std::slice::from_ref(&failed)).await;
        f.finish("a", now(), &[failed]).await;

        let deliveries = f.store().deliveries();
        let delivery = deliveries.by_id(id).await.unwrap().unwrap();
        assert_eq!(
            (delivery.state, delivery.attempts, delivery.next_at),
            (DeliveryState::Scheduled, 1, Some(retry_at))
        );
        assert_eq!((delivery.last_status, delivery.delivered_at), (Some(503), None));
        assert_eq!(
            f.store()
                .endpoints()
                .by_id(endpoint)
                .await
                .unwrap()
                .unwrap()
                .failing_since,
            Some(now())
        );

        assert!(f.claim(endpoint, 9, "a", now()).await.is_empty());
        assert_eq!(f.claim(endpoint, 9, "a", retry_at).await[0].attempts, 1);
        f.finish("a", retry_at, &[attempt(id, endpoint, 2, DeliveryVerdict::Delivered)])
            .await;
        let delivery = deliveries.by_id(id).await.unwrap().unwrap();
        assert_eq!(
            (delivery.state, delivery.attempts, delivery.next_at),
            (DeliveryState::Delivered, 2, None)
        );
        assert_eq!((delivery.last_error, delivery.delivered_at), (None, Some(retry_at)));
        let attempts = deliveries.attempts(id).await.unwrap();
        assert_eq!(
            attempts.iter().map(|attempt| attempt.number).collect::<Vec<_>>(),
            [1, 2]
        );
        assert_eq!((attempts[0].status, attempts[0].duration_ms), (Some(503), 12));
        assert_eq!(attempts[1].response_head.as_deref(), Some("é \"quoted\""));
        assert_eq!(
            f.store()
                .endpoints()
                .by_id(endpoint)
                .await
                .unwrap()
                .unwrap()
                .failing_since,
            None
        );
        f.db.close().await;
    }
}

#[tokio::test]
async fn attempts_of_a_deleted_endpoint_are_dropped_without_error() {
    for dialect in BOTH {
        let f = Fixture::new(dialect).await;
        let endpoint = f.endpoint(false).await;
        let events = f.events(&[None]).await;
        let id = f.insert(endpoint, &events, true).await[0].0;
        let change = f.store().change(None).await.unwrap();
        change.delete_endpoint(endpoint).await.unwrap();
        change.commit().await.unwrap();
        assert!(
            f.finish("a", now(), &[attempt(id, endpoint, 1, DeliveryVerdict::Delivered)])
                .await
                .is_empty()
        );
        assert!(f.store().deliveries().by_id(id).await.unwrap().is_none());
        f.db.close().await;
    }
}

#[tokio::test]
async fn a_success_that_is_tried_again_keeps_its_attempt() {
    for dialect in BOTH {
        let f = Fixture::new(dialect).await;
        let endpoint = f.endpoint(false).await;
        let id = f.insert(endpoint, &f.events(&[None]).await, true).await[0].0;
        let first = attempt(id, endpoint, 1, DeliveryVerdict::Delivered);
        f.finish("a", now(), std::slice::from_ref(&first)).await;
        f.finish("a", now(), &[first]).await;
        let deliveries = f.store().deliveries();
        assert_eq!(deliveries.attempts(id).await.unwrap().len(), 1);
        assert_eq!(deliveries.retry(id, now()).await.unwrap(), RetryOutcome::Queued);
        assert_eq!(deliveries.attempts(id).await.unwrap().len(), 1);
        let claimed = f.claim(endpoint, 9, "a", now()).await;
        let second = FinishedAttempt {
            token: claimed[0].token,
            ..attempt(id, endpoint, 2, DeliveryVerdict::Delivered)
        };
        f.finish("a", now(), &[second]).await;
        let numbers: Vec<_> = deliveries
            .attempts(id)
            .await
            .unwrap()
            .iter()
            .map(|attempt| attempt.number)
            .collect();
        assert_eq!(numbers, [1, 2]);
        f.db.close().await;
    }
}
