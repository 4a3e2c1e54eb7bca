//! Elements of a multi-valued attribute (P9, P11–P14, P16–P18).

use serde_json::{Map, Value};

use super::list::{List, folds};
use super::reader::clip;
use super::step::{ElementChange, SelectedChange};
use super::work::WorkBudget;
use crate::filter::{Filter, Literal, Operator};
use crate::schema::Attribute;
use crate::{Error, lenient};

/// Appends `values`; one that is there already (same `type` and `value`) takes over the parts given (P9).
pub(super) fn append(facts: Option<&Attribute>, list: &mut List<'_>, values: &[Value]) {
    for value in values {
        let same = list.first_like(value, |there| is_same(facts, there, value));
        let touched = match (same, value) {
            (Some(at), Value::Object(parts)) => {
                list.merge(at, parts);
                at
            }
            (Some(at), _) => at,
            (None, _) => list.push(value.clone()),
        };
        list.keep_primary(touched);
    }
}

/// Takes away every element that is listed (P17).
///
/// # Errors
/// `tooMany` when that takes more comparisons than one request may ask for.
pub(super) fn discard(
    facts: Option<&Attribute>,
    list: &mut List<'_>,
    listed: &[Value],
    work: &mut WorkBudget,
) -> Result<(), Error> {
    for wanted in listed {
        let parts = wanted.as_object().map(identifying).unwrap_or_default();
        let found = list.holding(wanted, &parts);
        // The first costs no more than to look it up.
        work.charge(found.len().saturating_sub(1).saturating_mul(parts.len().max(1)))?;
        for at in found {
            if list.get(at).is_some_and(|element| is_listed(facts, element, wanted)) {
                list.remove(at);
            }
        }
    }
    Ok(())
}

/// Whether `element` is what a `remove` listed (P17): every part that was listed and identifies it is equal.
fn is_listed(facts: Option<&Attribute>, element: &Value, listed: &Value) -> bool {
    let (Value::Object(element), Value::Object(listed)) = (element, listed) else {
        return equal(facts, Some(element), Some(listed));
    };
    let parts = identifying(listed);
    !parts.is_empty()
        && parts
            .iter()
            .all(|(name, value)| equal(facts.and_then(|facts| facts.sub(name)), element.get(*name), Some(value)))
}

/// The parts of a listed element that identify it: not `display` and `$ref`, and `primary` only when nothing else was
/// listed.
fn identifying(listed: &Map<String, Value>) -> Vec<(&str, &Value)> {
    let identifies = |name: &str| !matches!(name, "display" | "$ref" | "primary");
    let all = || listed.iter().map(|(name, value)| (name.as_str(), value));
    let parts: Vec<_> = all().filter(|(name, _)| identifies(name)).collect();
    if parts.is_empty() { all().collect() } else { parts }
}

/// Changes the elements that the filter selects, or makes one from the filter (P12, P14).
///
/// # Errors
/// `noTarget` when there is none and none can be made, `tooMany` when finding out takes more comparisons than one
/// request may ask for.
pub(super) fn select(
    facts: &Attribute,
    list: &mut List<'_>,
    selection: &SelectedChange,
    work: &mut WorkBudget,
) -> Result<(), Error> {
    let selected = selected(facts, list, selection, work)?;
    match &selection.change {
        ElementChange::Remove => {
            for at in selected {
                list.remove(at);
            }
        }
        ElementChange::Unset(sub) => {
            for at in &selected {
                list.unset(*at, sub);
            }
            unite(facts, list, &told_by(&[sub.as_str()], list, selected));
        }
        ElementChange::Merge(_) | ElementChange::Overwrite(_) if selected.is_empty() => {
            let mut element = made_from(facts, selection)?;
            merge_change(&mut element, &selection.change);
            // Like any other addition: an element that is there already is not doubled (R16).
            append(Some(facts), list, &[Value::Object(element)]);
        }
        ElementChange::Merge(parts) => {
            for at in &selected {
                list.merge(*at, parts);
                list.keep_primary(*at);
            }
            let written: Vec<&str> = parts.keys().map(String::as_str).collect();
            unite(facts, list, &told_by(&written, list, selected));
        }
        ElementChange::Overwrite(_) => {
            let element = overwritten(facts, selection);
            for at in &selected {
                list.replace(*at, Value::Object(element.clone()));
                list.keep_primary(*at);
            }
            unite(facts, list, &selected);
        }
    }
    Ok(())
}

