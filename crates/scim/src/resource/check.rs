//! What every resource must satisfy, however it came about.

use serde_json::{Map, Value};

use crate::Error;
use crate::lenient::MEMBERS;
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
    check_length("manager.value", manager.and_then(|manager| manager.get("value")))
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

/// Immutable attributes that had a value still have the same one.
///
/// # Errors
/// `mutability` naming the attribute.
pub(crate) fn check_immutable(
    rt: &ResourceType,
    before: &Map<String, Value>,
    after: &Map<String, Value>,
) -> Result<(), Error> {
    unchanged(&rt.core.attributes, before, after)?;
    let empty = Map::new();
    for schema in &rt.extensions {
        let of = |map: &Map<String, Value>| map.get(&schema.id).and_then(Value::as_object).cloned();
        if let Some(before) = of(before) {
            unchanged(&schema.attributes, &before, of(after).as_ref().unwrap_or(&empty))?;
        }
    }
    Ok(())
}

fn unchanged(attributes: &[Attribute], before: &Map<String, Value>, after: &Map<String, Value>) -> Result<(), Error> {
    for attribute in attributes.iter().filter(|attribute| attribute.name != MEMBERS) {
        let (Some(old), new) = (before.get(&attribute.name), after.get(&attribute.name)) else {
            continue;
        };
        if attribute.mutability == Mutability::Immutable && new != Some(old) {
            return Err(Error::mutability(format!(
                "{} cannot be changed once it is set",
                attribute.name
            )));
        }
        if let Value::Object(old) = old {
            let empty = Map::new();
            let new = new.and_then(Value::as_object).unwrap_or(&empty);
            unchanged(&attribute.sub_attributes, old, new)?;
        }
    }
    Ok(())
}
