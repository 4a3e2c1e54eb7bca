//! Lifecycle commands: what the ingress asks the projector to do.

use crate::{CommandId, DirectoryId, OrganizationId, ResourceId, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Where a change came from; carried through to the event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// Pushed by an identity provider over SCIM.
    Scim,
    /// Made through the management API.
    Api,
    /// Pulled from Microsoft Graph.
    Graph,
    /// Made by Rollcall itself (health, brake).
    System,
}

impl Source {
    /// The name on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Scim => "scim",
            Self::Api => "api",
            Self::Graph => "graph",
            Self::System => "system",
        }
    }
}

/// The two kinds of resource a directory holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ResourceKind {
    /// A SCIM `User`.
    User,
    /// A SCIM `Group`.
    Group,
}

/// What is to be done with the resource.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verb {
    /// POST: the resource as validated by the sender, without `id` and `meta`.
    Create(Map<String, Value>),
    /// PUT: the whole new resource.
    Replace(Map<String, Value>),
    /// PATCH: the PatchOp message (RFC 7644 §3.5.2) as received.
    Patch(Value),
    /// DELETE.
    Delete,
}

/// One change of one resource, on its way to the projector.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Command {
    /// Claimed in the inbox by the process that settles the command first.
    pub id: CommandId,
    /// The tenant.
    pub organization_id: OrganizationId,
    /// The directory; decides the lane.
    pub directory_id: DirectoryId,
    /// Who sent it.
    pub source: Source,
    /// When the sender made it.
    pub issued_at: Timestamp,
    /// After this moment the sender no longer waits and the command is dropped, not applied.
    pub deadline: Timestamp,
    /// User or group.
    pub kind: ResourceKind,
    /// The resource; for a create, the id that it will have (made by the sender).
    pub resource_id: ResourceId,
    /// Opaque version tags of `If-Match`, without `W/` and quotes; empty means no precondition; `*` matches any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub if_match: Vec<String>,
    /// What to do.
    pub verb: Verb,
}

impl Command {
    /// The AMQP `type` property and span name part: `user.create`, `group.patch` …
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match (self.kind, &self.verb) {
            (ResourceKind::User, Verb::Create(_)) => "user.create",
            (ResourceKind::User, Verb::Replace(_)) => "user.replace",
            (ResourceKind::User, Verb::Patch(_)) => "user.patch",
            (ResourceKind::User, Verb::Delete) => "user.delete",
            (ResourceKind::Group, Verb::Create(_)) => "group.create",
            (ResourceKind::Group, Verb::Replace(_)) => "group.replace",
            (ResourceKind::Group, Verb::Patch(_)) => "group.patch",
            (ResourceKind::Group, Verb::Delete) => "group.delete",
        }
    }
}
