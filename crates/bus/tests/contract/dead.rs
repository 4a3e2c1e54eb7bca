//! Dead letters: taken to be kept elsewhere, and given up by the bus only then.

use crate::support::{Fixture, command, events, sequences, take, until, within};
use bus::topology::{DELIVERY_LIMIT, commands_queue, dispatch_queue};
use bus::{Bus, DeadLetter, DeadMessage, TakenLetters};
use events::{DirectoryId, Timestamp};

/// Takes dead letters until there are some.
async fn some(bus: &Bus) -> TakenLetters {
    let mut found = None;
    until("there are dead letters", async || {
        let taken = bus.take_dead(100).await.unwrap();
        let is_some = !taken.letters().is_empty();
        found = is_some.then_some(taken);
        is_some
    })
    .await;
    found.unwrap()
}

fn sequence(letter: &DeadLetter) -> i64 {
    match &letter.message {
        DeadMessage::Event(event) => event.sequence,
        other => panic!("{other:?} is no event"),
    }
}

pub(crate) async fn a_dead_letter_says_why_and_stays_until_it_is_acknowledged(fixture: &Fixture) {
    let bus = fixture.bus(1).await;
    let consumer = bus.events(vec![0]);
    let sent = events(DirectoryId::new(), 3);
    bus.publish(&sent).await.unwrap();
    let taken = take(&consumer, 3).await;
    let before = Timestamp::now();
    consumer.acker().park(&taken[1], "cannot be processed").await.unwrap();
    for round in 0..2 {
        let found = some(&bus).await;
        let [letter] = found.letters() else {
            panic!("{:?}", found.letters());
        };
        assert_eq!(sequence(letter), 2);
        assert_eq!(letter.reason, "cannot be processed");
        assert_eq!(
            (letter.queue.as_str(), letter.lane),
            (dispatch_queue(0).as_str(), Some(0))
        );
        assert_eq!(letter.tried, Some(1));
        // A broker keeps whole seconds.
        assert!(letter.parked_at.unwrap().millis() >= before.millis() / 1_000 * 1_000);
        assert!(letter.traceparent.as_deref().unwrap().starts_with("00-"));
        // Whoever took it and went away has not taken it.
        if round == 1 {
            found.ack().await.unwrap();
        }
    }
    assert!(bus.take_dead(100).await.unwrap().letters().is_empty());
    assert_eq!(bus.dead_count().await.unwrap(), 0);
}

pub(crate) async fn what_came_back_too_often_is_told_one_by_one(fixture: &Fixture) {
    let bus = fixture.bus(1).await;
    bus.publish(&events(DirectoryId::new(), 2)).await.unwrap();
    for _ in 0..=DELIVERY_LIMIT {
        take(&bus.events(vec![0]), 2).await;
    }
    let mut told = Vec::new();
    while told.len() < 2 {
        let found = some(&bus).await;
        for letter in found.letters() {
            assert_eq!(letter.reason, "delivery limit reached");
            assert_eq!(letter.tried, Some(DELIVERY_LIMIT + 1));
            assert_eq!(letter.lane, Some(0));
            assert!(letter.parked_at.is_some());
            told.push(sequence(letter));
        }
        found.ack().await.unwrap();
    }
    assert_eq!(told, [1, 2]);
}

pub(crate) async fn a_command_is_told_as_it_was_sent(fixture: &Fixture) {
    let bus = fixture.bus(1).await;
    let sent = command(DirectoryId::new());
    let request = tokio::spawn({
        let (bus, sent) = (bus.clone(), sent.clone());
        async move { bus.request(&sent).await }
    });
    let consumer = bus.commands(vec![0]);
    let taken = take(&consumer, 1).await;
    consumer.acker().park(&taken[0], "hopeless").await.unwrap();
    consumer
        .replier()
        .reply(&taken[0], &crate::support::verdict(&sent))
        .await;
    within(request).await.unwrap().unwrap();
    let found = some(&bus).await;
    let letter = &found.letters()[0];
    assert!(matches!(&letter.message, DeadMessage::Command(command) if **command == sent));
    assert_eq!(letter.queue, commands_queue(0));
    found.ack().await.unwrap();
}

