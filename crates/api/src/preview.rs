//! `/directories/{id}/preview`: what a list would do before it is sent.

use crate::HistoryChange;
use events::ResourceId;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

/// People and groups as an identity provider would send them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({
    "users": [{"userName": "ada@contoso.com", "externalId": "a1", "active": true}],
    "groups": [{"displayName": "Engineers", "members": []}],
    "complete": true,
})))]
pub struct PreviewRequest {
    /// SCIM users.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<Object>>, min_items = 0, max_items = 500)]
    pub users: Option<Vec<Map<String, Value>>>,
    /// SCIM groups. The `value` of a member is the id of a user or group here.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<Object>>, min_items = 0, max_items = 100)]
    pub groups: Option<Vec<Map<String, Value>>>,
    /// Whether the list has everybody who is in scope: then active users that are not in it would be deactivated. `false`,
    /// where nothing is said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub complete: Option<bool>,
}

/// What would become of a user or group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PreviewEffect {
    /// It would be made.
    Created,
    /// It would be changed.
    Changed,
    /// It is here as the list has it.
    Unchanged,
    /// It would be deactivated.
    Deactivated,
    /// It would be active again.
    Reactivated,
    /// It would be refused; `detail` says why.
    Refused,
}

/// By what a user or group of the list was found here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum MatchedBy {
    /// By `externalId`.
    ExternalId,
    /// By `userName`.
    UserName,
    /// By an address.
    Email,
    /// By `displayName`, for groups.
    DisplayName,
}

/// What would become of one user of the list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(examples(json!({
    "user_name": "ada@contoso.com",
    "effect": "changed",
    "id": "0193b2f0-8f6e-7c3a-8d2f-0a1b2c3d4e5f",
    "matched_by": "external_id",
    "changes": [{"path": "title", "before": null, "after": "Countess"}],
    "detail": null,
})))]
pub struct UserPreview {
    /// Its name in the list.
    #[schema(required = true)]
    pub user_name: Option<String>,
    /// What would become of it.
    pub effect: PreviewEffect,
    /// The user here that it would be taken for.
    #[schema(required = true, value_type = Option<Uuid>)]
    pub id: Option<ResourceId>,
    /// By what.
    #[schema(required = true)]
    pub matched_by: Option<MatchedBy>,
    /// The paths that would change.
    pub changes: Vec<HistoryChange>,
    /// Why it would be refused.
    #[schema(required = true)]
    pub detail: Option<String>,
}

/// What would become of one group of the list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(examples(json!({
    "display_name": "Engineers",
    "effect": "changed",
    "id": "0193b2f0-8f6e-7c3a-8d2f-0a1b2c3d4e61",
    "matched_by": "display_name",
    "changes": [],
    "emptied": true,
    "joining": 0,
    "leaving": 12,
    "detail": null,
})))]
pub struct GroupPreview {
    /// Its name in the list.
    #[schema(required = true)]
    pub display_name: Option<String>,
    /// What would become of it.
    pub effect: PreviewEffect,
    /// The group here that it would be taken for.
    #[schema(required = true, value_type = Option<Uuid>)]
    pub id: Option<ResourceId>,
    /// By what.
    #[schema(required = true)]
    pub matched_by: Option<MatchedBy>,
    /// The paths that would change, beside members.
    pub changes: Vec<HistoryChange>,
    /// Whether it has members and would have none.
    pub emptied: bool,
    /// How many would become members; `null` where the groups of the list have more than 20,000 members here.
    #[schema(required = true)]
    pub joining: Option<u32>,
    /// How many members would leave; `null` as before.
    #[schema(required = true)]
    pub leaving: Option<u32>,
    /// Why it would be refused.
    #[schema(required = true)]
    pub detail: Option<String>,
}

/// What a list would do. Nothing was written.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(examples(json!({
    "users": [],
    "groups": [],
    "created": 1,
    "changed": 0,
    "deactivated": 40,
    "missing": 39,
})))]
pub struct Preview {
    /// The users, in the order of the list.
    pub users: Vec<UserPreview>,
    /// The groups, in the order of the list.
    pub groups: Vec<GroupPreview>,
    /// Users that would be made.
    pub created: u32,
    /// Users that would change, beside those that would be deactivated.
    pub changed: u32,
    /// Users that would be deactivated, those that are missing included.
    #[schema(minimum = 0)]
    pub deactivated: i64,
    /// Active users here that are not in the list; 0 where the list is not complete.
    #[schema(minimum = 0)]
    pub missing: i64,
}
