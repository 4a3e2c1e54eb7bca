//! What finding the matches of a query costs (R34).
//!
//! A comparison is not like another: where an attribute has a column or a place of its own in the stored document, a row is
//! looked at in a microsecond; where every key of a document has to be compared, because nothing says where the
//! value is, in twenty. The numbers are about what was measured on both databases.

use super::MAX_TERMS;
use super::ast::{Comparison, Filter, Literal, Operator};
use crate::error::Error;
use crate::path::AttributePath;
use crate::schema::ResourceType;

/// One value in a known place.
const COST_OF_ONE_VALUE: usize = 1;
/// Each element of a multi-valued attribute.
const COST_OF_ELEMENTS: usize = 2;
/// Whatever an extension holds that no schema declares, `schemas`, and the members of a group: everything is looked through.
const COST_OF_EVERYTHING: usize = 10;
/// All matches are put in order, by what has to be worked out for each.
const COST_OF_SORT: usize = 5;
/// The orders that the database keeps.
const KEPT_ORDERS: [&str; 4] = ["userName", "displayName", "externalId", "meta"];

/// Checks that a query costs no more than [`MAX_TERMS`] comparisons of one value. `filter` is resolved against
/// `resource_type`; `sort` is the attribute to sort by.
///
/// # Errors
/// `invalidFilter` with what it costs and why.
pub fn check_cost(
    filter: Option<&Filter>,
    sort: Option<&AttributePath>,
    resource_type: &ResourceType,
) -> Result<(), Error> {
    let filter = filter.map_or(0, |filter| of_filter(filter, resource_type));
    let sort = sort.map_or(0, |path| of_order(path, resource_type));
    if filter + sort <= MAX_TERMS {
        return Ok(());
    }
    Err(Error::invalid_filter(format!(
        "the query counts as {} comparisons, and may count as {MAX_TERMS}: one of a multi-valued attribute counts as \
         {COST_OF_ELEMENTS}, one of schemas, of a group's members or of an extension that no schema declares as {COST_OF_EVERYTHING}, \
         sortBy other than userName, displayName, externalId and meta as {COST_OF_SORT}; send it as several, or have the \
         directory's administrator declare the extension",
        filter + sort
    )))
}

fn of_filter(filter: &Filter, resource_type: &ResourceType) -> usize {
    match filter {
        Filter::And(left, right) | Filter::Or(left, right) => {
            of_filter(left, resource_type) + of_filter(right, resource_type)
        }
        Filter::Not(inner) => of_filter(inner, resource_type),
        Filter::Present(path) => of_path(path, resource_type),
        Filter::Compare(term) if has_index(&term.path, resource_type) && is_by_value(filter) => COST_OF_ONE_VALUE,
        Filter::Compare(term) => of_path(&term.path, resource_type),
        Filter::ValuePath { path, filter } if has_index(path, resource_type) && is_by_value(filter) => terms(filter),
        // What is between the brackets is asked of each element.
        Filter::ValuePath { path, filter } => of_path(path, resource_type) * terms(filter),
    }
}

/// Whether the elements of an attribute are found by their `value`.
fn has_index(path: &AttributePath, resource_type: &ResourceType) -> bool {
    let found = resource_type.lookup(path);
    found.is_some_and(|found| {
        found.urn.is_none() && ["emails", "groups", "members"].contains(&found.attribute.name.as_str())
    })
}

/// Whether a filter holds only for elements with one certain `value`.
fn is_by_value(filter: &Filter) -> bool {
    match filter {
        Filter::And(left, right) => is_by_value(left) || is_by_value(right),
        Filter::Compare(Comparison {
            path,
            op: Operator::Eq,
            value: Literal::String(_),
        }) => path
            .sub
            .as_deref()
            .unwrap_or(&path.attribute)
            .eq_ignore_ascii_case("value"),
        _ => false,
    }
}

fn of_path(path: &AttributePath, resource_type: &ResourceType) -> usize {
    let Some(found) = resource_type.lookup(path) else {
        let is_undeclared = path.urn.as_deref().is_some_and(|urn| !resource_type.knows(urn));
        // What exists nowhere is not looked for.
        return if is_undeclared {
            COST_OF_EVERYTHING
        } else {
            COST_OF_ONE_VALUE
        };
    };
    match (found.urn, found.attribute.name.as_str()) {
        (None, "schemas" | "members") => COST_OF_EVERYTHING,
        _ if found.attribute.multi_valued || found.sub.is_some_and(|sub| sub.multi_valued) => COST_OF_ELEMENTS,
        _ => COST_OF_ONE_VALUE,
    }
}

fn of_order(path: &AttributePath, resource_type: &ResourceType) -> usize {
    // What cannot be sorted by is ignored (R35).
    resource_type.lookup(path).map_or(0, |found| {
        let is_kept = found.urn.is_none() && KEPT_ORDERS.contains(&found.attribute.name.as_str());
        if is_kept { 0 } else { COST_OF_SORT }
    })
}

fn terms(filter: &Filter) -> usize {
    match filter {
        Filter::And(left, right) | Filter::Or(left, right) => terms(left) + terms(right),
        Filter::Not(inner) | Filter::ValuePath { filter: inner, .. } => terms(inner),
        Filter::Present(_) | Filter::Compare(_) => 1,
    }
}
