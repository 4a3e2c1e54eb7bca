//! The settings of a directory that shape SCIM, roles and grants.

use super::SchemaDeclaration;
use events::ResourceId;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// Something that people may be let into.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Grant {
    /// Logging in to the app.
    App,
    /// Its web access.
    Web,
}

/// Which grants a role gives.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({"value": "Admin", "grants": ["app", "web"]})))]
pub struct RoleRule {
    /// The role's `value`, compared without regard to case.
    #[schema(min_length = 1, max_length = 200)]
    pub value: String,
    /// What it gives.
    #[schema(min_items = 0, max_items = 2)]
    pub grants: Vec<Grant>,
}

/// A group whose members have a role.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({"group_id": "0193b2f0-8f6e-7c3a-8d2f-0a1b2c3d4e62", "role": "Admin"})))]
pub struct GroupRole {
    /// The group: the `id` that SCIM shows of it.
    #[schema(value_type = Uuid)]
    pub group_id: ResourceId,
    /// The role of its direct members who have none of their own.
    #[schema(min_length = 1, max_length = 200)]
    pub role: String,
}

/// How many active users may be deactivated or deleted within a while before a directory is held.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({"enabled": true, "percent": 20, "minimum": 10, "window_minutes": 10, "new_user_hours": 24})))]
pub struct MassChangeBrake {
    /// Whether there is a brake at all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
    /// The share of the active users that may go within the window, in percent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 0, maximum = 100)]
    pub percent: Option<u8>,
    /// So many may always go, however few users there are.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 0, maximum = 1_000_000)]
    pub minimum: Option<u32>,
    /// The length of the window, in minutes.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, maximum = 1440)]
    pub window_minutes: Option<u32>,
    /// Users that were created less than so many hours ago may always go, and are not counted; 0 counts everybody.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 0, maximum = 720)]
    pub new_user_hours: Option<u32>,
}

/// Whose people a directory takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PeopleOf {
    /// Everybody.
    Any,
    /// Those whose addresses are of verified domains of the organization, or of domains below these: the user name, where it
    /// is an address, and every e-mail address. What users have already stays until it is changed.
    VerifiedDomains,
}

/// The settings of a directory as they are in force, defaults included. All of them are there, or none: then they cannot be
/// read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct DirectorySettings {
    /// Whether groups are taken and shown.
    #[schema(required = false)]
    pub groups_enabled: bool,
    /// SCIM paths of users that must have a value.
    #[schema(required = false)]
    pub required_attributes: Vec<String>,
    /// Whether no two users may have the same e-mail address.
    #[schema(required = false)]
    pub unique_emails: bool,
    /// Grants by role.
    #[schema(required = false)]
    pub roles: Vec<RoleRule>,
    /// Grants of a user without a role, or with one that has no rule.
    #[schema(required = false)]
    pub default_grants: Vec<Grant>,
    /// Roles by membership.
    #[schema(required = false)]
    pub group_roles: Vec<GroupRole>,
    /// Extension schemas of users.
    #[schema(required = false)]
    pub schemas: Vec<SchemaDeclaration>,
    /// Names in `custom` of the normalized user, each with the SCIM path that it shows.
    #[schema(required = false)]
    pub attribute_map: BTreeMap<String, String>,
    /// The most requests per second that the SCIM service takes; `null` for any number.
    #[schema(required = false)]
    pub rate_limit: Option<u32>,
    /// When deactivations and deletions become too many.
    #[schema(required = false)]
    pub mass_change_brake: MassChangeBrake,
    /// Whose people are taken.
    #[schema(required = false)]
    pub people_of: PeopleOf,
}
