//! One directory's loaded rows, and the application of commands to them.

use crate::brake::{Brake, BrakeFacts, BrakeSettings, BrakeWrites, HoldReason};
use crate::members::{MemberBrief, Memberships};
use crate::refusal::Refusal;
use crate::{Group, Needs, Owner, Policy, User};
use events::{
    Command, DirectoryId, EventType, GroupRef, OrganizationId, Outcome, ResourceId, ResourceKind, Timestamp, Verb,
};
use scim::Limits;
use serde_json::{Map, Value, json};
use std::collections::{BTreeSet, HashMap};

/// An event before it has a sequence: what happened, to whom, with which data.
#[derive(Clone, Debug, PartialEq)]
pub struct Announcement {
    /// What happened.
    pub kind: EventType,
    /// The user or group it is about.
    pub subject_id: ResourceId,
    /// The `data` of the body.
    pub data: Value,
}

/// What became of one command.
#[derive(Clone, Debug, PartialEq)]
pub struct AppliedCommand {
    /// The verdict's outcome.
    pub outcome: Outcome,
    /// What to announce; empty when nothing changed (R12).
    pub events: Vec<Announcement>,
}

/// The loaded rows of one directory. Commands are applied one after the other, each seeing what the earlier ones did;
/// a refused command leaves no trace.
#[derive(Debug)]
pub struct DirectoryRows {
    pub(crate) owner: Owner,
    pub(crate) policy: Policy,
    pub(crate) users: HashMap<ResourceId, User>,
    pub(crate) user_names: HashMap<String, ResourceId>,
    /// Who has an e-mail address; kept only where addresses are unique.
    pub(crate) email_owners: HashMap<String, BTreeSet<ResourceId>>,
    /// Who has, or had a moment ago, somebody as manager, by the manager's id.
    pub(crate) reports: HashMap<String, BTreeSet<ResourceId>>,
    pub(crate) groups: HashMap<ResourceId, Group>,
    pub(crate) group_names: HashMap<String, ResourceId>,
    pub(crate) memberships: Memberships,
    /// Names of groups that are referred to without being loaded as rows.
    pub(crate) group_refs: HashMap<ResourceId, String>,
    pub(crate) briefs: HashMap<ResourceId, MemberBrief>,
    /// Groups that give a role and have too many members to tell each one when all of them leave.
    pub(crate) untold: BTreeSet<ResourceId>,
    /// The unique names that the database holds, to see which rows are renamed.
    pub(crate) stored_names: HashMap<ResourceId, String>,
    /// Which users the database holds as active.
    pub(crate) stored_active: BTreeSet<ResourceId>,
    pub(crate) dirty_users: BTreeSet<ResourceId>,
    pub(crate) dirty_groups: BTreeSet<ResourceId>,
    pub(crate) deleted_users: BTreeSet<ResourceId>,
    pub(crate) deleted_groups: BTreeSet<ResourceId>,
    pub(crate) brake: Brake,
    pub(crate) limits: Limits,
}

/// The answer to a request about groups where groups are switched off.
const GROUPS_DISABLED: &str = "groups are switched off for this directory, nothing was changed; in Entra, open \
     Provisioning > Mappings and disable the mapping of groups, or have the directory's administrator enable groups";

impl DirectoryRows {
    /// An empty set of rows, in which everything named by `needs` and not loaded afterwards is known to be absent.
    #[must_use]
    pub fn new(id: DirectoryId, organization_id: OrganizationId, policy: Policy, needs: &Needs) -> Self {
        let mut memberships = Memberships::default();
        needs
            .memberships
            .iter()
            .for_each(|member| memberships.know_groups_of(*member));
        needs
            .all_members
            .iter()
            .for_each(|group| memberships.know_members_of(*group));
        Self {
            owner: Owner {
                organization_id,
                directory_id: id,
            },
            policy,
            users: HashMap::new(),
            user_names: HashMap::new(),
            email_owners: HashMap::new(),
            reports: HashMap::new(),
            groups: HashMap::new(),
            group_names: HashMap::new(),
            memberships,
            group_refs: HashMap::new(),
            briefs: HashMap::new(),
            untold: BTreeSet::new(),
            stored_names: HashMap::new(),
            stored_active: BTreeSet::new(),
            dirty_users: BTreeSet::new(),
            dirty_groups: BTreeSet::new(),
            deleted_users: BTreeSet::new(),
            deleted_groups: BTreeSet::new(),
            brake: Brake::off(id),
            limits: Limits::default(),
        }
    }

