//! What every resource must satisfy, however it came about.

use serde_json::{Map, Value};

use crate::Error;
use crate::lenient::{MEMBERS, ValuePath, find_key, is_unassigned};
use crate::schema::{Attribute, Mutability, ResourceType};

/// The longest text, in UTF-8 bytes, of an attribute that the store keeps in an index: names that must be unique,
/// `externalId`, `displayName`, values of e-mail addresses, ids of managers. A database index refuses longer ones.
pub const MAX_INDEXED_BYTES: usize = 1000;

/// Required attributes have a value; indexed ones are short enough.
///
/// # Errors
/// `invalidValue` naming the attribute.
pub(crate) fn check(rt: &ResourceType, attributes: &Map<String, Value>) -> Result<(), Error> {
    for attribute in rt.core.attributes.iter().filter(|attribute| attribute.required) {
        let has_text = |value: &Value| value.as_str().is_none_or(|text| !text.trim().is_empty());
        if !attributes.get(&attribute.name).is_some_and(has_text) {
            return Err(Error::invalid_value(format!(
                "{} is required and must not be empty",
                attribute.name
            )));
        }
    }
    for name in ["userName", "externalId", "displayName"] {
        check_length(name, attributes.get(name))?;
    }
    let emails = attributes
        .get("emails")
        .and_then(Value::as_array)
        .map(Vec::as_slice)
        .unwrap_or_default();
    for email in emails {
        check_length("emails.value", email.get("value"))?;
    }
    let manager = attributes
        .get(crate::urn::ENTERPRISE_USER)
        .and_then(|extension| extension.get("manager"));
    let name = concat!(
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User",
        ":manager.value"
    );
    check_length(name, manager.and_then(|manager| manager.get("value")))
}

fn check_length(name: &str, value: Option<&Value>) -> Result<(), Error> {
    let Some(text) = value.and_then(Value::as_str) else {
        return Ok(());
    };
    // Folding may lengthen a text; what is indexed is the folded one.
    if text.len() > MAX_INDEXED_BYTES || crate::fold(text).len() > MAX_INDEXED_BYTES {
        return Err(Error::invalid_value(format!(
            "{name} is longer than {MAX_INDEXED_BYTES} bytes"
        )));
    }
    Ok(())
}

/// An extension that has data has a value for each attribute that its schema requires (R57: the extension itself is
/// never required). What was missing `before` as well is let through, so that a schema declared later does not lock
/// anybody out.
///
/// # Errors
/// `invalidValue` naming the attribute.
pub(crate) fn check_extensions(
    rt: &ResourceType,
    before: Option<&Map<String, Value>>,
    after: &Map<String, Value>,
) -> Result<(), Error> {
    let data = |of: &Map<String, Value>, urn: &str| of.get(&find_key(of, urn)).and_then(Value::as_object).cloned();
    let lacks = |of: &Map<String, Value>, name: &str| of.get(&find_key(of, name)).is_none_or(is_unassigned);
    for schema in &rt.extensions {
        let required = || schema.attributes.iter().filter(|attribute| attribute.required);
        if required().next().is_none() {
            continue;
        }
        let Some(after) = data(after, &schema.id).filter(|after| !after.is_empty()) else {
            continue;
        };
        let before = before.and_then(|before| data(before, &schema.id));
        for attribute in required() {
            let is_old = before.as_ref().is_some_and(|before| lacks(before, &attribute.name));
            if lacks(&after, &attribute.name) && !is_old {
                return Err(Error::invalid_value(format!(
                    "{}:{} is required wherever this extension is used",
                    schema.id, attribute.name
                )));
            }
        }
    }
    Ok(())
}

/// Immutable attributes that had a value still have the same one.
///
/// # Errors
/// `mutability` naming the attribute.
pub(crate) fn check_immutable(
    rt: &ResourceType,
    before: &Map<String, Value>,
    after: &Map<String, Value>,
) -> Result<(), Error> {
    unchanged(None, &rt.core.attributes, before, after)?;
    let empty = Map::new();
    for schema in &rt.extensions {
        let of = |map: &Map<String, Value>| map.get(&schema.id).and_then(Value::as_object).cloned();
        if let Some(before) = of(before) {
            unchanged(
                Some(&schema.id),
                &schema.attributes,
                &before,
                of(after).as_ref().unwrap_or(&empty),
            )?;
        }
    }
    Ok(())
}

fn unchanged(
    urn: Option<&str>,
    attributes: &[Attribute],
    before: &Map<String, Value>,
    after: &Map<String, Value>,
) -> Result<(), Error> {
    for attribute in attributes.iter().filter(|attribute| attribute.name != MEMBERS) {
        let (Some(old), new) = (before.get(&attribute.name), after.get(&attribute.name)) else {
            continue;
        };
        if attribute.mutability == Mutability::Immutable && new != Some(old) {
            return Err(Error::mutability(format!(
                "{} cannot be changed once it is set",
                ValuePath::of(urn, &attribute.name)
            )));
        }
        if let Value::Object(old) = old {
            let empty = Map::new();
            let new = new.and_then(Value::as_object).unwrap_or(&empty);
            unchanged(urn, &attribute.sub_attributes, old, new)?;
        }
    }
    Ok(())
}
