//! What stands on the pages of delta queries, and of lists of people and groups.

use crate::object_id::{ObjectId, ObjectKind};
use serde_json::{Map, Value};
use std::fmt;

/// An attribute of an object: there are three answers, and each means something else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Given<T> {
    /// The answer does not have it: unchanged or never set in what changed, empty in a full round.
    Absent,
    /// `null`: it was cleared.
    Null,
    /// Its value.
    Value(T),
}

impl<T> Given<T> {
    /// The value, if there is one.
    pub fn value(self) -> Option<T> {
        match self {
            Self::Value(value) => Some(value),
            Self::Absent | Self::Null => None,
        }
    }
}

/// How an object is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Removal {
    /// Deleted, and for thirty days to be had back: `changed`, and any reason that is not known.
    Restorable,
    /// Gone for good, or, of a member, no member any more: `deleted`.
    Final,
}

/// An object with the attributes that the answer has.
#[derive(Clone, PartialEq)]
pub struct Object {
    /// Its id, which never changes.
    pub id: ObjectId,
    /// Whether it is gone. Then it has no attributes.
    pub removed: Option<Removal>,
    attributes: Map<String, Value>,
}

/// A person.
#[derive(Clone, Debug, PartialEq)]
pub struct User {
    /// Id and attributes.
    pub object: Object,
    /// What the page says of the manager.
    pub manager: Manager,
}

/// What a page says of a person's manager.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manager {
    /// Nothing, which is no change: Graph leaves the manager out of changes of other attributes.
    Unchanged,
    /// There is none any more.
    Cleared,
    /// It is this one, who need not be a user.
    Is(ObjectId, ObjectKind),
}

/// A group. Which members came and went is in [`Group::members`]; a page has part of them, which never replaces the others.
#[derive(Clone, Debug, PartialEq)]
pub struct Group {
    /// Id and attributes.
    pub object: Object,
    /// Direct members that came or went, in the order of the page.
    pub members: Vec<Member>,
}

/// A member that came or went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Member {
    /// Its id, which need not be known here yet.
    pub id: ObjectId,
    /// What it is.
    pub kind: ObjectKind,
    /// How it went; `None` for one that is a member.
    pub removed: Option<Removal>,
}

/// Names that the protocol gives, and no attributes.
fn is_annotation(name: &str) -> bool {
    name == "id" || name.contains('@')
}

impl Object {
    /// An object with these attributes. `id` and names with an `@` are left out of them.
    #[must_use]
    pub fn new(id: ObjectId, mut attributes: Map<String, Value>) -> Self {
        attributes.retain(|name, _| !is_annotation(name));
        Self {
            id,
            removed: None,
            attributes,
        }
    }

    /// What the answer says of an attribute, or of a part of one (`employeeOrgData.division`).
    #[must_use]
    pub fn attribute(&self, name: &str) -> Given<&Value> {
        given(&self.attributes, name)
    }

    /// A text.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        self.attribute(name).value()?.as_str()
    }

    /// All attributes that the answer has, `null` where one was cleared.
    #[must_use]
    pub const fn attributes(&self) -> &Map<String, Value> {
        &self.attributes
    }

    /// Whether nothing is known but the id: something that was removed, or that the application may not read.
    #[must_use]
    pub fn is_bare(&self) -> bool {
        self.attributes.values().all(Value::is_null)
    }

    pub(crate) fn read(members: Map<String, Value>) -> Result<Self, &'static str> {
        let id = members.get("id").and_then(Value::as_str);
        let id = id.and_then(|id| id.parse().ok()).ok_or("GUID as id of an object")?;
        let removed = removal(&members)?;
        Ok(Self {
            removed,
            ..Self::new(id, members)
        })
    }
}

/// Values are people's data.
impl fmt::Debug for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Object")
            .field("id", &self.id)
            .field("removed", &self.removed)
            .field("attributes", &self.attributes.keys().collect::<Vec<_>>())
            .finish()
    }
}