    /// Sets how much one resource may hold; without this call it is the default.
    pub fn set_limits(&mut self, limits: Limits) {
        self.limits = limits;
    }

    /// How the mass-change brake is set; `None` where it is off.
    #[must_use]
    pub fn brake_settings(&self) -> Option<BrakeSettings> {
        Some(self.policy.mass_change_brake).filter(|settings| settings.enabled)
    }

    /// Puts the mass-change brake on, as far as the policy has one. Without this call there is none.
    pub fn set_brake(&mut self, facts: BrakeFacts, now: Timestamp) {
        self.brake = Brake::new(self.owner.directory_id, self.policy.mass_change_brake, facts, now);
    }

    /// Why the command applied last has brought the directory into the state `held`; given once. To be announced, after
    /// the events of that command.
    pub fn newly_held(&mut self) -> Option<HoldReason> {
        self.brake.take_news()
    }

    /// What is to be stored about the brake.
    #[must_use]
    pub const fn brake_writes(&self) -> BrakeWrites {
        self.brake.writes()
    }

    /// Takes a stored user.
    pub fn load_user(&mut self, user: User) {
        let key = user.user_name_key();
        self.stored_names.insert(user.id, key.clone());
        self.user_names.insert(key, user.id);
        self.note_emails(&user);
        self.note_manager(&user);
        if user.is_active() {
            self.stored_active.insert(user.id);
        }
        self.users.insert(user.id, user);
    }

    /// Takes a stored group.
    pub fn load_group(&mut self, group: Group) {
        let key = group.display_name_key();
        self.stored_names.insert(group.id, key.clone());
        self.group_names.insert(key, group.id);
        self.groups.insert(group.id, group);
    }

    /// Takes what is known of a member that is not loaded as a row.
    pub fn load_brief(&mut self, brief: MemberBrief) {
        self.briefs.insert(brief.id(), brief);
    }

    /// The members of this group are not loaded as users, as [`Needs::role_members`] asks: they are more than
    /// [`MOST_ROLE_CHANGES`](crate::MOST_ROLE_CHANGES).
    pub fn leave_untold(&mut self, group: ResourceId) {
        self.untold.insert(group);
    }

    /// From now on all groups of this member are known; those that are not loaded are none.
    pub fn know_groups_of(&mut self, member: ResourceId) {
        self.memberships.know_groups_of(member);
    }

    /// Takes a stored membership, with the group's name where it is known.
    pub fn load_membership(&mut self, group: GroupRef, member: ResourceId, kind: ResourceKind) {
        self.memberships.load(group.id, member, kind);
        self.group_refs.insert(group.id, group.display_name);
    }

    /// Applies one command. `now` becomes `meta.lastModified` of what changes.
    pub fn apply(&mut self, command: &Command, now: Timestamp) -> AppliedCommand {
        let mut events = Vec::new();
        if let Err(refusal) = self.groups_allow(command) {
            return AppliedCommand {
                outcome: refused(refusal),
                events,
            };
        }
        let result = match (command.kind, &command.verb) {
            (ResourceKind::User, Verb::Create(attributes)) => {
                self.create_user(command.resource_id, attributes, now, &mut events)
            }
            (ResourceKind::User, Verb::Replace(attributes)) => self.replace_user(command, attributes, now, &mut events),
            (ResourceKind::User, Verb::Patch(body)) => self.patch_user(command, body, now, &mut events),
            (ResourceKind::User, Verb::Delete) => self.delete_user(command, now, &mut events),
            (ResourceKind::Group, Verb::Create(attributes)) => {
                self.create_group(command.resource_id, attributes, now, &mut events)
            }
            (ResourceKind::Group, Verb::Replace(attributes)) => {
                self.replace_group(command, attributes, now, &mut events)
            }
            (ResourceKind::Group, Verb::Patch(body)) => self.patch_group(command, body, now, &mut events),
            (ResourceKind::Group, Verb::Delete) => self.delete_group(command, now, &mut events),
        };
        match result {
            Ok(outcome) => AppliedCommand { outcome, events },
            Err(refusal) => AppliedCommand {
                outcome: refused(refusal),
                events: Vec::new(),
            },
        }
    }

