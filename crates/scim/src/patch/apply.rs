//! Steps on a map of attributes.

use serde_json::{Map, Value};
use std::collections::HashSet;

use super::draft::Draft;
use super::elements;
use super::step::{AttributePlace, ElementChange, PatchStep};
use super::work::WorkBudget;
use crate::Error;
use crate::lenient::{self, MEMBERS, ROLES};
use crate::resource::{check, check_extensions, check_immutable};
use crate::schema::{Attribute, AttributeType, ResourceType};

pub(super) fn apply(rt: &ResourceType, steps: &[PatchStep], attributes: &mut Map<String, Value>) -> Result<(), Error> {
    let before = attributes.clone();
    let mut draft = Draft::new(rt, std::mem::take(attributes));
    let mut work = WorkBudget::new();
    for step in steps {
        take(step, &mut draft, &mut work)?;
    }
    *attributes = draft.into_attributes();
    // Only now, as several operations may build one element together (P14).
    tidy(rt, attributes, &labels(&before, steps));
    check_immutable(rt, &before, attributes)?;
    check_extensions(rt, Some(&before), attributes)?;
    check(rt, attributes)
}

fn take(step: &PatchStep, draft: &mut Draft<'_>, work: &mut WorkBudget) -> Result<(), Error> {
    match step {
        PatchStep::Write { place, sub, value } => draft.write(place, sub.as_deref(), value.as_ref()),
        PatchStep::Append { place, values } => elements::append(draft.facts(place), draft.list(place), values),
        PatchStep::Assign { place, values } => draft.assign(place, values.clone()),
        PatchStep::Discard { place, listed } => elements::discard(draft.facts(place), draft.list(place), listed, work)?,
        PatchStep::Select(selection) => {
            // The path was looked up when the request was read; without facts there is nothing to select.
            if let Some(facts) = draft.facts(&selection.place) {
                elements::select(facts, draft.list(&selection.place), selection, work)?;
            }
        }
        PatchStep::DropExtension { urn } => draft.drop_extension(urn),
    }
    Ok(())
}

/// The types of elements that are there, or were sent, with nothing but labels ([`lenient::labels_say_something`]): these
/// stay, and only what an operation left over goes.
fn labels(before: &Map<String, Value>, steps: &[PatchStep]) -> HashSet<Value> {
    let roles = before.get(ROLES).and_then(Value::as_array);
    let sent = steps.iter().filter_map(|step| match step {
        PatchStep::Append { place, values } | PatchStep::Assign { place, values } if is_roles(place) => {
            Some(values.as_slice())
        }
        PatchStep::Select(selection) if is_roles(&selection.place) => match &selection.change {
            ElementChange::Overwrite(value) => Some(std::slice::from_ref(value)),
            _ => None,
        },
        _ => None,
    });
    let all = roles.map(Vec::as_slice).into_iter().chain(sent).flatten();
    let only_labels = |element: &&Value| {
        let mut names = element.as_object().into_iter().flat_map(Map::keys);
        names.all(|name| matches!(name.as_str(), "type" | "primary"))
    };
    all.filter(only_labels)
        .filter_map(|element| element.get("type").cloned())
        .collect()
}

fn is_roles(place: &AttributePlace) -> bool {
    place.urn.is_none() && place.name == ROLES
}

/// P16: elements that say only what they are for go, and so does what is empty after that (P3). `labels` are the types of
/// those that were meant so.
fn tidy(rt: &ResourceType, attributes: &mut Map<String, Value>, labels: &HashSet<Value>) {
    tidy_schema(&rt.core.attributes, attributes, labels);
    for schema in &rt.extensions {
        if let Some(Value::Object(members)) = attributes.get_mut(&schema.id) {
            tidy_schema(&schema.attributes, members, &HashSet::new());
        }
    }
    attributes.retain(|name, value| name == MEMBERS || !lenient::is_unassigned(value));
}

fn tidy_schema(attributes: &[Attribute], members: &mut Map<String, Value>, labels: &HashSet<Value>) {
    for attribute in attributes {
        if attribute.multi_valued
            && attribute.kind == AttributeType::Complex
            && let Some(Value::Array(elements)) = members.get_mut(&attribute.name)
        {
            let is_meant = |element: &Value| {
                lenient::labels_say_something(attribute, element)
                    && element.get("type").is_some_and(|kind| labels.contains(kind))
            };
            elements.retain(|element| {
                !lenient::is_unassigned(element) && (!lenient::is_hollow(attribute, element) || is_meant(element))
            });
        }
    }
    members.retain(|name, value| name == MEMBERS || !lenient::is_unassigned(value));
}
