//! What operators look at, and what keeps the house in order: how much was done lately, the log of requests with its cycles, contacts and silences, the
//! audit log, repeated requests, erasures, dead letters, the ends of credentials, and the list of what is sealed.

mod activity;
mod audit;
mod contacts;
pub(crate) mod credential_ends;
mod cycles;
mod dead_letters;
mod digests;
mod erasures;
mod idempotency;
pub(crate) mod incidents;
mod mails;
mod requests;
mod sealed;
mod silence;

pub use activity::{Activity, ActivityHour, ActivityMeter, ActivityMinute, LaneHolder, SHOWN_HOURS};
pub use audit::{AuditActor, AuditActorKind, AuditEntry, AuditFilter, AuditLog, AuditPage};
pub use contacts::SyncState;
pub use credential_ends::{CredentialEnd, CredentialEnds, CredentialFilter, CredentialKind};
pub use cycles::{Cycles, SyncCycle};
pub use dead_letters::{DeadLetter, DeadLetterKind, DeadLetters};
pub use digests::{DigestDirectory, DigestFacts, Digests, DueDigest};
pub use erasures::{Erasure, Erasures};
pub use idempotency::Claim;
pub use incidents::{Begun, IncidentAbout, IncidentCredential, IncidentKind, Incidents, OpenIncident, Over};
pub use mails::{ClaimedMail, MailOutcome, MailQueue, Mails, NewMail};
pub use requests::{
    Caller, CountedRequests, KeptBody, KeptRequests, LoggedRequest, NewRequest, RequestBatch, RequestFilter,
    RequestLogSize, Requests, Strangers,
};
pub use sealed::{Resealed, SealedColumn, SealedHead, SealedRow, SealedValues};
