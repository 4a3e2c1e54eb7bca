//! What commands do to groups and their members.

mod matching;

use crate::apply::{Announcement, DirectoryRows, changes, precondition};
use crate::members::MemberBrief;
use crate::refusal::Refusal;
use crate::{Group, normalized_group};
use events::{Command, EventType, MemberRef, Outcome, ResourceId, ResourceKind, Timestamp};
use matching::Matching;
use scim::patch::{MemberOp, Patch};
use scim::schema::ResourceType;
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

/// Membership changes of one command, validated and not yet made.
#[derive(Debug, Default)]
struct Deltas {
    added: Vec<MemberBrief>,
    removed: Vec<ResourceId>,
}

impl DirectoryRows {
    pub(crate) fn create_group(
        &mut self,
        id: ResourceId,
        attributes: &Map<String, Value>,
        now: Timestamp,
        events: &mut Vec<Announcement>,
    ) -> Result<Outcome, Refusal> {
        let mut attributes = attributes.clone();
        let members = member_ids(&mut attributes)?.unwrap_or_default();
        let group = Group {
            id,
            attributes,
            version: 1,
            created_at: now,
            updated_at: now,
        };
        self.limits
            .check_stored(ResourceType::group(), None, &group.attributes)?;
        let key = self.claim_group_name(&group)?;
        let added = self.known_members(id, &members)?;
        self.memberships.know_members_of(id);
        self.memberships.know_groups_of(id);
        self.group_names.insert(key, id);
        events.push(self.group_event(EventType::GroupCreated, &group, &[]));
        self.groups.insert(id, group);
        self.dirty_groups.insert(id);
        self.change_members(
            id,
            Deltas {
                added,
                removed: Vec::new(),
            },
            events,
        );
        self.stored_group(id, true)
    }

    pub(crate) fn replace_group(
        &mut self,
        command: &Command,
        incoming: &Map<String, Value>,
        now: Timestamp,
        events: &mut Vec<Announcement>,
    ) -> Result<Outcome, Refusal> {
        let id = command.resource_id;
        let current = self.existing_group(command)?;
        let mut incoming = incoming.clone();
        let members = member_ids(&mut incoming)?;
        let attributes = scim::resource::replace(ResourceType::group(), &current.attributes, incoming)?;
        let deltas = match members {
            // R52: the key absent keeps the members, an empty list removes them.
            None => Deltas::default(),
            Some(members) => self.member_deltas(id, &[MemberOp::Replace(members)])?,
        };
        self.update_group(id, attributes, deltas, now, events)?;
        self.stored_group(id, false)
    }

    pub(crate) fn patch_group(
        &mut self,
        command: &Command,
        body: &Value,
        now: Timestamp,
        events: &mut Vec<Announcement>,
    ) -> Result<Outcome, Refusal> {
        let id = command.resource_id;
        let mut attributes = self.existing_group(command)?.attributes.clone();
        let patch = Patch::parse(ResourceType::group(), body)?;
        patch.apply(ResourceType::group(), &mut attributes)?;
        let deltas = self.member_deltas(id, patch.member_ops())?;
        let version = self.update_group(id, attributes, deltas, now, events)?;
        Ok(Outcome::Applied {
            created: false,
            resource_id: id,
            version,
        })
    }

    pub(crate) fn delete_group(
        &mut self,
        command: &Command,
        now: Timestamp,
        events: &mut Vec<Announcement>,
    ) -> Result<Outcome, Refusal> {
        self.existing_group(command)?;
        let id = command.resource_id;
        let before = self.before_leaving_or_joining(id, self.people_in(id));
        if let Some(group) = self.groups.remove(&id) {
            events.push(self.group_event(EventType::GroupDeleted, &group, &[]));
            self.group_names.remove(&group.display_name_key());
        }
        self.leave_all_groups(id, now);
        self.memberships.drop_group(id);
        self.group_refs.remove(&id);
        self.dirty_groups.remove(&id);
        if self.stored_names.contains_key(&id) {
            self.deleted_groups.insert(id);
        }
        self.tell_roles(&before, events);
        Ok(Outcome::Deleted)
    }

