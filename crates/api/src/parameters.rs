//! What query strings may say.

use events::{CycleId, DirectoryId, EndpointId, OrganizationId, Timestamp};
use serde::Serialize;
use std::sync::LazyLock;
use utoipa::IntoParams;

/// The parameters of an operation.
pub trait Parameters: IntoParams {
    /// Their names; an operation refuses all others.
    fn names() -> &'static [String];
}

macro_rules! parameters {
    ($($name:ident),+ $(,)?) => {$(
        impl Parameters for $name {
            fn names() -> &'static [String] {
                static NAMES: LazyLock<Vec<String>> = LazyLock::new(|| {
                    let parameters = $name::into_params(|| None);
                    parameters.into_iter().map(|parameter| parameter.name).collect()
                });
                &NAMES
            }
        }
    )+};
}

parameters![
    PageParameters,
    AdminKeysParameters,
    AuditLogParameters,
    PortalLinksParameters,
    DeadLettersParameters,
    GraphCertificateParameters,
    ConnectionsParameters,
    SsoClientsParameters,
    CredentialsParameters,
    KeyRevokeParameters,
    DirectoriesParameters,
    DeliveriesParameters,
    EndpointStatsParameters,
    EventsParameters,
    EventStreamParameters,
    PastParameters,
    PeopleParameters,
    RequestsParameters,
    UserDeleteParameters,
];

/// Which page of a list.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PageParameters {
    /// The most elements of the page; 20, where nothing is said.
    #[param(minimum = 1, maximum = 100)]
    pub limit: Option<u16>,
    /// Where the page begins: `next_cursor` of the one before.
    pub cursor: Option<String>,
}

/// As of when a user or group is shown.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PastParameters {
    /// A sequence number of the directory's log, or an RFC 3339 time; now, where nothing is said.
    pub at: Option<String>,
}

/// Which users or groups a list has.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PeopleParameters {
    /// Only those that match: a SCIM filter (RFC 7644 §3.4.2.2), such as `userName eq "ada@contoso.com"`.
    pub filter: Option<String>,
    /// The most elements of the page; 20, where nothing is said.
    #[param(minimum = 1, maximum = 100)]
    pub limit: Option<u16>,
    /// Where the page begins: `next_cursor` of the one before.
    pub cursor: Option<String>,
}

/// Which admin keys a list has.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct AdminKeysParameters {
    /// Only those for this organization.
    #[param(value_type = Option<Uuid>)]
    pub organization_id: Option<OrganizationId>,
    /// The most elements of the page; 20, where nothing is said.
    #[param(minimum = 1, maximum = 100)]
    pub limit: Option<u16>,
    /// Where the page begins: `next_cursor` of the one before.
    pub cursor: Option<String>,
}

/// Which entries of the audit log.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct AuditLogParameters {
    /// Only what this actor did: the id of an admin key, or `configured_key`, `system` or `stranger`.
    pub actor: Option<String>,
    /// Only this action: `directory.updated`, `access.refused`.
    pub action: Option<String>,
    /// Only what is about this organization.
    #[param(value_type = Option<Uuid>)]
    pub organization_id: Option<OrganizationId>,
    /// Only what is about this directory.
    #[param(value_type = Option<Uuid>)]
    pub directory_id: Option<DirectoryId>,
    /// Only from this time on.
    #[param(value_type = Option<String>, format = DateTime)]
    pub since: Option<Timestamp>,
    /// Only before this time.
    #[param(value_type = Option<String>, format = DateTime)]
    pub until: Option<Timestamp>,
    /// The most entries of the page; 20, where nothing is said. An export has no pages.
    #[param(minimum = 1, maximum = 100)]
    pub limit: Option<u16>,
    /// Where the page begins: `next_cursor` of the one before.
    pub cursor: Option<String>,
    /// `jsonl` for everything that matches, one entry a line; so does `Accept: application/jsonl`.
    #[param(pattern = "^(json|jsonl)$")]
    pub format: Option<String>,
}

/// Which portal links a list has.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PortalLinksParameters {
    /// Only those for this organization.
    #[param(value_type = Option<Uuid>)]
    pub organization_id: Option<OrganizationId>,
    /// The most elements of the page; 20, where nothing is said.
    #[param(minimum = 1, maximum = 100)]
    pub limit: Option<u16>,
    /// Where the page begins: `next_cursor` of the one before.
    pub cursor: Option<String>,
}

/// Which connections a list has.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ConnectionsParameters {
    /// Only those of this organization.
    #[param(value_type = Option<Uuid>)]
    pub organization_id: Option<OrganizationId>,
    /// Only those for this directory.
    #[param(value_type = Option<Uuid>)]
    pub directory_id: Option<DirectoryId>,
    /// The most elements of the page; 20, where nothing is said.
    #[param(minimum = 1, maximum = 100)]
    pub limit: Option<u16>,
    /// Where the page begins: `next_cursor` of the one before.
    pub cursor: Option<String>,
}

/// Which apps a list has.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct SsoClientsParameters {
    /// Only those for this organization alone.
    #[param(value_type = Option<Uuid>)]
    pub organization_id: Option<OrganizationId>,
    /// The most elements of the page; 20, where nothing is said.
    #[param(minimum = 1, maximum = 100)]
    pub limit: Option<u16>,
    /// Where the page begins: `next_cursor` of the one before.
    pub cursor: Option<String>,
}

