//! The management API as types: what each request may say and what each answer says. No HTTP and no database here, so a
//! client can use them as well as the server.
//!
//! A type carries three things, each once: its shape by serde, its documentation in comments, and its limits in `schema`
//! attributes. The OpenAPI document is derived from them by utoipa, and bodies are checked against the same schema
//! ([`Shape`]) before serde reads them. So what the document says of a body is what is taken, and what it does not say is
//! refused.
//!
//! A caller gets every fault of a body at once, each with a JSON Pointer. serde alone cannot do that: it stops at the
//! first value of a wrong type, and `serde_path_to_error` then names one place; `garde` sees only bodies that serde could
//! read. `deserr` collects faults, but not those between members of which one is faulty, and in both the limits would
//! stand a second time beside those of the schema. A walk over the schema has all of this.

mod activity;
mod admin_key;
mod audit_log;
mod caller;
mod connection;
mod credential;
mod dead_letter;
mod delivery;
mod directory;
mod endpoint;
mod event;
mod federation;
mod format;
mod graph;
mod group;
mod history;
mod key;
mod list;
mod oauth_client;
mod organization;
mod parameters;
mod portal_link;
mod preview;
mod problem;
mod reading;
mod request_log;
mod sample;
mod secret;
mod shape;
mod sso_client;
mod sso_session;
mod sso_stream;
mod test_receiver;
mod user;

pub use activity::{Activity, ActivityMinute, Lane, WaitingDeliveries};
pub use admin_key::{AdminKey, AdminKeyCreate, Scope};
pub use audit_log::{AuditActor, AuditActorType, AuditEntry, AuditObject, AuditOutcome};
pub use caller::{Caller, CallerIdentity};
pub use connection::{
    Connection, ConnectionBinding, ConnectionCertificate, ConnectionCreate, ConnectionCredential, ConnectionPatch,
    ConnectionSecretSet, ConnectionState, ConnectionSwitch, ConnectionTest, ConnectionTestDecision, ConsoleAccess,
    ConsoleAccessSet, ConsoleReach, RedirectPlatform, RedirectUri,
};
pub use credential::{Credential, CredentialKind};
pub use dead_letter::{DeadLetter, DeadLetterKind, DeadLetterRedriven, RedriveOutcome};
pub use delivery::{Attempt, Delivery, DeliveryCancelled, DeliveryQueued, DeliveryStatus};
pub use directory::{
    AttributeDeclaration, AttributeKind, AttributePathSeen, AttributePaths, Authentication, Directory, DirectoryCounts,
    DirectoryCreate, DirectoryHealth, DirectoryPatch, DirectoryRelease, DirectorySettings, DirectoryState,
    DirectorySync, FirstKey, Grant, GroupRole, GroupRoleEffect, GroupRolesPreview, GroupRolesPreviewRequest,
    HealthState, LastRefusal, MassChangeBrake, PeopleOf, Provider, QuarantineForecast, QuarantineOutlook, RoleRule,
    SchemaDeclaration, SwitchedState, schema_faults,
};
pub use endpoint::{
    Audience, Beginning, ClientCertificate, ClientCertificateShown, Endpoint, EndpointCreate, EndpointDay,
    EndpointEnable, EndpointFilterPreview, EndpointFilterPreviewRequest, EndpointFormat, EndpointHour, EndpointPatch,
    EndpointReplay, EndpointSecret, EndpointState, EndpointStats, EndpointTest, FilteredEvent, HeldEvents,
    NotSentBecause, Oldest, Percentiles, ReplayQueued, Replayable, SecretRotated, Signing, TestQueued,
};
pub use event::{Event, EventDetail, EventTypeEntry};
pub use federation::{Federation, FederationSet};
pub use format::quoted;
pub use graph::{
    GraphActivate, GraphAttributeMap, GraphCertificate, GraphCloud, GraphCounts, GraphCreate, GraphCredential,
    GraphCredentialCreate, GraphCredentialKind, GraphCredentialState, GraphCurrentRound, GraphDifference, GraphDrift,
    GraphFault, GraphGuests, GraphMapRow, GraphMode, GraphNames, GraphObjectKind, GraphPatch, GraphProgress, GraphPull,
    GraphRelease, GraphResume, GraphRound, GraphScope, GraphState, GraphStatus, GraphSync, GraphSyncAsked, GraphTest,
    GraphTestAccount, GraphTestOutcome, GraphTestStep, GraphTestStepName, GraphTransform,
};
pub use group::{Group, GroupCreate, GroupPatch, Member, MemberType};
pub use history::{HistoryChange, HistoryDelivery, HistoryEntry};
pub use key::{Key, KeyCreate, KeyPatch, KeyRotate, KeyRotation, KeyToken, RotationState};
pub use list::List;
pub use oauth_client::{OauthClient, OauthClientCreate};
pub use organization::{
    DomainCheck, DomainCheckResult, DomainRecord, Organization, OrganizationCreate, OrganizationPatch, VerifiedDomain,
};
pub use parameters::{
    AdminKeysParameters, AuditLogParameters, ConnectionsParameters, CredentialsParameters, DeadLettersParameters,
    DeliveriesParameters, DirectoriesParameters, EndpointStatsParameters, EventStreamHeaders, EventStreamParameters,
    EventsParameters, GraphCertificateParameters, KeyRevokeParameters, PageParameters, Parameters, PastParameters,
    PeopleParameters, PortalLinksParameters, RequestsParameters, SsoClientsParameters, UserDeleteParameters,
};
pub use portal_link::{PortalBrand, PortalBrandCreate, PortalCapability, PortalFeature, PortalLink, PortalLinkCreate};
pub use preview::{GroupPreview, MatchedBy, Preview, PreviewEffect, PreviewRequest, UserPreview};
pub use problem::{Fault, Problem};
pub use reading::{Body, Nothing, Reading, pointer};
pub use request_log::{Cycle, CycleCounts, CycleKind, Leniency, LoggedBody, Request};
pub use sample::{SamplePeopleRemoved, SamplePeopleSend, SamplePeopleSent};
pub use secret::PlainSecret;
pub use shape::Shape;
pub use sso_client::{ApplicationType, ClientAuthentication, SsoClient, SsoClientCreate, SsoClientPatch};
pub use sso_session::{LoginChannel, SessionEnd, SsoSession};
pub use sso_stream::{SsoStream, StreamMethod, StreamStatus};
pub use test_receiver::{TestReceipt, TestReceiver, TestReceiverCreate, TestReceiverDetail};
pub use user::{EmailAddress, ErasureStarted, GroupName, User, UserCreate, UserPatch, UserState};