    fn existing_group(&self, command: &Command) -> Result<&Group, Refusal> {
        let id = command.resource_id;
        let group = self
            .groups
            .get(&id)
            .ok_or_else(|| Refusal::not_found("Group", &id.to_string()))?;
        precondition(command, group.version)?;
        Ok(group)
    }

    /// Makes all changes of one command at once; one new version, however many members move. Returns the version.
    fn update_group(
        &mut self,
        id: ResourceId,
        attributes: Map<String, Value>,
        deltas: Deltas,
        now: Timestamp,
        events: &mut Vec<Announcement>,
    ) -> Result<i64, Refusal> {
        let Some(before) = self.groups.get(&id).cloned() else {
            return Err(Refusal::not_found("Group", &id.to_string()));
        };
        let differs = before.attributes != attributes;
        if !differs && deltas.added.is_empty() && deltas.removed.is_empty() {
            return Ok(before.version);
        }
        self.limits
            .check_stored(ResourceType::group(), Some(&before.attributes), &attributes)?;
        let after = Group {
            id,
            attributes,
            version: before.version + 1,
            created_at: before.created_at,
            updated_at: now,
        };
        let key = self.claim_group_name(&after)?;
        self.group_names.remove(&before.display_name_key());
        self.group_names.insert(key, id);
        if differs {
            let differences = changes(&before.attributes, &after.attributes);
            events.push(self.group_event(EventType::GroupUpdated, &after, &differences));
        }
        let version = after.version;
        self.groups.insert(id, after);
        self.dirty_groups.insert(id);
        self.change_members(id, deltas, events);
        Ok(version)
    }

    /// Works out what member operations do, in order, without doing it: a refused one must leave no trace (P1, B5).
    fn member_deltas(&self, group: ResourceId, ops: &[MemberOp]) -> Result<Deltas, Refusal> {
        if ops.is_empty() {
            return Ok(Deltas::default());
        }
        let mut whole: BTreeSet<ResourceId> = self.memberships.members_of(group).iter().map(|(id, _)| *id).collect();
        let mut touched = BTreeSet::new();
        // Members that are known one by one only (a delta on a large group) join the working set when named.
        for op in ops {
            if let MemberOp::Add(ids) | MemberOp::Remove(ids) = op {
                let ids = ids.iter().filter_map(|id| id.parse().ok());
                whole.extend(ids.filter(|id| self.memberships.contains(group, *id)));
            }
        }
        let initial = whole.clone();
        let mut matching = Matching::of(whole.len());
        for op in ops {
            match op {
                MemberOp::Add(ids) => {
                    for brief in self.known_members(group, ids)? {
                        touched.insert(brief.id());
                        whole.insert(brief.id());
                    }
                }
                MemberOp::Remove(ids) => {
                    for id in ids.iter().filter_map(|id| id.parse().ok()) {
                        touched.insert(id);
                        whole.remove(&id);
                    }
                }
                MemberOp::RemoveWhere(filter) => {
                    for id in matching.members(filter, &whole, |id| self.member_element(id))? {
                        touched.insert(id);
                        whole.remove(&id);
                    }
                }
                MemberOp::Replace(ids) => {
                    let wanted: BTreeSet<_> = self.known_members(group, ids)?.iter().map(MemberBrief::id).collect();
                    touched.extend(whole.iter().chain(&wanted).copied());
                    whole = wanted;
                }
                MemberOp::Clear => {
                    touched.extend(&whole);
                    whole.clear();
                }
            }
        }
        let removed = touched
            .iter()
            .copied()
            .filter(|id| initial.contains(id) && !whole.contains(id))
            .collect();
        let added = touched.iter().filter(|id| !initial.contains(id) && whole.contains(id));
        let added = added.filter_map(|id| self.brief(*id)).collect();
        Ok(Deltas { added, removed })
    }

    /// A member as the filter of a PATCH path sees it.
    fn member_element(&self, id: ResourceId) -> Value {
        let brief = self.brief(id);
        let kind = match brief.as_ref().map(MemberBrief::kind) {
            Some(ResourceKind::Group) => "Group",
            _ => "User",
        };
        json!({ "value": id, "type": kind, "display": brief.as_ref().and_then(MemberBrief::display) })
    }

