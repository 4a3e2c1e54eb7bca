//! One subscription of the in-process bus.

use super::dead::{Parked, letter};
use super::lane::{QueuedMessage, Subscriber};
use super::{Embedded, Half};
use crate::{Inbound, Message};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// The consuming end; dropping it gives back what is not settled.
#[derive(Debug)]
pub(crate) struct Consumer<T: Message> {
    link: Link<T>,
    next_lane: AtomicUsize,
}

/// What the consumer and its ackers share.
#[derive(Debug)]
pub(crate) struct Link<T: Message> {
    bus: Arc<Embedded>,
    lanes: Arc<Half<T>>,
    subscriber: Subscriber,
    stopped: Arc<AtomicBool>,
}

impl<T: Message> Clone for Link<T> {
    fn clone(&self) -> Self {
        Self {
            bus: Arc::clone(&self.bus),
            lanes: Arc::clone(&self.lanes),
            subscriber: self.subscriber.clone(),
            stopped: Arc::clone(&self.stopped),
        }
    }
}

impl<T: Message> Consumer<T> {
    pub(crate) fn new(bus: Arc<Embedded>, lanes: Arc<Half<T>>, numbers: &[u16]) -> Self {
        let subscriber = lanes.subscribe(numbers);
        Self {
            link: Link {
                bus,
                lanes,
                subscriber,
                stopped: Arc::default(),
            },
            next_lane: AtomicUsize::new(0),
        }
    }

    pub(crate) async fn next(&self, max: usize) -> Option<Vec<Inbound<T>>> {
        let Link {
            bus,
            lanes,
            subscriber,
            stopped,
        } = &self.link;
        loop {
            // A wake-up that comes before the wait is remembered, so nothing is missed in between.
            if stopped.load(Ordering::Acquire) || bus.is_closed() {
                // Others that wait on this consumer must see it too.
                subscriber.wake.notify_one();
                return None;
            }
            let start = self.next_lane.fetch_add(1, Ordering::Relaxed);
            let taken = lanes.take(subscriber, max.max(1), start);
            if !taken.is_empty() {
                return Some(taken);
            }
            subscriber.wake.notified().await;
        }
    }

    pub(crate) fn stop(&self) {
        self.link.stopped.store(true, Ordering::Release);
        self.link.subscriber.wake.notify_one();
        self.link.release_when_settled();
    }

    pub(crate) const fn link(&self) -> &Link<T> {
        &self.link
    }
}

impl<T: Message> Drop for Consumer<T> {
    fn drop(&mut self) {
        self.link.release();
    }
}

impl<T: Message> Link<T> {
    pub(crate) const fn bus(&self) -> &Arc<Embedded> {
        &self.bus
    }

    pub(crate) fn ack(&self, deliveries: &[Inbound<T>]) {
        for delivery in deliveries {
            self.lanes.settle(delivery);
        }
        self.release_when_settled();
    }

    pub(crate) fn park(&self, delivery: &Inbound<T>, reason: &str) {
        if let Some(message) = self.lanes.take_out(delivery) {
            // This time it was not given back.
            self.bury(delivery.lane, message, reason, 1);
        }
        self.release_when_settled();
    }

    /// A stopped consumer passes its lanes on as soon as all it handed out is settled.
    fn release_when_settled(&self) {
        if self.stopped.load(Ordering::Acquire) && !self.lanes.holds(&self.subscriber) {
            self.release();
        }
    }

    fn release(&self) {
        for (lane, message) in self.lanes.unsubscribe(&self.subscriber) {
            self.bury(lane, message, "delivery limit reached", 0);
        }
    }

    /// Puts a message aside that was given back some times, and `held` times beside.
    fn bury(&self, lane: u16, message: QueuedMessage<T>, reason: &str, held: u32) {
        let (payload, rest) = message.into_parts();
        let id = payload.message_id();
        let parked = Parked {
            reason,
            tried: rest.delivery_count.saturating_add(held),
            traceparent: rest.traceparent,
        };
        self.bus.dead().park(letter(payload, lane, parked), &id, rest.receipt);
    }
}
