//! `/portal-links`: links that IT administrators of customers open without an account.

use crate::PlainSecret;
use events::{DirectoryId, OrganizationId, PortalLinkId, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A part of the portal that a link opens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PortalFeature {
    /// Connecting the identity provider, and looking after what it syncs.
    DirectorySync,
    /// Single sign-on.
    Sso,
    /// Webhook endpoints and their deliveries; only keys with the scope `endpoints` make such links.
    Webhooks,
}

/// A new link.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({
    "organization_id": "0193b2f0-8f6e-7c3a-8d2f-0a1b2c3d4e5f",
    "features": ["directory_sync", "sso"],
    "expires_in": 86400,
})))]
pub struct PortalLinkCreate {
    /// The organization that it is for.
    #[schema(value_type = Uuid)]
    pub organization_id: OrganizationId,
    /// The one directory that it is about; all of the organization, where nothing is said.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Uuid>)]
    pub directory_id: Option<DirectoryId>,
    /// What it opens; `directory_sync`, where nothing is said.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(min_items = 1, max_items = 3)]
    pub features: Option<Vec<PortalFeature>>,
    /// For how many seconds it is good: from a minute to 30 days; 7 days, where nothing is said.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 60, maximum = 2_592_000)]
    pub expires_in: Option<u32>,
}

/// A link. Its URL is only in the answer to the request that made it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(examples(json!({
    "id": "0193b2f0-8f6e-7c3a-8d2f-0a1b2c3d4e60",
    "organization_id": "0193b2f0-8f6e-7c3a-8d2f-0a1b2c3d4e5f",
    "directory_id": null,
    "features": ["directory_sync", "sso"],
    "expires_at": "2026-11-21T12:00:00.000Z",
    "created_at": "2026-11-20T12:00:00.000Z",
})))]
pub struct PortalLink {
    /// Its id.
    #[schema(value_type = Uuid)]
    pub id: PortalLinkId,
    /// The organization that it is for.
    #[schema(value_type = Uuid)]
    pub organization_id: OrganizationId,
    /// The one directory that it is about; `null` for all of the organization.
    #[schema(required = true, value_type = Option<Uuid>)]
    pub directory_id: Option<DirectoryId>,
    /// What it opens.
    pub features: Vec<PortalFeature>,
    /// From when on it opens nothing.
    #[schema(value_type = String, format = DateTime)]
    pub expires_at: Timestamp,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    /// The link itself, only in the answer to the request that made it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = "uri", nullable = false)]
    pub url: Option<PlainSecret>,
}
