//! The canonical text of a filter: parsing it gives the same tree again.

use std::fmt;

use super::ast::{Filter, Literal, Operator};

/// How tightly a node binds; a child that binds looser than its place needs parentheses (R25).
const ANY: u8 = 0;
const ALL: u8 = 1;
const ONE: u8 = 2;

impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            // Both operators group to the left, so a right operand of the same kind needs parentheses.
            Self::Or(left, right) => pair(f, left, "or", right, ANY),
            Self::And(left, right) => pair(f, left, "and", right, ALL),
            Self::Not(inner) => write!(f, "not ({inner})"),
            Self::Present(path) => write!(f, "{path} pr"),
            Self::Compare(term) => write!(f, "{} {} {}", term.path, term.op, term.value),
            Self::ValuePath { path, filter } => write!(f, "{path}[{filter}]"),
        }
    }
}

impl fmt::Display for Operator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for Literal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::String(text) => serde_json::Value::from(text.as_str()).fmt(f),
            Self::Number(number) => number.fmt(f),
            Self::Boolean(value) => value.fmt(f),
            Self::Null => f.write_str("null"),
        }
    }
}

fn pair(f: &mut fmt::Formatter<'_>, left: &Filter, word: &str, right: &Filter, binding: u8) -> fmt::Result {
    operand(f, left, binding)?;
    write!(f, " {word} ")?;
    operand(f, right, binding + 1)
}

fn operand(f: &mut fmt::Formatter<'_>, filter: &Filter, least: u8) -> fmt::Result {
    let binding = match filter {
        Filter::Or(..) => ANY,
        Filter::And(..) => ALL,
        _ => ONE,
    };
    if binding < least {
        write!(f, "({filter})")
    } else {
        write!(f, "{filter}")
    }
}
