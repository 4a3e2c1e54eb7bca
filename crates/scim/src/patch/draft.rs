//! Attributes while operations change them. Each attribute is looked up, and each list of elements indexed, once for a
//! request and not for each operation; what goes leaves a gap until the end, so that removing it costs nothing.

use std::collections::HashMap;
use std::collections::hash_map::Entry as Slot;

use serde_json::{Map, Value};

use super::list::List;
use super::step::AttributePlace;
use crate::lenient::ObjectKeys;
use crate::schema::{Attribute, ResourceType};

/// The attributes of a resource.
pub(super) struct Draft<'a> {
    rt: &'a ResourceType,
    core: Container<'a>,
    /// Extensions that were touched, by their key in the core.
    extensions: HashMap<String, Container<'a>>,
}

/// The attributes of one schema.
#[derive(Default)]
pub(super) struct Container<'a> {
    members: Object,
    /// What operations work on, taken out of the members.
    open: HashMap<String, OpenAttribute<'a>>,
}

enum OpenAttribute<'a> {
    List(List<'a>),
    Parts(Object),
}

/// An object in which null is a gap.
#[derive(Default)]
struct Object {
    map: Map<String, Value>,
    keys: ObjectKeys,
    has_gaps: bool,
}

impl<'a> Draft<'a> {
    pub(super) fn new(rt: &'a ResourceType, attributes: Map<String, Value>) -> Self {
        Self {
            rt,
            core: Container::from(attributes),
            extensions: HashMap::new(),
        }
    }

    pub(super) fn into_attributes(mut self) -> Map<String, Value> {
        for (key, extension) in self.extensions {
            let members = extension.into_map();
            if !members.is_empty() {
                self.core.members.put(key, Value::Object(members));
            }
        }
        self.core.into_map()
    }

    /// Sets or unassigns an attribute, or one part of it.
    pub(super) fn write(&mut self, place: &AttributePlace, sub: Option<&str>, value: Option<&Value>) {
        let container = self.container(place);
        match sub {
            None => container.write(&place.name, value),
            Some(sub) => container.write_part(&place.name, sub, value),
        }
    }

    /// The elements of an attribute.
    pub(super) fn list(&mut self, place: &AttributePlace) -> &mut List<'a> {
        let facts = self.facts(place);
        self.container(place).list(&place.name, facts)
    }

    /// Puts other elements in the place of all that there are.
    pub(super) fn assign(&mut self, place: &AttributePlace, elements: Vec<Value>) {
        self.write(
            place,
            None,
            (!elements.is_empty()).then_some(Value::Array(elements)).as_ref(),
        );
    }

    /// What the schema says of an attribute; `None` where nobody declared it.
    pub(super) fn facts(&self, place: &AttributePlace) -> Option<&'a Attribute> {
        match &place.urn {
            None => self.rt.core.attribute(&place.name),
            Some(urn) => self.rt.extension(urn).and_then(|schema| schema.attribute(&place.name)),
        }
    }

    /// Removes an extension with all that is in it.
    pub(super) fn drop_extension(&mut self, urn: &str) {
        let key = self.core.members.key(urn);
        self.extensions.remove(&key);
        self.core.members.leave_gap(&key);
    }

    /// The object an attribute lives in, made when missing: a user may have been created without the extension (B14).
    fn container(&mut self, place: &AttributePlace) -> &mut Container<'a> {
        let Some(urn) = &place.urn else { return &mut self.core };
        let key = self.core.members.key(urn);
        match self.extensions.entry(key) {
            Slot::Occupied(open) => open.into_mut(),
            Slot::Vacant(slot) => {
                let members = self.core.members.take_out(slot.key());
                slot.insert(Container::from(object(members)))
            }
        }
    }
}

impl<'a> Container<'a> {
    fn from(members: Map<String, Value>) -> Self {
        Self {
            members: Object::from(members),
            open: HashMap::new(),
        }
    }

    fn into_map(mut self) -> Map<String, Value> {
        for (key, open) in self.open {
            if let Some(value) = open.into_value() {
                self.members.put(key, value);
            }
        }
        self.members.into_map()
    }

