//! Requests and their verdicts.

use crate::support::{Fixture, answer_everything, command, command_until, take, until, verdict, within};
use bus::{BusError, RequestError};
use events::{DirectoryId, Timestamp};
use futures_util::future::join_all;
use std::time::{Duration, Instant};

pub(crate) async fn a_verdict_reaches_its_requester(fixture: &Fixture) {
    let bus = fixture.bus(1).await;
    let projector = fixture.elsewhere(&bus).await;
    answer_everything(&projector);
    let command = command(DirectoryId::new());
    assert_eq!(bus.request(&command).await.unwrap(), verdict(&command));
}

pub(crate) async fn each_of_many_requesters_gets_its_own_verdict(fixture: &Fixture) {
    let bus = fixture.bus(4).await;
    let projector = fixture.elsewhere(&bus).await;
    answer_everything(&projector);
    let requesters = (0..64).map(|_| {
        let bus = bus.clone();
        tokio::spawn(async move {
            let directory = DirectoryId::new();
            for _ in 0..10 {
                let command = command(directory);
                assert_eq!(bus.request(&command).await.unwrap(), verdict(&command));
            }
        })
    });
    for requester in join_all(requesters).await {
        requester.unwrap();
    }
}

pub(crate) async fn commands_of_a_lane_keep_the_order_they_were_published_in(fixture: &Fixture) {
    let bus = fixture.bus(2).await;
    let directory = DirectoryId::new();
    let lane = events::lane_of(directory, 2);
    let consumer = fixture.elsewhere(&bus).await.commands(vec![lane]);
    let sent: Vec<_> = (0..64).map(|_| command(directory)).collect();
    // The first request opens what the others use, so that those are published as they are first polled: in order.
    let (sent_first, sent) = sent.split_first().unwrap();
    let serve = async {
        let (acker, replier) = (consumer.acker(), consumer.replier());
        let mut received = Vec::new();
        while received.len() < 64 {
            let batch = consumer.next(10).await.unwrap();
            for delivery in &batch {
                assert_eq!(delivery.lane, lane);
                replier.reply(delivery, &verdict(&delivery.payload)).await;
            }
            acker.ack(&batch).await;
            received.extend(batch.into_iter().map(|delivery| delivery.payload));
        }
        received
    };
    let request = async {
        bus.request(sent_first).await.unwrap();
        join_all(sent.iter().map(|command| bus.request(command))).await
    };
    let (received, verdicts) = within(async { tokio::join!(serve, request) }).await;
    assert!(verdicts.iter().all(Result::is_ok));
    assert_eq!(&received[0], sent_first);
    assert_eq!(received[1..], *sent);
}

pub(crate) async fn a_request_without_an_answer_times_out_a_second_after_its_deadline(fixture: &Fixture) {
    let bus = fixture.bus(1).await;
    let began = Instant::now();
    let command = command_until(DirectoryId::new(), Timestamp::now().plus(Duration::from_millis(200)));
    assert_eq!(bus.request(&command).await, Err(RequestError::TimedOut));
    let took = began.elapsed();
    assert!(
        took >= Duration::from_millis(1150) && took < Duration::from_secs(5),
        "{took:?}"
    );
}

pub(crate) async fn a_full_lane_refuses(fixture: &Fixture) {
    let bus = fixture.bus_with_max_length(1, 3).await;
    // Nobody consumes. The broker lets a few more through than the bound says, so the lane is filled in waves.
    let mut outcomes = Vec::new();
    until("the lane is full", async || {
        let commands: Vec<_> = (0..4)
            .map(|_| command_until(DirectoryId::new(), Timestamp::now()))
            .collect();
        outcomes.extend(join_all(commands.iter().map(|command| bus.request(command))).await);
        outcomes.contains(&Err(RequestError::Refused))
    })
    .await;
    let timed_out = outcomes
        .iter()
        .filter(|outcome| **outcome == Err(RequestError::TimedOut))
        .count();
    assert!((3..20).contains(&timed_out), "{outcomes:?}");
}

pub(crate) async fn a_closed_bus_takes_nothing_and_ends_its_consumers(fixture: &Fixture) {
    let bus = fixture.bus(1).await;
    let consumer = bus.commands(vec![0]);
    let waiting = {
        let bus = bus.clone();
        tokio::spawn(async move { bus.request(&command(DirectoryId::new())).await })
    };
    take(&consumer, 1).await;
    let standby = bus.commands(vec![0]);
    bus.close().await;
    assert_eq!(waiting.await.unwrap(), Err(RequestError::Lost));
    assert!(consumer.next(1).await.is_none());
    assert!(standby.next(1).await.is_none());
    assert_eq!(
        bus.request(&command(DirectoryId::new())).await,
        Err(RequestError::Unavailable)
    );
    let refused = bus.publish(&crate::support::events(DirectoryId::new(), 1)).await;
    assert!(matches!(refused, Err(BusError::Unavailable)), "{refused:?}");
    assert!(!bus.health().up);
    assert!(bus.commands(vec![0]).next(1).await.is_none());
}
