//! The database: PostgreSQL or SQLite behind one set of typed queries. The only crate that names sea-orm.
//!
//! Every question about users and groups goes through a value that holds the directory ([`Store::users`],
//! [`Store::groups`]), so that no query can forget its tenant.

mod append;
mod audit;
mod catch_ups;
mod connect;
mod contacts;
mod counts;
mod cycles;
mod deliveries;
mod dialect;
mod endpoints;
mod entity;
mod erasures;
mod error;
mod event_log;
mod everybody;
mod expr;
mod filter;
mod groups;
mod history;
mod idempotency;
mod inbox;
mod lanes;
mod links;
mod lookups;
mod matches;
mod migration;
mod nodelay;
mod page;
mod private;
mod projection;
mod published;
mod query;
mod requests;
mod rows;
mod searches;
mod send;
mod session;
mod silence;
mod sql;
mod state_at;
mod steady;
mod tenancy;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
mod users;

pub use append::EventDraft;
pub use audit::{AuditActor, AuditActorKind, AuditEntry, AuditFilter, AuditLog, AuditPage};
pub use catch_ups::{CatchUp, CatchUpFrom, CatchUpPhase, CatchUpStep, CatchUps};
pub use connect::{Store, StoreOptions};
pub use contacts::SyncState;
pub use counts::DirectoryCounts;
pub use cycles::{Cycles, SyncCycle};
pub use deliveries::{
    Attempt, Backlog, CancelOutcome, ClaimedDelivery, Deliveries, Delivery, DeliveryFilter, DeliveryState,
    DeliveryVerdict, Disabling, EndpointStats, FannedOut, FinishedAttempt, Followers, ForgetReport, Head,
    InsertedDelivery, Lease, NewDelivery, OwnBody, PruneReport, Quantiles, RecordingReport, ReplayRange, Retention,
    RetryOutcome, Room, SettledDeliveries, TestDelivery,
};
pub use dialect::Dialect;
pub use endpoints::{
    ActiveEndpoint, Endpoint, EndpointFormat, EndpointIdentity, EndpointSelection, EndpointState, EndpointUrl,
    Endpoints, KeptUrl, NewEndpointSecret,
};
pub use erasures::{Erasure, Erasures};
pub use error::{Reads, StoreError};
pub use event_log::{EventPage, Events, Feed};
pub use groups::{GroupRow, Groups};
pub use history::{Deletion, History, HistoryPage, MembershipChange, Told};
pub use idempotency::Claim;
pub use inbox::{Inbox, Settlement};
pub use lanes::Lanes;
pub use private::keep_private;
pub use projection::{
    Batch, BatchError, BatchTx, CopyName, DirectoryFacts, LogCopies, Opening, PROJECTOR, RebuildReport, SaveOutcome,
};
pub use published::Published;
pub use query::{Page, Position, Query, Sort, Total};
pub use requests::{
    Caller, KeptBody, KeptRequests, LoggedRequest, NewRequest, RequestBatch, RequestFilter, Requests, Strangers,
    Written,
};
pub use state_at::{GroupAt, MemberAt, PageAt, StateAt, UserAt};
pub use tenancy::{
    AdminKey, AdminKeys, AdminScope, AdminTx, Authentication, AuthenticationFailure, Directories, Directory,
    DirectoryFilter, DirectoryKey, DirectoryKeys, DirectoryState, Domain, Federation, InvalidDomain, KeyRecord, KeyUse,
    List, ListPage, NewDirectory, NewKey, NewOrganization, OauthClient, OauthClients, Organization, Organizations,
    PortalFeature, PortalLink, PortalLinks, TakenDomain, TokenDigest,
};
pub use users::{UserRow, Users};
