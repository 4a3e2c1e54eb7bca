//! From a value as sent to the value its attribute stores (RFC 7643 §2.3; L1–L3).
//!
//! `None` everywhere means unassigned: `null`, `[]` and `""` are three ways to say so (R50, P19).

use serde_json::{Map, Value};
use std::collections::HashSet;
use std::fmt;

use super::{MEMBERS, ROLES};
use crate::Error;
use crate::instant;
use crate::leniency::{Leniency, note, note_left_out};
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
pub(crate) struct ValuePath<'a> {
    whole: Option<&'a ValuePath<'a>>,
    /// The extension it belongs to.
    urn: Option<&'a str>,
    name: &'a str,
}

impl<'a> ValuePath<'a> {
    pub(crate) fn part(whole: &'a Self, name: &'a str) -> Self {
        ValuePath {
            whole: Some(whole),
            urn: None,
            name,
        }
    }

    /// An attribute of the core schema, or of an extension: of two extensions that have the same name, a client must know
    /// which is meant.
    pub(crate) const fn of(urn: Option<&'a str>, name: &'a str) -> Self {
        Self { whole: None, urn, name }
    }
}

impl<'a> From<&'a str> for ValuePath<'a> {
    fn from(name: &'a str) -> Self {
        Self::of(None, name)
    }
}

impl fmt::Display for ValuePath<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(whole) = self.whole {
            let is_urn = whole
                .name
                .get(..4)
                .is_some_and(|head| head.eq_ignore_ascii_case("urn:"));
            write!(f, "{whole}{}", if is_urn { ':' } else { '.' })?;
        }
        if let Some(urn) = self.urn {
            write!(f, "{urn}:")?;
        }
        f.write_str(self.name)
    }
}

