//! How much one resource may hold, and how much one request may ask for.
//!
//! The body of a request is held against the limits before anything else is done with it, and what a change leaves is held
//! against them once more, because a resource also grows by patches. What was beyond a limit already, because the limit
//! was higher then, may stay and shrink: nobody keeps access because some list of theirs is too long.

use std::fmt;
use std::io;

use serde_json::{Map, Value};

use crate::lenient::{MEMBERS, ValuePath, member};
use crate::path::quoted;
use crate::schema::ResourceType;
use crate::{Error, urn};

/// Limits that a server sets. Members of groups have none: the body bounds what one request can add.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Most elements of one multi-valued attribute of a user.
    pub elements: usize,
    /// Most operations of one PATCH; all those on the members of a group count as one.
    pub operations: usize,
    /// Most keys of one JSON object.
    pub keys: usize,
    /// Most bytes of one resource as JSON, without the members of a group.
    pub resource: usize,
}

/// The settings that hold the limits, as an operator knows them.
pub mod settings {
    /// Of [`Limits::elements`](super::Limits::elements).
    pub const ELEMENTS: &str = "max_elements";
    /// Of [`Limits::operations`](super::Limits::operations).
    pub const OPERATIONS: &str = "max_patch_operations";
    /// Of [`Limits::keys`](super::Limits::keys).
    pub const KEYS: &str = "max_keys";
    /// Of [`Limits::resource`](super::Limits::resource).
    pub const RESOURCE: &str = "max_resource";
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            elements: 1_000,
            operations: 2_000,
            keys: 1_000,
            resource: 256 * 1024,
        }
    }
}

impl Limits {
    /// Holds the body of a POST or PUT against the limits.
    ///
    /// # Errors
    /// `invalidValue` naming the attribute, what was sent, the limit and its setting.
    pub fn check_body(&self, rt: &ResourceType, body: &Value) -> Result<(), Error> {
        let mut survey = Survey::new(self, rt);
        if let Value::Object(members) = body {
            survey.keys(members, "the body".into());
            for (name, value) in members {
                survey.value(value, name.as_str().into());
            }
        }
        survey.first()
    }

    /// Holds the body of a PATCH against the limits.
    ///
    /// # Errors
    /// 413 for too many operations, `invalidValue` for too much in a value of one; naming what was sent, the limit and
    /// its setting.
    pub fn check_patch(&self, rt: &ResourceType, body: &Value) -> Result<(), Error> {
        let Some(operations) = body.as_object().and_then(|body| member(body, "Operations")?.as_array()) else {
            return Ok(());
        };
        let on_members = operations.iter().filter(|operation| is_on_members(operation)).count();
        let counted = operations.len() - on_members + usize::from(on_members > 0);
        if counted > self.operations {
            return Err(Error::status(
                413,
                format!(
                    "Operations: {counted} operations were sent, and at most {} are taken in one PATCH ({} of this \
                     server); send them in several requests",
                    self.operations,
                    settings::OPERATIONS
                ),
            ));
        }
        for operation in operations.iter().filter_map(Value::as_object) {
            let mut survey = Survey::new(self, rt);
            survey.keys(operation, "an operation".into());
            let value = member(operation, "value");
            match (member(operation, "path").and_then(Value::as_str), value) {
                (Some(path), Some(value)) if !path.trim().is_empty() => survey.value(value, path.into()),
                (_, Some(Value::Object(members))) => {
                    survey.keys(members, "the value of an operation".into());
                    for (name, value) in members {
                        survey.value(value, name.as_str().into());
                    }
                }
                _ => {}
            }
            survey.first()?;
        }
        Ok(())
    }

    /// Holds what is to be stored against the limits; `before` is what is stored now. Members of a group may be in it
    /// and do not count.
    ///
    /// # Errors
    /// `invalidValue` naming the attribute, how much it would be, the limit and its setting.
    pub fn check_stored(
        &self,
        rt: &ResourceType,
        before: Option<&Map<String, Value>>,
        after: &Map<String, Value>,
    ) -> Result<(), Error> {
        let mut survey = Survey::new(self, rt);
        survey.resource(after);
        if !survey.beyond.is_empty() {
            let mut known = Survey::new(self, rt);
            before.into_iter().for_each(|before| known.resource(before));
            survey
                .beyond
                .retain(|now| !known.beyond.iter().any(|was| was.covers(now)));
            survey.first()?;
        }
        let bytes = size(after);
        if bytes > self.resource && before.is_none_or(|before| size(before) < bytes) {
            return Err(Error::invalid_value(format!(
                "the {} would have {bytes} bytes, and at most {} are stored of one ({} of this server); send less of it",
                rt.name,
                self.resource,
                settings::RESOURCE
            )));
        }
        Ok(())
    }
}

