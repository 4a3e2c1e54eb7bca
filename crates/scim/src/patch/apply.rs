//! Steps on a map of attributes.

use serde_json::{Map, Value};

use super::elements;
use super::step::{Place, Step};
use crate::Error;
use crate::lenient::{self, MEMBERS, find_key};
use crate::resource::{check, check_extensions, check_immutable};
use crate::schema::{Attribute, AttributeType, ResourceType};

pub(super) fn apply(rt: &ResourceType, steps: &[Step], attributes: &mut Map<String, Value>) -> Result<(), Error> {
    let before = attributes.clone();
    for step in steps {
        take(rt, step, attributes)?;
    }
    // Only now, as several operations may build one element together (P14).
    tidy(rt, attributes);
    check_immutable(rt, &before, attributes)?;
    check_extensions(rt, Some(&before), attributes)?;
    check(rt, attributes)
}

fn take(rt: &ResourceType, step: &Step, attributes: &mut Map<String, Value>) -> Result<(), Error> {
    match step {
        Step::Write { place, sub, value } => write(attributes, place, sub.as_deref(), value.as_ref()),
        Step::Append { place, values } => {
            let facts = facts(rt, place);
            on_elements(attributes, place, |elements| {
                elements::append(facts, elements, values);
                Ok(())
            })?;
        }
        Step::Assign { place, values } => on_elements(attributes, place, |elements| {
            elements.clone_from(values);
            Ok(())
        })?,
        Step::Discard { place, listed } => {
            let facts = facts(rt, place);
            on_elements(attributes, place, |elements| {
                elements.retain(|element| !listed.iter().any(|wanted| elements::is_listed(facts, element, wanted)));
                Ok(())
            })?;
        }
        Step::Select(selection) => {
            // The path was looked up when the request was read; without facts there is nothing to select.
            let Some(facts) = facts(rt, &selection.place) else {
                return Ok(());
            };
            on_elements(attributes, &selection.place, |elements| {
                elements::select(facts, elements, selection)
            })?;
        }
        Step::DropExtension { urn } => {
            let key = find_key(attributes, urn);
            attributes.shift_remove(&key);
        }
    }
    Ok(())
}

fn facts<'a>(rt: &'a ResourceType, place: &Place) -> Option<&'a Attribute> {
    match &place.urn {
        None => rt.core.attribute(&place.name),
        Some(urn) => rt.extension(urn).and_then(|schema| schema.attribute(&place.name)),
    }
}

/// The object an attribute lives in, made when missing: a user may have been created without the extension (B14).
fn container<'m>(attributes: &'m mut Map<String, Value>, place: &Place) -> &'m mut Map<String, Value> {
    match &place.urn {
        None => attributes,
        Some(urn) => {
            let key = find_key(attributes, urn);
            object(attributes.entry(key).or_insert(Value::Null))
        }
    }
}

/// The value as an object; anything else gives way to an empty one.
fn object(value: &mut Value) -> &mut Map<String, Value> {
    if !value.is_object() {
        *value = Value::Object(Map::new());
    }
    value.as_object_mut().expect("it was made an object above")
}

fn write(attributes: &mut Map<String, Value>, place: &Place, sub: Option<&str>, value: Option<&Value>) {
    let container = container(attributes, place);
    let key = find_key(container, &place.name);
    match (sub, value) {
        (None, Some(value)) => drop(container.insert(key, value.clone())),
        (None, None) => drop(container.shift_remove(&key)),
        (Some(sub), Some(value)) => {
            let parts = object(container.entry(key).or_insert(Value::Null));
            let sub = find_key(parts, sub);
            parts.insert(sub, value.clone());
        }
        (Some(sub), None) => {
            if let Some(Value::Object(parts)) = container.get_mut(&key) {
                let sub = find_key(parts, sub);
                parts.shift_remove(&sub);
                if parts.is_empty() {
                    container.shift_remove(&key);
                }
            }
        }
    }
}

/// Changes the elements of a multi-valued attribute; an attribute without elements is unassigned.
fn on_elements(
    attributes: &mut Map<String, Value>,
    place: &Place,
    change: impl FnOnce(&mut Vec<Value>) -> Result<(), Error>,
) -> Result<(), Error> {
    let container = container(attributes, place);
    let key = find_key(container, &place.name);
    let slot = container.entry(key.clone()).or_insert(Value::Null);
    let mut elements = match slot.take() {
        Value::Array(elements) => elements,
        Value::Null => Vec::new(),
        // An undeclared attribute that held one value so far.
        single => vec![single],
    };
    let outcome = change(&mut elements);
    if elements.is_empty() {
        container.shift_remove(&key);
    } else {
        *slot = Value::Array(elements);
    }
    outcome
}

/// P16: elements that say only what they are for go, and so does what is empty after that (P3).
fn tidy(rt: &ResourceType, attributes: &mut Map<String, Value>) {
    tidy_schema(&rt.core.attributes, attributes);
    for schema in &rt.extensions {
        if let Some(Value::Object(members)) = attributes.get_mut(&schema.id) {
            tidy_schema(&schema.attributes, members);
        }
    }
    attributes.retain(|name, value| name == MEMBERS || !lenient::is_unassigned(value));
}

fn tidy_schema(attributes: &[Attribute], members: &mut Map<String, Value>) {
    for attribute in attributes {
        if attribute.multi_valued
            && attribute.kind == AttributeType::Complex
            && let Some(Value::Array(elements)) = members.get_mut(&attribute.name)
        {
            elements.retain(|element| !lenient::is_unassigned(element) && !lenient::is_hollow(attribute, element));
        }
    }
    members.retain(|name, value| name == MEMBERS || !lenient::is_unassigned(value));
}
