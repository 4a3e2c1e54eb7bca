//! From stored attributes to answers and to the form that filters search.

use serde_json::{Map, Value, json};

use super::etag;
use crate::filter::sortable_date_time;
use crate::lenient;
use crate::schema::{Attribute, AttributeType, ResourceType};

/// What the server knows of a resource besides its attributes (R7, R8).
#[derive(Clone, Copy, Debug)]
pub struct Meta<'a> {
    /// The id.
    pub id: &'a str,
    /// Counts changes; becomes the entity tag.
    pub version: i64,
    /// When it was created, RFC 3339 with zone.
    pub created: &'a str,
    /// When it was last changed, RFC 3339 with zone.
    pub last_modified: &'a str,
    /// Its absolute URL.
    pub location: &'a str,
}

/// The whole resource as answered: `schemas`, `id`, the attributes, then what is computed. `groups` (of a user) and
/// `members` (of a group) are left out when `None`, which is not the same as an empty list (B36).
#[must_use]
pub fn render(
    rt: &ResourceType,
    attributes: &Map<String, Value>,
    meta: Meta<'_>,
    groups: Option<Value>,
    members: Option<Value>,
) -> Map<String, Value> {
    let mut resource = Map::with_capacity(attributes.len() + 5);
    resource.insert("schemas".to_owned(), schemas_of(rt, attributes).into());
    resource.insert("id".to_owned(), meta.id.into());
    for (name, value) in attributes {
        resource.insert(name.clone(), value.clone());
    }
    if let Some(groups) = groups {
        resource.insert("groups".to_owned(), groups);
    }
    if let Some(members) = members {
        resource.insert("members".to_owned(), members);
    }
    let meta = json!({
        "resourceType": rt.name,
        "created": meta.created,
        "lastModified": meta.last_modified,
        "location": meta.location,
        "version": etag(meta.version),
    });
    resource.insert("meta".to_owned(), meta);
    resource
}

/// The URNs of a resource: the core one, and each extension that has data (R14).
#[must_use]
pub fn schemas_of(rt: &ResourceType, attributes: &Map<String, Value>) -> Vec<String> {
    let has_data = |value: &Value| value.as_object().is_some_and(|members| !members.is_empty());
    let extensions = attributes
        .iter()
        .filter(|(key, value)| is_urn(key) && has_data(value))
        .map(|(key, _)| key.clone());
    std::iter::once(rt.core.id.clone()).chain(extensions).collect()
}

/// The form that filters search: every text whose attribute is compared without regard to case is folded, also in
/// undeclared extensions; all else is left alone, so that the evaluator and the database see the same values.
///
/// Data may be older than the schema that declares it. So names of declared extensions are brought to their canonical
/// case, values to the type and to the number that the schema says, where their meaning is plain; what is no date where
/// dates are declared is left out.
#[must_use]
pub fn search_document(rt: &ResourceType, attributes: &Map<String, Value>) -> Map<String, Value> {
    let mut document = Map::with_capacity(attributes.len());
    for (name, value) in attributes {
        let (name, folded) = if is_urn(name) {
            match rt.extension(name) {
                Some(schema) => (&schema.id, Some(fold_extension(&schema.attributes, value))),
                None => (name, fold_known(None, value)),
            }
        } else {
            let attribute = rt.core.attributes.iter().find(|attribute| attribute.name == *name);
            (name, fold_known(attribute, value))
        };
        if let Some(folded) = folded {
            document.insert(name.clone(), folded);
        }
    }
    document
}

fn is_urn(key: &str) -> bool {
    key.get(..4).is_some_and(|head| head.eq_ignore_ascii_case("urn:"))
}

fn fold_extension(attributes: &[Attribute], value: &Value) -> Value {
    let Value::Object(members) = value else {
        return value.clone();
    };
    let fold = |(name, value): (&String, &Value)| {
        let known = attributes
            .iter()
            .find(|attribute| attribute.name.eq_ignore_ascii_case(name));
        let Some(attribute) = known else {
            return Some((name.clone(), fold_known(None, value)?));
        };
        let folded = match (attribute.multi_valued, value) {
            (true, Value::Array(_)) | (false, _) => fold_known(Some(attribute), value)?,
            (true, single) => Value::Array(vec![fold_known(Some(attribute), single)?]),
        };
        Some((attribute.name.clone(), folded))
    };
    Value::Object(members.iter().filter_map(fold).collect())
}

/// Folds by the facts of the attribute; an attribute without facts counts as an ordinary text.
fn fold_known(attribute: Option<&Attribute>, value: &Value) -> Option<Value> {
    Some(match value {
        Value::String(text) => match attribute {
            Some(attribute) if attribute.kind != AttributeType::String => return typed(attribute, value),
            Some(attribute) if attribute.case_exact => value.clone(),
            _ => Value::String(crate::fold(text)),
        },
        Value::Array(items) => Value::Array(items.iter().filter_map(|item| fold_known(attribute, item)).collect()),
        Value::Object(members) => {
            let fold = |(name, value): (&String, &Value)| {
                let sub = attribute.and_then(|attribute| attribute.sub(name));
                let name = sub.map_or(name, |sub| &sub.name);
                Some((name.clone(), fold_known(sub, value)?))
            };
            Value::Object(members.iter().filter_map(fold).collect())
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {
            if attribute.is_some_and(|attribute| attribute.kind == AttributeType::DateTime) {
                return None;
            }
            value.clone()
        }
    })
}

/// A text in the place of another type. Databases compare numbers and booleans only where there are some, but dates as
/// texts, in the form that sorts.
fn typed(attribute: &Attribute, value: &Value) -> Option<Value> {
    if attribute.kind == AttributeType::DateTime {
        return sortable_date_time(value.as_str()?).map(Value::String);
    }
    match lenient::scalar(attribute, value.clone(), attribute.name.as_str().into()) {
        Ok(mended) => Some(mended),
        Err(_) => Some(value.clone()),
    }
}