/// Something that is more than it may be.
#[derive(Debug, PartialEq)]
struct Excess {
    /// Where, as a path.
    at: String,
    what: LimitedItem,
    many: usize,
    most: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum LimitedItem {
    Elements,
    Keys,
}

impl Excess {
    fn covers(&self, other: &Self) -> bool {
        self.at == other.at && self.what == other.what && self.many >= other.many
    }
}

impl fmt::Display for Excess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (at, many, most) = (quoted(&self.at), self.many, self.most);
        let at = at.trim_matches('"');
        match self.what {
            LimitedItem::Elements => write!(
                f,
                "{at}: {many} elements, and at most {most} are taken of one attribute ({} of this server); send fewer",
                settings::ELEMENTS
            ),
            LimitedItem::Keys => write!(
                f,
                "{at}: {many} keys, and at most {most} are taken in one object ({} of this server); send fewer",
                settings::KEYS
            ),
        }
    }
}

/// One pass over values that finds what is beyond the limits. The first few places tell enough.
struct Survey<'l> {
    limits: &'l Limits,
    has_members: bool,
    beyond: Vec<Excess>,
}

/// More places than these are not listed one by one.
const MOST_PLACES: usize = 64;

impl<'l> Survey<'l> {
    fn new(limits: &'l Limits, rt: &ResourceType) -> Self {
        Self {
            limits,
            has_members: rt.core.attribute(MEMBERS).is_some(),
            beyond: Vec::new(),
        }
    }

    fn first(&self) -> Result<(), Error> {
        match self.beyond.first() {
            None => Ok(()),
            Some(beyond) => Err(Error::invalid_value(beyond.to_string())),
        }
    }

    fn resource(&mut self, attributes: &Map<String, Value>) {
        self.keys(attributes, "the resource".into());
        for (name, value) in attributes.iter().filter(|(name, _)| *name != MEMBERS) {
            self.value(value, name.as_str().into());
        }
    }

    fn keys(&mut self, members: &Map<String, Value>, at: ValuePath<'_>) {
        self.note(LimitedItem::Keys, members.len(), self.limits.keys, at);
    }

    fn value(&mut self, value: &Value, at: ValuePath<'_>) {
        match value {
            Value::Array(elements) => {
                if !self.has_members {
                    self.note(LimitedItem::Elements, elements.len(), self.limits.elements, at);
                }
                elements.iter().for_each(|element| self.value(element, at));
            }
            Value::Object(members) => {
                self.keys(members, at);
                members
                    .iter()
                    .for_each(|(name, value)| self.value(value, ValuePath::part(&at, name)));
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }

    fn note(&mut self, what: LimitedItem, many: usize, most: usize, at: ValuePath<'_>) {
        if many > most && self.beyond.len() < MOST_PLACES {
            self.beyond.push(Excess {
                at: at.to_string(),
                what,
                many,
                most,
            });
        }
    }
}

/// Whether an operation is on members of a group and on nothing else.
fn is_on_members(operation: &Value) -> bool {
    let is_members = |path: &str| {
        let name = path.trim();
        let head = name.get(..urn::CORE_GROUP.len()).unwrap_or_default();
        let name = match head.eq_ignore_ascii_case(urn::CORE_GROUP) {
            true => name[head.len()..].trim_start_matches([':', '.']),
            false => name,
        };
        let head = name.get(..MEMBERS.len()).unwrap_or_default();
        head.eq_ignore_ascii_case(MEMBERS) && matches!(name[head.len()..].chars().next(), None | Some('[' | '.'))
    };
    let Some(operation) = operation.as_object() else {
        return false;
    };
    match member(operation, "path").and_then(Value::as_str) {
        Some(path) if !path.trim().is_empty() => is_members(path),
        _ => member(operation, "value")
            .and_then(Value::as_object)
            .is_some_and(|value| !value.is_empty() && value.keys().all(|key| is_members(key))),
    }
}

/// Bytes of a resource as JSON, without members.
fn size(attributes: &Map<String, Value>) -> usize {
    // Of two braces one stands for the comma that the last member does not have.
    let mut counted = ByteCounter(1);
    for (name, value) in attributes.iter().filter(|(name, _)| *name != MEMBERS) {
        // Quotes, colon and comma.
        counted.0 += name.len() + 4;
        serde_json::to_writer(&mut counted, value).expect("a value can be written, and counting cannot fail");
    }
    counted.0
}

struct ByteCounter(usize);

impl io::Write for ByteCounter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
