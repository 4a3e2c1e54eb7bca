//! Attributes that every user of a directory must have.

use crate::refusal::Refusal;
use scim::path::AttributePath;
use scim::schema::{Attribute, AttributeType, Mutability, ResourceType};
use serde_json::{Map, Value};

/// An attribute that must have a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RequiredAttribute {
    path: AttributePath,
    /// The target attribute as Entra's mapping names it.
    target: String,
}

impl RequiredAttribute {
    /// Looks a path up. Paths of extensions that nobody declares are refused: a typing error there would lock
    /// everybody out.
    ///
    /// # Errors
    /// One sentence that says what is wrong.
    pub(crate) fn parse(text: &str, users: &ResourceType) -> Result<Self, String> {
        let path =
            AttributePath::parse(text, users).map_err(|error| format!("Names no attribute: {}.", error.detail))?;
        let Some(found) = users.lookup(&path) else {
            return Err(format!(
                "\"{path}\" belongs to a schema that this directory does not declare; add it to \"schemas\" first."
            ));
        };
        let settable =
            |attribute: &Attribute| !matches!(attribute.mutability, Mutability::ReadOnly | Mutability::WriteOnly);
        let by_server = found.urn.is_none() && ["id", "meta", "schemas"].contains(&found.attribute.name.as_str());
        if by_server || !settable(found.attribute) || !found.sub.is_none_or(settable) {
            return Err(format!(
                "\"{path}\" is not an attribute that the identity provider sets."
            ));
        }
        let target = target(&path, found.attribute, found.sub);
        Ok(Self { path, target })
    }

    pub(crate) const fn path(&self) -> &AttributePath {
        &self.path
    }

    fn has_value(&self, attributes: &Map<String, Value>) -> bool {
        let container = match &self.path.urn {
            None => Some(attributes),
            Some(urn) => member(attributes, urn).and_then(Value::as_object),
        };
        let Some(value) = container.and_then(|members| member(members, &self.path.attribute)) else {
            return false;
        };
        let Some(sub) = &self.path.sub else {
            return is_assigned(value);
        };
        let of_element = |element: &Value| {
            let members = element.as_object();
            members
                .and_then(|members| member(members, sub))
                .is_some_and(is_assigned)
        };
        match value {
            Value::Array(elements) => elements.iter().any(of_element),
            single => of_element(single),
        }
    }
}

/// The required attributes that have no value.
pub(crate) fn missing<'a>(
    required: &'a [RequiredAttribute],
    attributes: &'a Map<String, Value>,
) -> impl Iterator<Item = &'a AttributePath> {
    let without = required.iter().filter(|required| !required.has_value(attributes));
    without.map(|required| &required.path)
}

/// Refuses a user that lacks what this directory requires.
///
/// # Errors
/// `invalidValue` naming the first attribute without a value, and what to change in Entra.
pub(crate) fn check(required: &[RequiredAttribute], attributes: &Map<String, Value>) -> Result<(), Refusal> {
    let Some(missing) = required.iter().find(|required| !required.has_value(attributes)) else {
        return Ok(());
    };
    Err(Refusal::invalid_value(format!(
        "{} is required in this directory and has no value; in Entra, open Provisioning > Attribute mapping and map a \
         source attribute to {}, or fill that source attribute for this user",
        missing.path, missing.target
    )))
}

/// The path as the target list of Entra's mapping has it: there every value of a list has a type.
fn target(path: &AttributePath, attribute: &Attribute, sub: Option<&Attribute>) -> String {
    if !attribute.multi_valued || attribute.kind != AttributeType::Complex || attribute.sub("type").is_none() {
        return path.to_string();
    }
    let list = AttributePath {
        sub: None,
        ..path.clone()
    };
    let part = sub.map_or("value", |sub| sub.name.as_str());
    if attribute.name == "roles" {
        return format!("{list}[primary eq \"True\"].{part}");
    }
    format!("{list}[type eq \"work\"].{part}")
}

/// A member in any case: data may be older than the schema that declares it.
fn member<'a>(members: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    let by_case = || members.iter().find(|(key, _)| key.eq_ignore_ascii_case(name));
    members.get(name).or_else(|| by_case().map(|(_, value)| value))
}

fn is_assigned(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::String(text) => !text.trim().is_empty(),
        Value::Array(items) => items.iter().any(is_assigned),
        Value::Object(members) => members.values().any(is_assigned),
        Value::Bool(_) | Value::Number(_) => true,
    }
}
