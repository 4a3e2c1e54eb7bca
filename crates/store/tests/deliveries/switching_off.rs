//! Endpoints that are switched off, and on again.

use crate::world::{BOTH, Fixture, LEASE, PATIENCE, attempt, now};
use events::{EventType, ResourceId};
use store::{DeliveryState, DeliveryVerdict, EndpointUrl, FinishedAttempt};

#[tokio::test]
async fn an_endpoint_that_fails_for_too_long_is_switched_off_and_its_deliveries_are_held() {
    for dialect in BOTH {
        let f = Fixture::new(dialect).await;
        let (gone, failing, well) = (
            f.endpoint(false).await,
            f.endpoint(false).await,
            f.endpoint(false).await,
        );
        let events = f.events(&[None, None, None]).await;
        let mut deliveries = Vec::new();
        for endpoint in [gone, failing, well] {
            deliveries.push(f.insert(endpoint, &events, true).await);
        }
        let retry = DeliveryVerdict::RetryAt(now());
        let later = now().plus(PATIENCE);
        let mut farewell = attempt(deliveries[0][0].0, gone, 1, retry);
        farewell.gone = true;
        let disabled = f
            .finish(
                "a",
                now(),
                &[
                    farewell,
                    attempt(deliveries[0][1].0, gone, 1, DeliveryVerdict::Delivered),
                    attempt(deliveries[1][0].0, failing, 1, retry),
                    attempt(deliveries[2][0].0, well, 1, retry),
                ],
            )
            .await;
        assert!(disabled.is_empty(), "none for so long");
        assert!(f.disable(gone, deliveries[0][0].0, None, now()).await);
        assert_eq!(f.state(deliveries[0][2].0).await, DeliveryState::Held);
        let disabled = f
            .finish(
                "a",
                later,
                &[
                    attempt(deliveries[1][1].0, failing, 1, retry),
                    attempt(deliveries[2][1].0, well, 1, DeliveryVerdict::Delivered),
                    attempt(deliveries[2][2].0, well, 1, retry),
                ],
            )
            .await;
        assert_eq!(disabled, [failing]);
        assert!(
            !f.disable(well, deliveries[2][0].0, Some(PATIENCE), later).await,
            "it is well"
        );
        assert!(f.disable(failing, deliveries[1][1].0, Some(PATIENCE), later).await);
        f.enable(gone, false, later).await;
        assert!(
            !f.disable(gone, deliveries[0][0].0, None, now()).await,
            "an attempt from before it was switched on again"
        );
        let endpoint = f.store().endpoints().by_id(failing).await.unwrap().unwrap();
        assert_eq!(
            (endpoint.disabled_reason.as_deref(), endpoint.disabled_at),
            (Some("because"), Some(later))
        );
        assert_eq!(f.state(deliveries[1][2].0).await, DeliveryState::Held);
        assert_eq!(f.state(deliveries[2][2].0).await, DeliveryState::Scheduled);
        assert!(f.claim(failing, 9, "a", later).await.is_empty());
        let late = f.insert(failing, &f.events(&[None]).await, true).await[0];
        assert_eq!((late.1, f.state(late.0).await), (Some(false), DeliveryState::Held));
        f.db.close().await;
    }
}

