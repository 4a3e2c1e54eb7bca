//! `/portal-links`: links that IT administrators of customers open without an account.

pub(super) mod create;
pub(super) mod list;
pub(super) mod revoke;

use api::{PortalFeature, PortalLink};

/// A link as the API shows it: never with its URL.
fn shown(link: store::PortalLink) -> PortalLink {
    PortalLink {
        id: link.id,
        organization_id: link.organization_id,
        directory_id: link.directory_id,
        features: link.features.into_iter().map(feature_of).collect(),
        expires_at: link.expires_at,
        created_at: link.created_at,
        url: None,
    }
}

const fn feature_of(feature: store::PortalFeature) -> PortalFeature {
    match feature {
        store::PortalFeature::DirectorySync => PortalFeature::DirectorySync,
        store::PortalFeature::Sso => PortalFeature::Sso,
        store::PortalFeature::Webhooks => PortalFeature::Webhooks,
    }
}

const fn stored(feature: PortalFeature) -> store::PortalFeature {
    match feature {
        PortalFeature::DirectorySync => store::PortalFeature::DirectorySync,
        PortalFeature::Sso => store::PortalFeature::Sso,
        PortalFeature::Webhooks => store::PortalFeature::Webhooks,
    }
}
