//! What a consumer is handed, and what a publisher gets back.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

/// One message as handed to a consumer.
#[derive(Clone, Debug)]
pub struct Inbound<T> {
    /// The lane it came through.
    pub lane: u16,
    /// Which subscription of the lane handed it over. A lane has a new number after every loss of the connection,
    /// hand-over or restart; acknowledgements of an earlier one are ignored, its messages come again.
    pub session: u64,
    /// Whether it was handed over before, here or elsewhere.
    pub redelivered: bool,
    /// How often it was handed over and given back before; 0 at the first time.
    pub delivery_count: u32,
    /// W3C `traceparent` of the sender's span.
    pub traceparent: Option<String>,
    /// The message.
    pub payload: T,
    /// Bytes on the wire, or about so many where there is no wire.
    pub(crate) size: usize,
    /// When this process received it.
    pub(crate) received: Instant,
    /// Position within the session: later ones are larger.
    pub(crate) tag: u64,
    /// Position within the message that it came in.
    pub(crate) part: u32,
    /// Where the verdict goes; commands only.
    pub(crate) reply_to: Option<String>,
}

impl<T> Inbound<T> {
    /// When this process received it: from then on it has waited for its consumer.
    #[must_use]
    pub const fn received(&self) -> Instant {
        self.received
    }

    /// About how many bytes the message has on the wire.
    #[must_use]
    pub const fn size(&self) -> usize {
        self.size
    }
}

/// Whether the bus can be used right now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Health {
    /// All connections stand and the broker takes messages.
    pub up: bool,
    /// What is wrong, for an operator; `ok` when nothing is.
    pub detail: String,
}

/// What a publisher gets for its events: they are on the bus; whether they also survive the end of this process is
/// for [`Receipt::is_durable`] to say.
#[derive(Clone, Debug)]
pub struct Receipt(Option<Arc<AtomicUsize>>);

impl Receipt {
    /// For events that a broker has confirmed: it keeps them.
    pub(crate) const fn confirmed() -> Self {
        Self(None)
    }

    /// For events that only this process knows, until each is acknowledged.
    pub(crate) fn open(events: usize) -> Self {
        Self(Some(Arc::new(AtomicUsize::new(events))))
    }

    pub(crate) fn settle_one(&self) {
        if let Some(open) = &self.0 {
            open.fetch_sub(1, Ordering::AcqRel);
        }
    }

    /// Whether nothing of it can be lost any more: always with a broker; with the bus inside the process, once its
    /// consumers have acknowledged every event.
    #[must_use]
    pub fn is_durable(&self) -> bool {
        self.0.as_ref().is_none_or(|open| open.load(Ordering::Acquire) == 0)
    }
}