    fn write(&mut self, name: &str, value: Option<&Value>) {
        let key = self.members.key(name);
        self.open.remove(&key);
        match value {
            Some(value) => self.members.put(key, value.clone()),
            None => self.members.leave_gap(&key),
        }
    }

    fn write_part(&mut self, name: &str, sub: &str, value: Option<&Value>) {
        let key = self.members.key(name);
        let Some(value) = value else {
            // A list has no parts, and what is not there need not be made.
            if let Some(parts) = self.parts_if_any(&key) {
                let sub = parts.key(sub);
                parts.leave_gap(&sub);
            }
            return;
        };
        if !matches!(self.open.get(&key), Some(OpenAttribute::Parts(_))) {
            let former = self.members.take_out(&key);
            self.open
                .insert(key.clone(), OpenAttribute::Parts(Object::from(object(former))));
        }
        if let Some(OpenAttribute::Parts(parts)) = self.open.get_mut(&key) {
            let sub = parts.key(sub);
            parts.put(sub, value.clone());
        }
    }

    /// The parts of a complex attribute that has some.
    fn parts_if_any(&mut self, key: &str) -> Option<&mut Object> {
        if !self.open.contains_key(key) {
            if !self.members.map.get(key).is_some_and(Value::is_object) {
                return None;
            }
            let parts = object(self.members.take_out(key));
            self.open
                .insert(key.to_owned(), OpenAttribute::Parts(Object::from(parts)));
        }
        match self.open.get_mut(key) {
            Some(OpenAttribute::Parts(parts)) => Some(parts),
            _ => None,
        }
    }

    fn list(&mut self, name: &str, facts: Option<&'a Attribute>) -> &mut List<'a> {
        let key = self.members.key(name);
        let list = match self.open.remove(&key) {
            Some(OpenAttribute::List(list)) => list,
            former => {
                let value = match former {
                    Some(open) => open.into_value().unwrap_or_default(),
                    None => self.members.take_out(&key),
                };
                let elements = match value {
                    Value::Array(elements) => elements,
                    Value::Null => Vec::new(),
                    // An undeclared attribute that held one value so far.
                    single => vec![single],
                };
                List::new(facts, elements)
            }
        };
        match self.open.entry(key).insert_entry(OpenAttribute::List(list)).into_mut() {
            OpenAttribute::List(list) => list,
            OpenAttribute::Parts(_) => unreachable!("a list was put there"),
        }
    }
}

impl OpenAttribute<'_> {
    /// `None` when nothing is left: an attribute without elements or parts is unassigned.
    fn into_value(self) -> Option<Value> {
        match self {
            Self::List(list) => {
                let elements = list.into_elements();
                (!elements.is_empty()).then_some(Value::Array(elements))
            }
            Self::Parts(parts) => {
                let map = parts.into_map();
                (!map.is_empty()).then_some(Value::Object(map))
            }
        }
    }
}

impl Object {
    fn from(map: Map<String, Value>) -> Self {
        Self { map, ..Self::default() }
    }

    fn into_map(mut self) -> Map<String, Value> {
        if self.has_gaps {
            self.map.retain(|_, value| !value.is_null());
        }
        self.map
    }

    /// The key that a name has here, in any case.
    fn key(&mut self, name: &str) -> String {
        self.keys.find(&self.map, name)
    }

    fn put(&mut self, key: String, value: Value) {
        self.map.insert(key, value);
    }

    /// Takes a value out and keeps its place.
    fn take_out(&mut self, key: &str) -> Value {
        self.has_gaps = true;
        match self.map.get_mut(key) {
            Some(value) => value.take(),
            None => self.map.insert(key.to_owned(), Value::Null).unwrap_or_default(),
        }
    }

    fn leave_gap(&mut self, key: &str) {
        if let Some(value) = self.map.get_mut(key) {
            *value = Value::Null;
            self.has_gaps = true;
        }
    }
}

/// The value as an object; anything else gives way to an empty one.
fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}
