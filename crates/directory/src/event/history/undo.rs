//! Undoing the changes of one event. Those of an attribute are undone together, so that each attribute is looked up, and
//! its elements are gone through, once for an event and not for each change.

use super::ChangePath;
use serde_json::{Map, Value};
use std::collections::{BTreeSet, HashMap, HashSet};

/// The changes of an object, by the key of each member, in the order of the event.
type ByMember<'c> = Vec<(&'c str, Vec<MemberUndo<'c>>)>;

/// A change of a member: of which element and which part, and what it was.
struct MemberUndo<'c> {
    selector: Option<&'c str>,
    sub: Option<&'c str>,
    before: &'c Value,
}

pub(super) fn before(after: &Map<String, Value>, changes: &[Value]) -> Map<String, Value> {
    let mut image = after.clone();
    let mut top = Grouped::default();
    let mut extensions: Vec<(&str, Grouped<'_>)> = Vec::new();
    let mut places = HashMap::new();
    for change in changes {
        let Some(text) = change.get("path").and_then(Value::as_str) else {
            continue;
        };
        let path = ChangePath::parse(text);
        let undone = MemberUndo {
            selector: path.selector,
            sub: path.sub,
            before: &change["before"],
        };
        match path.urn {
            // An extension may also be no object: then its own key is the path.
            Some(urn) if !image.contains_key(text) => {
                let place = *places.entry(urn).or_insert_with(|| {
                    extensions.push((urn, Grouped::default()));
                    extensions.len() - 1
                });
                if let Some((_, grouped)) = extensions.get_mut(place) {
                    grouped.add(path.attribute, undone);
                }
            }
            Some(_) => top.add(text, undone),
            None => top.add(path.attribute, undone),
        }
    }
    for (urn, grouped) in extensions {
        let mut members = match image.get_mut(urn).map(Value::take) {
            Some(Value::Object(members)) => members,
            _ => Map::new(),
        };
        undo_members(&mut members, grouped.members);
        // Without data it is gone, together with what else is gone from the top.
        let before = Value::Object(members);
        image.insert(urn.to_owned(), before);
    }
    undo_members(&mut image, top.members);
    image.retain(|name, value| !(places.contains_key(name.as_str()) && is_empty(value)));
    image
}

#[derive(Default)]
struct Grouped<'c> {
    members: ByMember<'c>,
    places: HashMap<&'c str, usize>,
}

impl<'c> Grouped<'c> {
    fn add(&mut self, member: &'c str, undone: MemberUndo<'c>) {
        let place = *self.places.entry(member).or_insert_with(|| {
            self.members.push((member, Vec::new()));
            self.members.len() - 1
        });
        if let Some((_, changes)) = self.members.get_mut(place) {
            changes.push(undone);
        }
    }
}

/// Undoes the changes of an object's members; those that were not there before are gone.
fn undo_members(members: &mut Map<String, Value>, changes: ByMember<'_>) {
    let mut gone = HashSet::new();
    for (name, changes) in changes {
        let after = members.get_mut(name).map(Value::take);
        match undo_member(after, changes) {
            Some(before) => drop(members.insert(name.to_owned(), before)),
            None => drop(gone.insert(name)),
        }
    }
    if !gone.is_empty() {
        members.retain(|name, _| !gone.contains(name.as_str()));
    }
}

fn undo_member(after: Option<Value>, changes: Vec<MemberUndo<'_>>) -> Option<Value> {
    let mut value = after;
    let mut elements: Option<Elements> = None;
    for change in changes {
        let Some(selector) = change.selector else {
            value = elements.take().map_or(value, |elements| Some(elements.into_value()));
            value = match change.sub {
                None => Some(change.before.clone()),
                Some(sub) => undo_part(value, sub, change.before),
            };
            continue;
        };
        if value.as_ref().is_some_and(|value| !value.is_array()) {
            continue;
        }
        let open = elements.get_or_insert_with(|| Elements::new(value.take()));
        open.undo(&selected(selector), change.sub, change.before);
    }
    let value = elements.map_or(value, |elements| Some(elements.into_value()));
    value.filter(|value| !value.is_null() && !is_empty(value))
}

