//! What differs between two versions of a resource, for events and logs.

use std::collections::{BTreeMap, BTreeSet, HashMap};

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
/// as a whole; so does an attribute whose paths would be far longer than its values.
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

type ChangedPaths = BTreeMap<String, (Value, Value)>;

fn attribute(found: &mut ChangedPaths, path: &str, before: Option<&Value>, after: Option<&Value>) {
    if before == after {
        return;
    }
    let mut told = AttributeDiff::default();
    match told.apart(path, before, after) {
        Ok(true) => found.extend(told.leaves),
        Ok(false) | Err(TooLong) => drop(found.insert(path.to_owned(), (or_null(before), or_null(after)))),
    }
}

/// What differs in one attribute, part by part. Each path repeats the name of the attribute and what selects the element,
/// so long ones would multiply what was sent: where the paths become longer than the values by far, the attribute
/// differs as a whole.
#[derive(Default)]
struct AttributeDiff {
    leaves: Vec<(String, (Value, Value))>,
    /// Bytes of all paths.
    paths: usize,
    /// How many there may be; worked out when there are more than a few.
    allowed: Option<usize>,
}

/// The paths of an attribute are too long to tell its parts one by one.
struct TooLong;

impl AttributeDiff {
    /// Lists parts and elements one by one; `false` where a value has neither, or elements cannot be told apart.
    fn apart(&mut self, path: &str, before: Option<&Value>, after: Option<&Value>) -> Result<bool, TooLong> {
        if let (Some(left), Some(right)) = (as_elements(before), as_elements(after)) {
            let kinds = (kinds(left), kinds(right));
            let (Some(left), Some(right)) = (by_selector(left, &kinds), by_selector(right, &kinds)) else {
                return Ok(false);
            };
            let selectors: BTreeSet<&String> = left.keys().chain(right.keys()).collect();
            for selector in selectors {
                let sides = (left.get(selector).copied(), right.get(selector).copied());
                if sides.0 != sides.1 {
                    let whole = (before, after);
                    self.element(&format!("{path}[{selector}]"), sides, whole)?;
                }
            }
            return Ok(true);
        }
        if let (Some(left), Some(right)) = (as_object(before), as_object(after)) {
            self.parts(path, (left, right), &[], (before, after))?;
            return Ok(true);
        }
        Ok(false)
    }

    /// One element that differs. Its type is in the selector already or the same on both sides.
    fn element(&mut self, path: &str, sides: Sides<'_>, whole: Whole<'_>) -> Result<(), TooLong> {
        let empty = Map::new();
        let known = self.leaves.len();
        let (before, after) = (sides.0.unwrap_or(&empty), sides.1.unwrap_or(&empty));
        self.parts(path, (before, after), &["type"], whole)?;
        // An element of nothing but a type would come or go without a word.
        if self.leaves.len() == known {
            let object = |parts: Option<&Map<String, Value>>| parts.cloned().map_or(Value::Null, Value::Object);
            self.tell(path.to_owned(), (object(sides.0), object(sides.1)), whole)?;
        }
        Ok(())
    }

    fn parts(
        &mut self,
        path: &str,
        (before, after): (&Map<String, Value>, &Map<String, Value>),
        said: &[&str],
        whole: Whole<'_>,
    ) -> Result<(), TooLong> {
        for name in keys(before, after) {
            let (left, right) = (before.get(name), after.get(name));
            if left != right && !said.contains(&name) {
                self.tell(format!("{path}.{name}"), (or_null(left), or_null(right)), whole)?;
            }
        }
        Ok(())
    }

    fn tell(&mut self, path: String, values: (Value, Value), whole: Whole<'_>) -> Result<(), TooLong> {
        /// Up to so many bytes of paths are listed, whatever the values are.
        const FREE_PATH_BYTES: usize = 4096;
        self.paths += path.len();
        if self.paths > FREE_PATH_BYTES {
            let allowed = *self
                .allowed
                .get_or_insert_with(|| 8 * (bytes(whole.0) + bytes(whole.1)));
            if self.paths > FREE_PATH_BYTES + allowed {
                return Err(TooLong);
            }
        }
        self.leaves.push((path, values));
        Ok(())
    }
}

/// An element before and after.
type Sides<'v> = (Option<&'v Map<String, Value>>, Option<&'v Map<String, Value>>);
/// The attribute before and after.
type Whole<'v> = (Option<&'v Value>, Option<&'v Value>);

fn or_null(value: Option<&Value>) -> Value {
    value.cloned().unwrap_or(Value::Null)
}

/// About as many bytes as a value has as text.
fn bytes(value: Option<&Value>) -> usize {
    match value {
        None => 0,
        Some(Value::String(text)) => 2 + text.len(),
        Some(Value::Array(items)) => items.iter().map(|item| 1 + bytes(Some(item))).sum(),
        Some(Value::Object(members)) => {
            let member = |(name, value): (&String, &Value)| 4 + name.len() + bytes(Some(value));
            members.iter().map(member).sum()
        }
        Some(Value::Null | Value::Bool(_) | Value::Number(_)) => 4,
    }
}

/// How many elements of one side have each type.
type Kinds<'v> = HashMap<&'v Value, usize>;

fn kinds(elements: &[Value]) -> Kinds<'_> {
    let mut kinds = HashMap::new();
    for kind in elements.iter().filter_map(|element| element.get("type")) {
        *kinds.entry(kind).or_default() += 1;
    }
    kinds
}

/// The elements of one side under what selects them: their type, where neither side has another element of it. `None`
/// when an element cannot be told from the others.
fn by_selector<'v>(
    elements: &'v [Value],
    (left, right): &(Kinds<'_>, Kinds<'_>),
) -> Option<BTreeMap<String, &'v Map<String, Value>>> {
    let is_alone = |kind: &Value| {
        [left, right]
            .iter()
            .all(|side| side.get(kind).is_none_or(|count| *count <= 1))
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
