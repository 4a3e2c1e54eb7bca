//! Roles that come from groups: when somebody's membership, or what it gives, changes, so may the role and the grants of
//! that person, and an app learns so from a `user.updated` of each of them.

use crate::apply::{Announcement, DirectoryRows};
use crate::event::normalize;
use crate::{Owner, Policy, User, normalized_user};
use events::{EventType, GroupRef, ResourceId};
use serde_json::{Value, json};
use std::borrow::Cow;
use std::collections::BTreeMap;

/// The most people whose roles one request changes with an event for each. A request that moves the members of a larger
/// group all at once (its deletion, its emptying, a change of `group_roles`) is announced by its own events alone: they name
/// the group, and who is in it can be read.
pub const MOST_ROLE_CHANGES: usize = 5_000;

/// What a user's role depends on besides the user.
#[derive(Clone, Copy, Debug)]
pub struct RoleInputs<'a> {
    /// The groups the user is in.
    pub groups: &'a [GroupRef],
    /// What they give.
    pub policy: &'a Policy,
}

/// The data of the `user.updated` for a user whose groups, or whose directory's rules, changed; `None` when role and
/// grants are as before.
#[must_use]
pub fn role_change(user: &User, owner: Owner, before: RoleInputs<'_>, after: RoleInputs<'_>) -> Option<Value> {
    let told = |standing: RoleInputs<'_>| {
        let role = normalize::role(user, standing.groups, standing.policy);
        let grants = standing.policy.grants(role.as_deref()).to_vec();
        (role.map(Cow::into_owned), grants)
    };
    let ((old_role, old_grants), (new_role, new_grants)) = (told(before), told(after));
    let mut changes = Vec::new();
    if old_role != new_role {
        changes.push(json!({ "path": "role", "before": old_role, "after": new_role }));
    }
    if old_grants != new_grants {
        changes.push(json!({ "path": "grants", "before": old_grants, "after": new_grants }));
    }
    if changes.is_empty() {
        return None;
    }
    let user = normalized_user(user, owner, after.groups, after.policy);
    Some(json!({ "user": user, "changes": changes }))
}

/// The groups of people before a change of memberships; empty where that gives nobody a role.
pub(crate) type GroupsBefore = BTreeMap<ResourceId, Vec<GroupRef>>;

impl DirectoryRows {
    /// The groups that these people are in now; nobody's when this group gives no role, or has too many members to tell
    /// each one.
    pub(crate) fn before_leaving_or_joining(
        &self,
        group: ResourceId,
        people: impl Iterator<Item = ResourceId>,
    ) -> GroupsBefore {
        if !self.policy.gives_role(group) || self.untold.contains(&group) {
            return GroupsBefore::new();
        }
        let known = people.filter(|id| self.users.contains_key(id));
        known.map(|id| (id, self.group_refs_of(id))).collect()
    }

    /// The loaded people who are in this group.
    pub(crate) fn people_in(&self, group: ResourceId) -> impl Iterator<Item = ResourceId> {
        self.memberships
            .known_in(group)
            .filter(|id| self.users.contains_key(id))
    }

    /// Tells of everybody whose role is another than it was.
    pub(crate) fn tell_roles(&self, before: &GroupsBefore, events: &mut Vec<Announcement>) {
        for (id, groups_before) in before {
            let Some(user) = self.users.get(id) else { continue };
            let groups = self.group_refs_of(*id);
            let (was, is) = (groups_before.as_slice(), groups.as_slice());
            let standing = |groups| RoleInputs {
                groups,
                policy: &self.policy,
            };
            if let Some(data) = role_change(user, self.owner, standing(was), standing(is)) {
                events.push(Announcement {
                    kind: EventType::UserUpdated,
                    subject_id: *id,
                    data,
                });
            }
        }
    }
}
