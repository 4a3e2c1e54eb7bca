//! A page of the log, as what it leaves of rows: the last image of each resource, what is gone, and which memberships
//! there are. Pages are put together on tables, so that a directory of any size is replayed in bounded memory.

use super::replay::{ReplayError, image, raw_version, user_image};
use crate::{Group, Policy, User, Writes};
use events::{EventBody, EventType, ResourceId, ResourceKind, Timestamp};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// What a run of events leaves.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Images {
    /// The sequence of the last event.
    pub sequence: i64,
    /// Users as their last events show them.
    pub users: BTreeMap<ResourceId, User>,
    /// Groups as their last events show them, with a version that is no lower than the one they had.
    pub groups: BTreeMap<ResourceId, Group>,
    /// Users and groups that were deleted, with all memberships that they had before.
    pub gone: BTreeSet<ResourceId>,
    /// Memberships (group, member) that were made, with kind and time, or ended.
    pub memberships: BTreeMap<(ResourceId, ResourceId), Option<(ResourceKind, Timestamp)>>,
    /// How often the members of groups changed that have no image here, and when they last did.
    pub moved: BTreeMap<ResourceId, (i64, Timestamp)>,
}

impl Images {
    /// The beginning of a run that follows on `sequence`.
    #[must_use]
    pub fn after(sequence: i64) -> Self {
        Self {
            sequence,
            ..Self::default()
        }
    }

    /// Adds the next event.
    ///
    /// # Errors
    /// [`ReplayError`] when the event does not follow, or has no image of what it is about.
    pub fn add(&mut self, event: &EventBody) -> Result<(), ReplayError> {
        if event.sequence != self.sequence + 1 {
            return Err(ReplayError::Gap {
                last: self.sequence,
                found: event.sequence,
            });
        }
        let malformed = || ReplayError::Malformed(event.sequence);
        match event.kind {
            EventType::UserCreated
            | EventType::UserUpdated
            | EventType::UserDeactivated
            | EventType::UserReactivated => {
                let user = user(&event.data["user"]).ok_or_else(malformed)?;
                self.users.insert(user.id, user);
            }
            EventType::GroupCreated | EventType::GroupUpdated => {
                let group = group(&event.data["group"]).ok_or_else(malformed)?;
                self.moved.remove(&group.id);
                self.groups.insert(group.id, group);
            }
            EventType::UserDeleted => self.delete(id(&event.data["user"]).ok_or_else(malformed)?, event.timestamp),
            EventType::GroupDeleted => self.delete(id(&event.data["group"]).ok_or_else(malformed)?, event.timestamp),
            EventType::GroupMemberAdded | EventType::GroupMemberRemoved => {
                let group = id(&event.data["group"]).ok_or_else(malformed)?;
                let (member, kind) = match (id(&event.data["user"]), id(&event.data["member"])) {
                    (Some(user), _) => (user, ResourceKind::User),
                    (None, Some(member)) => (member, ResourceKind::Group),
                    (None, None) => return Err(malformed()),
                };
                let added = event.kind == EventType::GroupMemberAdded;
                self.memberships
                    .insert((group, member), added.then_some((kind, event.timestamp)));
                self.note_change(group, event.timestamp);
            }
            _ => {}
        }
        self.sequence = event.sequence;
        Ok(())
    }

    /// The rows of users and groups, to be written; memberships come separately.
    #[must_use]
    pub fn writes(&self, policy: &Policy) -> Writes {
        Writes::of_rows(
            self.users.values().cloned().collect(),
            self.groups.values().cloned().collect(),
            policy,
        )
    }

    fn delete(&mut self, id: ResourceId, at: Timestamp) {
        self.users.remove(&id);
        self.groups.remove(&id);
        self.moved.remove(&id);
        let left: Vec<_> = self
            .memberships
            .iter()
            .filter(|((_, member), state)| *member == id && state.is_some())
            .map(|((group, _), _)| *group)
            .collect();
        self.memberships
            .retain(|(group, member), _| *group != id && *member != id);
        for group in left {
            self.note_change(group, at);
        }
        self.gone.insert(id);
    }

    /// The members of a group changed, which raises its version without an image of it.
    fn note_change(&mut self, id: ResourceId, at: Timestamp) {
        if let Some(group) = self.groups.get_mut(&id) {
            group.version += 1;
            group.updated_at = at;
        } else if !self.gone.contains(&id) {
            let (times, last) = self.moved.entry(id).or_insert((0, at));
            *times += 1;
            *last = at;
        }
    }
}

fn id(normalized: &Value) -> Option<ResourceId> {
    normalized.get("id")?.as_str()?.parse().ok()
}

fn user(normalized: &Value) -> Option<User> {
    let (id, attributes) = user_image(normalized)?;
    let (created_at, updated_at) = times(normalized)?;
    Some(User {
        id,
        attributes,
        version: raw_version(normalized),
        created_at,
        updated_at,
    })
}

fn group(normalized: &Value) -> Option<Group> {
    let (id, attributes) = image(normalized)?;
    let (created_at, updated_at) = times(normalized)?;
    Some(Group {
        id,
        attributes,
        version: raw_version(normalized),
        created_at,
        updated_at,
    })
}

fn times(normalized: &Value) -> Option<(Timestamp, Timestamp)> {
    let meta = normalized.get("raw")?.get("meta")?;
    let time = |name: &str| meta.get(name)?.as_str()?.parse().ok();
    Some((time("created")?, time("lastModified")?))
}