    fn change_members(&mut self, group: ResourceId, deltas: Deltas, events: &mut Vec<Announcement>) {
        let moved = deltas.removed.iter().copied();
        let moved = moved.chain(deltas.added.iter().map(MemberBrief::id));
        let before = self.before_leaving_or_joining(group, moved);
        for member in deltas.removed {
            if self.memberships.remove(group, member) {
                events.push(self.member_event(EventType::GroupMemberRemoved, group, member));
            }
        }
        for member in deltas.added {
            if self.memberships.add(group, member.id(), member.kind()) {
                events.push(self.member_event(EventType::GroupMemberAdded, group, member.id()));
            }
        }
        self.tell_roles(&before, events);
    }

    /// Members by id, each known to this directory (P20); a group is not its own member.
    fn known_members(&self, group: ResourceId, ids: &[String]) -> Result<Vec<MemberBrief>, Refusal> {
        let mut unknown = Vec::new();
        let mut known = Vec::with_capacity(ids.len());
        for text in ids {
            match text.parse::<ResourceId>() {
                Ok(id) if id == group => {
                    return Err(Refusal::invalid_value(format!(
                        "members: group {id} cannot be a member of itself"
                    )));
                }
                Ok(id) => match self.brief(id) {
                    Some(brief) => known.push(brief),
                    None => unknown.push(text.as_str()),
                },
                Err(_) => unknown.push(text.as_str()),
            }
        }
        if unknown.is_empty() {
            return Ok(known);
        }
        let more = if unknown.len() > 10 {
            format!(" and {} more", unknown.len() - 10)
        } else {
            String::new()
        };
        unknown.truncate(10);
        Err(Refusal::invalid_value(format!(
            "members: no user or group with id {}{more} in this directory; provision users before they are added to groups",
            unknown.join(", ")
        )))
    }

    fn claim_group_name(&self, group: &Group) -> Result<String, Refusal> {
        let key = group.display_name_key();
        if key.is_empty() {
            return Err(Refusal::invalid_value("displayName is required and must not be empty"));
        }
        match self.group_names.get(&key) {
            Some(owner) if *owner != group.id => Err(Refusal::uniqueness(format!(
                "displayName \"{}\" is already taken by another group of this directory; group names are compared without regard to case",
                group.display_name()
            ))),
            _ => Ok(key),
        }
    }

    fn stored_group(&self, id: ResourceId, created: bool) -> Result<Outcome, Refusal> {
        let group = self
            .groups
            .get(&id)
            .ok_or_else(|| Refusal::not_found("Group", &id.to_string()))?;
        let member = |(id, kind)| MemberRef {
            id,
            kind,
            display: self.brief(id).and_then(|brief| brief.display().map(str::to_owned)),
        };
        let members = self.memberships.members_of(id).into_iter().map(member).collect();
        Ok(Outcome::Stored {
            created,
            resource: Box::new(group.stored(members)),
        })
    }

    fn group_event(&self, kind: EventType, group: &Group, changes: &[Value]) -> Announcement {
        let data = json!({ "group": normalized_group(group, self.owner), "changes": changes });
        Announcement {
            kind,
            subject_id: group.id,
            data,
        }
    }

    fn member_event(&self, kind: EventType, group: ResourceId, member: ResourceId) -> Announcement {
        let name = self.groups.get(&group).map(Group::display_name);
        let brief = self.brief(member);
        let key = if brief.as_ref().map(MemberBrief::kind) == Some(ResourceKind::Group) {
            "member"
        } else {
            "user"
        };
        let told = brief.map_or_else(|| json!({ "id": member }), |brief| brief.to_json());
        Announcement {
            kind,
            subject_id: group,
            data: json!({ "group": { "id": group, "display_name": name }, key: told }),
        }
    }
}

/// Takes `members` out of a group's attributes: `None` when the key is absent (R52).
fn member_ids(attributes: &mut Map<String, Value>) -> Result<Option<Vec<String>>, Refusal> {
    let members = scim::resource::take_members(attributes)?;
    Ok(members.map(|members| members.into_iter().map(|member| member.value).collect()))
}
