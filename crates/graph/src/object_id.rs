//! Ids of people, groups and everything else in a tenant's directory.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;
use uuid::Uuid;

/// The `id` of a directory object: a GUID that never changes, in small letters with hyphens. The `oid` of a login is the same.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ObjectId(Uuid);

impl ObjectId {
    /// As a plain UUID, for the database.
    #[must_use]
    pub const fn uuid(self) -> Uuid {
        self.0
    }
}

impl From<Uuid> for ObjectId {
    fn from(id: Uuid) -> Self {
        Self(id)
    }
}

impl FromStr for ObjectId {
    type Err = uuid::Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self)
    }
}

impl fmt::Display for ObjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.hyphenated().fmt(f)
    }
}

impl fmt::Debug for ObjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ObjectId({self})")
    }
}

/// What a directory object is, by its `@odata.type`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ObjectKind {
    /// A person.
    User,
    /// A group.
    Group,
    /// A device.
    Device,
    /// A contact of the organization, who has no account.
    OrgContact,
    /// An application in the tenant.
    ServicePrincipal,
    /// Another kind, or one that the answer does not say.
    Other,
}

impl ObjectKind {
    /// The kind of an `@odata.type`, such as `#microsoft.graph.user`.
    #[must_use]
    pub fn of_type(odata_type: Option<&str>) -> Self {
        let name = odata_type.map(|name| name.trim_start_matches('#'));
        match name.and_then(|name| name.strip_prefix("microsoft.graph.")) {
            Some("user") => Self::User,
            Some("group") => Self::Group,
            Some("device") => Self::Device,
            Some("orgContact") => Self::OrgContact,
            Some("servicePrincipal") => Self::ServicePrincipal,
            _ => Self::Other,
        }
    }
}
