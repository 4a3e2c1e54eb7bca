//! What a command did.

use crate::CommandError;
use events::{Outcome, ResourceId, StoredResource};

/// What an applied command did.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Here is the resource as it is stored now.
    Stored {
        /// Whether the resource is new.
        created: bool,
        /// What is stored.
        resource: Box<StoredResource>,
    },
    /// The resource is stored and can be read back.
    Noted {
        /// Whether the resource is new.
        created: bool,
        /// Which resource.
        resource_id: ResourceId,
        /// Its version after the change.
        version: i64,
    },
    /// The resource is gone.
    Deleted,
}

impl Effect {
    /// The resource's version after the change; `None` for one that is gone.
    #[must_use]
    pub fn version(&self) -> Option<i64> {
        match self {
            Self::Stored { resource, .. } => Some(resource.version),
            Self::Noted { version, .. } => Some(*version),
            Self::Deleted => None,
        }
    }

    /// Whether the command made a new resource.
    #[must_use]
    pub const fn is_created(&self) -> bool {
        matches!(
            self,
            Self::Stored { created: true, .. } | Self::Noted { created: true, .. }
        )
    }
}

impl TryFrom<Outcome> for Effect {
    type Error = CommandError;

    fn try_from(outcome: Outcome) -> Result<Self, CommandError> {
        match outcome {
            Outcome::Stored { created, resource } => Ok(Self::Stored { created, resource }),
            Outcome::Applied {
                created,
                resource_id,
                version,
            } => Ok(Self::Noted {
                created,
                resource_id,
                version,
            }),
            Outcome::Deleted => Ok(Self::Deleted),
            Outcome::Refused {
                status,
                scim_type,
                detail,
            } => Err(CommandError::Refused {
                status,
                scim_type,
                detail,
            }),
            Outcome::Abandoned => Err(CommandError::NotApplied),
        }
    }
}
