//! Which rows a batch of commands touches, so that they can be loaded in a handful of set-based queries.

use crate::Policy;
use events::{Command, ResourceId, ResourceKind, Verb};
use scim::patch::{MemberOp, Patch};
use scim::schema::ResourceType;
use serde_json::{Map, Value};
use std::collections::HashSet;

/// The rows of one directory that a batch of commands touches.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Needs {
    /// Users by id.
    pub users: HashSet<ResourceId>,
    /// Users by folded name.
    pub user_names: HashSet<String>,
    /// Users by folded e-mail address, where addresses are unique.
    pub emails: HashSet<String>,
    /// Groups by id.
    pub groups: HashSet<ResourceId>,
    /// Groups by folded name.
    pub group_names: HashSet<String>,
    /// Users or groups that are named as members: what they are and what they are called.
    pub briefs: HashSet<ResourceId>,
    /// Whether this member is in this group: `(group, member)`.
    pub pairs: HashSet<(ResourceId, ResourceId)>,
    /// Groups whose whole member list is needed.
    pub all_members: HashSet<ResourceId>,
    /// Groups of which every user that is a member is needed as a row, with all groups of that user, because all of them
    /// may lose a role: unless they are too many ([`DirectoryRows::leave_untold`](crate::DirectoryRows::leave_untold)).
    pub role_members: HashSet<ResourceId>,
    /// Users (and groups) whose own groups are needed.
    pub memberships: HashSet<ResourceId>,
    /// Resources about to be deleted: the groups they are in change, and so do the users they manage.
    pub deleted: HashSet<ResourceId>,
}

impl Needs {
    /// Adds what one command needs. A malformed command needs nothing: it will be refused.
    pub fn add(&mut self, command: &Command, policy: &Policy) {
        match command.kind {
            ResourceKind::User => {
                self.add_user(command);
                if policy.unique_emails {
                    self.add_emails(command);
                }
            }
            ResourceKind::Group => {
                self.add_group(command);
                if policy.gives_role(command.resource_id) {
                    self.add_role_members(command);
                }
            }
        }
    }

    fn add_user(&mut self, command: &Command) {
        let id = command.resource_id;
        match &command.verb {
            Verb::Create(attributes) => self.name_of(attributes, ResourceKind::User),
            Verb::Replace(attributes) => {
                self.users.insert(id);
                self.memberships.insert(id);
                self.name_of(attributes, ResourceKind::User);
            }
            Verb::Patch(body) => {
                self.users.insert(id);
                self.memberships.insert(id);
                strings_about(body, "username", &mut |name| {
                    self.user_names.insert(scim::fold(name));
                });
            }
            Verb::Delete => {
                self.users.insert(id);
                self.memberships.insert(id);
                self.deleted.insert(id);
            }
        }
    }

    /// The addresses that a command may give to a user.
    fn add_emails(&mut self, command: &Command) {
        let mut add = |address: &str| {
            self.emails.insert(scim::fold(address));
        };
        match &command.verb {
            Verb::Create(attributes) | Verb::Replace(attributes) => {
                let emails = attributes.get("emails").into_iter();
                emails.for_each(|emails| strings_in(emails, true, &|_| true, &mut add));
            }
            Verb::Patch(body) => strings_about(body, "emails", &mut add),
            Verb::Delete => {}
        }
    }

    fn add_group(&mut self, command: &Command) {
        let id = command.resource_id;
        match &command.verb {
            Verb::Create(attributes) => {
                self.name_of(attributes, ResourceKind::Group);
                self.members_of(attributes);
            }
            Verb::Replace(attributes) => {
                self.groups.insert(id);
                self.all_members.insert(id);
                self.name_of(attributes, ResourceKind::Group);
                self.members_of(attributes);
            }
            Verb::Patch(body) => {
                self.groups.insert(id);
                strings_about(body, "displayname", &mut |name| {
                    self.group_names.insert(scim::fold(name));
                });
                if let Ok(patch) = Patch::parse(ResourceType::group(), body) {
                    for op in patch.member_ops() {
                        self.member_op(id, op);
                    }
                }
            }
            Verb::Delete => {
                self.groups.insert(id);
                self.memberships.insert(id);
                self.deleted.insert(id);
            }
        }
    }

