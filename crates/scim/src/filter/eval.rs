//! A filter against a resource in memory (R26–R29).
//!
//! The store answers queries by SQL; this is for everything that already holds the resource, and the yardstick that the
//! SQL is tested against.

use serde_json::{Map, Value};

use super::ast::{Comparison, Filter, Literal, Operator};
use super::compare::{is_assigned, satisfies};
use crate::path::AttributePath;
use crate::schema::{Attribute, ResourceType};

impl Filter {
    /// Whether a whole resource matches, with `id`, `meta`, `schemas`, extensions under their URN, groups and members
    /// as far as the filter asks for them.
    #[must_use]
    pub fn matches(&self, resource: &Map<String, Value>, resource_type: &ResourceType) -> bool {
        self.holds(&ResourceScope {
            members: resource,
            resource_type,
        })
    }

    /// Whether one element of a multi-valued attribute matches a value filter. Values are compared by their own type and
    /// without regard to case: which sub-attributes are case-exact is for [`Filter::matches_element_of`].
    #[must_use]
    pub fn matches_element(&self, element: &Value) -> bool {
        self.holds(&Element {
            value: element,
            attribute: None,
        })
    }

    /// Whether one element of `attribute` matches a value filter, by the facts of the sub-attributes.
    #[must_use]
    pub fn matches_element_of(&self, element: &Value, attribute: &Attribute) -> bool {
        self.holds(&Element {
            value: element,
            attribute: Some(attribute),
        })
    }

    fn holds(&self, scope: &impl NameScope) -> bool {
        match self {
            Self::And(left, right) => left.holds(scope) && right.holds(scope),
            Self::Or(left, right) => left.holds(scope) || right.holds(scope),
            Self::Not(inner) => !inner.holds(scope),
            Self::Present(path) => scope.find(path).is_assigned(),
            Self::Compare(term) => compare(&scope.find(&term.path), term),
            Self::ValuePath { path, filter } => {
                let found = scope.find(path);
                let mut elements = found.values.iter().filter(|value| is_assigned(value));
                elements.any(|element| {
                    filter.holds(&Element {
                        value: element,
                        attribute: found.facts,
                    })
                })
            }
        }
    }
}

/// The values a path names, arrays taken apart, with the facts of what it names.
struct PathValues<'a> {
    values: Vec<&'a Value>,
    facts: Option<&'a Attribute>,
}

impl PathValues<'_> {
    fn is_assigned(&self) -> bool {
        self.values.iter().any(|value| is_assigned(value))
    }
}

/// What names in a filter are looked up in.
trait NameScope {
    fn find<'a>(&'a self, path: &AttributePath) -> PathValues<'a>;
}

struct ResourceScope<'r> {
    members: &'r Map<String, Value>,
    resource_type: &'r ResourceType,
}

impl NameScope for ResourceScope<'_> {
    fn find<'a>(&'a self, path: &AttributePath) -> PathValues<'a> {
        let known = self.resource_type.lookup(path);
        let urn = known.map_or(path.urn.as_deref(), |known| known.urn);
        let container = match urn {
            Some(urn) => member(self.members, urn).and_then(Value::as_object),
            None => Some(self.members),
        };
        let mut values = elements(container.and_then(|members| member(members, &path.attribute)));
        if let Some(sub) = &path.sub {
            values = values
                .into_iter()
                .flat_map(|value| elements(value.as_object().and_then(|members| member(members, sub))))
                .collect();
        }
        PathValues {
            values,
            facts: known.map(|known| known.target()),
        }
    }
}

struct Element<'r> {
    value: &'r Value,
    attribute: Option<&'r Attribute>,
}

impl NameScope for Element<'_> {
    fn find<'a>(&'a self, path: &AttributePath) -> PathValues<'a> {
        let values = match self.value {
            Value::Object(members) => elements(member(members, &path.attribute)),
            // The value of a simple multi-valued attribute is the element itself.
            simple if path.attribute.eq_ignore_ascii_case("value") => vec![simple],
            _ => Vec::new(),
        };
        PathValues {
            values,
            facts: self.attribute.and_then(|attribute| attribute.sub(&path.attribute)),
        }
    }
}

/// A member in any case (R6); stored names are canonical, so the exact name is nearly always there.
fn member<'a>(members: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    members.get(name).or_else(|| {
        members
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
    })
}

fn elements(value: Option<&Value>) -> Vec<&Value> {
    match value {
        None => Vec::new(),
        Some(Value::Array(elements)) => elements.iter().collect(),
        Some(single) => vec![single],
    }
}

/// True if any value matches (R27); without a value only `ne` holds, and null means having none (R29).
fn compare(found: &PathValues<'_>, term: &Comparison) -> bool {
    if term.value == Literal::Null {
        return match term.op {
            Operator::Eq => !found.is_assigned(),
            Operator::Ne => found.is_assigned(),
            _ => false,
        };
    }
    let mut assigned = found.values.iter().filter(|value| is_assigned(value)).peekable();
    if assigned.peek().is_none() {
        return term.op == Operator::Ne;
    }
    assigned.any(|value| satisfies(value, term.op, &term.value, found.facts))
}
