//! Lines of ordered endpoints that are longer than one: what is taken along, and what goes back.

use crate::receiver::{Answer, Received, Receiver, until};
use crate::system::{System, Wanted, config};
use crate::{BOTH, event_ids, ids};
use dispatcher::{Config, Deps, Dispatcher};
use events::{EndpointId, Event, ResourceId};
use runtime::Service as _;
use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use store::{DeliveryState, Dialect};
use tokio::sync::Notify;
use webhooks::RetrySchedule;

const ORDERED: Wanted = Wanted {
    ordered: true,
    coalesce: false,
    rate_limit: None,
    event_types: None,
};

/// The database is searched so seldom that whatever waits for that is not done in time. Nor are leases renewed.
fn seldom() -> Config {
    Config {
        sweep_every: Duration::from_secs(60),
        lease: Duration::from_secs(120),
        ..config()
    }
}

/// The ids in the order in which each came first.
fn firsts(requests: &[Received]) -> Vec<String> {
    let mut seen = HashSet::new();
    let mut ids = ids(requests);
    ids.retain(|id| seen.insert(id.clone()));
    ids
}

/// Of these events, those about somebody, in the order in which they came.
fn about(subject: ResourceId, events: &[Event], seen: &[String]) -> Vec<String> {
    let theirs: HashSet<String> = events
        .iter()
        .filter(|event| event.subject_id == Some(subject))
        .map(|event| event.id.to_string())
        .collect();
    seen.iter().filter(|id| theirs.contains(*id)).cloned().collect()
}

