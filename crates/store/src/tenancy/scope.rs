//! What an admin key may do.

use crate::StoreError;

/// A part of the management API. Which includes which is said by the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AdminScope {
    /// Looking at everything but secrets, admin keys and the audit log.
    Read,
    /// Organizations, directories and what belongs to them.
    Directories,
    /// Endpoints and their deliveries.
    Endpoints,
    /// Looking at endpoints and their deliveries.
    ViewEndpoints,
    /// URLs and secrets of endpoints.
    RevealEndpoints,
    /// Making, changing and deleting endpoints.
    ManageEndpoints,
    /// Sending deliveries again, or giving them up.
    ResendDeliveries,
    /// Connections and the apps that people log in to.
    Connections,
    /// Admin keys and the audit log.
    Admin,
}

impl AdminScope {
    /// Each of them.
    pub const ALL: [Self; 9] = [
        Self::Read,
        Self::Directories,
        Self::Endpoints,
        Self::ViewEndpoints,
        Self::RevealEndpoints,
        Self::ManageEndpoints,
        Self::ResendDeliveries,
        Self::Connections,
        Self::Admin,
    ];
    /// Those that together include all others.
    pub const WIDEST: [Self; 5] = [
        Self::Read,
        Self::Directories,
        Self::Endpoints,
        Self::Connections,
        Self::Admin,
    ];

    /// The name on the wire and in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Directories => "directories",
            Self::Endpoints => "endpoints",
            Self::ViewEndpoints => "endpoints:view",
            Self::RevealEndpoints => "endpoints:reveal",
            Self::ManageEndpoints => "endpoints:manage",
            Self::ResendDeliveries => "endpoints:resend",
            Self::Connections => "connections",
            Self::Admin => "admin",
        }
    }

    /// The scope with this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.as_str() == name)
    }
}

/// Scopes as they are stored.
pub(super) fn stored(scopes: &[AdminScope]) -> String {
    let names: Vec<_> = scopes.iter().map(|scope| scope.as_str()).collect();
    names.join(" ")
}

/// Reads [`stored`] scopes.
pub(super) fn read(text: &str) -> Result<Vec<AdminScope>, StoreError> {
    let scope = |name| {
        AdminScope::from_name(name).ok_or_else(|| StoreError::corrupt(format!("an admin key has the scope {name:?}")))
    };
    text.split_whitespace().map(scope).collect()
}
