//! Who gets which message, in which order, and when again.

use crate::support::{Fixture, events, one_by_one, sequences, take, until, within};
use bus::topology::DELIVERY_LIMIT;
use events::{DirectoryId, lane_of};
use std::time::Duration;
use tokio::time::timeout;

/// How long to watch that nothing comes.
const QUIET: Duration = Duration::from_millis(300);

pub(crate) async fn events_arrive_in_order_with_their_trace(fixture: &Fixture) {
    let bus = fixture.bus(1).await;
    let consumer = fixture.elsewhere(&bus).await.events(vec![0]);
    let sent = events(DirectoryId::new(), 300);
    for batch in sent.chunks(100) {
        bus.publish(batch).await.unwrap();
    }
    let mut received = Vec::new();
    while received.len() < sent.len() {
        let batch = consumer.next(64).await.unwrap();
        consumer.acker().ack(&batch).await;
        received.extend(batch);
    }
    for (delivery, event) in received.iter().zip(&sent) {
        assert_eq!(&delivery.payload, event);
        assert_eq!(delivery.traceparent, event.traceparent);
        assert!(!delivery.redelivered);
        assert_eq!(delivery.delivery_count, 0);
    }
}

pub(crate) async fn more_events_than_a_lane_holds_handed_over_at_once_arrive_in_order_and_so_do_the_next(
    fixture: &Fixture,
) {
    const MANY: i64 = bus::topology::COMMANDS_MAX_LENGTH as i64 + 2_000;
    let bus = fixture.bus(1).await;
    let consumer = bus.events(vec![0]);
    let sent = events(DirectoryId::new(), MANY + 3);
    let (at_once, next) = sent.split_at(sent.len() - 3);
    let publishing = async {
        bus.publish(at_once).await.unwrap();
        bus.publish(next).await.unwrap();
    };
    let receiving = async {
        let mut received: Vec<i64> = Vec::new();
        while received.len() < sent.len() {
            let batch = consumer.next(512).await.unwrap();
            consumer.acker().ack(&batch).await;
            received.extend(sequences(&batch));
        }
        received
    };
    let ((), received) = tokio::join!(publishing, receiving);
    assert!(received.into_iter().eq(1..=MANY + 3));
}

pub(crate) async fn a_consumer_takes_all_that_is_ready_up_to_the_given_number(fixture: &Fixture) {
    let bus = fixture.bus(1).await;
    let consumer = bus.events(vec![0]);
    bus.publish(&events(DirectoryId::new(), 10)).await.unwrap();
    assert_eq!(sequences(&consumer.next(1).await.unwrap()), [1]);
    let mut all = vec![];
    while all.len() < 9 {
        let batch = consumer.next(4).await.unwrap();
        assert!(batch.len() <= 4);
        all.extend(batch);
    }
    assert_eq!(sequences(&all), [2, 3, 4, 5, 6, 7, 8, 9, 10]);
    assert!(
        timeout(QUIET, consumer.next(4)).await.is_err(),
        "there was nothing more"
    );
}

pub(crate) async fn what_was_not_acknowledged_comes_again_flagged(fixture: &Fixture) {
    let bus = fixture.bus(1).await;
    let first = bus.events(vec![0]);
    one_by_one(&bus, &events(DirectoryId::new(), 6)).await;
    let taken = take(&first, 4).await;
    first.acker().ack(&taken[..2]).await;
    let stale = first.acker();
    drop(first);
    let second = bus.events(vec![0]);
    let again = take(&second, 4).await;
    assert_eq!(sequences(&again), [3, 4, 5, 6]);
    for delivery in &again[..2] {
        assert!(delivery.redelivered);
        assert_eq!(delivery.delivery_count, 1);
        assert_ne!(delivery.session, taken[0].session);
    }
    // The first consumer's session is over: whatever is acknowledged there means nothing.
    stale.ack(&taken).await;
    drop(second);
    assert_eq!(sequences(&take(&bus.events(vec![0]), 4).await), [3, 4, 5, 6]);
}

pub(crate) async fn an_acknowledgement_covers_nothing_else(fixture: &Fixture) {
    let bus = fixture.bus(1).await;
    let consumer = bus.events(vec![0]);
    one_by_one(&bus, &events(DirectoryId::new(), 8)).await;
    let taken = take(&consumer, 8).await;
    let acker = consumer.acker();
    acker.ack(&taken[..2]).await;
    acker.ack(&[taken[4].clone(), taken[6].clone()]).await;
    // A second time changes nothing.
    acker.ack(&taken[..2]).await;
    drop(consumer);
    let next = bus.events(vec![0]);
    assert_eq!(sequences(&take(&next, 4).await), [3, 4, 6, 8]);
    assert!(timeout(QUIET, next.next(1)).await.is_err(), "there was nothing more");
}

