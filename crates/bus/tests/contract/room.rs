//! The bus inside the process only: it holds so many messages and no more.

use crate::support::{events, sequences, take, until, within};
use bus::{Bus, BusError};
use events::DirectoryId;
use futures_util::poll;

#[tokio::test(flavor = "multi_thread")]
async fn a_publisher_waits_for_the_consumer_to_make_room_and_no_event_is_lost() {
    let bus = Bus::embedded_with_max_length(1, 4);
    let consumer = bus.events(vec![0]);
    let sent = events(DirectoryId::new(), 10);
    let mut publishing = Box::pin(bus.publish(&sent));
    assert!(poll!(publishing.as_mut()).is_pending());
    let taken = take(&consumer, 4).await;
    assert!(
        poll!(publishing.as_mut()).is_pending(),
        "what is held counts until it is acknowledged"
    );
    consumer.acker().ack(&taken[..2]).await;
    assert!(poll!(publishing.as_mut()).is_pending());
    assert_eq!(sequences(&take(&consumer, 2).await), [5, 6]);
    consumer.acker().ack(&taken[2..]).await;
    drop(consumer);
    let next = bus.events(vec![0]);
    let (receipt, received) = tokio::join!(within(publishing), async {
        let mut received = Vec::new();
        while received.len() < 6 {
            let batch = next.next(3).await.unwrap();
            next.acker().ack(&batch).await;
            received.extend(sequences(&batch));
        }
        received
    });
    assert_eq!(received, [5, 6, 7, 8, 9, 10]);
    let receipt = receipt.unwrap();
    until("all is settled", async || receipt.is_durable()).await;
    bus.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_publisher_that_waits_for_room_hears_that_the_bus_is_closed() {
    let bus = Bus::embedded_with_max_length(1, 4);
    let sent = events(DirectoryId::new(), 5);
    let mut publishing = Box::pin(bus.publish(&sent));
    assert!(poll!(publishing.as_mut()).is_pending());
    bus.close().await;
    assert!(matches!(within(publishing).await, Err(BusError::Unavailable)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lane_without_room_holds_up_no_other() {
    let bus = Bus::embedded_with_max_length(2, 4);
    let directory_of = |lane| {
        std::iter::repeat_with(DirectoryId::new)
            .find(|id| events::lane_of(*id, 2) == lane)
            .expect("every lane is used")
    };
    let sent = [events(directory_of(0), 6), events(directory_of(1), 2)].concat();
    let mut publishing = Box::pin(bus.publish(&sent));
    assert!(poll!(publishing.as_mut()).is_pending());
    assert_eq!(sequences(&take(&bus.events(vec![1]), 2).await), [1, 2]);
    bus.close().await;
}
