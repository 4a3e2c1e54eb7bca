//! What operators look at, and what keeps the house in order: the log of requests with its cycles, contacts and silences, the
//! audit log, repeated requests, erasures.

mod audit;
mod contacts;
mod cycles;
mod erasures;
mod idempotency;
mod requests;
mod silence;

pub use audit::{AuditActor, AuditActorKind, AuditEntry, AuditFilter, AuditLog, AuditPage};
pub use contacts::SyncState;
pub use cycles::{Cycles, SyncCycle};
pub use erasures::{Erasure, Erasures};
pub use idempotency::Claim;
pub use requests::{
    Caller, KeptBody, KeptRequests, LoggedRequest, NewRequest, RequestBatch, RequestFilter, Requests, Strangers,
    Written,
};
