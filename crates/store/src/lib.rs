//! The database: PostgreSQL or SQLite behind one set of typed queries. The only crate that names sea-orm.
//!
//! Every question about users and groups goes through a value that holds the directory ([`Store::users`],
//! [`Store::groups`]), so that no query can forget its tenant.

mod append;
mod args;
mod connect;
mod deliveries;
mod endpoints;
mod error;
mod event_log;
mod filter;
mod groups;
mod idempotency;
mod inbox;
mod lanes;
mod migration;
mod nodelay;
mod projection;
mod published;
mod query;
mod rows;
mod sql;
mod tenancy;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
mod users;

pub use append::EventDraft;
pub use connect::{Dialect, Store, StoreOptions};
pub use deliveries::{
    Attempt, ClaimedDelivery, Deliveries, Delivery, DeliveryFilter, DeliveryState, DeliveryVerdict, DisabledEndpoint,
    FinishedAttempt, InsertedDelivery, Lease, NewDelivery, Recorded, Replay, Retried, Room,
};
pub use endpoints::{ActiveEndpoint, Endpoint, EndpointSecret, EndpointState, Endpoints};
pub use error::StoreError;
pub use event_log::{Events, Feed};
pub use groups::{GroupRow, Groups};
pub use idempotency::Claim;
pub use inbox::{Inbox, Settled};
pub use lanes::Lanes;
pub use projection::{DirectoryFacts, PROJECTOR, Projection, ProjectionError};
pub use published::Published;
pub use query::{Page, Position, Query, Sort};
pub use tenancy::{
    AdminKey, AdminKeys, Authentication, Change, Directories, Directory, DirectoryCounts, DirectoryFilter,
    DirectoryKey, DirectoryKeys, DirectoryState, Domain, Federation, InvalidDomain, KeyRecord, KeyUse, List, ListPage,
    NewDirectory, NewKey, NewOrganization, OauthClient, OauthClients, Organization, Organizations, TakenDomain,
    TokenHash,
};
pub use users::{UserRow, Users};
