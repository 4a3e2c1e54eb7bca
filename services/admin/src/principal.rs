//! The caller, and what the key that was sent allows.

use crate::problem::Problem;
use api::{Caller, CallerIdentity, Scope};
use events::{DirectoryId, OrganizationId};
use store::{AdminKey, AdminScope};

/// The scopes that together include all others.
pub(crate) const WIDEST_SCOPES: [Scope; 5] = [
    Scope::Read,
    Scope::Directories,
    Scope::Endpoints,
    Scope::Connections,
    Scope::Admin,
];

/// What the key of the configuration is called.
const CONFIGURED: &str = "configured";

/// The caller, known to hold an admin key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Principal {
    /// By what it is known.
    pub(crate) identity: CallerIdentity,
    /// What people call the key.
    pub(crate) name: String,
    /// What it may do.
    pub(crate) scopes: Vec<Scope>,
    /// The one organization that it is for.
    pub(crate) organization: Option<OrganizationId>,
    /// The one directory of the organization that it is for.
    pub(crate) directory: Option<DirectoryId>,
}

impl Principal {
    /// The holder of the key of the configuration, which may do everything.
    pub(crate) fn configured() -> Self {
        Self {
            identity: CallerIdentity::Configured,
            name: CONFIGURED.to_owned(),
            scopes: WIDEST_SCOPES.to_vec(),
            organization: None,
            directory: None,
        }
    }

    /// The holder of a key of the database.
    pub(crate) fn of(key: AdminKey) -> Self {
        Self {
            identity: CallerIdentity::AdminKey(key.id),
            name: key.name,
            scopes: key.scopes.into_iter().map(shown).collect(),
            organization: key.organization_id,
            directory: None,
        }
    }

    /// Whom another part of this process has made sure of.
    pub(crate) fn known(caller: Caller) -> Self {
        Self {
            identity: caller.identity,
            name: caller.name,
            scopes: caller.scopes,
            organization: caller.organization,
            directory: caller.directory,
        }
    }

    /// Whether the key has a scope, or one that includes it.
    pub(crate) fn has(&self, scope: Scope) -> bool {
        self.scopes.iter().any(|own| own.includes(scope))
    }

    /// Whether the key may see what belongs to an organization, or to none.
    pub(crate) fn sees(&self, owner: Option<OrganizationId>) -> bool {
        self.organization.is_none_or(|own| owner == Some(own))
    }

    /// The organization that a list is narrowed to: that of the key, or else the one that is asked for.
    ///
    /// # Errors
    /// 404 where another organization is asked for than that of the key.
    pub(crate) fn narrowed(&self, asked: Option<OrganizationId>) -> Result<Option<OrganizationId>, Problem> {
        match asked {
            Some(asked) if !self.sees(Some(asked)) => Err(Problem::hidden("organization", &asked.to_string())),
            Some(asked) => Ok(Some(asked)),
            None => Ok(self.organization),
        }
    }
}

impl std::fmt::Display for Principal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.identity {
            CallerIdentity::Configured => f.write_str(CONFIGURED),
            CallerIdentity::AdminKey(id) => id.fmt(f),
            CallerIdentity::PortalLink(id) => id.fmt(f),
            CallerIdentity::Person(id) => id.fmt(f),
        }
    }
}

/// A stored scope as the API shows it.
pub(crate) const fn shown(scope: AdminScope) -> Scope {
    match scope {
        AdminScope::Read => Scope::Read,
        AdminScope::Directories => Scope::Directories,
        AdminScope::Endpoints => Scope::Endpoints,
        AdminScope::ViewEndpoints => Scope::ViewEndpoints,
        AdminScope::RevealEndpoints => Scope::RevealEndpoints,
        AdminScope::ManageEndpoints => Scope::ManageEndpoints,
        AdminScope::ResendDeliveries => Scope::ResendDeliveries,
        AdminScope::Connections => Scope::Connections,
        AdminScope::Admin => Scope::Admin,
    }
}

/// A scope as it is stored.
pub(crate) const fn stored(scope: Scope) -> AdminScope {
    match scope {
        Scope::Read => AdminScope::Read,
        Scope::Directories => AdminScope::Directories,
        Scope::Endpoints => AdminScope::Endpoints,
        Scope::ViewEndpoints => AdminScope::ViewEndpoints,
        Scope::RevealEndpoints => AdminScope::RevealEndpoints,
        Scope::ManageEndpoints => AdminScope::ManageEndpoints,
        Scope::ResendDeliveries => AdminScope::ResendDeliveries,
        Scope::Connections => AdminScope::Connections,
        Scope::Admin => AdminScope::Admin,
    }
}

/// Names of scopes, for people.
pub(crate) fn names(scopes: &[Scope]) -> String {
    let names: Vec<_> = scopes.iter().map(|scope| scope.as_str()).collect();
    names.join(", ")
}
