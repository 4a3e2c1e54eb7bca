//! `/portal-links`: links that IT administrators of customers and teams of apps open without an account.

mod brand;
pub(super) mod create;
pub(super) mod list;
pub(super) mod revoke;

use api::{PortalBrand, PortalCapability, PortalFeature, PortalLink};

/// A link as the API shows it: never with its URL.
fn shown(link: store::PortalLink) -> PortalLink {
    PortalLink {
        id: link.id,
        organization_id: link.organization_id,
        directory_id: link.directory_id,
        features: link.features.into_iter().map(feature_of).collect(),
        capabilities: link.capabilities.into_iter().map(capability_of).collect(),
        return_url: link.return_url,
        brand: link.brand.map(|brand| PortalBrand {
            name: brand.name,
            colour: brand.colour,
            has_logo: brand.logo.is_some(),
        }),
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

const fn capability_of(capability: store::PortalCapability) -> PortalCapability {
    match capability {
        store::PortalCapability::View => PortalCapability::View,
        store::PortalCapability::Reveal => PortalCapability::Reveal,
        store::PortalCapability::Manage => PortalCapability::Manage,
        store::PortalCapability::Resend => PortalCapability::Resend,
    }
}

const fn stored_capability(capability: PortalCapability) -> store::PortalCapability {
    match capability {
        PortalCapability::View => store::PortalCapability::View,
        PortalCapability::Reveal => store::PortalCapability::Reveal,
        PortalCapability::Manage => store::PortalCapability::Manage,
        PortalCapability::Resend => store::PortalCapability::Resend,
    }
}
