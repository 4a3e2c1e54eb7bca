//! From a value as sent to the value its attribute stores (§2.3 of RFC 7643 and the leniency list).
//!
//! `None` everywhere means unassigned: `null`, `[]` and `""` are three ways to say so (R50, P19).

use serde_json::{Map, Value};
use std::collections::HashSet;
use std::fmt;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::MEMBERS;
use crate::Error;
use crate::schema::{Attribute, AttributeType, Mutability};

/// How deep a body may nest; SCIM itself needs five levels.
const MAX_DEPTH: usize = 16;

/// Refuses what could not be stored on every database or shown anywhere: control characters other than tab and line
/// ends, and absurd nesting.
///
/// # Errors
/// `invalidValue` naming the member.
pub(crate) fn sane(value: &Value) -> Result<(), Error> {
    sane_at(value, 0, "the body")
}

fn sane_at(value: &Value, depth: usize, at: &str) -> Result<(), Error> {
    if depth > MAX_DEPTH {
        return Err(Error::invalid_value(format!(
            "the body nests deeper than {MAX_DEPTH} levels"
        )));
    }
    match value {
        Value::String(text) => sane_text(text, at),
        Value::Array(items) => items.iter().try_for_each(|item| sane_at(item, depth + 1, at)),
        Value::Object(members) => members.iter().try_for_each(|(key, item)| {
            sane_text(key, "the name of a member")?;
            sane_at(item, depth + 1, key)
        }),
        Value::Null | Value::Bool(_) | Value::Number(_) => Ok(()),
    }
}

fn sane_text(text: &str, at: &str) -> Result<(), Error> {
    let control = |byte: u8| (byte < 0x20 && !matches!(byte, b'\t' | b'\n' | b'\r')) || byte == 0x7f;
    if text.bytes().any(control) {
        return Err(Error::invalid_value(format!(
            "{at} contains a control character; remove it"
        )));
    }
    Ok(())
}

/// Where a value stands, for the details of errors: written out only when there is one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct At<'a> {
    whole: Option<&'a At<'a>>,
    name: &'a str,
}

impl<'a> At<'a> {
    fn part(whole: &'a Self, name: &'a str) -> Self {
        At {
            whole: Some(whole),
            name,
        }
    }
}

impl<'a> From<&'a str> for At<'a> {
    fn from(name: &'a str) -> Self {
        Self { whole: None, name }
    }
}

impl fmt::Display for At<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(whole) = self.whole {
            write!(f, "{whole}.")?;
        }
        f.write_str(self.name)
    }
}

/// The value of a whole attribute; arrays for multi-valued ones. Read-only attributes come out unassigned (R50).
///
/// # Errors
/// `invalidValue` naming `at` when the JSON type does not fit.
pub(crate) fn attribute(attribute: &Attribute, value: Value, at: At<'_>) -> Result<Option<Value>, Error> {
    if attribute.mutability == Mutability::ReadOnly {
        return Ok(None);
    }
    if !attribute.multi_valued {
        return element(attribute, value, at);
    }
    let mut list = elements(attribute, value, at)?;
    list.retain(|item| !is_hollow(attribute, item));
    keep_last_primary(&mut list);
    // Members are made unique by whoever takes them.
    if attribute.name != MEMBERS {
        list = distinct(list);
    }
    Ok(if list.is_empty() {
        None
    } else {
        Some(Value::Array(list))
    })
}

/// Each value once, where it came first.
fn distinct(list: Vec<Value>) -> Vec<Value> {
    let mut seen = HashSet::with_capacity(list.len());
    let is_first: Vec<bool> = list.iter().map(|item| seen.insert(item)).collect();
    drop(seen);
    let kept = list.into_iter().zip(is_first).filter(|(_, is_first)| *is_first);
    kept.map(|(item, _)| item).collect()
}

/// The elements of a multi-valued attribute; one object or one string is an array of one (P9).
///
/// # Errors
/// `invalidValue` naming `at` when the JSON type of an element does not fit.
pub(crate) fn elements(attribute: &Attribute, value: Value, at: At<'_>) -> Result<Vec<Value>, Error> {
    let items = match value {
        Value::Array(items) => items,
        one => vec![one],
    };
    let mut list = Vec::with_capacity(items.len());
    for item in items {
        if let Some(item) = element(attribute, item, at)? {
            list.push(item);
        }
    }
    Ok(list)
}

/// One value: that of a single-valued attribute, or one element of a multi-valued one.
///
/// # Errors
/// `invalidValue` naming `at` when the JSON type does not fit.
pub(crate) fn element(attribute: &Attribute, value: Value, at: At<'_>) -> Result<Option<Value>, Error> {
    if value.is_null() || value.as_str().is_some_and(str::is_empty) {
        return Ok(None);
    }
    if attribute.kind == AttributeType::Complex {
        return complex(attribute, value, at);
    }
    scalar(attribute, value, at).map(Some)
}

