//! All lanes of one kind of message, behind one lock that is never held over an await.

use super::lane::{Lane, Queued, Subscriber};
use crate::Delivery;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// A lane has no room.
#[derive(Debug)]
pub(crate) struct Refused;

/// The lanes of the commands, or those of the events.
#[derive(Debug)]
pub(crate) struct Half<T> {
    lanes: Mutex<Vec<Lane<T>>>,
    /// Messages per lane, waiting and held together.
    capacity: usize,
    /// Numbers subscribers and sessions.
    numbers: AtomicU64,
}

impl<T: Clone> Half<T> {
    pub(crate) fn new(partitions: u16, capacity: usize) -> Self {
        let lanes = (0..partitions).map(|_| Lane::default()).collect();
        Self {
            lanes: Mutex::new(lanes),
            capacity,
            numbers: AtomicU64::new(0),
        }
    }

    /// All of the messages or none.
    pub(crate) fn push(&self, messages: Vec<(u16, Queued<T>)>) -> Result<(), Refused> {
        let mut lanes = self.lock();
        let mut room: Vec<usize> = lanes
            .iter()
            .map(|lane| self.capacity.saturating_sub(lane.len()))
            .collect();
        for (number, _) in &messages {
            let left = room.get_mut(usize::from(*number)).ok_or(Refused)?;
            *left = left.checked_sub(1).ok_or(Refused)?;
        }
        let mut touched = vec![false; lanes.len()];
        for (number, message) in messages {
            let number = usize::from(number);
            if let (Some(lane), Some(touched)) = (lanes.get_mut(number), touched.get_mut(number)) {
                lane.push(message);
                *touched = true;
            }
        }
        for (lane, _) in lanes.iter().zip(touched).filter(|(_, touched)| *touched) {
            lane.wake();
        }
        Ok(())
    }

    pub(crate) fn subscribe(&self, numbers: &[u16]) -> Subscriber {
        let subscriber = Subscriber {
            id: self.next_number(),
            wake: std::sync::Arc::default(),
        };
        let mut lanes = self.lock();
        for number in numbers {
            if let Some(lane) = lanes.get_mut(usize::from(*number)) {
                lane.subscribe(subscriber.clone(), || self.next_number());
            }
        }
        subscriber
    }

    /// Gives back what the subscriber holds; what was given back too often is returned with its lane, to be parked.
    pub(crate) fn unsubscribe(&self, subscriber: &Subscriber) -> Vec<(u16, T)> {
        let mut exhausted = Vec::new();
        for (number, lane) in (0..).zip(self.lock().iter_mut()) {
            let parked = lane.unsubscribe(subscriber.id, || self.next_number());
            parked.iter().for_each(Queued::settled);
            exhausted.extend(parked.into_iter().map(|message| (number, message.into_payload())));
        }
        exhausted
    }

    /// Up to `max` messages of the subscriber's lanes, beginning with the lane after the one it began with last.
    pub(crate) fn take(&self, subscriber: &Subscriber, max: usize, start: usize) -> Vec<Delivery<T>> {
        let mut taken = Vec::new();
        let mut lanes = self.lock();
        let count = lanes.len().max(1);
        let mut in_turn: Vec<(u16, &mut Lane<T>)> = (0..).zip(lanes.iter_mut()).collect();
        in_turn.rotate_left(start % count);
        for (number, lane) in in_turn {
            lane.take(number, subscriber.id, max, &mut taken);
        }
        taken
    }

    /// Takes one held message away for good; `false` when its session is over.
    pub(crate) fn settle(&self, delivery: &Delivery<T>) -> bool {
        let mut lanes = self.lock();
        let lane = lanes.get_mut(usize::from(delivery.lane));
        let settled = lane.and_then(|lane| lane.settle(delivery.session, delivery.tag));
        settled.inspect(Queued::settled).is_some()
    }

    /// Whether the subscriber holds messages that are not settled yet.
    pub(crate) fn holds(&self, subscriber: &Subscriber) -> bool {
        self.lock().iter().any(|lane| lane.holds(subscriber.id))
    }

    /// Wakes all consumers, so that they see that the bus is closed.
    pub(crate) fn wake_all(&self) {
        self.lock().iter().for_each(Lane::wake_all);
    }

    fn next_number(&self) -> u64 {
        self.numbers.fetch_add(1, Ordering::Relaxed) + 1
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Lane<T>>> {
        self.lanes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
