//! `/portal-links`: links that IT administrators of customers and teams of apps open without an account.

use crate::{PlainSecret, Scope};
use events::{DirectoryId, OrganizationId, PortalLinkId, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A part of the portal that a link opens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PortalFeature {
    /// Connecting the identity provider, and looking after what it syncs.
    DirectorySync,
    /// Setting up single sign-on for a directory, and renewing what it proves itself with. Only a key with the scope
    /// `connections` makes such links.
    Sso,
    /// The webhook endpoints of the organization and their deliveries, as far as the `capabilities` go. It stands alone: a
    /// link opens one door.
    Webhooks,
}

/// What a link to webhook endpoints lets its holder do. A key makes links only with those whose scope it has itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PortalCapability {
    /// Look at endpoints, how they fare, and their deliveries; as the scope `endpoints:view`. Every such link has it.
    View,
    /// See URLs and signing secrets of endpoints; as the scope `endpoints:reveal`.
    Reveal,
    /// Make, change, test, switch on and delete endpoints, and give them new secrets; as the scope `endpoints:manage`.
    Manage,
    /// Send deliveries again, or give them up; as the scope `endpoints:resend`.
    Resend,
}

impl PortalCapability {
    /// Each of them.
    pub const ALL: [Self; 4] = [Self::View, Self::Reveal, Self::Manage, Self::Resend];

    /// The scope of a key that may do the same.
    #[must_use]
    pub const fn scope(self) -> Scope {
        match self {
            Self::View => Scope::ViewEndpoints,
            Self::Reveal => Scope::RevealEndpoints,
            Self::Manage => Scope::ManageEndpoints,
            Self::Resend => Scope::ResendDeliveries,
        }
    }
}

/// In whose name the pages of a link are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({"name": "Hero SaaS", "colour": "#123456"})))]
pub struct PortalBrandCreate {
    /// The name at the top of each page.
    #[schema(min_length = 1, max_length = 60)]
    pub name: String,
    /// The colour of the strip at the top and of the buttons that matter, as `#rrggbb`. What is written on it is black or
    /// white, whichever is read better.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = "colour")]
    pub colour: Option<String>,
    /// The picture before the name: a `data:` URI of a PNG or an SVG, in base64, of at most 32 KiB. It is kept with the link,
    /// and the pages load it from this address: they load nothing from elsewhere.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = "uri")]
    pub logo_url: Option<String>,
}

/// In whose name the pages of a link are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(examples(json!({"name": "Hero SaaS", "colour": "#123456", "has_logo": false})))]
pub struct PortalBrand {
    /// The name at the top of each page.
    pub name: String,
    /// The colour, as `#rrggbb`.
    #[schema(required = true)]
    pub colour: Option<String>,
    /// Whether there is a picture before the name.
    pub has_logo: bool,
}

/// A new link.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({
    "organization_id": "0193b2f0-8f6e-7c3a-8d2f-0a1b2c3d4e5f",
    "features": ["webhooks"],
    "capabilities": ["view", "resend"],
    "return_url": "https://app.example/settings/webhooks",
    "brand": {"name": "Hero SaaS", "colour": "#123456"},
    "expires_in": 86400,
})))]
pub struct PortalLinkCreate {
    /// The organization that it is for.
    #[schema(value_type = Uuid)]
    pub organization_id: OrganizationId,
    /// The one directory that it is about; all of the organization, where nothing is said. Not with `webhooks`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Uuid>)]
    pub directory_id: Option<DirectoryId>,
    /// What it opens; `directory_sync`, and `sso` if the key may manage connections, where nothing is said.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(min_items = 1, max_items = 3)]
    pub features: Option<Vec<PortalFeature>>,
    /// What its holder may do with endpoints; `view`, where nothing is said. Only with `webhooks`, and `view` is always among
    /// them.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(min_items = 1, max_items = 4)]
    pub capabilities: Option<Vec<PortalCapability>>,
    /// Where its holder goes when done: https, or http to this machine.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = "uri", min_length = 1, max_length = 2048)]
    pub return_url: Option<String>,
    /// In whose name the pages are; in that of Rollcall, where nothing is said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub brand: Option<PortalBrandCreate>,
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
    "features": ["webhooks"],
    "capabilities": ["view", "resend"],
    "return_url": "https://app.example/settings/webhooks",
    "brand": {"name": "Hero SaaS", "colour": "#123456", "has_logo": false},
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
    /// What its holder may do with endpoints; nothing, unless it is for `webhooks`.
    pub capabilities: Vec<PortalCapability>,
    /// Where its holder goes when done.
    #[schema(required = true, format = "uri")]
    pub return_url: Option<String>,
    /// In whose name the pages are; `null` for that of Rollcall.
    #[schema(required = true)]
    pub brand: Option<PortalBrand>,
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