/// The value of a whole attribute; arrays for multi-valued ones. Read-only attributes come out unassigned (R50).
///
/// # Errors
/// `invalidValue` naming `at` when the JSON type does not fit.
pub(crate) fn attribute(attribute: &Attribute, value: Value, at: ValuePath<'_>) -> Result<Option<Value>, Error> {
    if attribute.mutability == Mutability::ReadOnly {
        note(Leniency::ReadOnlyIgnored);
        return Ok(None);
    }
    if !attribute.multi_valued {
        return element(attribute, value, at);
    }
    let mut list = elements(attribute, value, at)?;
    list.retain(|item| !is_hollow(attribute, item) || labels_say_something(attribute, item));
    keep_last_primary(&mut list);
    // Members are made unique by the code that takes them.
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
pub(crate) fn elements(attribute: &Attribute, value: Value, at: ValuePath<'_>) -> Result<Vec<Value>, Error> {
    let value = unpacked(attribute, &value)?.unwrap_or(value);
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
pub(crate) fn element(attribute: &Attribute, value: Value, at: ValuePath<'_>) -> Result<Option<Value>, Error> {
    if value.is_null() {
        note(Leniency::NullUnassigned);
        return Ok(None);
    }
    if value.as_str().is_some_and(str::is_empty) {
        return Ok(None);
    }
    if attribute.kind == AttributeType::Complex {
        return complex(attribute, value, at);
    }
    scalar(attribute, value, at).map(Some)
}

/// What JSON inside a string stands for, where a complex attribute or an element of one is expected: some clients send
/// it so. Only objects and lists of objects are taken for that; every other text is a bare value. So is an object in the
/// place of a role, which Entra sends for the value of one (E33).
///
/// # Errors
/// As [`sane`].
pub(crate) fn unpacked(attribute: &Attribute, value: &Value) -> Result<Option<Value>, Error> {
    let Value::String(text) = value else { return Ok(None) };
    if attribute.kind != AttributeType::Complex || !text.trim_start().starts_with(['{', '[']) {
        return Ok(None);
    }
    let Ok(inner) = serde_json::from_str::<Value>(text) else {
        return Ok(None);
    };
    let is_meant = match &inner {
        Value::Object(_) => attribute.name != ROLES,
        Value::Array(items) => !items.is_empty() && items.iter().all(Value::is_object),
        _ => false,
    };
    if !is_meant {
        return Ok(None);
    }
    sane(&inner)?;
    note(Leniency::JsonInText);
    Ok(Some(inner))
}

/// Whether a value, alone or as the only one of a list, is the bare value of an element.
///
/// # Errors
/// As [`unpacked`].
pub(crate) fn is_bare(attribute: &Attribute, value: &Value) -> Result<bool, Error> {
    let one = match value {
        Value::Array(items) => match items.as_slice() {
            [one] => one,
            _ => return Ok(false),
        },
        one => one,
    };
    Ok(one.is_string() && unpacked(attribute, one)?.is_none())
}

fn complex(attribute: &Attribute, value: Value, at: ValuePath<'_>) -> Result<Option<Value>, Error> {
    if let Some(inner) = unpacked(attribute, &value)? {
        // One that has no part of the attribute would be dropped without a word.
        let nothing = || {
            wrong_type(
                at,
                "an object with at least one of its parts",
                "JSON in a string without any",
            )
        };
        return complex(attribute, inner, at)?.map(Some).ok_or_else(nothing);
    }
    let sent = kind_of(&value);
    match value {
        Value::Object(members) => parts(attribute, members, at),
        // E26: the manager as an array of one object.
        Value::Array(mut items) if !attribute.multi_valued && items.len() <= 1 => match items.pop() {
            Some(inner @ Value::Array(_)) => Err(wrong_type(at, "an object", kind_of(&inner))),
            Some(item) => {
                note(Leniency::ListOfOne);
                element(attribute, item, at)
            }
            None => Ok(None),
        },
        // B15: the manager, an e-mail address or a member as its bare value.
        Value::String(text) if attribute.sub("value").is_some() => {
            note(Leniency::BareValue);
            let mut members = Map::new();
            members.insert("value".to_owned(), Value::String(text));
            parts(attribute, members, at)
        }
        _ => Err(wrong_type(at, "an object", sent)),
    }
}

fn parts(attribute: &Attribute, members: Map<String, Value>, at: ValuePath<'_>) -> Result<Option<Value>, Error> {
    // A reference to nothing is no reference, whatever else came with it.
    let points_nowhere = |(key, value): (&String, &Value)| key.eq_ignore_ascii_case("value") && is_unassigned(value);
    if !attribute.multi_valued && members.iter().any(points_nowhere) {
        return Ok(None);
    }
    let mut stored = Map::new();
    for (key, value) in members {
        let Some(sub) = attribute.sub(&key) else {
            note_left_out(ValuePath::part(&at, &key));
            continue;
        };
        if sub.name != key {
            note(Leniency::NameCase);
        }
        if sub.mutability == Mutability::ReadOnly {
            continue;
        }
        if let Some(value) = self::attribute(sub, value, ValuePath::part(&at, &sub.name))? {
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
pub(crate) fn scalar(attribute: &Attribute, value: Value, at: ValuePath<'_>) -> Result<Value, Error> {
    let sent = kind_of(&value);
    match attribute.kind {
        AttributeType::Boolean => boolean(&value)
            .map(Value::Bool)
            .ok_or_else(|| wrong_type(at, "true or false", sent)),
        AttributeType::Integer => integer(value).ok_or_else(|| wrong_type(at, "an integer", sent)),
        AttributeType::Decimal => decimal(value).ok_or_else(|| wrong_type(at, "a number", sent)),
        AttributeType::DateTime => match value.as_str() {
            Some(text) if instant::parse_stored(text).is_some() => Ok(value),
            _ => Err(wrong_type(at, instant::WANTED, sent)),
        },
        AttributeType::String | AttributeType::Reference | AttributeType::Binary | AttributeType::Complex => {
            if value.is_string() {
                Ok(value)
            } else {
                Err(wrong_type(at, "a string", sent))
            }
        }
    }
}

/// A boolean, also as the text that Entra ID makes of it (L1, B7).
fn boolean(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(flag) => Some(*flag),
        Value::String(text) => {
            let text = text.trim();
            let flag = [("true", true), ("false", false)];
            let flag = flag.into_iter().find(|(word, _)| text.eq_ignore_ascii_case(word));
            flag.map(|(_, flag)| {
                note(Leniency::BooleanAsText);
                flag
            })
        }
        _ => None,
    }
}

fn integer(value: Value) -> Option<Value> {
    match value {
        Value::Number(number) if number.is_i64() => Some(Value::Number(number)),
        Value::String(text) => {
            let number = text.trim().parse::<i64>().ok()?;
            note(Leniency::NumberAsText);
            Some(Value::from(number))
        }
        _ => None,
    }
}

fn decimal(value: Value) -> Option<Value> {
    match value {
        Value::Number(_) => Some(value),
        Value::String(text) => {
            let number = text.trim().parse::<f64>().ok()?;
            note(Leniency::NumberAsText);
            serde_json::Number::from_f64(number).map(Value::Number)
        }
        _ => None,
    }
}

/// The refusal of a value: where it stands, what is wanted, and what was sent. Never the value itself, which may be
/// anything.
fn wrong_type(at: ValuePath<'_>, wanted: &str, sent: &str) -> Error {
    Error::invalid_value(format!("{at} must be {wanted}; {sent} was sent"))
}

/// A value by its JSON type, for people.
pub(crate) const fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
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

/// Whether an element that is all labels was sent to say something all the same: a role by its type alone is what an
/// identity provider sends for users who have access and no role of the app. It looks for what it sent.
pub(crate) fn labels_say_something(attribute: &Attribute, element: &Value) -> bool {
    attribute.name == ROLES && element.get("type").is_some()
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
