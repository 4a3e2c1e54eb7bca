//! `/directories/{id}/users`: people in the normalized shape.

mod request;

pub use request::{EmailAddress, UserCreate, UserPatch};

use events::{DirectoryId, OrganizationId, ResourceId, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

/// Whether a user may sign in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum UserState {
    /// The identity provider says that the user is active.
    Active,
    /// It says that the user is not, or no longer.
    Inactive,
}

/// A user in the normalized shape, the same as in events.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(examples(json!({
    "id": "0193b2f0-8f6e-7c3a-8d2f-0a1b2c3d4e5f",
    "organization_id": "0193b2f0-8f6e-7c3a-8d2f-0a1b2c3d4e5e",
    "directory_id": "0193b2f0-8f6e-7c3a-8d2f-0a1b2c3d4e60",
    "external_id": "a1",
    "user_name": "ada@contoso.com",
    "emails": [{"value": "ada@contoso.com", "type": "work", "primary": true}],
    "email": "ada@contoso.com",
    "first_name": "Ada",
    "last_name": "Lovelace",
    "display_name": "Ada Lovelace",
    "job_title": "Analyst",
    "department": "Engines",
    "manager_id": null,
    "state": "active",
    "role": "Admin",
    "grants": ["app", "web"],
    "groups": [{"id": "0193b2f0-8f6e-7c3a-8d2f-0a1b2c3d4e61", "display_name": "Engineers"}],
    "custom": {},
    "raw": {"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "ada@contoso.com"},
    "created_at": "2026-11-20T12:00:00.000Z",
    "updated_at": "2026-11-20T12:00:00.000Z",
})))]
pub struct User {
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
    /// The unique name, `userName` in SCIM.
    pub user_name: String,
    /// All addresses, as SCIM has them.
    #[schema(value_type = Vec<Object>)]
    pub emails: Value,
    /// The address that stands for the user: the primary one, else that of type `work`, else the first.
    #[schema(required = true)]
    pub email: Option<String>,
    /// `name.givenName` in SCIM.
    #[schema(required = true, value_type = Option<String>)]
    pub first_name: Value,
    /// `name.familyName` in SCIM.
    #[schema(required = true, value_type = Option<String>)]
    pub last_name: Value,
    /// `displayName` in SCIM.
    #[schema(required = true)]
    pub display_name: Option<String>,
    /// `title` in SCIM.
    #[schema(required = true)]
    pub job_title: Option<String>,
    /// `department` of the enterprise extension.
    #[schema(required = true, value_type = Option<String>)]
    pub department: Value,
    /// The id of the manager, `manager.value` of the enterprise extension.
    #[schema(required = true)]
    pub manager_id: Option<String>,
    /// `active` in SCIM.
    pub state: UserState,
    /// The user's own role, else the one that a group gives.
    #[schema(required = true)]
    pub role: Option<String>,
    /// What the role allows: some of `app` and `web`.
    pub grants: Vec<String>,
    /// The groups that the user is directly in.
    pub groups: Vec<GroupName>,
    /// Data of extension schemas, by URN.
    #[schema(value_type = Object)]
    pub custom: Map<String, Value>,
    /// The SCIM resource.
    #[schema(value_type = Object)]
    pub raw: Map<String, Value>,
    /// When it was created.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    /// When it last changed.
    #[schema(value_type = String, format = DateTime)]
    pub updated_at: Timestamp,
}

/// A group that somebody is in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(examples(json!({"id": "0193b2f0-8f6e-7c3a-8d2f-0a1b2c3d4e61", "display_name": "Engineers"})))]
pub struct GroupName {
    /// Its id.
    #[schema(value_type = Uuid)]
    pub id: ResourceId,
    /// What people call it.
    pub display_name: String,
}

/// An erasure that goes on in the background.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(examples(json!({"id": "0193b2f0-8f6e-7c3a-8d2f-0a1b2c3d4e5f", "erased": false})))]
pub struct ErasureStarted {
    /// The user.
    #[schema(value_type = Uuid)]
    pub id: ResourceId,
    /// Whether it is done: `false` as long as this answer is given.
    pub erased: bool,
}
