//! One ordered queue with one active consumer. Pure: the caller holds the lock and does the waking.

use crate::topology::DELIVERY_LIMIT;
use crate::{Inbound, Receipt};
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Instant;
use tokio::sync::Notify;

/// A message that waits or is held by a consumer.
#[derive(Debug)]
pub(crate) struct QueuedMessage<T> {
    payload: T,
    traceparent: Option<String>,
    queued: Instant,
    size: usize,
    delivery_count: u32,
    /// Told when the message is settled for good.
    receipt: Option<Receipt>,
}

impl<T> QueuedMessage<T> {
    pub(crate) fn new(payload: T, size: usize, traceparent: Option<String>, receipt: Option<Receipt>) -> Self {
        Self {
            payload,
            traceparent,
            queued: Instant::now(),
            size,
            delivery_count: 0,
            receipt,
        }
    }

    /// The consumer is done with it.
    pub(crate) fn settled(&self) {
        if let Some(receipt) = &self.receipt {
            receipt.settle_one();
        }
    }

    /// The payload, and what else is known of it.
    pub(crate) fn into_parts(self) -> (T, UnsettledMessage) {
        let rest = UnsettledMessage {
            traceparent: self.traceparent,
            delivery_count: self.delivery_count,
            receipt: self.receipt,
        };
        (self.payload, rest)
    }
}

/// What is known of a message that left its lane and is not done with.
#[derive(Debug)]
pub(crate) struct UnsettledMessage {
    pub(crate) traceparent: Option<String>,
    pub(crate) delivery_count: u32,
    pub(crate) receipt: Option<Receipt>,
}

/// Somebody who takes messages of some lanes, once it is its turn.
#[derive(Clone, Debug)]
pub(crate) struct Subscriber {
    pub(crate) id: u64,
    pub(crate) wake: Arc<Notify>,
}

/// The lane's active consumer, and which of its turns this is.
#[derive(Debug)]
struct ActiveConsumer {
    subscriber: Subscriber,
    session: u64,
}

#[derive(Debug)]
pub(crate) struct Lane<T> {
    ready: VecDeque<QueuedMessage<T>>,
    held: BTreeMap<u64, QueuedMessage<T>>,
    active: Option<ActiveConsumer>,
    waiting: VecDeque<Subscriber>,
    last_tag: u64,
}

impl<T> Default for Lane<T> {
    fn default() -> Self {
        Self {
            ready: VecDeque::new(),
            held: BTreeMap::new(),
            active: None,
            waiting: VecDeque::new(),
            last_tag: 0,
        }
    }
}

impl<T: Clone> Lane<T> {
    /// Messages that wait or are held.
    pub(crate) fn len(&self) -> usize {
        self.ready.len() + self.held.len()
    }

    pub(crate) fn push(&mut self, message: QueuedMessage<T>) {
        self.ready.push_back(message);
    }

    /// Wakes the active consumer.
    pub(crate) fn wake(&self) {
        if let Some(active) = &self.active {
            active.subscriber.wake.notify_one();
        }
    }

    /// Wakes everybody, so that they see that the bus is closed.
    pub(crate) fn wake_all(&self) {
        self.wake();
        self.waiting.iter().for_each(|subscriber| subscriber.wake.notify_one());
    }

    /// Makes the subscriber active when nobody is, else lets it wait its turn.
    pub(crate) fn subscribe(&mut self, subscriber: Subscriber, next_session: impl FnOnce() -> u64) {
        if self.active.is_none() {
            self.activate(subscriber, next_session());
        } else {
            self.waiting.push_back(subscriber);
        }
    }

    /// Ends a subscription. What it held goes back to the front, in order, and to the next subscription; what went back too
    /// often is handed out to be parked.
    pub(crate) fn unsubscribe(&mut self, id: u64, next_session: impl FnOnce() -> u64) -> Vec<QueuedMessage<T>> {
        self.waiting.retain(|subscriber| subscriber.id != id);
        if !self.is_active(id) {
            return Vec::new();
        }
        self.active = None;
        let mut exhausted = Vec::new();
        for mut message in std::mem::take(&mut self.held).into_values().rev() {
            message.delivery_count += 1;
            if message.delivery_count > DELIVERY_LIMIT {
                exhausted.push(message);
            } else {
                self.ready.push_front(message);
            }
        }
        if let Some(next) = self.waiting.pop_front() {
            self.activate(next, next_session());
        }
        exhausted.reverse();
        exhausted
    }

    /// Hands messages to the subscriber until `into` holds `max`; nothing unless it is the active one.
    pub(crate) fn take(&mut self, number: u16, id: u64, max: usize, into: &mut Vec<Inbound<T>>) {
        let Some(session) = self
            .active
            .as_ref()
            .filter(|active| active.subscriber.id == id)
            .map(|a| a.session)
        else {
            return;
        };
        while into.len() < max
            && let Some(message) = self.ready.pop_front()
        {
            self.last_tag += 1;
            into.push(Inbound {
                lane: number,
                session,
                redelivered: message.delivery_count > 0,
                delivery_count: message.delivery_count,
                traceparent: message.traceparent.clone(),
                payload: message.payload.clone(),
                size: message.size,
                received: message.queued,
                tag: self.last_tag,
                part: 0,
                reply_to: None,
            });
            self.held.insert(self.last_tag, message);
        }
    }

    /// Takes a held message away for good; `None` when its session is over or it is gone already.
    pub(crate) fn settle(&mut self, session: u64, tag: u64) -> Option<QueuedMessage<T>> {
        self.active.as_ref().filter(|active| active.session == session)?;
        self.held.remove(&tag)
    }

    /// Whether the subscriber holds messages of this lane.
    pub(crate) fn holds(&self, id: u64) -> bool {
        self.is_active(id) && !self.held.is_empty()
    }

    fn is_active(&self, id: u64) -> bool {
        self.active.as_ref().is_some_and(|active| active.subscriber.id == id)
    }

    fn activate(&mut self, subscriber: Subscriber, session: u64) {
        subscriber.wake.notify_one();
        self.active = Some(ActiveConsumer { subscriber, session });
    }
}
