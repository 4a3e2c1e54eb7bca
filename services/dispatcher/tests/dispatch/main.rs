//! From the bus to the receiver, with a real database and real HTTP.
#![expect(clippy::unwrap_used, reason = "a failed step fails the test")]

mod faults;
mod lines;
mod logouts;
mod receiver;
mod sealing;
mod signals;
mod system;

use events::{Event, EventType, ResourceId, Timestamp};
use receiver::{Answer, Received, Receiver};
use std::sync::Arc;
use std::time::{Duration, Instant};
use store::{DeliveryState, Dialect, NewEndpointSecret};
use system::{System, Wanted, config};
use tokio::sync::Notify;
use webhooks::{RetrySchedule, Secret};

const BOTH: [Dialect; 2] = [Dialect::Postgres, Dialect::Sqlite];

fn ids(requests: &[Received]) -> Vec<String> {
    requests.iter().map(|request| request.id().to_owned()).collect()
}

fn event_ids(events: &[Event]) -> Vec<String> {
    events.iter().map(|event| event.id.to_string()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_is_delivered_once_signed_and_byte_for_byte() {
    for dialect in BOTH {
        let system = System::new(dialect).await;
        let receiver = Receiver::answering(200).await;
        let (endpoint, secret) = system.endpoint(receiver.url("/hook"), Wanted::default()).await;
        system.start(config());
        let first = system.publish(&[None]).await;
        let request = receiver.wait("/hook", 1).await.remove(0);
        assert!(request.is_signed_by(&secret));
        assert_eq!(
            (request.id(), request.body.as_str()),
            (first[0].id.to_string().as_str(), first[0].body.as_str())
        );
        assert_eq!(request.header("x-team"), "people");
        assert!(
            request
                .header("traceparent")
                .starts_with("00-4bf92f3577b34da6a3ce929d0e0e4736-")
        );
        system.all_are(endpoint, 1, DeliveryState::Delivered).await;

        system.bus.publish(&first).await.unwrap();
        let second = system.publish(&[None, None]).await;
        system.all_are(endpoint, 3, DeliveryState::Delivered).await;
        let mut seen = ids(&receiver.at("/hook"));
        seen.sort_unstable();
        assert_eq!(seen, event_ids(&[first, second].concat()));
        let delivery = system.deliveries(endpoint).await.remove(0);
        let attempts = system.store().deliveries().attempts(delivery.id).await.unwrap();
        assert_eq!(
            (attempts.len(), attempts[0].status, attempts[0].response_head.as_deref()),
            (1, Some(200), Some("ok"))
        );
        system.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_what_an_endpoint_subscribed_to_is_sent() {
    let system = System::new(Dialect::Sqlite).await;
    let receiver = Receiver::answering(200).await;
    let types = |kind| Wanted {
        event_types: Some(vec![kind]),
        ..Wanted::default()
    };
    let (wrong, _) = system
        .endpoint(receiver.url("/wrong"), types(EventType::UserDeleted))
        .await;
    system
        .endpoint(receiver.url("/right"), types(EventType::UserUpdated))
        .await;
    system.start(config());
    system.publish(&[None, None]).await;
    receiver.wait("/right", 2).await;
    assert!(system.deliveries(wrong).await.is_empty() && receiver.at("/wrong").is_empty());
    system.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_delivery_is_repeated_with_the_same_id_until_it_succeeds() {
    for dialect in BOTH {
        let system = System::new(dialect).await;
        let receiver = Receiver::start(|_, before| Answer::Status(if before < 2 { 500 } else { 204 })).await;
        let (endpoint, secret) = system.endpoint(receiver.url("/flaky"), Wanted::default()).await;
        system.start(config());
        let events = system.publish(&[None]).await;
        let requests = receiver.wait("/flaky", 3).await;
        assert!(requests.iter().all(|request| request.id() == events[0].id.to_string()));
        assert!(requests.iter().all(|request| request.is_signed_by(&secret)));
        system.all_are(endpoint, 1, DeliveryState::Delivered).await;
        let delivery = system.deliveries(endpoint).await.remove(0);
        let attempts = system.store().deliveries().attempts(delivery.id).await.unwrap();
        let statuses: Vec<_> = attempts
            .iter()
            .map(|attempt| (attempt.number, attempt.status))
            .collect();
        assert_eq!(statuses, [(1, Some(500)), (2, Some(500)), (3, Some(204))]);
        assert_eq!(
            system
                .store()
                .endpoints()
                .by_id(endpoint)
                .await
                .unwrap()
                .unwrap()
                .failing_since,
            None
        );
        system.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delivery_is_given_up_at_the_end_of_the_schedule() {
    let system = System::new(Dialect::Sqlite).await;
    let receiver = Receiver::answering(503).await;
    let (endpoint, _) = system.endpoint(receiver.url("/down"), Wanted::default()).await;
    system.start(config());
    system.publish(&[None]).await;
    system.all_are(endpoint, 1, DeliveryState::Exhausted).await;
    assert_eq!(receiver.at("/down").len(), 3);
    assert!(
        system
            .store()
            .endpoints()
            .by_id(endpoint)
            .await
            .unwrap()
            .unwrap()
            .failing_since
            .is_some()
    );
    system.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_endpoint_delays_no_other() {
    let system = System::new(Dialect::Sqlite).await;
    let never = Arc::new(Notify::new());
    let receiver = Receiver::start(move |request, _| match request.path.as_str() {
        "/slow" => Answer::Hold(Arc::clone(&never)),
        _ => Answer::Status(200),
    })
    .await;
    let (slow, _) = system.endpoint(receiver.url("/slow"), Wanted::default()).await;
    let (fast, _) = system.endpoint(receiver.url("/fast"), Wanted::default()).await;
    system.start(dispatcher::Config {
        in_flight: 8,
        in_flight_per_endpoint: 4,
        ..config()
    });
    system.publish(&[None; 100]).await;
    system.all_are(fast, 100, DeliveryState::Delivered).await;
    assert_eq!(receiver.at("/slow").len(), 1, "it has not earned more");
    assert!(!system.states(slow).await.contains(&DeliveryState::Delivered));
    system.shutdown.hard.cancel();
    system.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_ordered_endpoint_holds_back_only_the_same_subject() {
    for dialect in BOTH {
        let system = System::new(dialect).await;
        let (ada, bob) = (ResourceId::new(), ResourceId::new());
        let go = Arc::new(Notify::new());
        let hold = Arc::clone(&go);
        let receiver = Receiver::start(move |_, before| match before {
            0 => Answer::Hold(Arc::clone(&hold)),
            _ => Answer::Status(200),
        })
        .await;
        let wanted = Wanted {
            ordered: true,
            ..Wanted::default()
        };
        let (endpoint, _) = system.endpoint(receiver.url("/ordered"), wanted).await;
        system.start(config());
        let first = system.publish(&[Some(ada)]).await;
        receiver.wait("/ordered", 1).await;
        let rest = system.publish(&[Some(ada), Some(bob), Some(ada)]).await;
        assert_eq!(receiver.wait("/ordered", 2).await[1].id(), rest[1].id.to_string());
        until_delivered(&system, endpoint, 1).await;
        assert_eq!(receiver.at("/ordered").len(), 2, "the others of ada wait");
        go.notify_one();
        let seen = ids(&receiver.wait("/ordered", 4).await);
        assert_eq!(seen[2..], [rest[0].id.to_string(), rest[2].id.to_string()]);
        assert_eq!(seen[0], first[0].id.to_string());
        system.all_are(endpoint, 4, DeliveryState::Delivered).await;
        system.stop().await;
    }
}

pub(crate) async fn until_delivered(system: &System, endpoint: events::EndpointId, count: usize) {
    receiver::until("some are delivered", async || {
        let states = system.states(endpoint).await;
        (states
            .iter()
            .filter(|state| **state == DeliveryState::Delivered)
            .count()
            == count)
            .then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_fit_into_memory_is_sent_all_the_same_in_order_and_once() {
    for dialect in BOTH {
        let system = System::new(dialect).await;
        let receiver = Receiver::answering(200).await;
        let (endpoint, _) = system.endpoint(receiver.url("/many"), Wanted::default()).await;
        system.start(dispatcher::Config {
            in_flight_per_endpoint: 1,
            queued: 5,
            batch: 16,
            ..config()
        });
        let mut events = system.publish(&[None; 40]).await;
        events.extend(system.publish(&[None; 40]).await);
        system.all_are(endpoint, 80, DeliveryState::Delivered).await;
        assert_eq!(ids(&receiver.at("/many")), event_ids(&events));
        system.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rate_limit_is_kept() {
    let system = System::new(Dialect::Sqlite).await;
    let receiver = Receiver::answering(200).await;
    let wanted = Wanted {
        rate_limit: Some(20),
        ..Wanted::default()
    };
    system.endpoint(receiver.url("/paced"), wanted).await;
    system.start(dispatcher::Config {
        sweep_every: Duration::from_secs(60),
        ..config()
    });
    let started = Instant::now();
    system.publish(&[None; 5]).await;
    receiver.wait("/paced", 5).await;
    assert!(
        started.elapsed() >= Duration::from_millis(200),
        "{:?}",
        started.elapsed()
    );
    system.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn while_a_rotation_overlaps_both_secrets_verify() {
    let system = System::new(Dialect::Sqlite).await;
    let receiver = Receiver::answering(200).await;
    let (endpoint, old) = system.endpoint(receiver.url("/hook"), Wanted::default()).await;
    system.start(config());
    system.publish(&[None]).await;
    receiver.wait("/hook", 1).await;

    let (new, now) = (Secret::mint().unwrap(), Timestamp::now());
    let context = store::Endpoint::secret_context(endpoint);
    let sealed = system.master_key.seal(new.expose().as_bytes(), &context);
    let change = system.store().change(None).await.unwrap();
    let rotated = NewEndpointSecret {
        sealed,
        signing: "v1",
        public_key: None,
        previous_until: now.plus(Duration::from_secs(60)),
    };
    change.rotate_endpoint_secret(endpoint, &rotated, now).await.unwrap();
    change.commit().await.unwrap();
    system.publish(&[None]).await;
    let request = receiver.wait("/hook", 2).await.remove(1);
    assert!(request.is_signed_by(&new) && request.is_signed_by(&old));
    system.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_that_answers_410_is_switched_off_and_gets_nothing_more() {
    for dialect in BOTH {
        let system = System::new(dialect).await;
        let receiver = Receiver::answering(410).await;
        let (endpoint, _) = system.endpoint(receiver.url("/gone"), Wanted::default()).await;
        system.start(dispatcher::Config {
            in_flight_per_endpoint: 1,
            ..config()
        });
        system.publish(&[None, None, None]).await;
        let reason = receiver::until("the endpoint is disabled", async || {
            system
                .store()
                .endpoints()
                .by_id(endpoint)
                .await
                .unwrap()
                .unwrap()
                .disabled_reason
        })
        .await;
        assert_eq!(reason, "the receiver answered 410 Gone");
        let deliveries = system.deliveries(endpoint).await;
        assert!(
            deliveries
                .iter()
                .all(|delivery| delivery.state == DeliveryState::Held || delivery.attempts > 0),
            "{deliveries:?}"
        );
        system.publish(&[None]).await;
        let (other, _) = system.endpoint(receiver.url("/other"), Wanted::default()).await;
        system.publish(&[None]).await;
        receiver.wait("/other", 1).await;
        // The other endpoint's delivery may be sent before the held one of the same event is written.
        let states = receiver::until("all five deliveries are written", async || {
            let states = system.states(endpoint).await;
            (states.len() == 5).then_some(states)
        })
        .await;
        assert_eq!(states[4], DeliveryState::Held);
        assert!(system.deliveries(other).await.len() == 1);
        assert_eq!(system.log_count(EventType::EndpointDisabled).await, 1);
        system.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_disabled_endpoint_missed_is_sent_when_it_is_enabled_again() {
    for dialect in BOTH {
        let system = System::new(dialect).await;
        let receiver = Receiver::start(|_, before| Answer::Status(if before == 0 { 410 } else { 200 })).await;
        let (endpoint, _) = system.endpoint(receiver.url("/back"), Wanted::default()).await;
        system.start(config());
        system.publish(&[None]).await;
        receiver::until("the endpoint is disabled", async || {
            let endpoint = system.store().endpoints().by_id(endpoint).await.unwrap().unwrap();
            endpoint.disabled_at
        })
        .await;
        let missed = system.publish(&[None, None]).await;
        receiver::until("its events are held", async || {
            let states = system.states(endpoint).await;
            (states.len() == 3 && states[1..] == [DeliveryState::Held; 2]).then_some(())
        })
        .await;
        assert_eq!(receiver.at("/back").len(), 1);
        let change = system.store().change(None).await.unwrap();
        change.enable_endpoint(endpoint, false, Timestamp::now()).await.unwrap();
        change.commit().await.unwrap();
        let seen = ids(&receiver.wait("/back", 4).await);
        assert!(missed.iter().all(|event| seen.contains(&event.id.to_string())));
        system.all_are(endpoint, 3, DeliveryState::Delivered).await;
        system.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_that_only_fails_is_left_alone_and_probed_until_it_answers() {
    let system = System::new(Dialect::Postgres).await;
    let well = Arc::new(std::sync::atomic::AtomicBool::new(false));
    let is_well = Arc::clone(&well);
    let receiver = Receiver::start(move |_, _| {
        Answer::Status(if is_well.load(std::sync::atomic::Ordering::SeqCst) {
            200
        } else {
            500
        })
    })
    .await;
    let (endpoint, _) = system.endpoint(receiver.url("/down"), Wanted::default()).await;
    system.start(dispatcher::Config {
        schedule: RetrySchedule::new([Duration::from_millis(10); 100]),
        breaker: dispatcher::BreakerLimits {
            failures: 5,
            first_pause: Duration::from_millis(300),
            longest_pause: Duration::from_millis(300),
        },
        ..config()
    });
    system.publish(&[None; 40]).await;
    receiver.wait("/down", 5).await;
    receiver::until("nothing of it is leased", async || {
        let states = system.states(endpoint).await;
        (states.len() == 40 && !states.contains(&DeliveryState::Leased)).then_some(())
    })
    .await;
    let before = receiver.at("/down").len();
    assert!(before < 40, "{before} attempts");
    receiver.wait("/down", before + 1).await;
    well.store(true, std::sync::atomic::Ordering::SeqCst);
    system.all_are(endpoint, 40, DeliveryState::Delivered).await;
    system.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn while_a_person_fails_newer_updates_replace_older_ones_where_that_is_asked_for() {
    for dialect in BOTH {
        let system = System::new(dialect).await;
        let (ada, bob) = (Some(ResourceId::new()), Some(ResourceId::new()));
        let go = Arc::new(Notify::new());
        let hold = Arc::clone(&go);
        let receiver = Receiver::start(move |_, before| match before {
            0 => Answer::Hold(Arc::clone(&hold)),
            _ => Answer::Status(200),
        })
        .await;
        let wanted = Wanted {
            ordered: true,
            coalesce: true,
            ..Wanted::default()
        };
        let (endpoint, _) = system.endpoint(receiver.url("/latest"), wanted).await;
        system.start(config());
        let first = system.publish(&[ada]).await;
        receiver.wait("/latest", 1).await;
        let second = system.publish(&[ada, bob]).await;
        receiver.wait("/latest", 2).await;
        let third = system.publish(&[ada]).await;
        until_delivered(&system, endpoint, 1).await;
        receiver::until("the older update is superseded", async || {
            let deliveries = system.deliveries(endpoint).await;
            let reason = deliveries.get(1)?.reason.clone()?;
            (reason == format!("superseded by event {}", third[0].id)).then_some(())
        })
        .await;
        go.notify_one();
        let seen = ids(&receiver.wait("/latest", 3).await);
        assert_eq!(seen, event_ids(&[first, second[1..].to_vec(), third].concat()));
        system.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_never_ends_is_a_failed_attempt() {
    let system = System::new(Dialect::Sqlite).await;
    let receiver = Receiver::start(|_, before| {
        if before == 0 {
            Answer::Stall
        } else {
            Answer::Status(200)
        }
    })
    .await;
    let (endpoint, _) = system.endpoint(receiver.url("/stall"), Wanted::default()).await;
    let mut config = config();
    config.sender.timeout = Duration::from_millis(200);
    config.schedule = RetrySchedule::new([Duration::from_millis(10)]);
    system.start(config);
    system.publish(&[None]).await;
    system.all_are(endpoint, 1, DeliveryState::Delivered).await;
    let delivery = system.deliveries(endpoint).await.remove(0);
    let attempts = system.store().deliveries().attempts(delivery.id).await.unwrap();
    assert_eq!(attempts[0].error.as_deref(), Some("no complete answer in time"));
    assert_eq!((attempts[0].status, attempts[1].error.as_deref()), (Some(200), None));
    system.stop().await;
}
