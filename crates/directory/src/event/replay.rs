//! Replaying the log: what a directory must hold if its events tell the truth.
//!
//! Keeps a fingerprint of each resource rather than the resource, so that a directory of a million people fits in
//! memory. Versions of groups are not compared: a change of members raises them without an image in the log.

use crate::resource::settle_user;
use crate::{Group, User};
use events::{EventBody, EventType, ResourceId};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::{DefaultHasher, Hash, Hasher};

/// A hash of a resource's attributes, whatever the order of its members.
pub type Fingerprint = u64;

/// An event that cannot follow on those before it.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum ReplayError {
    /// A number is missing in the log, or comes twice.
    #[error("event {found} follows on {last}: the log has a gap")]
    Gap {
        /// The last sequence before.
        last: i64,
        /// The one that came.
        found: i64,
    },
    /// A body is not of the published shape.
    #[error("event {0} has no usable image of what it is about")]
    Malformed(i64),
}

/// A directory as its log tells it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Replay {
    /// The last sequence replayed.
    pub sequence: i64,
    /// Users with the fingerprints of their attributes and versions.
    pub users: HashMap<ResourceId, Fingerprint>,
    /// Groups with the fingerprints of their attributes.
    pub groups: HashMap<ResourceId, Fingerprint>,
    members: BTreeMap<ResourceId, BTreeSet<ResourceId>>,
    groups_of: HashMap<ResourceId, BTreeSet<ResourceId>>,
}

impl Replay {
    /// A replay that goes on from where the log begins: `sequence` is the last event that is kept as rows only, and
    /// the rows are to be given one by one.
    #[must_use]
    pub fn after(sequence: i64) -> Self {
        Self {
            sequence,
            ..Self::default()
        }
    }

    /// A user as it was at the beginning.
    pub fn begin_with_user(&mut self, user: &User) {
        self.users
            .insert(user.id, user_fingerprint(&user.attributes, user.version));
    }

    /// A group as it was at the beginning.
    pub fn begin_with_group(&mut self, group: &Group) {
        self.groups.insert(group.id, fingerprint(&group.attributes));
    }

    /// A membership that there was at the beginning.
    pub fn begin_with_member(&mut self, group: ResourceId, member: ResourceId) {
        self.members.entry(group).or_default().insert(member);
        self.groups_of.entry(member).or_default().insert(group);
    }

    /// Applies the next event of the directory.
    ///
    /// # Errors
    /// [`ReplayError`]; the state is then that before the event.
    pub fn apply(&mut self, event: &EventBody) -> Result<(), ReplayError> {
        if event.sequence != self.sequence + 1 {
            return Err(ReplayError::Gap {
                last: self.sequence,
                found: event.sequence,
            });
        }
        let malformed = || ReplayError::Malformed(event.sequence);
        let data = &event.data;
        let id = |value: &Value| value.get("id").and_then(Value::as_str).and_then(|id| id.parse().ok());
        match event.kind {
            EventType::UserCreated
            | EventType::UserUpdated
            | EventType::UserDeactivated
            | EventType::UserReactivated => {
                let (id, image) = user_image(&data["user"]).ok_or_else(malformed)?;
                self.users
                    .insert(id, user_fingerprint(&image, raw_version(&data["user"])));
            }
            EventType::GroupCreated | EventType::GroupUpdated => {
                let (id, image) = image(&data["group"]).ok_or_else(malformed)?;
                self.groups.insert(id, fingerprint(&image));
            }
            EventType::UserDeleted => {
                let id = id(&data["user"]).ok_or_else(malformed)?;
                self.users.remove(&id);
                self.leave_all(id);
            }
            EventType::GroupDeleted => {
                let id = id(&data["group"]).ok_or_else(malformed)?;
                self.groups.remove(&id);
                self.leave_all(id);
                for member in self.members.remove(&id).unwrap_or_default() {
                    self.forget(member, id);
                }
            }
            EventType::GroupMemberAdded | EventType::GroupMemberRemoved => {
                let group = id(&data["group"]).ok_or_else(malformed)?;
                let member = id(&data["user"])
                    .or_else(|| id(&data["member"]))
                    .ok_or_else(malformed)?;
                if event.kind == EventType::GroupMemberAdded {
                    self.members.entry(group).or_default().insert(member);
                    self.groups_of.entry(member).or_default().insert(group);
                } else {
                    self.remove(group, member);
                }
            }
            _ => {}
        }
        self.sequence = event.sequence;
        Ok(())
    }