async fn is_idle(system: &System, endpoint: EndpointId, delivered: usize) {
    system.all_are(endpoint, delivered, DeliveryState::Delivered).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_goes_on_without_a_search_for_what_is_due() {
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
        let (endpoint, _) = system.endpoint(receiver.url("/line"), ORDERED).await;
        system.start(seldom());
        let mut events = system.publish(&[Some(ada)]).await;
        receiver.wait("/line", 1).await;
        for _ in 0..5 {
            events.extend(system.publish(&[Some(ada), Some(bob), Some(ada), Some(ada)]).await);
        }
        // More than are taken along at once.
        events.extend(system.publish(&[Some(ada); 150]).await);
        receiver.wait("/line", 1 + 5).await;
        assert_eq!(
            about(ada, &events, &ids(&receiver.at("/line"))).len(),
            1,
            "the others of ada wait"
        );
        go.notify_one();
        is_idle(&system, endpoint, events.len()).await;
        let seen = ids(&receiver.at("/line"));
        assert_eq!(seen.len(), events.len(), "each is sent once");
        for subject in [ada, bob] {
            assert_eq!(
                about(subject, &events, &seen),
                about(subject, &events, &event_ids(&events))
            );
        }
        system.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_failure_in_the_middle_nothing_overtakes_what_is_repeated() {
    for dialect in BOTH {
        let system = System::new(dialect).await;
        let ada = Some(ResourceId::new());
        let receiver =
            Receiver::start(|_, before| Answer::Status(if [3, 4, 9].contains(&before) { 500 } else { 200 })).await;
        let (endpoint, _) = system.endpoint(receiver.url("/line"), ORDERED).await;
        system.start(config());
        let events = system.publish(&[ada; 12]).await;
        is_idle(&system, endpoint, 12).await;
        let expected = event_ids(&events);
        let mut with_repetitions = expected.clone();
        // The fourth comes three times, and the one that was the tenth request twice.
        with_repetitions.splice(3..3, [expected[3].clone(), expected[3].clone()]);
        with_repetitions.insert(9, with_repetitions[9].clone());
        assert_eq!(ids(&receiver.at("/line")), with_repetitions);
        system.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn after_the_last_attempt_the_line_goes_on_with_the_next() {
    for dialect in BOTH {
        let system = System::new(dialect).await;
        let ada = Some(ResourceId::new());
        let receiver = Receiver::start(|_, before| Answer::Status(if before == 1 { 500 } else { 200 })).await;
        let (endpoint, _) = system.endpoint(receiver.url("/line"), ORDERED).await;
        system.start(Config {
            schedule: RetrySchedule::new([]),
            ..seldom()
        });
        let events = system.publish(&[ada; 5]).await;
        until("all came to their end", async || {
            let states = system.states(endpoint).await;
            let (delivered, exhausted) = (DeliveryState::Delivered, DeliveryState::Exhausted);
            (states == [delivered, exhausted, delivered, delivered, delivered]).then_some(())
        })
        .await;
        assert_eq!(ids(&receiver.at("/line")), event_ids(&events));
        system.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dispatcher_that_is_killed_loses_nothing_of_a_line_and_its_order_holds() {
    for dialect in BOTH {
        let system = System::new(dialect).await;
        let (ada, bob) = (ResourceId::new(), ResourceId::new());
        let (answers, never) = (Arc::new(AtomicUsize::new(15)), Arc::new(Notify::new()));
        let left = Arc::clone(&answers);
        let receiver = Receiver::start(move |_, _| {
            let take = |left: usize| left.checked_sub(1);
            match left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, take) {
                Ok(_) => Answer::Status(200),
                Err(_) => Answer::Hold(Arc::clone(&never)),
            }
        })
        .await;
        let (endpoint, _) = system.endpoint(receiver.url("/line"), ORDERED).await;
        let doomed = system.start_doomed();
        let events = system.publish(&[Some(ada), Some(bob), Some(ada)].repeat(20)).await;
        receiver.wait("/line", 17).await;
        doomed.shutdown_background();
        answers.store(usize::MAX, Ordering::SeqCst);
        system.start(config());
        is_idle(&system, endpoint, events.len()).await;
        let seen = firsts(&receiver.at("/line"));
        for subject in [ada, bob] {
            assert_eq!(
                about(subject, &events, &seen),
                about(subject, &events, &event_ids(&events))
            );
        }
        system.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_dispatchers_keep_the_order_of_a_line_whoever_has_it() {
    let system = System::new(Dialect::Postgres).await;
    let (ada, bob) = (ResourceId::new(), ResourceId::new());
    let receiver = Receiver::start(|_, before| Answer::Status(if before % 7 == 3 { 503 } else { 200 })).await;
    let (endpoint, _) = system.endpoint(receiver.url("/line"), ORDERED).await;
    // Repeats as often as it takes, and is never left alone.
    let config = Config {
        schedule: RetrySchedule::new([Duration::from_millis(10); 50]),
        ..config()
    };
    system.start(config.clone());
    // It takes no events from the bus; what is due it finds as soon as the first.
    let deps = Deps {
        bus: bus::Bus::embedded(1),
        ..system.deps("two")
    };
    let second = Dispatcher::bind(config, deps).unwrap();
    system
        .shutdown
        .spawn("second dispatcher", second.run(system.shutdown.clone()));
    let mut events = Vec::new();
    for _ in 0..10 {
        events.extend(system.publish(&[Some(ada), Some(bob), Some(ada), Some(ada)]).await);
    }
    is_idle(&system, endpoint, events.len()).await;
    let seen = firsts(&receiver.at("/line"));
    for subject in [ada, bob] {
        assert_eq!(
            about(subject, &events, &seen),
            about(subject, &events, &event_ids(&events))
        );
    }
    system.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_soft_stop_gives_back_what_waits_in_a_line() {
    for dialect in BOTH {
        let system = System::new(dialect).await;
        let ada = Some(ResourceId::new());
        let go = Arc::new(Notify::new());
        let hold = Arc::clone(&go);
        let receiver = Receiver::start(move |_, _| Answer::Hold(Arc::clone(&hold))).await;
        let (endpoint, _) = system.endpoint(receiver.url("/line"), ORDERED).await;
        system.start(config());
        system.publish(&[ada; 4]).await;
        receiver.wait("/line", 1).await;
        system.shutdown.soft.cancel();
        until("what waits is given back", async || {
            let states = system.states(endpoint).await;
            (states[1..] == [DeliveryState::Pending; 3]).then_some(())
        })
        .await;
        go.notify_one();
        system.drained().await;
        assert_eq!(system.states(endpoint).await[0], DeliveryState::Delivered);
        assert_eq!(receiver.at("/line").len(), 1);
        system.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rate_limit_holds_for_a_line() {
    let system = System::new(Dialect::Sqlite).await;
    let receiver = Receiver::answering(200).await;
    let wanted = Wanted {
        rate_limit: Some(20),
        ..ORDERED
    };
    system.endpoint(receiver.url("/paced"), wanted).await;
    system.start(seldom());
    let started = std::time::Instant::now();
    system.publish(&[Some(ResourceId::new()); 5]).await;
    receiver.wait("/paced", 5).await;
    assert!(
        started.elapsed() >= Duration::from_millis(200),
        "{:?}",
        started.elapsed()
    );
    system.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn long_lines_leave_room_for_other_people_and_other_endpoints() {
    let system = System::new(Dialect::Sqlite).await;
    let never = Arc::new(Notify::new());
    let (busy, quiet) = (Some(ResourceId::new()), Some(ResourceId::new()));
    let hold = Arc::clone(&never);
    let held_up = Arc::new(std::sync::Mutex::new(None));
    let first = Arc::clone(&held_up);
    let receiver = Receiver::start(move |request, _| {
        let mut first = first.lock().unwrap();
        let id = first.get_or_insert_with(|| request.id().to_owned());
        // The first of the busy one is never answered.
        if request.path == "/line" && request.id() == id {
            return Answer::Hold(Arc::clone(&hold));
        }
        Answer::Status(200)
    })
    .await;
    let (line, _) = system.endpoint(receiver.url("/line"), ORDERED).await;
    system.start(Config {
        queued: 40,
        in_flight_per_endpoint: 16,
        ..seldom()
    });
    system.publish(&[busy]).await;
    receiver.wait("/line", 1).await;
    system.publish(&[busy; 200]).await;
    until("all are stored", async || {
        (system.deliveries(line).await.len() == 201).then_some(())
    })
    .await;
    let (other, _) = system.endpoint(receiver.url("/other"), ORDERED).await;
    system.publish(&[quiet]).await;
    receiver.wait("/line", 2).await;
    receiver.wait("/other", 1).await;
    is_idle(&system, other, 1).await;
    assert_eq!(receiver.at("/line").len(), 2);
    system.shutdown.hard.cancel();
    system.stop().await;
}
