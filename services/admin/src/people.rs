//! The users and groups of one directory, in the normalized shape.

mod command;
pub(crate) mod group_body;
mod history;
mod pages;
mod past;
mod paths;
mod preview;
pub(crate) mod user_body;

pub(crate) use command::{Wish, command_of};
pub(crate) use history::{delivery, history_of, trace_id};
pub(crate) use pages::{page_of_groups, page_of_members, page_of_users};
pub(crate) use past::{At, MOMENT};

use crate::context::AdminContext;
use crate::problem::Problem;
use ::directory::{Owner, Policy, normalized_group, normalized_user};
use ::events::{GroupRef, StoredResource};
use api::{Group, User};
use serde::de::DeserializeOwned;
use serde_json::Value;
use store::{Directory, GroupRow, UserRow};

/// A directory whose users and groups are asked for, with the policy that they are shown by.
pub(crate) struct People {
    pub(crate) directory: Directory,
    pub(crate) policy: Policy,
}

impl People {
    /// Those of the directory that the path names.
    ///
    /// # Errors
    /// 404 without such a directory; otherwise as the store.
    pub(crate) async fn of(context: &AdminContext, id: &str) -> Result<Self, Problem> {
        let directory = context.directory(id).await?;
        let policy = directory.policy()?;
        Ok(Self { directory, policy })
    }

    /// Whose they are.
    pub(crate) const fn owner(&self) -> Owner {
        self.directory.owner()
    }

    /// A user as it was loaded, with its groups.
    ///
    /// # Errors
    /// 500 for a row that cannot be read.
    pub(crate) fn user(&self, row: UserRow) -> Result<User, Problem> {
        self.stored_user(row.into_stored()?)
    }

    /// A user as a verdict shows it.
    ///
    /// # Errors
    /// 500 for a resource that is no user.
    pub(crate) fn stored_user(&self, stored: StoredResource) -> Result<User, Problem> {
        let groups = self.visible(&stored.groups);
        let row = ::directory::User {
            id: stored.id,
            attributes: stored.attributes,
            version: stored.version,
            created_at: stored.created_at,
            updated_at: stored.updated_at,
        };
        typed(normalized_user(&row, self.owner(), groups, &self.policy))
    }

    /// A group as it was loaded.
    ///
    /// # Errors
    /// 500 for a row that cannot be read.
    pub(crate) fn group(&self, row: GroupRow) -> Result<Group, Problem> {
        self.stored_group(row.into_stored()?)
    }

    /// A group as a verdict shows it.
    ///
    /// # Errors
    /// 500 for a resource that is no group.
    pub(crate) fn stored_group(&self, stored: StoredResource) -> Result<Group, Problem> {
        let row = ::directory::Group {
            id: stored.id,
            attributes: stored.attributes,
            version: stored.version,
            created_at: stored.created_at,
            updated_at: stored.updated_at,
        };
        typed(normalized_group(&row, self.owner()))
    }

    /// Nobody sees groups where they are switched off.
    fn visible<'a>(&self, groups: &'a [GroupRef]) -> &'a [GroupRef] {
        if self.policy.groups_enabled { groups } else { &[] }
    }
}

/// What the rules wrote, as the type that the API documents.
///
/// # Errors
/// 500 when the two do not agree.
pub(crate) fn typed<T: DeserializeOwned>(value: Value) -> Result<T, Problem> {
    serde_json::from_value(value).map_err(|error| Problem::internal(&error))
}
