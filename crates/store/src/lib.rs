//! What is stored, behind one set of typed queries on PostgreSQL and SQLite. Connections and tables are those of [`db`].
//!
//! Every question about users and groups goes through a value that holds the directory ([`Store::users`],
//! [`Store::groups`]), so that no query can forget its tenant.

mod deliveries;
mod directory;
mod event_log;
mod gathered;
mod graph;
mod operations;
mod sso;
mod store;
mod tenancy;
#[cfg(any(test, feature = "testing"))]
pub mod testing;

pub use self::deliveries::{
    ActiveEndpoint, Attempt, Backlog, CancelOutcome, CatchUp, CatchUpFrom, CatchUpPhase, CatchUpStep, CatchUps,
    ClaimedDelivery, Deliveries, Delivery, DeliveryFilter, DeliveryState, DeliveryVerdict, Disabling, Endpoint,
    EndpointFormat, EndpointIdentity, EndpointSelection, EndpointState, EndpointStats, EndpointUrl, Endpoints,
    FannedOut, FinishedAttempt, Followers, ForgetReport, Head, InsertedDelivery, KeptUrl, Lease, NewDelivery,
    NewEndpointSecret, OwnBody, PruneReport, Quantiles, RecordingReport, ReplayRange, Retention, RetryOutcome, Room,
    SettledDeliveries, TestDelivery, TestReceipt, TestReceiver, TestReceivers,
};
pub use self::directory::{
    Batch, BatchError, BatchTx, CopyName, Deletion, DirectoryCounts, DirectoryFacts, GroupAt, GroupRow, Groups,
    History, HistoryDelivery, HistoryPage, LogCopies, MemberAt, MembershipChange, Opening, PROJECTOR, Page, PageAt,
    Position, Query, RebuildReport, SaveOutcome, Sort, StateAt, Total, UserAt, UserRow, Users,
};
pub use self::event_log::{EventDraft, EventPage, Events, Feed, Inbox, Lanes, Published, Settlement};
pub use self::graph::{
    GraphClaim, GraphCollection, GraphCounts, GraphCredential, GraphCredentialKind, GraphCredentialState,
    GraphCredentials, GraphCursor, GraphDifference, GraphDrift, GraphEnd, GraphLease, GraphMember, GraphMembership,
    GraphObject, GraphObjectKind, GraphObjects, GraphOutcome, GraphPage, GraphPull, GraphPullMode, GraphPullState,
    GraphPulls, GraphReleased, GraphRemoval, GraphRound, GraphRounds, GraphSubscription, GraphWriteError, GraphWriter,
    KnownManager, LinkedObject, MOST_COUNTED, PendingManager, PendingMember, PendingOf, SealedGraphCredential,
    SeenManager, SeenMember, SeenObject,
};
pub use self::operations::{
    Activity, ActivityHour, ActivityMeter, ActivityMinute, AuditActor, AuditActorKind, AuditEntry, AuditFilter,
    AuditLog, AuditPage, Begun, Caller, Claim, ClaimedMail, CountedRequests, CredentialEnd, CredentialEnds,
    CredentialFilter, CredentialKind, Cycles, DeadLetter, DeadLetterKind, DeadLetters, DigestDirectory, DigestFacts,
    Digests, DueDigest, Erasure, Erasures, IncidentAbout, IncidentCredential, IncidentKind, Incidents, KeptBody,
    KeptRequests, LaneHolder, LoggedRequest, MailOutcome, MailQueue, Mails, NewMail, NewRequest, OpenIncident, Over,
    RequestBatch, RequestFilter, RequestLogSize, Requests, Resealed, SHOWN_HOURS, SealedColumn, SealedHead, SealedRow,
    SealedValues, Strangers, SyncCycle, SyncState,
};
pub use self::sso::{
    AppPerson, ApplicationType, Binding, ClientAuthentication, Connection, ConnectionCredential, ConnectionFilter,
    ConnectionState, ConnectionTest, Connections, EndedSession, LiveWay, LogReader, LoginChannel, LostWay,
    NewSsoSession, PlacedSession, RefusedSignal, SESSIONS_AT_ONCE, SealedCredential, SessionEnd, SessionFilter,
    SsfStream, SsfStreams, SsoBindings, SsoClient, SsoClients, SsoKey, SsoKeys, SsoLogin, SsoLogins, SsoSession,
    SsoSessions, StreamMethod, StreamStatus, TestDecision, WaitingSignal, WaitingSignals, console_client,
};
pub use self::store::Store;
pub use self::tenancy::{
    AdminKey, AdminKeys, AdminScope, AdminTx, Authentication, AuthenticationFailure, ConsoleAccess, ConsoleAccesses,
    Directories, Directory, DirectoryFilter, DirectoryKey, DirectoryKeys, DirectoryState, Domain, Federation,
    InvalidDomain, KeyRecord, KeyUse, List, ListPage, LogoKind, NewDirectory, NewKey, NewOrganization,
    NewPortalSession, OauthClient, OauthClients, Organization, Organizations, OtherKey, PortalBrand, PortalCapability,
    PortalFeature, PortalLink, PortalLinks, PortalLogo, PortalSession, PortalSessions, SessionKind, SessionOpener,
    TakenDomain, TokenDigest, VerifiedDomain,
};
pub use db::{Checkup, Dialect, Reads, StoreError, StoreOptions, keep_private};