    /// The members of a group, in order of their ids.
    pub fn members(&self, group: ResourceId) -> impl Iterator<Item = ResourceId> {
        self.members.get(&group).into_iter().flatten().copied()
    }

    /// How many memberships there are.
    #[must_use]
    pub fn memberships(&self) -> usize {
        self.members.values().map(BTreeSet::len).sum()
    }

    fn leave_all(&mut self, member: ResourceId) {
        for group in self.groups_of.remove(&member).unwrap_or_default() {
            if let Some(members) = self.members.get_mut(&group) {
                members.remove(&member);
            }
        }
    }

    fn remove(&mut self, group: ResourceId, member: ResourceId) {
        if let Some(members) = self.members.get_mut(&group) {
            members.remove(&member);
        }
        self.forget(member, group);
    }

    fn forget(&mut self, member: ResourceId, group: ResourceId) {
        if let Some(groups) = self.groups_of.get_mut(&member) {
            groups.remove(&group);
            if groups.is_empty() {
                self.groups_of.remove(&member);
            }
        }
    }
}

/// The fingerprint of a stored user.
#[must_use]
pub fn user_fingerprint(attributes: &Map<String, Value>, version: i64) -> Fingerprint {
    let mut hasher = DefaultHasher::new();
    version.hash(&mut hasher);
    hash_object(attributes, &mut hasher);
    hasher.finish()
}

/// The fingerprint of a stored group.
#[must_use]
pub fn fingerprint(attributes: &Map<String, Value>) -> Fingerprint {
    let mut hasher = DefaultHasher::new();
    hash_object(attributes, &mut hasher);
    hasher.finish()
}

/// Id and attributes of the after-image in an event: the SCIM resource without what the server assigns.
pub(crate) fn image(normalized: &Value) -> Option<(ResourceId, Map<String, Value>)> {
    let mut attributes = normalized.get("raw")?.as_object()?.clone();
    let id = attributes.shift_remove("id")?.as_str()?.parse().ok()?;
    attributes.shift_remove("schemas");
    attributes.shift_remove("meta");
    Some((id, attributes))
}

/// The same of a user, with what every user has.
pub(crate) fn user_image(normalized: &Value) -> Option<(ResourceId, Map<String, Value>)> {
    let (id, mut attributes) = image(normalized)?;
    settle_user(&mut attributes);
    Some((id, attributes))
}

/// The version in the image's `meta`; 0 where there is none, which no stored row has.
pub(crate) fn raw_version(normalized: &Value) -> i64 {
    let tag = normalized["raw"]["meta"]["version"].as_str().unwrap_or_default();
    scim::resource::parse_etags(tag)
        .first()
        .and_then(|version| version.parse().ok())
        .unwrap_or_default()
}

fn hash_object(object: &Map<String, Value>, hasher: &mut DefaultHasher) {
    let mut members: Vec<_> = object.iter().collect();
    members.sort_unstable_by_key(|(name, _)| *name);
    members.len().hash(hasher);
    for (name, value) in members {
        name.hash(hasher);
        hash_value(value, hasher);
    }
}

fn hash_value(value: &Value, hasher: &mut DefaultHasher) {
    match value {
        Value::Null => 0u8.hash(hasher),
        Value::Bool(yes) => (1u8, yes).hash(hasher),
        Value::Number(number) => (2u8, number.to_string()).hash(hasher),
        Value::String(text) => (3u8, text).hash(hasher),
        Value::Array(items) => {
            (4u8, items.len()).hash(hasher);
            items.iter().for_each(|item| hash_value(item, hasher));
        }
        Value::Object(members) => {
            5u8.hash(hasher);
            hash_object(members, hasher);
        }
    }
}
