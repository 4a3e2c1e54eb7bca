//! Microsoft Graph pull: which directories are pulled and who works on them, with what credentials, how far each is, and what
//! is known of the people, groups and memberships there.
//!
//! Who works on a directory holds a [`GraphLease`]. Each write of that work carries it, in the transaction that writes, and is
//! refused as [`GraphWriteError::LeaseLost`] once somebody else holds the directory, the lease was given back, or an
//! administrator changed what is pulled. What a page brought and where to go on are one transaction, which happens only if
//! the page was read with the link that is stored. So a round goes on from where it was, and nothing of it is lost or doubled.

mod change;
mod claim;
mod credentials;
mod cursors;
mod drift;
mod error;
mod forget;
mod managers;
mod marks;
mod members;
mod objects;
mod page;
mod pulls;
mod release;
mod rounds;
mod subscriptions;
mod write;
mod write_members;

pub use claim::{GraphClaim, GraphLease};
pub use credentials::{
    GraphCredential, GraphCredentialKind, GraphCredentialState, GraphCredentials, SealedGraphCredential,
};
pub use cursors::{GraphCollection, GraphCursor};
pub use drift::{GraphDifference, GraphDrift};
pub use error::GraphWriteError;
pub use managers::PendingManager;
pub use marks::{GraphMembership, GraphWriter, KnownManager, LinkedObject};
pub use members::{GraphMember, PendingMember, PendingOf};
pub use objects::{GraphCounts, GraphObject, GraphObjectKind, GraphObjects, GraphRemoval, MOST_COUNTED};
pub use page::{GraphPage, SeenManager, SeenMember, SeenObject};
pub use pulls::{GraphPull, GraphPullMode, GraphPullState, GraphPulls};
pub use release::{GraphEnd, GraphOutcome, GraphReleased};
pub use rounds::{GraphRound, GraphRounds};
pub use subscriptions::GraphSubscription;
