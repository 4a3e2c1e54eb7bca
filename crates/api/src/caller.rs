//! Who asks, where another part of the same process has made sure of it.

use crate::Scope;
use events::{AdminKeyId, DirectoryId, OrganizationId, PortalLinkId, ResourceId};

/// A caller whom another part of this process has made sure of. It travels beside a request that never leaves the process,
/// and not on the wire: nobody can send one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// By what it is known.
    pub identity: CallerIdentity,
    /// What people call it.
    pub name: String,
    /// What it may do.
    pub scopes: Vec<Scope>,
    /// The one organization that it is for; `None` for all.
    pub organization: Option<OrganizationId>,
    /// The one directory of that organization that it is for; `None` for all of them.
    pub directory: Option<DirectoryId>,
}

/// By what a caller is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CallerIdentity {
    /// An admin key of the database.
    AdminKey(AdminKeyId),
    /// The admin key of the configuration.
    Configured,
    /// A link to the portal.
    PortalLink(PortalLinkId),
    /// A person of a directory, who is in the console.
    Person(ResourceId),
}