/// The positions of the elements that the filter selects, in order.
fn selected(
    facts: &Attribute,
    list: &mut List<'_>,
    selection: &SelectedChange,
    work: &mut WorkBudget,
) -> Result<Vec<usize>, Error> {
    let written = match &selection.change {
        ElementChange::Merge(parts) | ElementChange::Overwrite(Value::Object(parts)) => texts(parts),
        _ => 0,
    };
    let mut selected = Vec::new();
    for at in list.selected_by(selection.filter.as_ref()) {
        let Some(element) = list.get(at) else { continue };
        if let Some(filter) = &selection.filter {
            work.charge(comparisons(filter, element))?;
            if !filter.matches_element_of(element, facts) {
                continue;
            }
        }
        work.charge(WorkBudget::of_written(written) + WorkBudget::of(element.as_object().map_or(0, texts)))?;
        selected.push(at);
    }
    Ok(selected)
}

/// What it takes to hold a filter against an element.
fn comparisons(filter: &Filter, element: &Value) -> usize {
    match filter {
        Filter::And(left, right) | Filter::Or(left, right) => comparisons(left, element) + comparisons(right, element),
        Filter::Not(inner) | Filter::ValuePath { filter: inner, .. } => comparisons(inner, element),
        Filter::Present(_) => 1,
        Filter::Compare(term) => WorkBudget::of(element.get(&term.path.attribute).map_or(0, text)),
    }
}

/// Bytes of text in the parts of an element.
fn texts(parts: &Map<String, Value>) -> usize {
    parts.values().map(text).sum()
}

fn text(value: &Value) -> usize {
    value.as_str().map_or(0, str::len)
}

/// Of the elements whose parts of these names changed, those that may have become the same as another by it: what has a
/// value is told from others by value and type, all else by all of its parts.
fn told_by(changed: &[&str], list: &List<'_>, selected: Vec<usize>) -> Vec<usize> {
    if changed.iter().any(|name| matches!(*name, "value" | "type")) {
        return selected;
    }
    let has_value = |at: &usize| list.get(*at).is_some_and(|element| element.get("value").is_some());
    selected.into_iter().filter(|at| !has_value(at)).collect()
}

/// Elements that became the same as an earlier one give it their parts and go (R16).
fn unite(facts: &Attribute, list: &mut List<'_>, touched: &[usize]) {
    for at in touched.iter().rev() {
        let Some(earlier) = list.first_like_before(*at, |other, element| is_same(Some(facts), other, element)) else {
            continue;
        };
        if let Some(Value::Object(mut parts)) = list.remove(*at) {
            // One of the same elements was primary, so what they become is.
            if list.is_primary(earlier) {
                parts.shift_remove("primary");
            }
            list.merge(earlier, &parts);
            list.keep_primary(earlier);
        }
    }
}

/// What an element becomes that is written over (P11): what the filter fixed stays, unless the value says otherwise.
fn overwritten(facts: &Attribute, selection: &SelectedChange) -> Map<String, Value> {
    let mut element = selection
        .filter
        .as_ref()
        .and_then(|filter| equalities(facts, filter))
        .unwrap_or_default();
    merge_change(&mut element, &selection.change);
    element
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
fn made_from(facts: &Attribute, selection: &SelectedChange) -> Result<Map<String, Value>, Error> {
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
            match lenient::element(sub, literal, sub.name.as_str().into()) {
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
            left == right || (folds(facts) && crate::fold(left) == crate::fold(right))
        }
        (left, right) => left == right,
    }
}