    /// The people whose role a change of this group may change.
    fn add_role_members(&mut self, command: &Command) {
        let id = command.resource_id;
        let mut people = |ids: &[String]| {
            let ids = ids.iter().filter_map(|id| id.parse::<ResourceId>().ok());
            let ids: Vec<_> = ids.collect();
            self.users.extend(&ids);
            self.memberships.extend(&ids);
        };
        let is_whole = match &command.verb {
            Verb::Create(_) => false,
            Verb::Delete => true,
            Verb::Replace(attributes) => {
                let members = attributes.get("members").and_then(Value::as_array);
                let ids = members.into_iter().flatten();
                let ids = ids.filter_map(|member| member.get("value")?.as_str().map(str::to_owned));
                people(&ids.collect::<Vec<_>>());
                members.is_some()
            }
            Verb::Patch(body) => {
                let patch = Patch::parse(ResourceType::group(), body);
                let mut is_whole = false;
                for op in patch.iter().flat_map(Patch::member_ops) {
                    match op {
                        MemberOp::Add(ids) | MemberOp::Remove(ids) => people(ids),
                        MemberOp::Replace(ids) => {
                            people(ids);
                            is_whole = true;
                        }
                        MemberOp::RemoveWhere(_) | MemberOp::Clear => is_whole = true,
                    }
                }
                is_whole
            }
        };
        if is_whole {
            self.role_members.insert(id);
        }
    }

    fn member_op(&mut self, group: ResourceId, op: &MemberOp) {
        match op {
            MemberOp::Add(ids) | MemberOp::Remove(ids) => {
                for id in ids.iter().filter_map(|id| id.parse().ok()) {
                    self.briefs.insert(id);
                    self.pairs.insert((group, id));
                }
            }
            MemberOp::Replace(ids) => {
                self.all_members.insert(group);
                self.briefs
                    .extend(ids.iter().filter_map(|id| id.parse::<ResourceId>().ok()));
            }
            MemberOp::RemoveWhere(_) | MemberOp::Clear => {
                self.all_members.insert(group);
            }
        }
    }

    fn name_of(&mut self, attributes: &Map<String, Value>, kind: ResourceKind) {
        let (attribute, names) = match kind {
            ResourceKind::User => ("userName", &mut self.user_names),
            ResourceKind::Group => ("displayName", &mut self.group_names),
        };
        if let Some(name) = attributes.get(attribute).and_then(Value::as_str) {
            names.insert(scim::fold(name));
        }
    }

    fn members_of(&mut self, attributes: &Map<String, Value>) {
        if let Some(members) = attributes.get("members").and_then(Value::as_array) {
            let ids = members
                .iter()
                .filter_map(|member| member.get("value")?.as_str()?.parse::<ResourceId>().ok());
            self.briefs.extend(ids);
        }
    }
}

/// Every string that a PatchOp may assign to an attribute: the value of an operation whose path names it, or of a key
/// that names it. Names too many rather than too few: a row that is loaded and not needed does no harm.
fn strings_about(body: &Value, attribute: &str, found: &mut impl FnMut(&str)) {
    let names = |text: &str| text.to_ascii_lowercase().contains(attribute);
    let Some(message) = body.as_object() else { return };
    let operations = message.iter().filter(|(key, _)| key.eq_ignore_ascii_case("operations"));
    for operation in operations
        .filter_map(|(_, value)| value.as_array())
        .flatten()
        .filter_map(Value::as_object)
    {
        let by_path = operation
            .iter()
            .any(|(key, value)| key.eq_ignore_ascii_case("path") && value.as_str().is_some_and(names));
        for (_, value) in operation.iter().filter(|(key, _)| key.eq_ignore_ascii_case("value")) {
            strings_in(value, by_path, &names, found);
        }
    }
}

fn strings_in(value: &Value, named: bool, names: &impl Fn(&str) -> bool, found: &mut impl FnMut(&str)) {
    match value {
        Value::String(text) if named => found(text),
        Value::Array(items) => items.iter().for_each(|item| strings_in(item, named, names, found)),
        Value::Object(map) => map
            .iter()
            .for_each(|(key, value)| strings_in(value, named || names(key), names, found)),
        _ => {}
    }
}
