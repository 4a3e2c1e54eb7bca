//! The doors of the portal.

use events::Timestamp;
use store::{PortalCapability, PortalFeature, PortalLink, SessionKind};

/// A door of the portal, with sessions of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Door {
    /// For operators.
    Console,
    /// For IT administrators of a customer.
    Setup,
    /// For teams of apps.
    Apps,
}

impl Door {
    /// Those that a link opens.
    pub(crate) const OF_LINKS: [Self; 2] = [Self::Setup, Self::Apps];

    /// Where its pages are.
    pub(crate) const fn path(self) -> &'static str {
        match self {
            Self::Console => "/console",
            Self::Setup => "/setup",
            Self::Apps => "/apps",
        }
    }

    /// The kind of its sessions.
    pub(crate) const fn kind(self) -> SessionKind {
        match self {
            Self::Console => SessionKind::Console,
            Self::Setup => SessionKind::Setup,
            Self::Apps => SessionKind::Apps,
        }
    }

    /// The name of its cookie. With the prefix, browsers take it from this host only, over TLS, for all paths.
    pub(crate) const fn cookie(self, is_secure: bool) -> &'static str {
        match (self, is_secure) {
            (Self::Console, true) => "__Host-rollcall-console",
            (Self::Console, false) => "rollcall-console",
            (Self::Setup, true) => "__Host-rollcall-setup",
            (Self::Setup, false) => "rollcall-setup",
            (Self::Apps, true) => "__Host-rollcall-apps",
            (Self::Apps, false) => "rollcall-apps",
        }
    }

    /// Where somebody is sent who is not logged in.
    pub(crate) const fn closed_at(self) -> &'static str {
        match self {
            Self::Console => "/console/login",
            Self::Setup => "/setup",
            Self::Apps => "/apps",
        }
    }

    /// Where somebody begins who came in.
    pub(crate) const fn first_page(self) -> &'static str {
        match self {
            Self::Console => "/console",
            Self::Setup => "/setup/start",
            Self::Apps => "/apps/endpoints",
        }
    }

    /// Whether a link opens it now: it has not ended, and is for this door at all.
    pub(crate) fn is_opened_by(self, link: &PortalLink) -> bool {
        let is_for_it = match self {
            Self::Console => false,
            Self::Setup => {
                let of_it = [PortalFeature::DirectorySync, PortalFeature::Sso];
                of_it.iter().any(|feature| link.features.contains(feature))
            }
            Self::Apps => {
                link.features.contains(&PortalFeature::Webhooks) && link.capabilities.contains(&PortalCapability::View)
            }
        };
        is_for_it && Timestamp::now() < link.expires_at
    }
}

#[cfg(test)]
mod tests {
    use super::Door;
    use events::{OrganizationId, PortalLinkId, Timestamp};
    use std::time::Duration;
    use store::{PortalCapability, PortalFeature, PortalLink};

    #[test]
    fn a_link_opens_one_door_until_it_ends() {
        let now = Timestamp::now();
        let link = |feature, capabilities: &[PortalCapability], expires_at| PortalLink {
            id: PortalLinkId::new(),
            organization_id: OrganizationId::new(),
            directory_id: None,
            features: vec![feature],
            capabilities: capabilities.to_vec(),
            return_url: None,
            brand: None,
            token_hash: [0; 32],
            expires_at,
            created_at: now,
        };
        let (later, before) = (now.plus(Duration::from_mins(1)), now.minus(Duration::from_secs(1)));
        let view = [PortalCapability::View];
        for (link, opened) in [
            (link(PortalFeature::DirectorySync, &[], later), Some(Door::Setup)),
            (link(PortalFeature::DirectorySync, &[], before), None),
            (link(PortalFeature::Webhooks, &view, later), Some(Door::Apps)),
            (link(PortalFeature::Webhooks, &view, before), None),
            (link(PortalFeature::Webhooks, &[], later), None),
            (link(PortalFeature::Sso, &[], later), Some(Door::Setup)),
            (link(PortalFeature::Sso, &[], before), None),
        ] {
            for door in [Door::Console, Door::Setup, Door::Apps] {
                assert_eq!(door.is_opened_by(&link), opened == Some(door), "{door:?}: {link:?}");
            }
        }
    }
}
