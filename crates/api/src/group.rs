//! `/directories/{id}/groups`: groups in the normalized shape, and who is in them.

mod request;

pub use request::{GroupCreate, GroupPatch};

use events::{DirectoryId, OrganizationId, ResourceId, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

/// A group in the normalized shape, the same as in events. Its members are a list of their own.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(examples(json!({
    "id": "0193b2f0-8f6e-7c3a-8d2f-0a1b2c3d4e61",
    "organization_id": "0193b2f0-8f6e-7c3a-8d2f-0a1b2c3d4e5e",
    "directory_id": "0193b2f0-8f6e-7c3a-8d2f-0a1b2c3d4e60",
    "external_id": "g1",
    "display_name": "Engineers",
    "raw": {"schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "displayName": "Engineers"},
    "created_at": "2026-11-20T12:00:00.000Z",
    "updated_at": "2026-11-20T12:00:00.000Z",
})))]
pub struct Group {
    /// Its id, also in SCIM.
    #[schema(value_type = Uuid)]
    pub id: ResourceId,
    /// The organization it belongs to. Events from before this member was there lack it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Uuid, nullable = false)]
    pub organization_id: Option<OrganizationId>,
    /// The directory it belongs to.
    #[schema(value_type = Uuid)]
    pub directory_id: DirectoryId,
    /// The identity provider's own id of it.
    #[schema(required = true)]
    pub external_id: Option<String>,
    /// What people call it.
    pub display_name: String,
    /// The SCIM resource, without members.
    #[schema(value_type = Object)]
    pub raw: Map<String, Value>,
    /// When it was created.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    /// When it or its members last changed.
    #[schema(value_type = String, format = DateTime)]
    pub updated_at: Timestamp,
}

/// What can be a member of a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum MemberType {
    /// A user.
    User,
    /// A group within the group.
    Group,
}

/// A member of a group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(examples(json!({
    "id": "0193b2f0-8f6e-7c3a-8d2f-0a1b2c3d4e5f",
    "organization_id": "0193b2f0-8f6e-7c3a-8d2f-0a1b2c3d4e5e",
    "directory_id": "0193b2f0-8f6e-7c3a-8d2f-0a1b2c3d4e60",
    "group_id": "0193b2f0-8f6e-7c3a-8d2f-0a1b2c3d4e61",
    "type": "user",
    "display_name": "Ada Lovelace",
})))]
pub struct Member {
    /// The id of the user or group that is the member.
    #[schema(value_type = Uuid)]
    pub id: ResourceId,
    /// The organization of both.
    #[schema(value_type = Uuid)]
    pub organization_id: OrganizationId,
    /// The directory of both.
    #[schema(value_type = Uuid)]
    pub directory_id: DirectoryId,
    /// The group.
    #[schema(value_type = Uuid)]
    pub group_id: ResourceId,
    /// What the member is.
    pub r#type: MemberType,
    /// What people call the member.
    #[schema(required = true)]
    pub display_name: Option<String>,
}
