//! One stored value against one literal.

use std::cmp::Ordering;

use serde_json::{Number, Value};

use super::ast::{Literal, Operator};
use crate::fold::fold;
use crate::instant::parse_date_time;
use crate::schema::{Attribute, AttributeType};

/// `true` or `false` in any case, as a string (§2.6 of the rule table: clients send booleans so).
pub(super) fn parse_boolean(text: &str) -> Option<bool> {
    match text.trim() {
        text if text.eq_ignore_ascii_case("true") => Some(true),
        text if text.eq_ignore_ascii_case("false") => Some(false),
        _ => None,
    }
}

/// A number in JSON's notation. Fractions are read by the standard library, to the nearest double, so that printing a
/// number and reading it again gives the same number.
pub(super) fn parse_number(text: &str) -> Option<Number> {
    let text = text.trim();
    let number: Number = serde_json::from_str(text).ok()?;
    if number.is_f64() {
        Number::from_f64(text.parse().ok()?)
    } else {
        Some(number)
    }
}

/// Whether `stored` counts as a value at all: null, `""`, `[]` and `{}` do not, nor do arrays and objects of nothing else
/// (R29).
pub(super) fn is_assigned(stored: &Value) -> bool {
    match stored {
        Value::Null => false,
        Value::String(text) => !text.is_empty(),
        Value::Array(elements) => elements.iter().any(is_assigned),
        Value::Object(members) => members.values().any(is_assigned),
        Value::Bool(_) | Value::Number(_) => true,
    }
}

/// Whether an assigned value satisfies `op literal`, by the type of the attribute, or by the value's own type when the
/// attribute is unknown (R28). `ne` is the exact opposite of `eq`.
pub(super) fn satisfies(stored: &Value, op: Operator, literal: &Literal, facts: Option<&Attribute>) -> bool {
    if op == Operator::Ne {
        return !satisfies(stored, Operator::Eq, literal, facts);
    }
    match stored {
        Value::String(text) => match facts.map(|facts| facts.kind) {
            Some(AttributeType::DateTime) => instant(text, op, literal),
            Some(AttributeType::Integer | AttributeType::Decimal) => {
                parse_number(text).is_some_and(|number| number_satisfies(&number, op, literal))
            }
            _ => text_satisfies(text, op, literal, facts.is_some_and(|facts| facts.case_exact)),
        },
        Value::Number(number) => number_satisfies(number, op, literal),
        Value::Bool(value) => op == Operator::Eq && boolean_of(literal) == Some(*value),
        // A complex value is compared by its `value` (R27).
        Value::Object(members) => members.get("value").is_some_and(|value| {
            !value.is_object() && satisfies(value, op, literal, facts.and_then(|facts| facts.sub("value")))
        }),
        Value::Null | Value::Array(_) => false,
    }
}

fn text_satisfies(stored: &str, op: Operator, literal: &Literal, exact: bool) -> bool {
    let wanted = match literal {
        Literal::String(text) => text.clone(),
        Literal::Number(number) => number.to_string(),
        Literal::Boolean(value) => value.to_string(),
        Literal::Null => return false,
    };
    if exact {
        strings(stored, op, &wanted)
    } else {
        strings(&fold(stored), op, &fold(&wanted))
    }
}

fn strings(stored: &str, op: Operator, wanted: &str) -> bool {
    match op {
        Operator::Co => stored.contains(wanted),
        Operator::Sw => stored.starts_with(wanted),
        Operator::Ew => stored.ends_with(wanted),
        _ => ordered(stored.cmp(wanted), op),
    }
}

fn instant(stored: &str, op: Operator, literal: &Literal) -> bool {
    let Literal::String(wanted) = literal else {
        return false;
    };
    match (parse_date_time(stored), parse_date_time(wanted)) {
        (Some(stored), Some(wanted)) => ordered(stored.cmp(&wanted), op),
        _ => false,
    }
}

fn number_satisfies(stored: &Number, op: Operator, literal: &Literal) -> bool {
    let wanted = match literal {
        Literal::Number(number) => Some(number.clone()),
        Literal::String(text) => parse_number(text),
        Literal::Boolean(_) | Literal::Null => None,
    };
    let order = wanted.and_then(|wanted| number_order(stored, &wanted));
    order.is_some_and(|order| ordered(order, op))
}

/// Whole numbers of 64 bits exactly, all others as doubles: what every database can do.
fn number_order(left: &Number, right: &Number) -> Option<Ordering> {
    match (left.as_i64(), right.as_i64()) {
        (Some(left), Some(right)) => Some(left.cmp(&right)),
        _ => left.as_f64()?.partial_cmp(&right.as_f64()?),
    }
}

fn boolean_of(literal: &Literal) -> Option<bool> {
    match literal {
        Literal::Boolean(value) => Some(*value),
        Literal::String(text) => parse_boolean(text),
        Literal::Number(_) | Literal::Null => None,
    }
}

/// Whether an order of stored to wanted is what the operator asks for; never for the substring operators.
fn ordered(order: Ordering, op: Operator) -> bool {
    match op {
        Operator::Eq => order.is_eq(),
        Operator::Ne => order.is_ne(),
        Operator::Gt => order.is_gt(),
        Operator::Ge => order.is_ge(),
        Operator::Lt => order.is_lt(),
        Operator::Le => order.is_le(),
        Operator::Co | Operator::Sw | Operator::Ew => false,
    }
}
