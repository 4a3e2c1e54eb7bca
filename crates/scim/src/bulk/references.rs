//! `bulkId:…` in paths and bodies (R47): finding it, and putting ids in its place.
//!
//! A reference is a whole string (`"value": "bulkId:ada"`), the last part of a `$ref` (`"../Users/bulkId:ada"`), a quoted
//! literal in the path of a PATCH operation (`members[value eq "bulkId:ada"]`), or the id in the operation's own path.

use super::{Action, BulkEndpoint, BulkOperation, BulkRequest, Method, Reference, ResolvedOperation};
use crate::Error;
use crate::path::quoted;
use serde_json::Value;
use std::collections::hash_map::Entry;
use std::collections::{BTreeSet, HashMap, HashSet};

const PREFIX: &str = "bulkId:";

impl BulkRequest {
    /// Looks up what each operation refers to; a name that nobody creates fails the operation.
    pub(super) fn link(&mut self) {
        for operation in &mut self.operations {
            let Ok(action) = &mut operation.action else {
                continue;
            };
            match references(action, &self.creators) {
                Ok(references) => action.references = references,
                Err(error) => operation.action = Err(error),
            }
        }
    }

    /// The operation with `ids` in place of references: one for each operation of the request, of which those of POSTs
    /// are used. Of the members of a new group, those that the operations `without` create are left out. `None` for an
    /// operation that cannot be tried.
    #[must_use]
    pub fn resolved(&self, operation: usize, ids: &[String], without: &[usize]) -> Option<ResolvedOperation> {
        let BulkOperation { action: Ok(action), .. } = self.operations.get(operation)? else {
            return None;
        };
        let id = |name: &str| ids.get(*self.creators.get(name)?).cloned();
        let mut data = action.data.clone();
        if !without.is_empty() {
            let without: HashSet<&usize> = without.iter().collect();
            let left_out = |name: &str| self.creators.get(name).is_some_and(|index| without.contains(index));
            leave_out_members(&mut data, &left_out);
        }
        substitute(&mut data, "", &id);
        let target = action.target.as_deref();
        let target = target.map(|target| replaced(target, "", &id).unwrap_or_else(|| target.to_owned()));
        Some(ResolvedOperation { target, data })
    }
}

fn references(action: &Action, creators: &HashMap<String, usize>) -> Result<Vec<Reference>, Error> {
    let mut found: Vec<Reference> = Vec::new();
    // Where in that each operation is.
    let mut places: HashMap<usize, usize> = HashMap::new();
    let mut unknown = BTreeSet::new();
    let creates_group = action.method == Method::Post && action.endpoint == BulkEndpoint::Groups;
    let mut note = |name: &str, is_member: bool| match creators.get(name) {
        None => {
            unknown.insert(name.to_owned());
        }
        // An edge that is not a membership only is the stronger one.
        Some(operation) => match places.entry(*operation) {
            Entry::Occupied(place) => {
                if let Some(known) = found.get_mut(*place.get()) {
                    known.is_member &= is_member;
                }
            }
            Entry::Vacant(place) => {
                place.insert(found.len());
                found.push(Reference {
                    operation: *operation,
                    is_member,
                });
            }
        },
    };
    if let Some(target) = &action.target {
        each_reference(target, "", &mut |name| note(name, false));
    }
    match &action.data {
        Value::Object(members) => {
            for (key, value) in members {
                let is_member = creates_group && is_members(key);
                visit(value, key, &mut |name| note(name, is_member));
            }
        }
        other => visit(other, "", &mut |name| note(name, false)),
    }
    match unknown.first() {
        None => Ok(found),
        Some(name) => Err(Error::invalid_value(format!(
            "{} refers to no POST of this request",
            quoted(&format!("{PREFIX}{name}"))
        ))),
    }
}

/// Whether a key of a group is its member list, written with or without the URN.
fn is_members(key: &str) -> bool {
    key.rsplit(':')
        .next()
        .is_some_and(|name| name.eq_ignore_ascii_case("members"))
}

fn leave_out_members(data: &mut Value, left_out: &dyn Fn(&str) -> bool) {
    let names_one = |value: &Value| {
        let mut found = false;
        visit(value, "", &mut |name| found |= left_out(name));
        found
    };
    let Value::Object(members) = data else {
        return;
    };
    for (_, value) in members.iter_mut().filter(|(key, _)| is_members(key)) {
        match value {
            Value::Array(elements) => elements.retain(|element| !names_one(element)),
            single if names_one(single) => *single = Value::Array(Vec::new()),
            _ => {}
        }
    }
}

/// Shows every reference in a value; `key` is the name it stands under.
fn visit(value: &Value, key: &str, note: &mut dyn FnMut(&str)) {
    match value {
        Value::String(text) => each_reference(text, key, note),
        Value::Array(elements) => elements.iter().for_each(|element| visit(element, key, note)),
        Value::Object(members) => members.iter().for_each(|(key, value)| visit(value, key, note)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn substitute(value: &mut Value, key: &str, id: &dyn Fn(&str) -> Option<String>) {
    match value {
        Value::String(text) => {
            if let Some(new) = replaced(text, key, id) {
                *text = new;
            }
        }
        Value::Array(elements) => elements.iter_mut().for_each(|element| substitute(element, key, id)),
        Value::Object(members) => members.iter_mut().for_each(|(key, value)| substitute(value, key, id)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn each_reference(text: &str, key: &str, note: &mut dyn FnMut(&str)) {
    for part in parts(text, key) {
        if let Part::Reference(name) = part {
            note(name);
        }
    }
}

/// The text with ids in it; `None` when nothing is replaced.
fn replaced(text: &str, key: &str, id: &dyn Fn(&str) -> Option<String>) -> Option<String> {
    let mut changed = false;
    let mut new = String::with_capacity(text.len());
    for part in parts(text, key) {
        match part {
            Part::Text(text) => new.push_str(text),
            Part::Reference(name) => match id(name) {
                Some(id) => {
                    changed = true;
                    new.push_str(&id);
                }
                None => {
                    new.push_str(PREFIX);
                    new.push_str(name);
                }
            },
        }
    }
    changed.then_some(new)
}

enum Part<'a> {
    Text(&'a str),
    Reference(&'a str),
}

fn parts<'a>(text: &'a str, key: &str) -> Vec<Part<'a>> {
    if let Some(name) = text.strip_prefix(PREFIX) {
        return vec![Part::Reference(name)];
    }
    if key.eq_ignore_ascii_case("$ref") {
        let start = text.rfind('/').map_or(0, |slash| slash + 1);
        let (before, last) = text.split_at(start);
        return match last.strip_prefix(PREFIX) {
            Some(name) => vec![Part::Text(before), Part::Reference(name)],
            None => vec![Part::Text(text)],
        };
    }
    if !key.eq_ignore_ascii_case("path") {
        return vec![Part::Text(text)];
    }
    // Every other piece between double quotes is a literal.
    let mut parts = Vec::new();
    for (index, piece) in text.split('"').enumerate() {
        if index > 0 {
            parts.push(Part::Text("\""));
        }
        parts.push(match piece.strip_prefix(PREFIX).filter(|_| index % 2 == 1) {
            Some(name) => Part::Reference(name),
            None => Part::Text(piece),
        });
    }
    parts
}
