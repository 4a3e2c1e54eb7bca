//! What can be asked of a pull.

use super::{GraphCloud, GraphCredentialCreate, GraphGuests, GraphMapRow, GraphMode, GraphScope};
use crate::reading::named;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// How a directory shall be pulled. It is a draft: nothing is pulled before it is started.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({
    "tenant_id": "5f2c9a0e-7d41-4c1b-9a55-0b6d3f7e2c10",
    "client_id": "c1b7e6f4-2f0a-4e7b-8d33-9a1e5c7d0b42",
    "credential": {"certificate": {}},
    "test_accounts": ["ada@contoso.com"],
    "scope": "assigned",
})))]
pub struct GraphCreate {
    /// The Directory (tenant) ID.
    pub tenant_id: Uuid,
    /// The Application (client) ID.
    pub client_id: Uuid,
    /// What it proves itself with.
    pub credential: GraphCredentialCreate,
    /// User principal names of accounts by which it is looked at before the first round.
    #[schema(min_items = 1, max_items = 20)]
    pub test_accounts: Vec<String>,
    /// Who is pulled.
    pub scope: GraphScope,
    /// The Object IDs of the groups, for the scope `groups`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(min_items = 0, max_items = 100)]
    pub groups: Option<Vec<Uuid>>,
    /// Whether members of groups in groups come, too; `false`, where nothing is said. Microsoft Entra ID assigns direct members
    /// only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nested: Option<bool>,
    /// What becomes of guests; `take`, where nothing is said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub guests: Option<GraphGuests>,
    /// Seconds from one round to the next; 900, where nothing is said.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 60, maximum = 86400)]
    pub interval_seconds: Option<u32>,
    /// The cloud that the tenant is in; `global`, where nothing is said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cloud: Option<GraphCloud>,
    /// What becomes of what is pulled; `pull`, where nothing is said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mode: Option<GraphMode>,
    /// The map of people, in the place of the usual one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(min_items = 1, max_items = 200)]
    pub user_map: Option<Vec<GraphMapRow>>,
    /// The map of groups, in the place of the usual one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(min_items = 1, max_items = 200)]
    pub group_map: Option<Vec<GraphMapRow>>,
}

/// Changes of a pull. Named members are replaced; `null` brings back what is usual.
///
/// Another tenant, application, cloud, scope or map makes a full round necessary, which begins at once.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({"scope": "all", "interval_seconds": 600})))]
pub struct GraphPatch {
    /// The Directory (tenant) ID.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub tenant_id: Option<Uuid>,
    /// The Application (client) ID.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub client_id: Option<Uuid>,
    /// User principal names of accounts by which it is looked at.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, min_items = 1, max_items = 20)]
    pub test_accounts: Option<Vec<String>>,
    /// Who is pulled.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub scope: Option<GraphScope>,
    /// The Object IDs of the groups, for the scope `groups`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, min_items = 0, max_items = 100)]
    pub groups: Option<Vec<Uuid>>,
    /// Whether members of groups in groups come, too.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub nested: Option<bool>,
    /// What becomes of guests.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub guests: Option<GraphGuests>,
    /// Seconds from one round to the next; `null` for the usual ones.
    #[serde(default, deserialize_with = "named", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<u32>, minimum = 60, maximum = 86400)]
    pub interval_seconds: Option<Option<u32>>,
    /// The cloud that the tenant is in.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub cloud: Option<GraphCloud>,
    /// What becomes of what is pulled.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub mode: Option<GraphMode>,
    /// The map of people; `null` for the usual one.
    #[serde(default, deserialize_with = "named", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<GraphMapRow>>, min_items = 1, max_items = 200)]
    pub user_map: Option<Option<Vec<GraphMapRow>>>,
    /// The map of groups; `null` for the usual one.
    #[serde(default, deserialize_with = "named", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<GraphMapRow>>, min_items = 1, max_items = 200)]
    pub group_map: Option<Option<Vec<GraphMapRow>>>,
}

/// How a pull is started.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({})))]
pub struct GraphResume {
    /// Whether it is started although the test does not succeed; `false`, where nothing is said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub force: Option<bool>,
}

/// How a credential comes to be used.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({})))]
pub struct GraphActivate {
    /// Whether it is used although Microsoft Entra ID does not take it; `false`, where nothing is said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub force: Option<bool>,
}

/// What the next round shall be.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({"full": true})))]
pub struct GraphSync {
    /// Whether everything is read again, and not only what changed; `false`, where nothing is said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub full: Option<bool>,
}
