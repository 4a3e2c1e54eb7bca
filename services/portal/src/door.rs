//! The doors of the portal.

use store::SessionKind;

/// A door of the portal, with sessions of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Door {
    /// For operators.
    Console,
    /// For IT administrators of a customer.
    Setup,
}

impl Door {
    /// The kind of its sessions.
    pub(crate) const fn kind(self) -> SessionKind {
        match self {
            Self::Console => SessionKind::Console,
            Self::Setup => SessionKind::Setup,
        }
    }

    /// The name of its cookie. With the prefix, browsers take it from this host only, over TLS, for all paths.
    pub(crate) const fn cookie(self, is_secure: bool) -> &'static str {
        match (self, is_secure) {
            (Self::Console, true) => "__Host-rollcall-console",
            (Self::Console, false) => "rollcall-console",
            (Self::Setup, true) => "__Host-rollcall-setup",
            (Self::Setup, false) => "rollcall-setup",
        }
    }

    /// Where somebody is sent who is not logged in.
    pub(crate) const fn closed_at(self) -> &'static str {
        match self {
            Self::Console => "/console/login",
            Self::Setup => "/setup",
        }
    }
}
