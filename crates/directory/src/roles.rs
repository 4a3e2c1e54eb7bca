//! Roles that come from groups: when somebody's membership, or what it gives, changes, so may the role and the grants of
//! that person, and an app learns so from a `user.updated` of each of them.

use crate::apply::{Announcement, DirectoryRows};
use crate::event::normalize;
use crate::{Owner, Policy, User, normalized_user};
use events::{EventType, GroupRef, ResourceId};
use serde_json::{Value, json};
use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};

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

/// What a rule of [`Policy::group_roles`] does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RuleEffect {
    /// How many people have their role by it.
    pub people: u32,
    /// How many of them had another role before, or none.
    pub changed: u32,
}

/// What the rules of a policy do to people, instead of those of another one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RoleEffects {
    /// Of each rule, in their order.
    pub by_rule: Vec<RuleEffect>,
    /// How many people had a role before and have none.
    pub losing: u32,
}

/// What the rules of `after` do to these people, each of whom comes with all groups.
#[must_use]
pub fn role_effects(people: &[(User, Vec<GroupRef>)], before: &Policy, after: &Policy) -> RoleEffects {
    let mut effects = RoleEffects {
        by_rule: vec![RuleEffect::default(); after.group_roles.len()],
        losing: 0,
    };
    // The first rule of each group, so that the work goes by the groups of a person and not by all rules for each of them.
    let mut first_rules: HashMap<ResourceId, usize> = HashMap::new();
    for (place, rule) in after.group_roles.iter().enumerate() {
        first_rules.entry(rule.group_id).or_insert(place);
    }
    for (user, groups) in people {
        let seen = |policy: &Policy| if policy.groups_enabled { groups.as_slice() } else { &[] };
        let was = normalize::role(user, seen(before), before);
        let is = normalize::role(user, seen(after), after);
        let rule = if normalize::role(user, &[], after).is_some() {
            None
        } else {
            let of_group = |group: &GroupRef| first_rules.get(&group.id).copied();
            seen(after).iter().filter_map(of_group).min()
        };
        if let Some(effect) = rule.and_then(|rule| effects.by_rule.get_mut(rule)) {
            effect.people += 1;
            effect.changed += u32::from(was != is);
        }
        effects.losing += u32::from(was.is_some() && is.is_none());
    }
    effects
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

#[cfg(test)]
mod tests {
    use super::{RuleEffect, role_effects};
    use crate::{GroupRole, Policy, User};
    use events::{GroupRef, ResourceId, Timestamp};
    use serde_json::{Value, json};

    fn person(attributes: &Value, groups: &[ResourceId]) -> (User, Vec<GroupRef>) {
        let user = User {
            id: ResourceId::new(),
            attributes: attributes.as_object().unwrap().clone(),
            version: 1,
            created_at: Timestamp::from_millis(0),
            updated_at: Timestamp::from_millis(0),
        };
        let groups = groups.iter().map(|id| GroupRef {
            id: *id,
            display_name: String::new(),
        });
        (user, groups.collect())
    }

    fn policy(rules: &[(ResourceId, &str)]) -> Policy {
        let rules = rules.iter().map(|(group_id, role)| GroupRole {
            group_id: *group_id,
            role: (*role).to_owned(),
        });
        let mut policy = Policy::default();
        policy.group_roles = rules.collect();
        policy
    }

    #[test]
    fn a_person_counts_for_the_first_rule_that_applies_and_not_with_a_role_of_their_own() {
        let (staff, admins) = (ResourceId::new(), ResourceId::new());
        let plain = json!({ "userName": "a" });
        let people = [
            person(&plain, &[staff, admins]),
            person(&plain, &[staff]),
            person(&json!({ "userName": "b", "roles": [{ "value": "Owner" }] }), &[admins]),
        ];
        let before = policy(&[(staff, "User")]);
        let effects = role_effects(&people, &before, &policy(&[(admins, "Admin"), (staff, "User")]));
        let effect = |people, changed| RuleEffect { people, changed };
        assert_eq!(effects.by_rule, [effect(1, 1), effect(1, 0)]);
        assert_eq!(effects.losing, 0);
        assert_eq!(role_effects(&people, &before, &policy(&[])).losing, 2);
        let mut off = policy(&[(staff, "User")]);
        off.groups_enabled = false;
        assert_eq!(role_effects(&people, &before, &off).by_rule, [effect(0, 0)]);
    }
}
