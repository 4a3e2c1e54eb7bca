//! Verdicts: what became of a command. Sent only after the commit that made it true.

use crate::{CommandId, ResourceId, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// A group as seen from a member: the computed `groups` of a SCIM user (RFC 7643 §4.1.2).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupRef {
    /// The group's id.
    pub id: ResourceId,
    /// The group's display name.
    pub display_name: String,
}

/// One member of a group (RFC 7643 §4.2).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemberRef {
    /// The member's id.
    pub id: ResourceId,
    /// User or group.
    pub kind: crate::ResourceKind,
    /// The member's display name, when it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display: Option<String>,
}

/// A user or group as stored: attributes as received plus what the server assigns.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StoredResource {
    /// The SCIM `id`.
    pub id: ResourceId,
    /// Counts 1, 2, 3 … with each change; the ETag is `W/"<version>"`.
    pub version: i64,
    /// `meta.created`.
    pub created_at: Timestamp,
    /// `meta.lastModified`.
    pub updated_at: Timestamp,
    /// The attributes, without `id`, `meta`, `groups` and `members`.
    pub attributes: Map<String, Value>,
    /// Of a user: the groups it is in. Empty for groups.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<GroupRef>,
    /// Of a group: its members, or `None` where they were not loaded. `None` for users.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub members: Option<Vec<MemberRef>>,
}

/// The outcome of a command.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Applied; here is the resource as stored. `created` tells 201 from 200.
    Stored {
        /// Whether the resource is new.
        created: bool,
        /// What is stored now.
        resource: Box<StoredResource>,
    },
    /// Applied, and the resource can be read back (the answer to a repeated command, and to a group PATCH).
    Applied {
        /// Whether the resource is new.
        created: bool,
        /// Which resource.
        resource_id: ResourceId,
        /// Its version after the change.
        version: i64,
    },
    /// The resource is gone.
    Deleted,
    /// Not applied, and never will be.
    Refused {
        /// HTTP status, 4xx or 5xx.
        status: u16,
        /// `scimType` of RFC 7644 §3.12.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        scim_type: Option<String>,
        /// What was wrong and how to mend it.
        detail: String,
    },
    /// Not applied and never will be: given up before the projector reached it. Answered with 503.
    Abandoned,
}

/// A command's outcome on its way back to the sender.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Verdict {
    /// Which command.
    pub command_id: CommandId,
    /// What became of it.
    pub outcome: Outcome,
}