    /// Where groups are switched off, those that exist can only be deleted.
    fn groups_allow(&self, command: &Command) -> Result<(), Refusal> {
        if self.policy.groups_enabled || command.kind == ResourceKind::User || command.verb == Verb::Delete {
            return Ok(());
        }
        Err(Refusal::status(403, GROUPS_DISABLED))
    }

    /// What a member is and is called, from its row when that is loaded, else from its brief.
    pub(crate) fn brief(&self, id: ResourceId) -> Option<MemberBrief> {
        if let Some(user) = self.users.get(&id) {
            return Some(MemberBrief::of_user(user));
        }
        if let Some(group) = self.groups.get(&id) {
            return Some(MemberBrief::of_group(group));
        }
        let gone = self.deleted_users.contains(&id) || self.deleted_groups.contains(&id);
        self.briefs.get(&id).filter(|_| !gone).cloned()
    }

    /// The computed `groups` of a user (R60); none where groups are switched off.
    pub(crate) fn group_refs_of(&self, member: ResourceId) -> Vec<GroupRef> {
        if !self.policy.groups_enabled {
            return Vec::new();
        }
        let name = |id: &ResourceId| match self.groups.get(id) {
            Some(group) => group.display_name().to_owned(),
            None => self.group_refs.get(id).cloned().unwrap_or_default(),
        };
        let groups = self.memberships.groups_of(member);
        groups
            .into_iter()
            .map(|id| GroupRef {
                id,
                display_name: name(&id),
            })
            .collect()
    }

    /// A deleted user or group leaves its groups, and each of them changes by that (R54).
    pub(crate) fn leave_all_groups(&mut self, member: ResourceId, now: Timestamp) {
        for group in self.memberships.groups_of(member) {
            self.memberships.remove(group, member);
            self.touch_group(group, now);
        }
    }

    /// The group has changed: a new version.
    pub(crate) fn touch_group(&mut self, id: ResourceId, now: Timestamp) {
        if let Some(group) = self.groups.get_mut(&id) {
            group.version += 1;
            group.updated_at = now;
            self.dirty_groups.insert(id);
        }
    }
}

/// Checks `If-Match` (R10): any of the tags, or `*`.
pub(crate) fn precondition(command: &Command, version: i64) -> Result<(), Refusal> {
    let current = version.to_string();
    let holds = command.if_match.is_empty() || command.if_match.iter().any(|tag| tag == "*" || *tag == current);
    if holds {
        return Ok(());
    }
    Err(Refusal::status(
        412,
        format!(
            "the resource has changed: its version is {}, If-Match names another; read it and try again",
            scim::resource::etag(version)
        ),
    ))
}

/// The differences of two resources as the event carries them; never empty for resources that differ, so that the
/// stored state always equals the replay of the log. Where only the order of values differs, whole attributes are announced.
pub(crate) fn changes(before: &Map<String, Value>, after: &Map<String, Value>) -> Vec<Value> {
    let told = |path: &str, before: &Value, after: &Value| json!({ "path": path, "before": before, "after": after });
    let leaves = scim::patch::changes(before, after);
    if !leaves.is_empty() {
        return leaves
            .iter()
            .map(|change| told(&change.path, &change.before, &change.after))
            .collect();
    }
    let value = |of: &Map<String, Value>, name: &str| of.get(name).cloned().unwrap_or(Value::Null);
    let names = before
        .keys()
        .chain(after.keys().filter(|name| !before.contains_key(*name)));
    let differing = names.filter(|name| before.get(*name) != after.get(*name));
    differing
        .map(|name| told(name, &value(before, name), &value(after, name)))
        .collect()
}

/// A refusal as an outcome.
fn refused(error: scim::Error) -> Outcome {
    Outcome::Refused {
        status: error.status,
        scim_type: error.scim_type.map(|kind| kind.as_str().to_owned()),
        detail: error.detail,
    }
}
