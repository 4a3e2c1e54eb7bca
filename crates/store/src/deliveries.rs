//! Deliveries: one row for each event and each endpoint that gets it, and a row for each attempt.
//!
//! A delivery is *pending* until its first attempt, *scheduled* between attempts, *leased* while a dispatcher has it in
//! hand, *held* while its endpoint is switched off, and in the end *delivered*, *exhausted* (given up) or *cancelled*
//! (by an operator, by a newer event that supersedes it, or held for too long; `reason` says which). `next_at` says when
//! an open delivery may be taken: for a leased one that is the end of the lease, so that what a dispatcher took with it
//! when it died is due like anything else.
//!
//! Delivery is at least once. A lease keeps two dispatchers from sending the same delivery at the same time as long as
//! both are alive and their clocks agree; it is no promise beyond that. Each lease has a number of its own (`token`), and
//! a failure counts only under the last one.
//!
//! **Order.** At an ordered endpoint the deliveries about one user or group form a line, and only its head may be claimed.
//! Those behind it have [`BLOCKED`] as their `next_at`, so that looking for what is due does not wade through them; when
//! a head ends, the next one is woken. Who holds the head may lease what is behind it too (`follow`), and new deliveries
//! behind that, but sends each only after the one before it: should the leases run out, the line begins with its head
//! again. All sides take the endpoint's advisory lock ([`lock_lines`]), so that a wake-up cannot miss a delivery that is
//! just joining the line.

mod bodies;
mod catch_ups;
mod claim;
mod disable;
mod endpoints;
mod follow;
mod forgotten;
mod insert;
mod lease;
mod line;
mod prune;
mod queue;
mod record;
mod stats;
mod test_receivers;
mod view;

pub(crate) use bodies::store_bodies;
pub use bodies::{FannedOut, OwnBody, TestDelivery};
pub use catch_ups::{CatchUp, CatchUpFrom, CatchUpStep, CatchUps};
pub use claim::{ClaimedDelivery, Room};
pub use db::entity::catch_ups::CatchUpPhase;
pub use db::entity::deliveries::DeliveryState;
pub use db::entity::endpoints::{EndpointFormat, EndpointState};
pub use disable::{Disabling, SettledDeliveries};
pub(crate) use endpoints::endpoint;
pub use endpoints::{
    ActiveEndpoint, Endpoint, EndpointIdentity, EndpointSelection, EndpointUrl, Endpoints, KeptUrl, NewEndpointSecret,
};
pub use follow::{Followers, Head};
pub use forgotten::ForgetReport;
pub(crate) use insert::{DeliveryOrigin, insert};
pub use insert::{InsertedDelivery, NewDelivery};
pub(crate) use line::dissolve;
pub use prune::{PruneReport, Retention};
pub use queue::{CancelOutcome, ReplayRange, RetryOutcome};
pub use record::{DeliveryVerdict, FinishedAttempt, RecordingReport};
pub use stats::{Backlog, EndpointStats, Quantiles};
pub use test_receivers::{TestReceipt, TestReceiver, TestReceivers};
pub use view::{Attempt, Delivery, DeliveryFilter};

use crate::Store;
use db::entity::deliveries as entity;
use db::expr::text;
use events::Timestamp;
use sea_orm::sea_query::{Expr, ExprTrait as _, IntoIden};

/// The states in which a delivery still waits for an answer.
pub(crate) const OPEN: [DeliveryState; 3] = [DeliveryState::Pending, DeliveryState::Leased, DeliveryState::Scheduled];

/// The states in which a delivery keeps its place in an ordered endpoint's line.
pub(crate) const IN_LINE: [DeliveryState; 4] = [
    DeliveryState::Pending,
    DeliveryState::Leased,
    DeliveryState::Scheduled,
    DeliveryState::Held,
];

/// Whether a delivery is in one of these states. They stand in the text, as in the partial indexes, so that both databases see
/// that those apply.
pub(crate) fn is_in(of: impl IntoIden, states: &[DeliveryState]) -> Expr {
    let states = states.iter().map(|state| text(state.as_str()));
    Expr::col((of, entity::Column::State)).is_in(states)
}

/// Whether a delivery is in this state, which stands in the text.
pub(crate) fn is_state(of: impl IntoIden, state: DeliveryState) -> Expr {
    Expr::col((of, entity::Column::State)).eq(text(state.as_str()))
}

/// The `next_at` of a delivery that waits for an earlier one about the same subject.
pub(crate) const BLOCKED: i64 = i64::MAX;

/// The process that holds deliveries, and until when if nothing more is heard of it.
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
