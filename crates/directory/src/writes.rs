//! What a batch of commands leaves to be written, in terms of rows.

use crate::{DirectoryRows, Group, Policy, User};
use events::{ResourceId, ResourceKind};
use scim::schema::ResourceType;
use std::collections::BTreeSet;
use std::sync::Arc;

/// The rows of one directory to write, in an order that unique indexes allow: deletions, then renamed rows parked,
/// then upserts.
#[derive(Debug, Default)]
pub struct Writes {
    /// Users to insert or update.
    pub users: Vec<User>,
    /// Groups to insert or update.
    pub groups: Vec<Group>,
    /// Users to delete.
    pub deleted_users: Vec<ResourceId>,
    /// Groups to delete, with all their membership rows.
    pub deleted_groups: Vec<ResourceId>,
    /// Users whose unique name changes: another row may take the old one in the same statement.
    pub renamed_users: Vec<ResourceId>,
    /// Groups whose unique name changes.
    pub renamed_groups: Vec<ResourceId>,
    /// Membership rows to insert: group, member, kind of member.
    pub members_added: Vec<(ResourceId, ResourceId, ResourceKind)>,
    /// Membership rows to delete: group, member.
    pub members_removed: Vec<(ResourceId, ResourceId)>,
    /// What that does to the numbers of users and groups.
    pub counts: CountChange,
    own_user_type: Option<Arc<ResourceType>>,
}

/// By how much the numbers of a directory grow; negative where they shrink.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CountChange {
    /// Users, active or not.
    pub users: i64,
    /// Active users.
    pub active_users: i64,
    /// Groups.
    pub groups: i64,
}

impl Writes {
    /// Rows that are written as they are, and nothing else.
    #[must_use]
    pub fn of_rows(users: Vec<User>, groups: Vec<Group>, policy: &Policy) -> Self {
        Self {
            users,
            groups,
            own_user_type: policy.own_user_type(),
            ..Self::default()
        }
    }

    /// What the users are: it says how their values are searched.
    #[must_use]
    pub fn user_type(&self) -> &ResourceType {
        self.own_user_type.as_deref().unwrap_or_else(|| ResourceType::user())
    }

    /// Whether there is nothing to write.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.users.is_empty()
            && self.groups.is_empty()
            && self.deleted_users.is_empty()
            && self.deleted_groups.is_empty()
            && self.members_added.is_empty()
            && self.members_removed.is_empty()
    }
}

impl DirectoryRows {
    /// What the commands applied so far leave to be written.
    #[must_use]
    pub fn writes(&self) -> Writes {
        let (members_added, members_removed) = self.memberships.writes();
        let users: Vec<User> = self
            .dirty_users
            .iter()
            .filter_map(|id| self.users.get(id))
            .cloned()
            .collect();
        let groups: Vec<Group> = self
            .dirty_groups
            .iter()
            .filter_map(|id| self.groups.get(id))
            .cloned()
            .collect();
        let renamed = |id: &ResourceId, key: &str| self.stored_names.get(id).is_some_and(|stored| stored != key);
        Writes {
            renamed_users: users
                .iter()
                .filter(|u| renamed(&u.id, &u.user_name_key()))
                .map(|u| u.id)
                .collect(),
            renamed_groups: groups
                .iter()
                .filter(|g| renamed(&g.id, &g.display_name_key()))
                .map(|g| g.id)
                .collect(),
            counts: self.count_change(&users, &groups),
            users,
            groups,
            deleted_users: self.deleted_users.iter().copied().collect(),
            deleted_groups: self.deleted_groups.iter().copied().collect(),
            members_added,
            members_removed,
            own_user_type: self.policy.own_user_type(),
        }
    }

    fn count_change(&self, users: &[User], groups: &[Group]) -> CountChange {
        let is_new = |id: &ResourceId| i64::from(!self.stored_names.contains_key(id));
        let was_active = |id: &ResourceId| i64::from(self.stored_active.contains(id));
        let gone = |ids: &BTreeSet<ResourceId>| i64::try_from(ids.len()).unwrap_or(i64::MAX);
        let activated = users
            .iter()
            .map(|user| i64::from(user.is_active()) - was_active(&user.id));
        CountChange {
            users: users.iter().map(|user| is_new(&user.id)).sum::<i64>() - gone(&self.deleted_users),
            active_users: activated.sum::<i64>() - self.deleted_users.iter().map(was_active).sum::<i64>(),
            groups: groups.iter().map(|group| is_new(&group.id)).sum::<i64>() - gone(&self.deleted_groups),
        }
    }
}
