//! Names and literals of a parsed filter against the schema (R27, R28, R30, R33).

use super::ast::{Comparison, Filter, Literal, Operator};
use super::compare::{parse_boolean, parse_number};
use crate::error::Error;
use crate::instant::{self, parse_date_time};
use crate::path::{AttributePath, canonical, quoted};
use crate::schema::{Attribute, AttributeType, Mutability, ResourceType, Returned};

/// What to do about an attribute that the resource type does not have (R30).
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum UnknownAttribute {
    /// Refuse the filter: an empty answer would make an identity provider create duplicates.
    Refuse,
    /// It has no value.
    Valueless,
}

/// Why a term cannot be resolved.
enum Unresolvable {
    Unknown(String),
    Refused(Error),
}

impl From<Error> for Unresolvable {
    fn from(error: Error) -> Self {
        Self::Refused(error)
    }
}

/// Resolves a filter over resources.
pub(super) fn resolve(
    filter: &mut Filter,
    resource_type: &ResourceType,
    unknown: UnknownAttribute,
) -> Result<(), Error> {
    let outcome = match filter {
        Filter::And(left, right) | Filter::Or(left, right) => {
            resolve(left, resource_type, unknown)?;
            return resolve(right, resource_type, unknown);
        }
        Filter::Not(inner) => return resolve(inner, resource_type, unknown),
        Filter::Present(path) => locate(path, resource_type).map(|_| ()),
        Filter::Compare(term) => resolve_term(term, resource_type),
        Filter::ValuePath { path, filter } => resolve_value_path(path, filter, resource_type),
    };
    match outcome {
        Ok(()) => {
            replace_null(filter);
            Ok(())
        }
        Err(Unresolvable::Unknown(_)) if unknown == UnknownAttribute::Valueless => {
            // `id` is always there, so its presence is the constant true.
            let always = Filter::Present(AttributePath::name("id"));
            *filter = if holds_without_value(filter) {
                always
            } else {
                Filter::Not(Box::new(always))
            };
            Ok(())
        }
        Err(Unresolvable::Unknown(what)) => Err(Error::invalid_filter(format!("filter: {what}"))),
        Err(Unresolvable::Refused(error)) => Err(error),
    }
}

/// Resolves a value filter against the sub-attributes of `attribute`: names in canonical case, literals converted.
///
/// A `type` that the attribute lacks is let through: clients that were never told the types filter by
/// `type eq "untyped"`.
///
/// # Errors
/// `invalidFilter`: an unknown sub-attribute, or an operator or a value that its type does not allow (R28).
pub fn resolve_value_filter(filter: &mut Filter, attribute: &Attribute) -> Result<(), Error> {
    match filter {
        Filter::And(left, right) | Filter::Or(left, right) => {
            resolve_value_filter(left, attribute)?;
            return resolve_value_filter(right, attribute);
        }
        Filter::Not(inner) => return resolve_value_filter(inner, attribute),
        Filter::Present(path) => {
            locate_sub(path, attribute)?;
        }
        Filter::Compare(term) => match locate_sub(&mut term.path, attribute)? {
            Some(sub) => check(
                sub,
                &format!("{}.{}", attribute.name, sub.name),
                term.op,
                &mut term.value,
            )?,
            None => check_untyped(term)?,
        },
        Filter::ValuePath { path, .. } => {
            return Err(Error::invalid_filter(format!(
                "filter: brackets do not nest ({path} in {})",
                attribute.name
            )));
        }
    }
    replace_null(filter);
    Ok(())
}

fn resolve_term(term: &mut Comparison, resource_type: &ResourceType) -> Result<(), Unresolvable> {
    let Some(mut target) = locate(&mut term.path, resource_type)? else {
        return Ok(check_untyped(term)?);
    };
    // Whether a complex attribute has any value is a question for the attribute itself (R29).
    if target.kind == AttributeType::Complex && term.value != Literal::Null {
        let Some(value) = target.sub("value") else {
            return Err(Unresolvable::Refused(Error::invalid_filter(format!(
                "filter: {} is complex; compare one of its sub-attributes",
                term.path
            ))));
        };
        term.path.sub = Some(value.name.clone());
        target = value;
    }
    let name = term.path.to_string();
    Ok(check(target, &name, term.op, &mut term.value)?)
}

fn resolve_value_path(
    path: &mut AttributePath,
    filter: &mut Filter,
    resource_type: &ResourceType,
) -> Result<(), Unresolvable> {
    match locate(path, resource_type)? {
        Some(attribute) if attribute.kind == AttributeType::Complex => Ok(resolve_value_filter(filter, attribute)?),
        Some(_) => Err(Unresolvable::Refused(Error::invalid_filter(format!(
            "filter: {path} has no sub-attributes to filter by"
        )))),
        None => Ok(resolve_untyped(filter)?),
    }
}

/// Puts the path in canonical case and returns the facts of what it names; `None` for data of an unknown extension.
fn locate<'a>(
    path: &mut AttributePath,
    resource_type: &'a ResourceType,
) -> Result<Option<&'a Attribute>, Unresolvable> {
    *path = canonical(path, resource_type).map_err(Unresolvable::Unknown)?;
    let Some(found) = resource_type.lookup(path) else {
        return Ok(None);
    };
    for attribute in std::iter::once(found.attribute).chain(found.sub) {
        if attribute.mutability == Mutability::WriteOnly || attribute.returned == Returned::Never {
            return Err(Unresolvable::Refused(Error::invalid_filter(format!(
                "filter: {path} is never returned and cannot be filtered by"
            ))));
        }
    }
    Ok(Some(found.target()))
}

