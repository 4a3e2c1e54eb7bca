//! Elements of a multi-valued attribute (P9, P11–P14, P16–P18).

use serde_json::{Map, Value};

use super::parse::clip;
use super::step::{ElementChange, Selection};
use crate::filter::{Filter, Literal, Operator};
use crate::schema::{Attribute, AttributeType};
use crate::{Error, lenient};

/// Appends `values`; one that is there already (same `type` and `value`) takes over the parts given (P9).
pub(super) fn append(facts: Option<&Attribute>, elements: &mut Vec<Value>, values: &[Value]) {
    for value in values {
        let same = elements.iter().position(|element| is_same(facts, element, value));
        let touched = match same {
            Some(index) => {
                if let (Some(Value::Object(element)), Value::Object(parts)) = (elements.get_mut(index), value) {
                    merge(element, parts);
                }
                index
            }
            None => {
                elements.push(value.clone());
                elements.len() - 1
            }
        };
        keep_primary(elements, touched);
    }
}

/// Whether `element` is what a `remove` listed (P17): every part that was listed and identifies it is equal. `display`
/// and `$ref` do not identify, `primary` only when nothing else was listed.
pub(super) fn is_listed(facts: Option<&Attribute>, element: &Value, listed: &Value) -> bool {
    let (Value::Object(element), Value::Object(listed)) = (element, listed) else {
        return equal(facts, Some(element), Some(listed));
    };
    let identifies = |name: &str| !matches!(name, "display" | "$ref" | "primary");
    let mut names: Vec<&String> = listed.keys().filter(|name| identifies(name)).collect();
    if names.is_empty() {
        names = listed.keys().collect();
    }
    !names.is_empty()
        && names.iter().all(|name| {
            equal(
                facts.and_then(|facts| facts.sub(name)),
                element.get(*name),
                listed.get(*name),
            )
        })
}

/// Changes the elements that the filter selects, or makes one from the filter (P12, P14).
pub(super) fn select(facts: &Attribute, elements: &mut Vec<Value>, selection: &Selection) -> Result<(), Error> {
    let matches = |element: &Value| match &selection.filter {
        None => true,
        Some(filter) => filter.matches_element_of(element, facts),
    };
    let selected: Vec<usize> = elements
        .iter()
        .enumerate()
        .filter(|(_, element)| matches(element))
        .map(|(index, _)| index)
        .collect();
    match &selection.change {
        ElementChange::Remove => elements.retain(|element| !matches(element)),
        ElementChange::Unset(sub) => {
            for index in selected {
                if let Some(Value::Object(parts)) = elements.get_mut(index) {
                    parts.shift_remove(sub);
                }
            }
        }
        ElementChange::Merge(_) | ElementChange::Overwrite(_) if selected.is_empty() => {
            let mut element = made_from(facts, selection)?;
            merge_change(&mut element, &selection.change);
            // Like any other addition: an element that is there already is not doubled (R16).
            append(Some(facts), elements, &[Value::Object(element)]);
        }
        change => {
            for index in &selected {
                rewrite(facts, elements, *index, change, selection);
                keep_primary(elements, *index);
            }
            if identifies(change) {
                unite(facts, elements, &selected);
            }
        }
    }
    Ok(())
}

/// Whether the change writes what tells elements apart.
fn identifies(change: &ElementChange) -> bool {
    let (ElementChange::Merge(parts) | ElementChange::Overwrite(Value::Object(parts))) = change else {
        return false;
    };
    ["value", "type"].iter().any(|name| parts.contains_key(*name))
}

/// Elements that became the same as an earlier one give it their parts and go (R16).
fn unite(facts: &Attribute, elements: &mut Vec<Value>, touched: &[usize]) {
    for index in touched.iter().rev() {
        let Some(element) = elements.get(*index) else { continue };
        let earlier = elements
            .iter()
            .take(*index)
            .position(|other| is_same(Some(facts), other, element));
        if let Some(earlier) = earlier
            && let Value::Object(mut parts) = elements.remove(*index)
            && let Some(Value::Object(kept)) = elements.get_mut(earlier)
        {
            // One of the same elements was primary, so what they become is.
            if kept.get("primary") == Some(&Value::Bool(true)) {
                parts.shift_remove("primary");
            }
            merge(kept, &parts);
            keep_primary(elements, earlier);
        }
    }
}

