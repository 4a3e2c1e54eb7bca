//! What an operation on `members` does, as a delta (P9, P10, P15–P17, P21, B1–B6).

use serde_json::{Map, Value};
use std::collections::HashSet;

use super::MemberOp;
use super::step::PatchVerb;
use crate::Error;
use crate::filter::{Filter, Literal, Operator};
use crate::lenient;
use crate::resource::member_inputs;
use crate::schema::Attribute;

/// The rest of a path that begins with `members`.
pub(super) struct Target<'a> {
    pub(super) sub: Option<&'a Attribute>,
    pub(super) filter: Option<Filter>,
}

/// Reads one operation; `None` when it has no effect.
pub(super) fn read(
    members: &Attribute,
    verb: PatchVerb,
    value: Option<&Value>,
    target: Target<'_>,
) -> Result<Option<MemberOp>, Error> {
    let is_id = target.sub.is_none_or(|sub| sub.name == "value");
    match target.filter {
        Some(filter) => filtered(members, verb, value, target.sub, filter),
        // `members.value`: the ids themselves.
        None if is_id => unfiltered(members, verb, value),
        None => Err(immutable()),
    }
}

fn unfiltered(members: &Attribute, verb: PatchVerb, value: Option<&Value>) -> Result<Option<MemberOp>, Error> {
    let is_empty = |value: &Value| value.is_null() || value.as_array().is_some_and(Vec::is_empty);
    match (verb, value) {
        (PatchVerb::Remove, None) => Ok(Some(MemberOp::Clear)),
        (PatchVerb::Replace, Some(value)) if is_empty(value) => Ok(Some(MemberOp::Clear)),
        (PatchVerb::Add, Some(value)) if is_empty(value) => Ok(None),
        (PatchVerb::Remove, Some(value)) if is_empty(value) => Err(Error::invalid_value(
            "remove members with a value must list the members to remove; omit the value to remove all",
        )),
        (_, None) => Err(Error::invalid_value("add and replace of members need a value")),
        (_, Some(value)) => {
            let ids = ids(members, value)?;
            Ok(Some(match verb {
                PatchVerb::Add => MemberOp::Add(ids),
                PatchVerb::Replace => MemberOp::Replace(ids),
                PatchVerb::Remove => MemberOp::Remove(ids),
            }))
        }
    }
}

fn filtered(
    members: &Attribute,
    verb: PatchVerb,
    value: Option<&Value>,
    sub: Option<&Attribute>,
    filter: Filter,
) -> Result<Option<MemberOp>, Error> {
    match (verb, sub) {
        (PatchVerb::Remove, None) => Ok(Some(match named_ids(&filter) {
            Some(ids) => MemberOp::Remove(ids),
            None => MemberOp::RemoveWhere(filter),
        })),
        // A member is its id: adding by filter can only mean the member that the filter names.
        (PatchVerb::Add, None) => {
            let given = ids(members, value.unwrap_or(&Value::Null))?;
            if named_ids(&filter).is_some_and(|named| named == given) {
                return Ok(Some(MemberOp::Add(given)));
            }
            Err(immutable())
        }
        _ => Err(immutable()),
    }
}

/// The ids in a value: one or many, objects or bare strings.
fn ids(members: &Attribute, value: &Value) -> Result<Vec<String>, Error> {
    // A missing id must not be skipped as unassigned: the sender meant somebody.
    let complete = |item: &Value| match item {
        Value::Object(parts) => has_id(parts),
        Value::String(id) => !id.trim().is_empty(),
        _ => false,
    };
    let fits = match value {
        Value::Array(items) => items.iter().all(complete),
        one => complete(one),
    };
    if !fits {
        return Err(Error::invalid_value(
            "every element of members needs a value, the id of the member",
        ));
    }
    let elements = lenient::elements(members, value.clone(), "members".into())?;
    Ok(member_inputs(&elements)?
        .into_iter()
        .map(|member| member.value)
        .collect())
}

fn has_id(parts: &Map<String, Value>) -> bool {
    let is_text = |value: &Value| value.as_str().is_some_and(|id| !id.trim().is_empty());
    parts
        .iter()
        .any(|(name, value)| name.eq_ignore_ascii_case("value") && is_text(value))
}

/// The ids of a filter that only lists ids, `value eq "a" or value eq "b"`, each once; `None` for any other.
fn named_ids(filter: &Filter) -> Option<Vec<String>> {
    let mut ids = Vec::new();
    let mut seen = HashSet::new();
    let lists_ids = collect_ids(filter, &mut |id| {
        if seen.insert(id) {
            ids.push(id.to_owned());
        }
    });
    lists_ids.then_some(ids)
}

fn collect_ids<'f>(filter: &'f Filter, found: &mut impl FnMut(&'f str)) -> bool {
    match filter {
        Filter::Or(left, right) => collect_ids(left, found) && collect_ids(right, found),
        Filter::Compare(comparison) if comparison.op == Operator::Eq && comparison.path.attribute == "value" => {
            let Literal::String(id) = &comparison.value else {
                return false;
            };
            found(id);
            true
        }
        _ => false,
    }
}

fn immutable() -> Error {
    Error::mutability("members are added and removed, not edited; use members or members[value eq \"id\"]")
}
