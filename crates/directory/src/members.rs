//! Who is in which group, as far as a batch of commands needs to know.

use crate::{Group, User};
use events::{ResourceId, ResourceKind};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

/// What a member event tells about the member.
#[derive(Clone, Debug, PartialEq)]
pub enum MemberBrief {
    /// A user.
    User {
        /// Its id.
        id: ResourceId,
        /// `userName`.
        user_name: String,
        /// `displayName`.
        display_name: Option<String>,
        /// The address that stands for the user.
        email: Option<String>,
        /// `externalId`.
        external_id: Option<String>,
        /// Whether the user is active.
        active: bool,
    },
    /// A nested group.
    Group {
        /// Its id.
        id: ResourceId,
        /// `displayName`.
        display_name: String,
        /// `externalId`.
        external_id: Option<String>,
    },
}

impl MemberBrief {
    /// The id of the member.
    #[must_use]
    pub const fn id(&self) -> ResourceId {
        match self {
            Self::User { id, .. } | Self::Group { id, .. } => *id,
        }
    }

    /// User or group.
    #[must_use]
    pub const fn kind(&self) -> ResourceKind {
        match self {
            Self::User { .. } => ResourceKind::User,
            Self::Group { .. } => ResourceKind::Group,
        }
    }

    /// What the member is called: its `displayName`, if it has one (R59).
    #[must_use]
    pub fn display(&self) -> Option<&str> {
        match self {
            Self::User { display_name, .. } => display_name.as_deref(),
            Self::Group { display_name, .. } => Some(display_name),
        }
    }

    /// Of a user.
    #[must_use]
    pub fn of_user(user: &User) -> Self {
        Self::User {
            id: user.id,
            user_name: user.user_name().to_owned(),
            display_name: user.display_name().map(str::to_owned),
            email: user.email().map(str::to_owned),
            external_id: user.external_id().map(str::to_owned),
            active: user.is_active(),
        }
    }

    /// Of a group.
    #[must_use]
    pub fn of_group(group: &Group) -> Self {
        Self::Group {
            id: group.id,
            display_name: group.display_name().to_owned(),
            external_id: group.external_id().map(str::to_owned),
        }
    }

    /// As it stands in the event's data.
    #[must_use]
    pub fn to_json(&self) -> Value {
        match self {
            Self::User {
                id,
                user_name,
                display_name,
                email,
                external_id,
                active,
            } => json!({
                "id": id, "external_id": external_id, "user_name": user_name, "display_name": display_name,
                "email": email, "state": if *active { "active" } else { "inactive" },
            }),
            Self::Group {
                id,
                display_name,
                external_id,
            } => {
                json!({ "id": id, "external_id": external_id, "display_name": display_name })
            }
        }
    }
}

/// Membership rows: what the database had, and what the batch made of it.
#[derive(Debug, Default)]
pub(crate) struct Memberships {
    /// By group.
    present: HashMap<ResourceId, HashMap<ResourceId, ResourceKind>>,
    stored: HashSet<(ResourceId, ResourceId)>,
    /// By group.
    touched: BTreeMap<ResourceId, BTreeSet<ResourceId>>,
    /// Only for members whose groups are all known.
    groups_of: HashMap<ResourceId, BTreeSet<ResourceId>>,
    /// Only for groups whose members are all known.
    members_of: HashMap<ResourceId, BTreeMap<ResourceId, ResourceKind>>,
}

impl Memberships {
    /// From now on all groups of this member are known (those not loaded are none).
    pub(crate) fn know_groups_of(&mut self, member: ResourceId) {
        self.groups_of.entry(member).or_default();
    }

    /// From now on all members of this group are known.
    pub(crate) fn know_members_of(&mut self, group: ResourceId) {
        self.members_of.entry(group).or_default();
    }

    /// A row of the database.
    pub(crate) fn load(&mut self, group: ResourceId, member: ResourceId, kind: ResourceKind) {
        self.stored.insert((group, member));
        self.put(group, member, kind);
    }

    fn put(&mut self, group: ResourceId, member: ResourceId, kind: ResourceKind) {
        self.present.entry(group).or_default().insert(member, kind);
        if let Some(groups) = self.groups_of.get_mut(&member) {
            groups.insert(group);
        }
        if let Some(members) = self.members_of.get_mut(&group) {
            members.insert(member, kind);
        }
    }

    /// Adds a member; false when it was there already (P9).
    pub(crate) fn add(&mut self, group: ResourceId, member: ResourceId, kind: ResourceKind) -> bool {
        if self.contains(group, member) {
            return false;
        }
        self.touched.entry(group).or_default().insert(member);
        self.put(group, member, kind);
        true
    }

    /// Removes a member; false when it was not there (P16).
    pub(crate) fn remove(&mut self, group: ResourceId, member: ResourceId) -> bool {
        let members = self.present.get_mut(&group);
        if members.and_then(|members| members.remove(&member)).is_none() {
            return false;
        }
        self.touched.entry(group).or_default().insert(member);
        if let Some(groups) = self.groups_of.get_mut(&member) {
            groups.remove(&group);
        }
        if let Some(members) = self.members_of.get_mut(&group) {
            members.remove(&member);
        }
        true
    }

    /// Whether the member is in the group, as far as it was asked for.
    pub(crate) fn contains(&self, group: ResourceId, member: ResourceId) -> bool {
        self.present
            .get(&group)
            .is_some_and(|members| members.contains_key(&member))
    }

    /// Who is known to be in this group, in no order.
    pub(crate) fn known_in(&self, group: ResourceId) -> impl Iterator<Item = ResourceId> {
        self.present.get(&group).into_iter().flat_map(HashMap::keys).copied()
    }

    /// The groups this member is in.
    pub(crate) fn groups_of(&self, member: ResourceId) -> Vec<ResourceId> {
        self.groups_of
            .get(&member)
            .map(|groups| groups.iter().copied().collect())
            .unwrap_or_default()
    }

    /// The members of this group.
    pub(crate) fn members_of(&self, group: ResourceId) -> Vec<(ResourceId, ResourceKind)> {
        let members = self.members_of.get(&group);
        members
            .map(|members| members.iter().map(|(id, kind)| (*id, *kind)).collect())
            .unwrap_or_default()
    }

    /// The group is gone with all its rows, known or not.
    pub(crate) fn drop_group(&mut self, group: ResourceId) {
        for member in self.present.remove(&group).unwrap_or_default().into_keys() {
            if let Some(groups) = self.groups_of.get_mut(&member) {
                groups.remove(&group);
            }
        }
        self.touched.remove(&group);
        self.members_of.remove(&group);
    }

    /// Rows to insert and rows to delete: what differs from the database in the end.
    pub(crate) fn writes(&self) -> (Vec<MembershipRow>, Vec<(ResourceId, ResourceId)>) {
        let mut added = Vec::new();
        let mut removed = Vec::new();
        for (group, touched) in &self.touched {
            let present = self.present.get(group);
            for member in touched {
                let kind = present.and_then(|members| members.get(member));
                match (kind, self.stored.contains(&(*group, *member))) {
                    (Some(kind), false) => added.push((*group, *member, *kind)),
                    (None, true) => removed.push((*group, *member)),
                    _ => {}
                }
            }
        }
        (added, removed)
    }
}

/// `(group, member, kind of member)`.
pub(crate) type MembershipRow = (ResourceId, ResourceId, ResourceKind);
