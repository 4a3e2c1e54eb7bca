//! Extension schemas that a directory declares for its users, and what must hold between their members.

use crate::{DirectoryPatch, Reading};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::HashSet;
use utoipa::ToSchema;

/// The member of [`DirectoryPatch`] that this is about.
const SCHEMAS: &str = "schemas";
/// Schemas that a directory may declare: the limit of [`DirectoryPatch`].
const MOST_SCHEMAS: usize = 20;

/// A declared extension of users.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({
    "id": "urn:acme:params:scim:schemas:badge:2.0:User",
    "name": "Badge",
    "attributes": [{"name": "number", "type": "string", "case_exact": true}],
})))]
pub struct SchemaDeclaration {
    /// The URN under which the data stands.
    #[schema(format = "schema-urn", min_length = 1, max_length = 1000)]
    pub id: String,
    /// Short name.
    #[schema(min_length = 1, max_length = 100)]
    pub name: String,
    /// For people.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 0, max_length = 1000)]
    pub description: Option<String>,
    /// Its attributes.
    #[schema(min_items = 1, max_items = 100)]
    pub attributes: Vec<AttributeDeclaration>,
}

/// An attribute of a declared extension, or a part of one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({"name": "number", "type": "string", "case_exact": true})))]
pub struct AttributeDeclaration {
    /// Name in its canonical case.
    #[schema(format = "attribute-name", min_length = 1, max_length = 1000)]
    pub name: String,
    /// Data type; `string`, where nothing is said. A part of a complex attribute is not complex itself.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<AttributeKind>,
    /// Whether the value is an array.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub multi_valued: Option<bool>,
    /// Whether it must have a value wherever the extension has data.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub required: Option<bool>,
    /// Whether strings are compared exactly.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub case_exact: Option<bool>,
    /// For people.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 0, max_length = 1000)]
    pub description: Option<String>,
    /// The parts of a complex attribute.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(no_recursion, min_items = 1, max_items = 100)]
    pub sub_attributes: Option<Vec<AttributeDeclaration>>,
}

/// Data types by their names in RFC 7643 §2.3.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the names are those of the RFC")]
pub enum AttributeKind {
    #[default]
    String,
    Boolean,
    Decimal,
    Integer,
    DateTime,
    Binary,
    Reference,
    Complex,
}

/// Adds what is wrong between the members of declared schemas, of which others may be wrong as well.
pub fn schema_faults(reading: &mut Reading<DirectoryPatch>) {
    let Some(Value::Array(schemas)) = reading.member(SCHEMAS) else {
        return;
    };
    let mut faults = Vec::new();
    // More than a directory may declare are refused for that already; each is compared with all before it.
    for (index, schema) in schemas.iter().enumerate().take(MOST_SCHEMAS) {
        let at = format!("/{SCHEMAS}/{index}");
        attributes(&schema["attributes"], false, &format!("{at}/attributes"), &mut faults);
        let earlier = schemas.iter().take(index).filter_map(|other| other["id"].as_str());
        let own = schema["id"].as_str();
        let confused = earlier.filter_map(|other| confused(own?, other));
        faults.extend(confused.map(|detail| (format!("{at}/id"), detail)));
    }
    for (place, detail) in faults {
        reading.fault(&place, detail);
    }
}

type Faults = Vec<(String, String)>;

fn attributes(list: &Value, are_parts: bool, at: &str, faults: &mut Faults) {
    let list = list.as_array().map_or(&[][..], Vec::as_slice);
    let mut names = HashSet::with_capacity(list.len());
    for (index, one) in list.iter().enumerate() {
        let at = format!("{at}/{index}");
        attribute(one, are_parts, &at, faults);
        let name = one["name"].as_str().map(|name| name.trim().to_ascii_lowercase());
        if name.is_some_and(|name| !names.insert(name)) {
            let detail = "Is declared twice; names are compared without regard to case.";
            faults.push((format!("{at}/name"), detail.to_owned()));
        }
    }
}

fn attribute(one: &Value, is_part: bool, at: &str, faults: &mut Faults) {
    let kind = AttributeKind::deserialize(&one["type"]).unwrap_or_default();
    let parts = &one["sub_attributes"];
    let mut fault = |name: &str, detail: &str| faults.push((format!("{at}/{name}"), detail.to_owned()));
    if kind == AttributeKind::Complex && is_part {
        fault("type", "A part of a complex attribute is not complex itself.");
    }
    if one["case_exact"] == true && kind != AttributeKind::String {
        fault(
            "case_exact",
            "Is for strings; references and binary values are compared exactly anyway.",
        );
    }
    match (kind == AttributeKind::Complex && !is_part, parts.is_null()) {
        (true, true) => fault("sub_attributes", "\"sub_attributes\" is required."),
        (true, false) => attributes(parts, true, &format!("{at}/sub_attributes"), faults),
        (false, true) => {}
        (false, false) => fault("sub_attributes", "Only an attribute of the type complex has parts."),
    }
}

/// Two URNs that are the same, or one of which could be read as an attribute of the other.
fn confused(one: &str, other: &str) -> Option<String> {
    let (one, other) = (one.trim().to_ascii_lowercase(), other.trim().to_ascii_lowercase());
    if one == other {
        return Some("Is declared twice; URNs are compared without regard to case.".to_owned());
    }
    let begins = |long: &str, short: &str| {
        long.strip_prefix(short)
            .is_some_and(|rest| rest.starts_with([':', '.']))
    };
    (begins(&one, &other) || begins(&other, &one))
        .then(|| format!("Cannot be told from an attribute path: one of this and \"{other}\" begins with the other."))
}