fn locate_sub<'a>(path: &mut AttributePath, attribute: &'a Attribute) -> Result<Option<&'a Attribute>, Error> {
    if path.urn.is_none() && path.sub.is_none() {
        if let Some(sub) = attribute.sub(&path.attribute) {
            path.attribute.clone_from(&sub.name);
            return Ok(Some(sub));
        }
        if path.attribute.eq_ignore_ascii_case("type") {
            "type".clone_into(&mut path.attribute);
            return Ok(None);
        }
    }
    let name = quoted(&path.to_string());
    Err(Error::invalid_filter(format!(
        "filter: {} has no sub-attribute {name}",
        attribute.name
    )))
}

/// Whether a term on an attribute without a value holds (R29).
fn holds_without_value(filter: &Filter) -> bool {
    match filter {
        Filter::Compare(term) => match term.op {
            Operator::Eq => term.value == Literal::Null,
            Operator::Ne => term.value != Literal::Null,
            _ => false,
        },
        _ => false,
    }
}

/// `eq null` is `not pr`, `ne null` is `pr` (R29).
fn replace_null(filter: &mut Filter) {
    if let Filter::Compare(Comparison {
        path,
        op,
        value: Literal::Null,
    }) = filter
    {
        let present = Filter::Present(path.clone());
        *filter = if *op == Operator::Eq {
            Filter::Not(Box::new(present))
        } else {
            present
        };
    }
}

/// Refuses what the attribute's type does not allow and converts the literal to that type (R28).
fn check(attribute: &Attribute, name: &str, op: Operator, value: &mut Literal) -> Result<(), Error> {
    let kind = attribute.kind;
    if *value == Literal::Null {
        return check_null(name, op);
    }
    let allowed = match kind {
        AttributeType::String | AttributeType::Reference | AttributeType::Complex => true,
        AttributeType::Boolean | AttributeType::Binary => !op.is_substring() && !op.is_ordering(),
        AttributeType::Integer | AttributeType::Decimal | AttributeType::DateTime => !op.is_substring(),
    };
    if !allowed {
        return Err(Error::invalid_filter(format!(
            "filter: {op} cannot be used with {name}, a {}",
            kind.as_str()
        )));
    }
    let converted = match (kind, &*value) {
        (AttributeType::Boolean, Literal::Boolean(_)) => None,
        (AttributeType::Boolean, Literal::String(text)) => Some(parse_boolean(text).map(Literal::Boolean)),
        (AttributeType::Integer | AttributeType::Decimal, Literal::Number(_)) => None,
        (AttributeType::Integer | AttributeType::Decimal, Literal::String(text)) => {
            Some(parse_number(text).map(Literal::Number))
        }
        (AttributeType::DateTime, Literal::String(text)) if parse_date_time(text).is_some() => None,
        (AttributeType::Boolean | AttributeType::Integer | AttributeType::Decimal | AttributeType::DateTime, _) => {
            Some(None)
        }
        (_, Literal::String(_) | Literal::Null) => None,
        // A string that looks like a number or a boolean and came without quotes (R31).
        (_, Literal::Number(number)) => Some(Some(Literal::String(number.to_string()))),
        (_, Literal::Boolean(flag)) => Some(Some(Literal::String(flag.to_string()))),
    };
    match converted {
        None => Ok(()),
        Some(Some(literal)) => {
            *value = literal;
            Ok(())
        }
        Some(None) => Err(Error::invalid_filter(format!(
            "filter: {name} is compared with {}",
            wanted(kind)
        ))),
    }
}

const fn wanted(kind: AttributeType) -> &'static str {
    match kind {
        AttributeType::Boolean => "true or false",
        AttributeType::Integer | AttributeType::Decimal => "a number",
        AttributeType::DateTime => instant::WANTED,
        _ => "a string",
    }
}

fn check_null(name: &str, op: Operator) -> Result<(), Error> {
    if matches!(op, Operator::Eq | Operator::Ne) {
        return Ok(());
    }
    Err(Error::invalid_filter(format!(
        "filter: {op} cannot compare {name} with null"
    )))
}

/// What can be said without a schema: booleans have no order and no substrings.
fn check_untyped(term: &Comparison) -> Result<(), Error> {
    match term.value {
        Literal::Null => check_null(&term.path.to_string(), term.op),
        Literal::Boolean(_) if term.op.is_ordering() || term.op.is_substring() => Err(Error::invalid_filter(format!(
            "filter: {} cannot be used with a boolean",
            term.op
        ))),
        _ => Ok(()),
    }
}

/// The value filter of an attribute of an unknown extension.
fn resolve_untyped(filter: &mut Filter) -> Result<(), Error> {
    match filter {
        Filter::And(left, right) | Filter::Or(left, right) => {
            resolve_untyped(left)?;
            return resolve_untyped(right);
        }
        Filter::Not(inner) => return resolve_untyped(inner),
        Filter::Compare(term) => check_untyped(term)?,
        Filter::Present(_) | Filter::ValuePath { .. } => {}
    }
    replace_null(filter);
    Ok(())
}