#[tokio::test]
async fn a_disabled_endpoints_deliveries_are_held_and_sent_or_skipped_when_it_is_enabled() {
    for dialect in BOTH {
        for skip in [false, true] {
            let f = Fixture::new(dialect).await;
            let (endpoint, ada) = (f.endpoint(true).await, Some(ResourceId::new()));
            let events = f.events(&[ada, ada, None]).await;
            let made = f.insert(endpoint, &events, true).await;
            f.disable(endpoint, made[0].0, None, now()).await;
            let later = f.insert(endpoint, &f.events(&[ada]).await, true).await;
            let ids: Vec<_> = made.iter().chain(&later).map(|(id, _)| *id).collect();
            for id in &ids {
                assert_eq!(f.state(*id).await, DeliveryState::Held);
            }
            let deliveries = f.store().deliveries();
            assert_eq!(deliveries.settle(now()).await.unwrap().released, 0);
            f.enable(endpoint, skip, now().plus(LEASE)).await;
            assert_eq!(deliveries.settle(now()).await.unwrap().released, 4);
            let at = now().plus(LEASE);
            if skip {
                for id in &ids {
                    let delivery = deliveries.by_id(*id).await.unwrap().unwrap();
                    assert_eq!(
                        (delivery.state, delivery.reason.as_deref()),
                        (DeliveryState::Cancelled, Some("skipped when the endpoint was enabled"))
                    );
                }
            } else {
                let first = f.claim(endpoint, 9, "a", at).await;
                let claimed: Vec<_> = first.iter().map(|delivery| delivery.id).collect();
                assert_eq!(claimed, [ids[0], ids[2]], "the others of ada wait");
                let attempt = FinishedAttempt {
                    token: first[0].token,
                    ..attempt(ids[0], endpoint, 1, DeliveryVerdict::Delivered)
                };
                f.finish("a", at, &[attempt]).await;
                assert_eq!(f.claim(endpoint, 9, "a", at).await[0].id, ids[1]);
            }
            f.db.close().await;
        }
    }
}

#[tokio::test]
async fn switching_an_endpoint_off_is_announced_once_in_the_log_of_the_directory_that_caused_it() {
    for dialect in BOTH {
        let f = Fixture::new(dialect).await;
        let endpoint = f.endpoint(false).await;
        let made = f.insert(endpoint, &f.events(&[None]).await, true).await;
        assert!(f.disable(endpoint, made[0].0, None, now()).await);
        assert!(!f.disable(endpoint, made[0].0, None, now()).await);
        let log = f.log().await;
        let told: Vec<_> = log
            .iter()
            .filter(|event| event.kind == EventType::EndpointDisabled)
            .collect();
        assert_eq!((told.len(), told[0].directory_id), (1, f.directory_id));
        let body: serde_json::Value = serde_json::from_str(&told[0].body).unwrap();
        assert_eq!(body["source"], "system");
        let about = &body["data"]["endpoint"];
        assert_eq!(
            (&about["id"], &about["disabled_reason"], &about["url"]),
            (
                &serde_json::json!(endpoint),
                &serde_json::json!("because"),
                &serde_json::json!("https://example.com")
            )
        );
        assert_eq!(body["data"]["delivery"]["id"], serde_json::json!(made[0].0));
        f.db.close().await;
    }
}

/// The dispatcher reads the endpoints again when this number has changed, and only then.
#[tokio::test]
async fn every_change_of_an_endpoint_is_counted_and_how_it_fares_is_not() {
    for dialect in BOTH {
        let f = Fixture::new(dialect).await;
        let mut last = f.store().endpoints().version().await.unwrap();
        let mut grown = async || {
            let version = f.store().endpoints().version().await.unwrap();
            let grown = version > last;
            last = version;
            grown
        };
        let id = f.endpoint(false).await;
        assert!(grown().await, "made");
        f.endpoint(true).await;
        assert!(grown().await, "another made");

        let events = f.events(&[None]).await;
        let delivery = f.insert(id, &events, true).await[0].0;
        let retry = DeliveryVerdict::RetryAt(now().plus(PATIENCE));
        f.finish("a", now(), &[attempt(delivery, id, 1, retry)]).await;
        let fares = f.store().endpoints().by_id(id).await.unwrap().unwrap().failing_since;
        assert!(fares.is_some());
        assert!(!grown().await, "how it fares");

        let change = f.store().change(None).await.unwrap();
        let mut endpoint = change.endpoint(id).await.unwrap().unwrap();
        endpoint.url = EndpointUrl::sealed("https://example.com/other", b"sealed".to_vec());
        change.save_endpoint(&endpoint).await.unwrap();
        change.commit().await.unwrap();
        assert!(grown().await, "changed");

        f.enable(id, false, now()).await;
        assert!(grown().await, "switched on");

        let change = f.store().change(None).await.unwrap();
        assert!(change.delete_endpoint(id).await.unwrap());
        change.commit().await.unwrap();
        assert!(grown().await, "deleted");
        f.db.close().await;
    }
}