fn rewrite(facts: &Attribute, elements: &mut [Value], index: usize, change: &ElementChange, selection: &Selection) {
    let Some(Value::Object(element)) = elements.get_mut(index) else {
        return;
    };
    if matches!(change, ElementChange::Overwrite(_)) {
        // P11: what the filter fixed stays, unless the value says otherwise.
        let fixed = selection
            .filter
            .as_ref()
            .and_then(|filter| equalities(facts, filter))
            .unwrap_or_default();
        *element = fixed;
    }
    merge_change(element, change);
}

fn merge_change(element: &mut Map<String, Value>, change: &ElementChange) {
    if let ElementChange::Merge(parts) | ElementChange::Overwrite(Value::Object(parts)) = change {
        merge(element, parts);
    }
}

fn merge(element: &mut Map<String, Value>, parts: &Map<String, Value>) {
    for (name, value) in parts {
        element.insert(name.clone(), value.clone());
    }
}

/// The element that would have matched, as far as the filter says: possible when it only demands equality.
fn made_from(facts: &Attribute, selection: &Selection) -> Result<Map<String, Value>, Error> {
    let Some(filter) = &selection.filter else {
        return Ok(Map::new());
    };
    equalities(facts, filter).ok_or_else(|| {
        Error::no_target(format!(
            "{} matches no element, and no element can be made from a filter of more than equalities",
            clip(&selection.written)
        ))
    })
}

/// The parts that a filter of `eq`s joined by `and` fixes, in their own types (B16).
fn equalities(facts: &Attribute, filter: &Filter) -> Option<Map<String, Value>> {
    let mut parts = Map::new();
    collect(facts, filter, &mut parts).then_some(parts)
}

fn collect(facts: &Attribute, filter: &Filter, parts: &mut Map<String, Value>) -> bool {
    match filter {
        Filter::And(left, right) => collect(facts, left, parts) && collect(facts, right, parts),
        Filter::Compare(comparison) if comparison.op == Operator::Eq => {
            let Some(sub) = facts.sub(&comparison.path.attribute) else {
                return false;
            };
            let literal = match &comparison.value {
                Literal::String(text) => Value::String(text.clone()),
                Literal::Number(number) => Value::Number(number.clone()),
                Literal::Boolean(flag) => Value::Bool(*flag),
                Literal::Null => return false,
            };
            match lenient::element(sub, literal, &sub.name) {
                Ok(Some(value)) => {
                    parts.insert(sub.name.clone(), value);
                    true
                }
                _ => false,
            }
        }
        _ => false,
    }
}

/// P18: when the element at `index` is primary, no other is.
fn keep_primary(elements: &mut [Value], index: usize) {
    let is_primary = |element: &Value| element.get("primary") == Some(&Value::Bool(true));
    if !elements.get(index).is_some_and(is_primary) {
        return;
    }
    for (other, element) in elements.iter_mut().enumerate() {
        if other != index
            && is_primary(element)
            && let Value::Object(parts) = element
        {
            parts.insert("primary".to_owned(), Value::Bool(false));
        }
    }
}

/// P9: same `type` and `value`; elements without `value` (addresses) are the same when all parts are equal.
fn is_same(facts: Option<&Attribute>, element: &Value, value: &Value) -> bool {
    let (Value::Object(left), Value::Object(right)) = (element, value) else {
        return equal(facts, Some(element), Some(value));
    };
    if left.get("value").is_none() || right.get("value").is_none() {
        return left == right;
    }
    ["value", "type"].iter().all(|name| {
        equal(
            facts.and_then(|facts| facts.sub(name)),
            left.get(*name),
            right.get(*name),
        )
    })
}

/// Equality by the facts of the attribute: texts that are not case-exact in any case.
fn equal(facts: Option<&Attribute>, left: Option<&Value>, right: Option<&Value>) -> bool {
    match (left, right) {
        (Some(Value::String(left)), Some(Value::String(right))) => {
            let folds = facts.is_some_and(|facts| !facts.case_exact && facts.kind == AttributeType::String);
            left == right || (folds && crate::fold(left) == crate::fold(right))
        }
        (left, right) => left == right,
    }
}
