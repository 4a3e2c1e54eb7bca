//! One place in a SCIM resource: reading a path, and setting and clearing what is there and nothing beside it.

use scim::filter::{Filter, Literal, Operator};
use scim::patch::PatchPath;
use scim::path::AttributePath;
use scim::schema::{AttributeType, Mutability, ResourceType};
use serde_json::{Map, Value, json};
use std::fmt;

/// A place that a row may rule.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Target {
    pub(crate) path: AttributePath,
    pub(crate) place: Place,
    /// Of what is there; `None` for attributes that nobody declared, which take anything.
    pub(crate) kind: Option<AttributeType>,
}

/// Which kind of place it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// One value.
    Single,
    /// A list of plain values.
    List,
    /// A part of the elements of one type. Where the part is `value`, there may be several elements.
    OfType(String),
    /// A part of the primary element.
    Primary,
}

/// Why a path is no place for a row.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BadTarget {
    #[error("{0}")]
    Path(String),
    #[error("it names a whole schema and not an attribute")]
    Schema,
    #[error("the server alone sets it")]
    ReadOnly,
    #[error("it has parts: name one, such as {0}")]
    NoPart(String),
    #[error("it has several elements: name one, such as {0}")]
    NoElement(String),
    #[error("an element is named by [type eq \"…\"] or [primary eq true]")]
    Filter,
}

/// Attributes that nobody maps to: those of the protocol, and those that have ways of their own.
const NOT_MAPPED: [&str; 6] = ["schemas", "id", "meta", "groups", "members", "password"];

impl Target {
    pub(crate) fn parse(text: &str, resource_type: &ResourceType) -> Result<Self, BadTarget> {
        let parsed = PatchPath::parse(text, resource_type).map_err(|error| BadTarget::Path(error.detail))?;
        if parsed.extension().is_some() {
            return Err(BadTarget::Schema);
        }
        let path = parsed.path.clone();
        if path.urn.is_none() && NOT_MAPPED.contains(&path.attribute.as_str()) {
            return Err(BadTarget::ReadOnly);
        }
        let Some(found) = resource_type.lookup(&path) else {
            let place = match &parsed.filter {
                None => Place::Single,
                Some(_) => return Err(BadTarget::Filter),
            };
            return Ok(Self {
                path,
                place,
                kind: None,
            });
        };
        if found.attribute.mutability == Mutability::ReadOnly || found.target().mutability == Mutability::ReadOnly {
            return Err(BadTarget::ReadOnly);
        }
        let is_complex = found.attribute.kind == AttributeType::Complex;
        let place = match (&parsed.filter, found.attribute.multi_valued, is_complex) {
            (Some(filter), true, true) => element(filter).ok_or(BadTarget::Filter)?,
            (Some(_), ..) => return Err(BadTarget::Filter),
            (None, true, true) => {
                return Err(BadTarget::NoElement(format!(
                    "{}[type eq \"work\"].value",
                    found.path()
                )));
            }
            (None, true, false) => Place::List,
            (None, false, _) => Place::Single,
        };
        if is_complex && found.sub.is_none() {
            return Err(BadTarget::NoPart(format!("{parsed}.value")));
        }
        Ok(Self {
            kind: Some(found.target().kind),
            path,
            place,
        })
    }

    /// Whether several values have room here.
    pub(crate) fn takes_several(&self) -> bool {
        match self.place {
            Place::List => true,
            Place::OfType(_) => self.is_value(),
            Place::Single | Place::Primary => false,
        }
    }

    pub(crate) fn is_value(&self) -> bool {
        self.path.sub.as_deref() == Some("value")
    }

    /// Whether this is the attribute of the core schema with this name.
    pub(crate) fn is(&self, name: &str) -> bool {
        self.path.urn.is_none() && self.path.attribute == name && self.path.sub.is_none()
    }

    /// The path of what changes as a whole: the list where this is an element of one.
    pub(crate) fn whole(&self) -> String {
        match self.place {
            Place::Single | Place::List => self.path.to_string(),
            Place::OfType(_) | Place::Primary => {
                let mut path = self.path.clone();
                path.sub = None;
                path.to_string()
            }
        }
    }