/// Which credentials a list has.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct CredentialsParameters {
    /// Only those for this organization.
    #[param(value_type = Option<Uuid>)]
    pub organization_id: Option<OrganizationId>,
    /// Only those of this directory.
    #[param(value_type = Option<Uuid>)]
    pub directory_id: Option<DirectoryId>,
    /// Only those of this kind.
    #[param(inline)]
    pub kind: Option<crate::CredentialKind>,
    /// Only those that end before this time.
    #[param(value_type = Option<String>, format = DateTime)]
    pub ends_before: Option<Timestamp>,
    /// The most elements of the page; 20, where nothing is said.
    #[param(minimum = 1, maximum = 100)]
    pub limit: Option<u16>,
    /// Where the page begins: `next_cursor` of the one before.
    pub cursor: Option<String>,
}

/// In what form a certificate is sent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct GraphCertificateParameters {
    /// `json` with the thumbprints and the certificate as PEM, or `cer` for the file; `json`, where nothing is said.
    pub format: Option<String>,
}

/// How a key is revoked.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct KeyRevokeParameters {
    /// `true` revokes a key although the one that is to take its place was not seen in traffic yet.
    pub force: Option<bool>,
}

/// Which dead letters a list has.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct DeadLettersParameters {
    /// Only those of this directory.
    #[param(value_type = Option<Uuid>)]
    pub directory_id: Option<DirectoryId>,
    /// The most elements of the page; 20, where nothing is said.
    #[param(minimum = 1, maximum = 100)]
    pub limit: Option<u16>,
    /// Where the page begins: `next_cursor` of the one before.
    pub cursor: Option<String>,
}

/// Which directories a list has.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct DirectoriesParameters {
    /// Only those of this organization.
    #[param(value_type = Option<Uuid>)]
    pub organization_id: Option<OrganizationId>,
    /// The most elements of the page; 20, where nothing is said.
    #[param(minimum = 1, maximum = 100)]
    pub limit: Option<u16>,
    /// Where the page begins: `next_cursor` of the one before.
    pub cursor: Option<String>,
}

/// Which deliveries a list has.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct DeliveriesParameters {
    /// Only those to this endpoint.
    #[param(value_type = Option<Uuid>)]
    pub endpoint_id: Option<EndpointId>,
    /// Only those that are so far.
    #[param(inline)]
    pub status: Option<crate::DeliveryStatus>,
    /// The most elements of the page; 20, where nothing is said.
    #[param(minimum = 1, maximum = 100)]
    pub limit: Option<u16>,
    /// Where the page begins: `next_cursor` of the one before.
    pub cursor: Option<String>,
}

/// Which window figures are of.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct EndpointStatsParameters {
    /// `5m`, `1h` (where nothing is said), `24h` or `7d`.
    #[param(pattern = "^(5m|1h|24h|7d)$")]
    pub window: Option<String>,
}

/// Which part of the event log.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct EventsParameters {
    /// Only events of this directory.
    #[param(value_type = Option<Uuid>)]
    pub directory_id: Option<DirectoryId>,
    /// Only events of this organization.
    #[param(value_type = Option<Uuid>)]
    pub organization_id: Option<OrganizationId>,
    /// Only events of these types: names, and globs over them such as `user.*`, separated by commas.
    pub types: Option<String>,
    /// Only what comes after: the id of an event, `0` for the beginning, `oldest` for the oldest event that is kept,
    /// `newest` for what happens from now on.
    pub after: Option<String>,
    /// Begin so many events before the end, 1 to 200; instead of `after`. Those of other types are among them.
    #[param(minimum = 1, maximum = 200)]
    pub last: Option<u32>,
    /// The most events of the page; 20, where nothing is said.
    #[param(minimum = 1, maximum = 100)]
    pub limit: Option<u16>,
}

/// Which part of the event log is streamed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct EventStreamParameters {
    /// Only events of this directory.
    #[param(value_type = Option<Uuid>)]
    pub directory_id: Option<DirectoryId>,
    /// Only events of this organization.
    #[param(value_type = Option<Uuid>)]
    pub organization_id: Option<OrganizationId>,
    /// Only events of these types: names, and globs over them such as `user.*`, separated by commas.
    pub types: Option<String>,
    /// Only what comes after: the id of an event, `0` for the beginning, `oldest` for the oldest event that is kept,
    /// `newest` for what happens from now on.
    pub after: Option<String>,
}

/// Which requests a list has.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct RequestsParameters {
    /// Only those answered with a status of this class: `2xx`, `3xx`, `4xx` or `5xx`.
    #[param(pattern = "^[2-5]xx$")]
    pub status: Option<String>,
    /// Only those with this method.
    pub method: Option<String>,
    /// Only those that came at this time or later.
    #[param(value_type = Option<String>, format = DateTime)]
    pub since: Option<Timestamp>,
    /// Only those of this cycle.
    #[param(value_type = Option<Uuid>)]
    pub cycle_id: Option<CycleId>,
    /// Only those whose path or query contains this text, in any case.
    pub path: Option<String>,
    /// Only those of this trace: the request that brought an event about.
    pub trace_id: Option<String>,
    /// The most elements of the page; 20, where nothing is said.
    #[param(minimum = 1, maximum = 100)]
    pub limit: Option<u16>,
    /// Where the page begins: `next_cursor` of the one before.
    pub cursor: Option<String>,
}

/// How a user is deleted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct UserDeleteParameters {
    /// Erase everything about the person.
    pub erase: Option<bool>,
}

/// What the headers of a stream may say.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, IntoParams)]
#[into_params(parameter_in = Header)]
pub struct EventStreamHeaders {
    /// The id of the last event that was read; goes before `after`.
    #[param(rename = "Last-Event-ID", nullable = false)]
    pub last_event_id: Option<String>,
}