pub(crate) async fn an_event_that_is_dispatched_again_arrives_again(fixture: &Fixture) {
    let bus = fixture.bus(1).await;
    let consumer = bus.events(vec![0]);
    let sent = events(DirectoryId::new(), 1);
    bus.publish(&sent).await.unwrap();
    let taken = take(&consumer, 1).await;
    consumer.acker().park(&taken[0], "hopeless").await.unwrap();
    some(&bus).await.ack().await.unwrap();
    let receipt = bus.dispatch_again(&sent[0]).await.unwrap();
    let again = take(&consumer, 1).await;
    assert_eq!(sequences(&again), [1]);
    consumer.acker().ack(&again).await;
    assert!(receipt.is_durable());
}

pub(crate) async fn two_who_take_dead_letters_get_different_ones(fixture: &Fixture) {
    let bus = fixture.bus(1).await;
    let consumer = bus.events(vec![0]);
    let sent = events(DirectoryId::new(), 4);
    bus.publish(&sent).await.unwrap();
    for delivery in take(&consumer, 4).await {
        consumer.acker().park(&delivery, "hopeless").await.unwrap();
    }
    let other = fixture.elsewhere(&bus).await;
    let mut told: Vec<i64> = Vec::new();
    let mut held = Vec::new();
    until("all are taken", async || {
        for bus in [&bus, &other] {
            let taken = bus.take_dead(1).await.unwrap();
            told.extend(taken.letters().iter().map(sequence));
            held.push(taken);
        }
        told.len() >= 4
    })
    .await;
    for taken in held {
        taken.ack().await.unwrap();
    }
    told.sort_unstable();
    assert_eq!(told, [1, 2, 3, 4]);
    assert_eq!(bus.dead_count().await.unwrap(), 0);
}

#[tokio::test]
async fn an_event_that_is_parked_within_the_process_is_not_done_with_before_somebody_keeps_it() {
    let bus = Bus::embedded(1);
    let consumer = bus.events(vec![0]);
    let receipt = bus.publish(&events(DirectoryId::new(), 1)).await.unwrap();
    let taken = take(&consumer, 1).await;
    consumer.acker().park(&taken[0], "hopeless").await.unwrap();
    assert!(!receipt.is_durable());
    let found = some(&bus).await;
    assert!(!receipt.is_durable());
    drop(found);
    assert!(!receipt.is_durable());
    some(&bus).await.ack().await.unwrap();
    assert!(receipt.is_durable());
}

pub(crate) async fn what_can_be_kept_nowhere_else_stays_on_the_bus_and_is_not_given_out_again(fixture: &Fixture) {
    let bus = fixture.bus(1).await;
    let consumer = bus.events(vec![0]);
    let sent = events(DirectoryId::new(), 3);
    bus.publish(&sent).await.unwrap();
    for delivery in take(&consumer, 3).await {
        consumer.acker().park(&delivery, "hopeless").await.unwrap();
    }
    let mut taken = some(&bus).await;
    until("all three are there", async || {
        if taken.letters().len() < 3 {
            // They come back when they are dropped.
            taken = bus.take_dead(0).await.unwrap();
            taken = bus.take_dead(100).await.unwrap();
        }
        taken.letters().len() == 3
    })
    .await;
    let places: Vec<i64> = taken.letters().iter().map(sequence).collect();
    let second = places.iter().position(|sequence| *sequence == 2).unwrap();
    taken.ack_except(&[second]).await.unwrap();
    until("one stays", async || bus.unstored_count().await.unwrap() == 1).await;
    assert!(bus.take_dead(100).await.unwrap().letters().is_empty());
    assert_eq!(bus.dead_count().await.unwrap(), 0);
}
