//! `/connections/{id}/console-access`: who of the people of a connection may enter the console.

use crate::Scope;
use events::{ConnectionId, ResourceId, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// How far somebody in the console reaches.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ConsoleReach {
    /// The organization of the connection, as a key of that organization.
    #[default]
    Organization,
    /// Everything, as a key without an organization. Only such a key may give it.
    Installation,
}

/// Opens the console to people of a connection. At least one role or user is named.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({"roles": ["EnterpriseAdmin"], "scopes": ["read", "directories"]})))]
pub struct ConsoleAccessSet {
    /// Roles of the directory: everybody who has one of them may enter. Each has at most 100 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(min_items = 0, max_items = 20)]
    pub roles: Option<Vec<String>>,
    /// Users of the directory who may enter, whatever their role.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<Uuid>>, min_items = 0, max_items = 100)]
    pub user_ids: Option<Vec<ResourceId>>,
    /// What they may do. A key gives the scopes that it has itself.
    #[schema(min_items = 1, max_items = 9)]
    pub scopes: Vec<Scope>,
    /// How far they reach; `organization`, where nothing is said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reach: Option<ConsoleReach>,
}

/// Who may enter the console by a connection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(examples(json!({
    "connection_id": "0193b2f0-8f6e-7c3a-8d2f-0a1b2c3d4e71",
    "roles": ["EnterpriseAdmin"],
    "user_ids": [],
    "scopes": ["read", "directories"],
    "reach": "organization",
    "login_url": "https://rollcall.example/console/login?with=contoso-k3m9q2xa",
    "created_at": "2026-11-20T12:00:00.000Z",
    "updated_at": "2026-11-20T12:00:00.000Z",
})))]
pub struct ConsoleAccess {
    /// The connection.
    #[schema(value_type = Uuid)]
    pub connection_id: ConnectionId,
    /// Roles of the directory: everybody who has one of them may enter.
    pub roles: Vec<String>,
    /// Users of the directory who may enter, whatever their role.
    #[schema(value_type = Vec<Uuid>)]
    pub user_ids: Vec<ResourceId>,
    /// What they may do.
    pub scopes: Vec<Scope>,
    /// How far they reach.
    pub reach: ConsoleReach,
    /// Where they log in. It names the connection, which no other page does.
    #[schema(format = "uri")]
    pub login_url: String,
    /// When the console was opened to them.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    /// When that was last changed.
    #[schema(value_type = String, format = DateTime)]
    pub updated_at: Timestamp,
}