    /// What is at [`Target::whole`].
    pub(crate) fn look<'r>(&self, resource: &'r Map<String, Value>) -> Option<&'r Value> {
        let container = match &self.path.urn {
            None => resource,
            Some(urn) => resource.get(urn)?.as_object()?,
        };
        let value = container.get(&self.path.attribute)?;
        match (&self.place, &self.path.sub) {
            (Place::Single, Some(sub)) => value.get(sub),
            _ => Some(value),
        }
    }

    /// Puts the values here: exactly one, or as many as have room.
    pub(crate) fn set(&self, resource: &mut Map<String, Value>, values: &[Value], primary: bool) {
        let Some(container) = container(resource, self.path.urn.as_deref()) else {
            return;
        };
        let name = &self.path.attribute;
        match (&self.place, &self.path.sub) {
            (Place::List, _) => {
                container.insert(name.clone(), values.into());
            }
            (Place::Single, None) => {
                container.extend(values.first().map(|value| (name.clone(), value.clone())));
            }
            (Place::Single, Some(sub)) => {
                let parts = object(container.entry(name.clone()).or_insert(Value::Null));
                parts.extend(values.first().map(|value| (sub.clone(), value.clone())));
            }
            (place, sub) => {
                let elements = array(container.entry(name.clone()).or_insert(Value::Null));
                place.set(elements, sub.as_deref().unwrap_or("value"), values, primary);
            }
        }
    }

    /// Takes away what is here, and what is empty then.
    pub(crate) fn clear(&self, resource: &mut Map<String, Value>) {
        let urn = self.path.urn.as_deref();
        let container = match urn {
            None => &mut *resource,
            Some(urn) => match resource.get_mut(urn).and_then(Value::as_object_mut) {
                Some(container) => container,
                None => return,
            },
        };
        let name = &self.path.attribute;
        match (&self.place, &self.path.sub) {
            (Place::List, _) | (Place::Single, None) => {
                container.shift_remove(name);
            }
            (Place::Single, Some(sub)) => {
                if let Some(parts) = container.get_mut(name).and_then(Value::as_object_mut) {
                    parts.shift_remove(sub);
                }
            }
            (place, sub) => {
                if let Some(elements) = container.get_mut(name).and_then(Value::as_array_mut) {
                    place.clear(elements, sub.as_deref().unwrap_or("value"));
                }
            }
        }
        if container.get(name).is_some_and(is_empty) {
            container.shift_remove(name);
        }
        if let Some(urn) = urn
            && resource.get(urn).is_some_and(is_empty)
        {
            resource.shift_remove(urn);
        }
    }
}

impl Place {
    fn is_of(&self, element: &Value) -> bool {
        match self {
            Self::OfType(name) => {
                let named = element.get("type").and_then(Value::as_str);
                named.is_some_and(|named| named.eq_ignore_ascii_case(name))
            }
            Self::Primary => element.get("primary") == Some(&Value::Bool(true)),
            Self::Single | Self::List => false,
        }
    }

    fn fresh(&self) -> Value {
        match self {
            Self::OfType(name) => json!({ "type": name }),
            Self::Primary => json!({ "primary": true }),
            Self::Single | Self::List => json!({}),
        }
    }

    fn set(&self, elements: &mut Vec<Value>, sub: &str, values: &[Value], primary: bool) {
        let mut rest = values.iter();
        // Elements that are there keep what else they say; those without a value any more go.
        elements.retain_mut(|element| {
            if !self.is_of(element) {
                return true;
            }
            let next = rest.next();
            if let Some(value) = next {
                object(element).insert(sub.to_owned(), value.clone());
            }
            next.is_some() || sub != "value"
        });
        for value in rest {
            let mut element = self.fresh();
            object(&mut element).insert(sub.to_owned(), value.clone());
            elements.push(element);
        }
        if primary {
            let first = elements.iter().position(|element| self.is_of(element));
            for (at, element) in elements.iter_mut().enumerate() {
                if Some(at) == first {
                    object(element).insert("primary".to_owned(), Value::Bool(true));
                } else {
                    object(element).shift_remove("primary");
                }
            }
        }
    }

    fn clear(&self, elements: &mut Vec<Value>, sub: &str) {
        for element in elements.iter_mut().filter(|element| self.is_of(element)) {
            object(element).shift_remove(sub);
        }
        let says_nothing = |element: &Value| {
            let parts = element.as_object();
            parts.is_some_and(|parts| parts.keys().all(|name| name == "type" || name == "primary"))
        };
        elements.retain(|element| !(self.is_of(element) && says_nothing(element)));
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let filter = match &self.place {
            Place::Single | Place::List => return self.path.fmt(f),
            Place::OfType(name) => format!("type eq {}", Value::from(name.as_str())),
            Place::Primary => "primary eq true".to_owned(),
        };
        let mut head = self.path.clone();
        head.sub = None;
        write!(f, "{head}[{filter}]")?;
        match &self.path.sub {
            Some(sub) => write!(f, ".{sub}"),
            None => Ok(()),
        }
    }
}

fn element(filter: &Filter) -> Option<Place> {
    let Filter::Compare(comparison) = filter else {
        return None;
    };
    let is_plain = comparison.path.urn.is_none() && comparison.path.sub.is_none() && comparison.op == Operator::Eq;
    match (is_plain, comparison.path.attribute.as_str(), &comparison.value) {
        (true, "type", Literal::String(name)) if !name.is_empty() => Some(Place::OfType(name.clone())),
        (true, "primary", Literal::Boolean(true)) => Some(Place::Primary),
        _ => None,
    }
}

/// Where the attributes of an extension stand, or the resource itself.
fn container<'r>(resource: &'r mut Map<String, Value>, urn: Option<&str>) -> Option<&'r mut Map<String, Value>> {
    match urn {
        None => Some(resource),
        Some(urn) => Some(object(resource.entry(urn).or_insert(Value::Null))),
    }
}

/// The members of a value, which becomes an object if it is none.
fn object(value: &mut Value) -> &mut Map<String, Value> {
    if !value.is_object() {
        *value = Value::Object(Map::new());
    }
    match value {
        Value::Object(members) => members,
        _ => unreachable!("it was made an object"),
    }
}

fn array(value: &mut Value) -> &mut Vec<Value> {
    if !value.is_array() {
        *value = Value::Array(Vec::new());
    }
    match value {
        Value::Array(elements) => elements,
        _ => unreachable!("it was made an array"),
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(elements) => elements.is_empty(),
        Value::Object(members) => members.is_empty(),
        _ => false,
    }
}
