//! Deliveries: one row for each event and each endpoint that gets it, and a row for each attempt.
//!
//! A delivery is *pending* until its first attempt, *scheduled* between attempts, *leased* while a dispatcher has it in
//! hand, and in the end *delivered*, *exhausted* (given up) or *cancelled* (its endpoint was switched off). `next_at`
//! says when an open delivery may be taken: for a leased one that is the end of the lease, so that what a dispatcher
//! took with it when it died is due like anything else.
//!
//! Delivery is at least once. A lease keeps two dispatchers from sending the same delivery at the same time as long as
//! both are alive and their clocks agree; it is no promise beyond that.

mod claim;
mod insert;
mod lease;
mod record;
mod view;

pub use claim::{ClaimedDelivery, Room};
pub use insert::{InsertedDelivery, NewDelivery};
pub use record::{DisabledEndpoint, FinishedAttempt, Recorded, Verdict as DeliveryVerdict};
pub use view::{Attempt, Delivery, DeliveryFilter, Replay, Retried};

use crate::{Store, StoreError};
use events::Timestamp;

/// The states in which a delivery still waits for an answer. The same text as in the partial indexes, so that both
/// databases see that those apply.
macro_rules! open_states {
    ($column:literal) => {
        concat!($column, " IN ('pending', 'leased', 'scheduled')")
    };
}
pub(crate) use open_states;

/// Where a delivery stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeliveryState {
    /// Waits for its first attempt, or for one that an operator asked for.
    Pending,
    /// In the hands of a dispatcher.
    Leased,
    /// Waits for its next attempt.
    Scheduled,
    /// Taken by the receiver.
    Delivered,
    /// Given up after the last attempt.
    Exhausted,
    /// Given up because its endpoint was switched off.
    Cancelled,
}

impl DeliveryState {
    /// Every state.
    pub const ALL: [Self; 6] = [
        Self::Pending,
        Self::Leased,
        Self::Scheduled,
        Self::Delivered,
        Self::Exhausted,
        Self::Cancelled,
    ];

    /// The name on the wire and in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Leased => "leased",
            Self::Scheduled => "scheduled",
            Self::Delivered => "delivered",
            Self::Exhausted => "exhausted",
            Self::Cancelled => "cancelled",
        }
    }

    /// Reads the name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == name)
    }

    pub(crate) fn read(name: &str) -> Result<Self, StoreError> {
        Self::from_name(name).ok_or_else(|| StoreError::corrupt(format!("deliveries.state: {name}")))
    }
}

/// Who holds deliveries, and until when if nothing more is heard.
#[derive(Clone, Copy, Debug)]
pub struct Lease<'a> {
    /// The running dispatcher; a name that no other one has or had.
    pub owner: &'a str,
    /// End of the lease.
    pub until: Timestamp,
}

/// The deliveries.
#[derive(Clone, Copy, Debug)]
pub struct Deliveries<'a> {
    store: &'a Store,
}

impl Store {
    /// The deliveries.
    #[must_use]
    pub const fn deliveries(&self) -> Deliveries<'_> {
        Deliveries { store: self }
    }
}
