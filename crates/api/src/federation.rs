//! `/directories/{id}/federation`: which workload of which Entra tenant may ask for access tokens without a secret.

use events::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// What the assertions of the workload must say.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({
    "tenant_id": "5f2c8a6e-1b3d-4c5e-8f70-112233445566",
    "audience": "api://rollcall",
    "subject": "/eid1/c/pub/t/abc/a/def/provisioning",
})))]
pub struct FederationSet {
    /// The Entra tenant.
    pub tenant_id: Uuid,
    /// Their `aud`.
    #[schema(min_length = 1, max_length = 500)]
    pub audience: String,
    /// Their `sub`.
    #[schema(min_length = 1, max_length = 500)]
    pub subject: String,
}

/// The federation of a directory.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(examples(json!({
    "tenant_id": "5f2c8a6e-1b3d-4c5e-8f70-112233445566",
    "audience": "api://rollcall",
    "subject": "/eid1/c/pub/t/abc/a/def/provisioning",
    "created_at": "2026-11-20T12:00:00.000Z",
    "updated_at": "2026-11-20T12:00:00.000Z",
})))]
pub struct Federation {
    /// The Entra tenant.
    pub tenant_id: Uuid,
    /// The `aud` of its assertions.
    pub audience: String,
    /// The `sub` of its assertions.
    pub subject: String,
    /// When it was set first.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    /// When it last changed.
    #[schema(value_type = String, format = DateTime)]
    pub updated_at: Timestamp,
}
