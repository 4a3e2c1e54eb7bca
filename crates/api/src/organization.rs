//! `/organizations`: the customer companies.

use events::{OrganizationId, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A new organization.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({"name": "Contoso", "domains": ["contoso.com"]})))]
pub struct OrganizationCreate {
    /// What people call it; its first domain, where nothing is said.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 200)]
    pub name: Option<String>,
    /// Its domains, each of which belongs to one organization only.
    #[schema(value_type = Vec<String>, min_items = 1, max_items = 100, format = "hostname")]
    pub domains: Vec<String>,
}

/// Changes of an organization. What is not named stays as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({"name": "Contoso Ltd", "domains": ["contoso.com", "contoso.example"]})))]
pub struct OrganizationPatch {
    /// What people call it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, min_length = 1, max_length = 200)]
    pub name: Option<String>,
    /// Its domains, instead of those that it has.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<String>>, nullable = false, min_items = 1, max_items = 100, format = "hostname")]
    pub domains: Option<Vec<String>>,
}

/// A customer company whose people are synced.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(examples(json!({
    "id": "0193b2f0-8f6e-7c3a-8d2f-0a1b2c3d4e5f",
    "name": "Contoso",
    "domains": ["contoso.com"],
    "created_at": "2026-11-20T12:00:00.000Z",
    "updated_at": "2026-11-20T12:00:00.000Z",
})))]
pub struct Organization {
    /// Its id.
    #[schema(value_type = Uuid)]
    pub id: OrganizationId,
    /// What people call it.
    pub name: String,
    /// Its domains, in lower case and ASCII.
    pub domains: Vec<String>,
    /// When it was created.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    /// When it last changed.
    #[schema(value_type = String, format = DateTime)]
    pub updated_at: Timestamp,
}