fn complex(attribute: &Attribute, value: Value, at: At<'_>) -> Result<Option<Value>, Error> {
    match value {
        Value::Object(members) => parts(attribute, members, at),
        // E26: the manager as an array of one object.
        Value::Array(mut items) if !attribute.multi_valued && items.len() <= 1 => match items.pop() {
            Some(Value::Array(_)) => Err(wrong_type(at, "an object")),
            Some(item) => element(attribute, item, at),
            None => Ok(None),
        },
        // B15: the manager, an e-mail address or a member as its bare value.
        Value::String(text) if attribute.sub("value").is_some() => {
            let mut members = Map::new();
            members.insert("value".to_owned(), Value::String(text));
            parts(attribute, members, at)
        }
        _ => Err(wrong_type(at, "an object")),
    }
}

fn parts(attribute: &Attribute, members: Map<String, Value>, at: At<'_>) -> Result<Option<Value>, Error> {
    // A reference to nothing is no reference, whatever else came with it.
    let points_nowhere = |(key, value): (&String, &Value)| key.eq_ignore_ascii_case("value") && is_unassigned(value);
    if !attribute.multi_valued && members.iter().any(points_nowhere) {
        return Ok(None);
    }
    let mut stored = Map::new();
    for (key, value) in members {
        let Some(sub) = attribute.sub(&key) else { continue };
        if sub.mutability == Mutability::ReadOnly {
            continue;
        }
        if let Some(value) = self::attribute(sub, value, At::part(&at, &sub.name))? {
            stored.insert(sub.name.clone(), value);
        }
    }
    Ok(if stored.is_empty() {
        None
    } else {
        Some(Value::Object(stored))
    })
}

/// One value of an attribute that is not complex.
///
/// # Errors
/// `invalidValue` naming `at` when the JSON type does not fit.
pub(crate) fn scalar(attribute: &Attribute, value: Value, at: At<'_>) -> Result<Value, Error> {
    match attribute.kind {
        AttributeType::Boolean => boolean(&value)
            .map(Value::Bool)
            .ok_or_else(|| wrong_type(at, "true or false")),
        AttributeType::Integer => integer(value).ok_or_else(|| wrong_type(at, "an integer")),
        AttributeType::Decimal => decimal(value).ok_or_else(|| wrong_type(at, "a number")),
        AttributeType::DateTime => match value.as_str() {
            Some(text) if OffsetDateTime::parse(text, &Rfc3339).is_ok() => Ok(value),
            _ => Err(wrong_type(
                at,
                "a date and time with zone, such as 2026-01-31T08:15:00Z",
            )),
        },
        AttributeType::String | AttributeType::Reference | AttributeType::Binary | AttributeType::Complex => {
            if value.is_string() {
                Ok(value)
            } else {
                Err(wrong_type(at, "a string"))
            }
        }
    }
}

/// A boolean, also as the text that Entra ID makes of it (leniency 2, B7).
fn boolean(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(flag) => Some(*flag),
        Value::String(text) if text.trim().eq_ignore_ascii_case("true") => Some(true),
        Value::String(text) if text.trim().eq_ignore_ascii_case("false") => Some(false),
        _ => None,
    }
}

fn integer(value: Value) -> Option<Value> {
    match value {
        Value::Number(number) if number.is_i64() => Some(Value::Number(number)),
        Value::String(text) => text.trim().parse::<i64>().ok().map(Value::from),
        _ => None,
    }
}

fn decimal(value: Value) -> Option<Value> {
    match value {
        Value::Number(_) => Some(value),
        Value::String(text) => {
            let number = text.trim().parse::<f64>().ok()?;
            serde_json::Number::from_f64(number).map(Value::Number)
        }
        _ => None,
    }
}

fn wrong_type(at: At<'_>, wanted: &str) -> Error {
    Error::invalid_value(format!("{at} must be {wanted}"))
}

/// An element that says what it is for but not what it is: only `type` and `primary` are left (P16).
pub(crate) fn is_hollow(attribute: &Attribute, element: &Value) -> bool {
    let label = |name: &str| matches!(name, "type" | "primary");
    let Value::Object(members) = element else { return false };
    attribute.kind == AttributeType::Complex
        && attribute.name != MEMBERS
        && attribute.sub_attributes.iter().any(|sub| !label(&sub.name))
        && members.keys().all(|name| label(name))
}

/// R16 within one body: the later `primary` wins, as if the elements had been added one after the other.
fn keep_last_primary(list: &mut [Value]) {
    let is_primary = |item: &Value| item.get("primary") == Some(&Value::Bool(true));
    let Some(last) = list.iter().rposition(is_primary) else {
        return;
    };
    for item in list.iter_mut().take(last) {
        if is_primary(item)
            && let Value::Object(members) = item
        {
            members.insert("primary".to_owned(), Value::Bool(false));
        }
    }
}

/// Whether a value says "unassigned": `null`, `""`, `[]` or `{}` (R29, R50).
pub(crate) fn is_unassigned(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    }
}
