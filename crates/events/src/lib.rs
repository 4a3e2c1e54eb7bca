//! What travels between the services: typed ids, lifecycle commands, verdicts and lifecycle events.
//!
//! Pure data: serde only, no IO. A *command* asks for one change of one resource; the *verdict* is its outcome;
//! an *event* tells that a change was committed. Everything here is JSON on the bus and in the database, and its
//! shape is a contract between versions: fields are added, never renamed.

mod catalogue;
mod command;
mod event;
mod id;
mod lane;
mod pattern;
mod timestamp;
mod verdict;

pub use catalogue::{CatalogueEntry, catalogued};
pub use command::{Command, ResourceKind, Source, Verb};
pub use event::{Event, EventBody, EventType, UnknownEventType};
pub use id::{
    AdminKeyId, AttemptId, AuditId, CommandId, ConnectionId, CycleId, DeadLetterId, DeliveryId, DirectoryId,
    EndpointId, EventId, GraphCredentialId, GraphDriftId, GraphRoundId, GraphSubscriptionId, KeyId, MailId,
    OrganizationId, PortalLinkId, PortalSessionId, RequestId, ResourceId, SsfStreamId, SsoClientId, SsoLoginId,
    SsoSessionId, TestReceiptId,
};
pub use lane::lane_of;
pub use pattern::{EventPattern, InvalidPattern};
pub use timestamp::Timestamp;
pub use verdict::{GroupRef, MemberRef, Outcome, StoredResource, Verdict};
