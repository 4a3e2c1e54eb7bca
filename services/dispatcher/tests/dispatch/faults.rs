//! Stops, crashes and outages.

use crate::receiver::{Answer, Receiver, until};
use crate::system::{System, Wanted, config};
use crate::{BOTH, ids};
use bus::Bus;
use dispatcher::{Deps, Dispatcher};
use runtime::Service as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use store::{DeliveryState, Dialect};
use tokio::sync::Notify;

#[tokio::test(flavor = "multi_thread")]
async fn what_a_killed_dispatcher_held_is_sent_again_with_the_same_id() {
    for dialect in BOTH {
        let system = System::new(dialect).await;
        let alive = Arc::new(AtomicBool::new(false));
        let (is_alive, never) = (Arc::clone(&alive), Arc::new(Notify::new()));
        let receiver = Receiver::start(move |_, _| {
            if is_alive.load(Ordering::SeqCst) {
                Answer::Status(200)
            } else {
                Answer::Hold(Arc::clone(&never))
            }
        })
        .await;
        let (endpoint, _) = system.endpoint(receiver.url("/hook"), Wanted::default()).await;

        let doomed = system.start_doomed();
        let events = system.publish(&[None, None]).await;
        receiver.wait("/hook", 2).await;
        doomed.shutdown_background();
        assert_eq!(system.states(endpoint).await, [DeliveryState::Leased; 2]);

        alive.store(true, Ordering::SeqCst);
        system.start(config());
        system.all_are(endpoint, 2, DeliveryState::Delivered).await;
        let seen = ids(&receiver.at("/hook"));
        assert_eq!(seen.len(), 4);
        assert!(
            events
                .iter()
                .all(|event| seen.iter().filter(|id| **id == event.id.to_string()).count() == 2)
        );
        system.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_soft_stop_finishes_what_is_in_flight_and_gives_back_the_rest() {
    for dialect in BOTH {
        let system = System::new(dialect).await;
        let go = Arc::new(Notify::new());
        let hold = Arc::clone(&go);
        let receiver = Receiver::start(move |_, _| Answer::Hold(Arc::clone(&hold))).await;
        let (endpoint, _) = system.endpoint(receiver.url("/hook"), Wanted::default()).await;
        system.start(dispatcher::Config {
            in_flight_per_endpoint: 1,
            ..config()
        });
        system.publish(&[None, None, None]).await;
        receiver.wait("/hook", 1).await;
        until("the deliveries are stored", async || {
            (system.states(endpoint).await.len() == 3).then_some(())
        })
        .await;
        system.shutdown.soft.cancel();
        until("what waits is given back", async || {
            let states = system.states(endpoint).await;
            (states[1..] == [DeliveryState::Pending; 2]).then_some(())
        })
        .await;
        go.notify_one();
        system.drained().await;
        assert_eq!(system.states(endpoint).await[0], DeliveryState::Delivered);
        assert_eq!(receiver.at("/hook").len(), 1);
        system.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hard_stop_gives_back_what_is_in_flight() {
    let system = System::new(Dialect::Sqlite).await;
    let never = Arc::new(Notify::new());
    let receiver = Receiver::start(move |_, _| Answer::Hold(Arc::clone(&never))).await;
    let (endpoint, _) = system.endpoint(receiver.url("/hook"), Wanted::default()).await;
    system.start(config());
    system.publish(&[None]).await;
    receiver.wait("/hook", 1).await;
    system.shutdown.soft.cancel();
    system.shutdown.hard.cancel();
    system.drained().await;
    assert_eq!(system.states(endpoint).await, [DeliveryState::Pending]);
    system.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn leases_of_slow_attempts_are_renewed() {
    let system = System::new(Dialect::Postgres).await;
    let go = Arc::new(Notify::new());
    let hold = Arc::clone(&go);
    let receiver = Receiver::start(move |_, _| Answer::Hold(Arc::clone(&hold))).await;
    let (endpoint, _) = system.endpoint(receiver.url("/hook"), Wanted::default()).await;
    let lease = config().lease;
    system.start(config());
    let deps = Deps {
        bus: Bus::embedded(1),
        ..system.deps("two")
    };
    let second = Dispatcher::bind(config(), deps).unwrap();
    system
        .shutdown
        .spawn("second dispatcher", second.run(system.shutdown.clone()));
    system.publish(&[None]).await;
    receiver.wait("/hook", 1).await;
    let leased_at = system.deliveries(endpoint).await[0].updated_at;
    until("the lease would have ended twice", async || {
        (events::Timestamp::now().since(leased_at) > lease * 2).then_some(())
    })
    .await;
    go.notify_one();
    system.all_are(endpoint, 1, DeliveryState::Delivered).await;
    assert_eq!(receiver.at("/hook").len(), 1, "the second dispatcher took nothing");
    system.stop().await;
}
