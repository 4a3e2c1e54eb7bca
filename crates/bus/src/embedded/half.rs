//! All lanes of one kind of message, behind one lock that is never held over an await.

use super::lane::{Lane, QueuedMessage, Subscriber};
use crate::Inbound;
use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;

/// A lane has no room.
#[derive(Debug)]
pub(crate) struct LaneFull;

/// The lanes of the commands, or those of the events.
#[derive(Debug)]
pub(crate) struct Half<T> {
    lanes: Mutex<Vec<Lane<T>>>,
    /// Messages per lane, waiting and held together.
    capacity: usize,
    /// Numbers subscribers and sessions.
    numbers: AtomicU64,
    /// Tells those who wait with messages that a lane has room again, or that the bus is closed.
    room: Notify,
}

/// Messages that wait for room, by lane, each lane's in order.
pub(crate) type WaitingMessages<T> = BTreeMap<u16, VecDeque<QueuedMessage<T>>>;

impl<T: Clone> Half<T> {
    pub(crate) fn new(partitions: u16, capacity: usize) -> Self {
        let lanes = (0..partitions).map(|_| Lane::default()).collect();
        Self {
            lanes: Mutex::new(lanes),
            capacity,
            numbers: AtomicU64::new(0),
            room: Notify::new(),
        }
    }

    /// Takes a message, unless its lane is full.
    pub(crate) fn push(&self, number: u16, message: QueuedMessage<T>) -> Result<(), LaneFull> {
        let mut lanes = self.lock();
        let lane = lanes.get_mut(usize::from(number)).ok_or(LaneFull)?;
        if lane.len() >= self.capacity {
            return Err(LaneFull);
        }
        lane.push(message);
        lane.wake();
        Ok(())
    }

    /// Takes all messages, those of a lane that is full as its consumer makes room: so there may be more of them than a
    /// lane has room for. `false` when `gave_up` said so while some were still waiting.
    pub(crate) async fn push_all(&self, mut waiting: WaitingMessages<T>, gave_up: impl Fn() -> bool) -> bool {
        loop {
            let room = self.room.notified();
            tokio::pin!(room);
            room.as_mut().enable();
            if gave_up() {
                return false;
            }
            self.push_what_fits(&mut waiting);
            if waiting.is_empty() {
                return true;
            }
            room.await;
        }
    }

    /// Leaves what no lane has room for; what names no lane goes nowhere.
    fn push_what_fits(&self, waiting: &mut WaitingMessages<T>) {
        let mut lanes = self.lock();
        waiting.retain(|number, messages| {
            let Some(lane) = lanes.get_mut(usize::from(*number)) else {
                return false;
            };
            let room = self.capacity.saturating_sub(lane.len()).min(messages.len());
            if room > 0 {
                messages.drain(..room).for_each(|message| lane.push(message));
                lane.wake();
            }
            !messages.is_empty()
        });
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

    /// Gives back what the subscriber holds; what was given back too often is returned with its lane, to be parked. It is not
    /// settled: it is not done with before somebody keeps it.
    pub(crate) fn unsubscribe(&self, subscriber: &Subscriber) -> Vec<(u16, QueuedMessage<T>)> {
        let mut exhausted = Vec::new();
        for (number, lane) in (0..).zip(self.lock().iter_mut()) {
            let parked = lane.unsubscribe(subscriber.id, || self.next_number());
            exhausted.extend(parked.into_iter().map(|message| (number, message)));
        }
        if !exhausted.is_empty() {
            self.room.notify_waiters();
        }
        exhausted
    }

    /// Up to `max` messages of the subscriber's lanes, beginning with the lane after the one it began with last.
    pub(crate) fn take(&self, subscriber: &Subscriber, max: usize, start: usize) -> Vec<Inbound<T>> {
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

    /// Takes one held message away for good; nothing when its session is over.
    pub(crate) fn settle(&self, delivery: &Inbound<T>) {
        if let Some(message) = self.take_out(delivery) {
            message.settled();
        }
    }

    /// Takes one held message out of its lane, and does not say that it is done with; `None` when its session is over.
    pub(crate) fn take_out(&self, delivery: &Inbound<T>) -> Option<QueuedMessage<T>> {
        let mut lanes = self.lock();
        let lane = lanes.get_mut(usize::from(delivery.lane));
        let taken = lane.and_then(|lane| lane.settle(delivery.session, delivery.tag));
        drop(lanes);
        if taken.is_some() {
            self.room.notify_waiters();
        }
        taken
    }

    /// Whether the subscriber holds messages that are not settled yet.
    pub(crate) fn holds(&self, subscriber: &Subscriber) -> bool {
        self.lock().iter().any(|lane| lane.holds(subscriber.id))
    }

    /// Wakes all consumers and all who wait for room, so that they see that the bus is closed.
    pub(crate) fn wake_all(&self) {
        self.lock().iter().for_each(Lane::wake_all);
        self.room.notify_waiters();
    }

    fn next_number(&self) -> u64 {
        self.numbers.fetch_add(1, Ordering::Relaxed) + 1
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Lane<T>>> {
        self.lanes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