pub(crate) async fn of_two_consumers_one_is_active_and_the_other_takes_over(fixture: &Fixture) {
    let bus = fixture.bus(1).await;
    let directory = DirectoryId::new();
    let sent = events(directory, 6);
    let active = bus.events(vec![0]);
    bus.publish(&sent[..2]).await.unwrap();
    let taken = take(&active, 2).await;
    let standby = fixture.elsewhere(&bus).await.events(vec![0]);
    bus.publish(&sent[2..4]).await.unwrap();
    assert!(timeout(QUIET, standby.next(1)).await.is_err(), "only one is active");
    assert_eq!(sequences(&take(&active, 2).await), [3, 4]);
    active.acker().ack(&taken).await;
    drop(active);
    let taken = take(&standby, 2).await;
    assert_eq!(sequences(&taken), [3, 4]);
    assert!(taken.iter().all(|delivery| delivery.redelivered));
    bus.publish(&sent[4..]).await.unwrap();
    assert_eq!(sequences(&take(&standby, 2).await), [5, 6]);
}

pub(crate) async fn a_stopped_consumer_keeps_its_lane_until_all_is_acknowledged(fixture: &Fixture) {
    let bus = fixture.bus(1).await;
    let leaving = bus.events(vec![0]);
    one_by_one(&bus, &events(DirectoryId::new(), 5)).await;
    let taken = take(&leaving, 3).await;
    let next = fixture.elsewhere(&bus).await.events(vec![0]);
    leaving.stop();
    assert!(within(leaving.next(1)).await.is_none());
    leaving.acker().ack(&taken[..1]).await;
    assert!(
        timeout(QUIET, next.next(1)).await.is_err(),
        "the lane would be overtaken"
    );
    leaving.acker().ack(&taken[1..]).await;
    // Without dropping the consumer: all that it handed out is done.
    assert_eq!(sequences(&take(&next, 2).await), [4, 5]);
    assert!(leaving.next(1).await.is_none());
}

pub(crate) async fn a_consumer_serves_several_lanes(fixture: &Fixture) {
    let bus = fixture.bus(3).await;
    let directory_of = |lane| {
        std::iter::repeat_with(DirectoryId::new)
            .find(|id| lane_of(*id, 3) == lane)
            .expect("every lane is used")
    };
    let directories = [directory_of(0), directory_of(1), directory_of(2)];
    // Lane 9 does not exist.
    let consumer = bus.events(vec![2, 0, 9, 2]);
    let other = bus.events(vec![1]);
    for directory in directories {
        bus.publish(&events(directory, 3)).await.unwrap();
    }
    let taken = take(&consumer, 6).await;
    for lane in [0_u16, 2] {
        let of_lane: Vec<_> = taken.iter().filter(|delivery| delivery.lane == lane).cloned().collect();
        assert_eq!(sequences(&of_lane), [1, 2, 3]);
        assert!(
            of_lane
                .iter()
                .all(|delivery| delivery.payload.directory_id == directories[usize::from(lane)])
        );
    }
    let taken = take(&other, 3).await;
    assert!(taken.iter().all(|delivery| delivery.lane == 1));
}

pub(crate) async fn a_parked_message_is_counted_and_does_not_come_again(fixture: &Fixture) {
    let bus = fixture.bus(1).await;
    let consumer = bus.events(vec![0]);
    one_by_one(&bus, &events(DirectoryId::new(), 3)).await;
    let taken = take(&consumer, 3).await;
    assert_eq!(bus.dead_count().await.unwrap(), 0);
    consumer.acker().park(&taken[1], "cannot be processed").await.unwrap();
    until("it is counted", async || bus.dead_count().await.unwrap() == 1).await;
    drop(consumer);
    assert_eq!(sequences(&take(&bus.events(vec![0]), 2).await), [1, 3]);
}

pub(crate) async fn a_message_that_comes_back_too_often_is_parked(fixture: &Fixture) {
    let bus = fixture.bus(1).await;
    bus.publish(&events(DirectoryId::new(), 1)).await.unwrap();
    for round in 0..=DELIVERY_LIMIT {
        let consumer = bus.events(vec![0]);
        let taken = take(&consumer, 1).await;
        assert_eq!(taken[0].delivery_count, round);
    }
    until("it is parked", async || bus.dead_count().await.unwrap() == 1).await;
    let consumer = bus.events(vec![0]);
    assert!(timeout(QUIET, consumer.next(1)).await.is_err(), "the lane is free");
}