/// An attribute among members, or a part of one.
pub(crate) fn given<'v>(members: &'v Map<String, Value>, name: &str) -> Given<&'v Value> {
    let (name, part) = match name.split_once('.') {
        Some((name, part)) => (name, Some(part)),
        None => (name, None),
    };
    match (members.get(name), part) {
        (None, _) => Given::Absent,
        (Some(Value::Null), _) => Given::Null,
        (Some(value), None) => Given::Value(value),
        // A complex attribute comes as a whole.
        (Some(Value::Object(parts)), Some(part)) => match given(parts, part) {
            Given::Absent => Given::Null,
            given => given,
        },
        (Some(_), Some(_)) => Given::Null,
    }
}

impl User {
    pub(crate) fn read(mut members: Map<String, Value>) -> Result<Self, &'static str> {
        let manager = match members.remove("manager@delta") {
            None | Some(Value::Null) => Manager::Unchanged,
            Some(Value::Array(values)) => manager(values)?,
            Some(_) => return Err("list as manager@delta"),
        };
        let object = Object::read(members)?;
        Ok(Self { object, manager })
    }
}

/// A change of managers may name the old one as removed beside the new one.
fn manager(values: Vec<Value>) -> Result<Manager, &'static str> {
    let mut manager = Manager::Unchanged;
    for value in values {
        let reference = Member::read(value)?;
        manager = match (reference.removed, manager) {
            (None, _) => Manager::Is(reference.id, reference.kind),
            (Some(_), Manager::Is(..)) => manager,
            (Some(_), _) => Manager::Cleared,
        };
    }
    Ok(manager)
}

impl Group {
    pub(crate) fn read(mut members: Map<String, Value>) -> Result<Self, &'static str> {
        let changed = match members.remove("members@delta") {
            None | Some(Value::Null) => Vec::new(),
            Some(Value::Array(values)) => values.into_iter().map(Member::read).collect::<Result<_, _>>()?,
            Some(_) => return Err("list as members@delta"),
        };
        let object = Object::read(members)?;
        Ok(Self {
            object,
            members: changed,
        })
    }

    /// Whether it may stand for rights: `None` where the answer does not say.
    #[must_use]
    pub fn is_security_group(&self) -> Option<bool> {
        self.object.attribute("securityEnabled").value()?.as_bool()
    }

    /// Whether it is a Microsoft 365 group: `None` where the answer does not say.
    #[must_use]
    pub fn is_unified(&self) -> Option<bool> {
        self.has_type("Unified")
    }

    /// Whether a rule says who is in it: `None` where the answer does not say.
    #[must_use]
    pub fn is_dynamic(&self) -> Option<bool> {
        self.has_type("DynamicMembership")
    }

    fn has_type(&self, name: &str) -> Option<bool> {
        let types = self.object.attribute("groupTypes").value()?.as_array()?;
        Some(types.iter().any(|one| one.as_str() == Some(name)))
    }
}

impl Member {
    pub(crate) fn read(value: Value) -> Result<Self, &'static str> {
        let Value::Object(members) = value else {
            return Err("object as member");
        };
        let text = |name: &str| members.get(name).and_then(Value::as_str);
        let id = text("id").and_then(|id| id.parse().ok());
        Ok(Self {
            id: id.ok_or("GUID as id of a member")?,
            kind: ObjectKind::of_type(text("@odata.type")),
            removed: removal(&members)?,
        })
    }
}

fn removal(members: &Map<String, Value>) -> Result<Option<Removal>, &'static str> {
    match members.get("@removed") {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Object(removed)) => match removed.get("reason").and_then(Value::as_str) {
            Some(reason) if reason.eq_ignore_ascii_case("deleted") => Ok(Some(Removal::Final)),
            _ => Ok(Some(Removal::Restorable)),
        },
        Some(_) => Err("object as @removed"),
    }
}
