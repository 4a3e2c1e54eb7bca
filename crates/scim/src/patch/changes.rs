//! What differs between two versions of a resource, for events and logs.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

/// One attribute, or part of one, that differs.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// The path as a client would write it: `active`, `name.familyName`, `emails[type eq "work"].value`,
    /// `urn:…:User:department`.
    pub path: String,
    /// What it was; `null` when it had no value.
    pub before: Value,
    /// What it is; `null` when it has no value.
    pub after: Value,
}

/// Every difference between two maps of attributes, in the order of their paths. Elements of multi-valued attributes
/// are told apart by `type`, by `value` where the type is not enough, and an array whose elements have neither differs
/// as a whole.
#[must_use]
pub fn changes(before: &Map<String, Value>, after: &Map<String, Value>) -> Vec<Change> {
    let mut found = BTreeMap::new();
    for key in keys(before, after) {
        let (left, right) = (before.get(key), after.get(key));
        match (is_urn(key), as_object(left), as_object(right)) {
            (true, Some(left), Some(right)) => {
                for name in keys(left, right) {
                    attribute(&mut found, &format!("{key}:{name}"), left.get(name), right.get(name));
                }
            }
            _ => attribute(&mut found, key, left, right),
        }
    }
    found
        .into_iter()
        .map(|(path, (before, after))| Change { path, before, after })
        .collect()
}

type Found = BTreeMap<String, (Value, Value)>;

fn attribute(found: &mut Found, path: &str, before: Option<&Value>, after: Option<&Value>) {
    if before == after {
        return;
    }
    if let (Some(left), Some(right)) = (as_elements(before), as_elements(after)) {
        if let (Some(left), Some(right)) = (by_selector(left, left, right), by_selector(right, left, right)) {
            let selectors: BTreeSet<&String> = left.keys().chain(right.keys()).collect();
            for selector in selectors {
                let (left, right) = (left.get(selector).copied(), right.get(selector).copied());
                element(found, &format!("{path}[{selector}]"), left, right);
            }
            return;
        }
    } else if let (Some(left), Some(right)) = (as_object(before), as_object(after)) {
        return parts(found, path, left, right, &[]);
    }
    leaf(found, path.to_owned(), before, after);
}

/// One element. Its type is in the selector already or the same on both sides.
fn element(found: &mut Found, path: &str, before: Option<&Map<String, Value>>, after: Option<&Map<String, Value>>) {
    let empty = Map::new();
    let known = found.len();
    parts(
        found,
        path,
        before.unwrap_or(&empty),
        after.unwrap_or(&empty),
        &["type"],
    );
    // An element of nothing but a type would come or go without a word.
    if before != after && found.len() == known {
        let whole = |parts: Option<&Map<String, Value>>| parts.cloned().map_or(Value::Null, Value::Object);
        found.insert(path.to_owned(), (whole(before), whole(after)));
    }
}

fn parts(found: &mut Found, path: &str, before: &Map<String, Value>, after: &Map<String, Value>, said: &[&str]) {
    for name in keys(before, after) {
        if !said.contains(&name) {
            leaf(found, format!("{path}.{name}"), before.get(name), after.get(name));
        }
    }
}

fn leaf(found: &mut Found, path: String, before: Option<&Value>, after: Option<&Value>) {
    if before != after {
        let or_null = |value: Option<&Value>| value.cloned().unwrap_or(Value::Null);
        found.insert(path, (or_null(before), or_null(after)));
    }
}

/// The elements of one side under what selects them, with both sides at hand to see where the type is enough. `None`
/// when an element cannot be told from the others.
fn by_selector<'v>(
    elements: &'v [Value],
    left: &[Value],
    right: &[Value],
) -> Option<BTreeMap<String, &'v Map<String, Value>>> {
    let is_alone = |kind: &Value| {
        let of_kind = |side: &[Value]| side.iter().filter(|element| element.get("type") == Some(kind)).count();
        of_kind(left) <= 1 && of_kind(right) <= 1
    };
    let mut selected = BTreeMap::new();
    for element in elements {
        let Value::Object(parts) = element else { return None };
        let selector = match (parts.get("type"), parts.get("value")) {
            (Some(kind), _) if is_alone(kind) => format!("type eq {kind}"),
            (Some(kind), Some(value)) => format!("type eq {kind} and value eq {value}"),
            (None, Some(value)) => format!("value eq {value}"),
            _ => return None,
        };
        if selected.insert(selector, parts).is_some() {
            return None;
        }
    }
    Some(selected)
}

fn keys<'v>(left: &'v Map<String, Value>, right: &'v Map<String, Value>) -> BTreeSet<&'v str> {
    left.keys().chain(right.keys()).map(String::as_str).collect()
}

/// An object, or nothing in the place of one.
fn as_object(value: Option<&Value>) -> Option<&Map<String, Value>> {
    static EMPTY: std::sync::LazyLock<Map<String, Value>> = std::sync::LazyLock::new(Map::new);
    match value {
        None | Some(Value::Null) => Some(&EMPTY),
        Some(Value::Object(members)) => Some(members),
        Some(_) => None,
    }
}

/// An array of objects, or nothing in the place of one; `None` also when both could be meant.
fn as_elements(value: Option<&Value>) -> Option<&[Value]> {
    match value {
        None | Some(Value::Null) => Some(&[]),
        Some(Value::Array(elements)) => Some(elements),
        Some(_) => None,
    }
}

fn is_urn(key: &str) -> bool {
    key.get(..4).is_some_and(|head| head.eq_ignore_ascii_case("urn:"))
}