fn undo_part(value: Option<Value>, sub: &str, before: &Value) -> Option<Value> {
    let mut value = value.unwrap_or_else(|| Value::Object(Map::new()));
    if let Value::Object(parts) = &mut value {
        set(parts, sub, before);
    }
    Some(value)
}

fn set(members: &mut Map<String, Value>, name: &str, value: &Value) {
    if value.is_null() {
        members.swap_remove(name);
    } else {
        members.insert(name.to_owned(), value.clone());
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.is_empty(),
        _ => false,
    }
}

/// Elements of a multi-valued attribute, found by type and value; what goes leaves a gap, so that places stay.
struct Elements {
    slots: Vec<Option<Value>>,
    /// Which elements have a type, a value, or both: what a selector may name.
    places: HashMap<(Option<Value>, Option<Value>), BTreeSet<usize>>,
}

impl Elements {
    fn new(value: Option<Value>) -> Self {
        let slots = match value {
            Some(Value::Array(elements)) => elements.into_iter().map(Some).collect(),
            _ => Vec::new(),
        };
        let mut elements = Self {
            slots,
            places: HashMap::new(),
        };
        for at in 0..elements.slots.len() {
            elements.index(at, true);
        }
        elements
    }

    fn into_value(self) -> Value {
        Value::Array(self.slots.into_iter().flatten().collect())
    }

    /// Notes under what an element is found, or forgets it.
    fn index(&mut self, at: usize, is_there: bool) {
        let Some(Some(element)) = self.slots.get(at) else {
            return;
        };
        let (kind, value) = (element.get("type").cloned(), element.get("value").cloned());
        let mut keys = vec![(kind.clone(), value.clone())];
        if kind.is_some() && value.is_some() {
            keys.extend([(kind, None), (None, value)]);
        }
        for key in keys {
            let places = self.places.entry(key).or_default();
            if is_there {
                places.insert(at);
            } else {
                places.remove(&at);
            }
        }
    }

    fn undo(&mut self, parts: &Map<String, Value>, sub: Option<&str>, before: &Value) {
        let key = (parts.get("type").cloned(), parts.get("value").cloned());
        let found = self.places.get(&key).and_then(|places| places.first().copied());
        let Some(sub) = sub else {
            match found {
                Some(at) => self.put(at, (!before.is_null()).then(|| before.clone())),
                None if before.is_null() => {}
                None => self.push(before.clone()),
            }
            return;
        };
        let at = match found {
            Some(at) => at,
            None if before.is_null() => return,
            None => {
                self.push(Value::Object(parts.clone()));
                self.slots.len() - 1
            }
        };
        let identifies = matches!(sub, "type" | "value");
        if identifies {
            self.index(at, false);
        }
        let Some(Some(Value::Object(element))) = self.slots.get_mut(at) else {
            return;
        };
        set(element, sub, before);
        // All that is left of an element that was not there is what selects it.
        let is_gone = before.is_null() && element.keys().all(|name| name == "type");
        if identifies {
            self.index(at, true);
        }
        if is_gone {
            self.put(at, None);
        }
    }

    fn put(&mut self, at: usize, element: Option<Value>) {
        self.index(at, false);
        if let Some(slot) = self.slots.get_mut(at) {
            *slot = element;
        }
        self.index(at, true);
    }

    fn push(&mut self, element: Value) {
        self.slots.push(Some(element));
        self.index(self.slots.len() - 1, true);
    }
}

/// The parts that a selector names: `type eq "work" and value eq "a"`.
fn selected(selector: &str) -> Map<String, Value> {
    let mut parts = Map::new();
    let mut rest = selector;
    while let Some((name, after)) = rest.split_once(" eq ") {
        let mut values = serde_json::Deserializer::from_str(after).into_iter::<Value>();
        let Some(Ok(value)) = values.next() else { break };
        rest = after.get(values.byte_offset()..).unwrap_or_default();
        parts.insert(name.trim_start_matches(" and ").trim().to_owned(), value);
    }
    parts
}
