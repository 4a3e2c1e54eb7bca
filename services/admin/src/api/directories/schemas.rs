//! The member `schemas` of `PATCH /directories/{id}`: extension schemas of users, all of them at once. For the shape see
//! [`directory::SchemaDeclaration`].

use crate::fields::{Fields, Wrong, flag, list, object, text, word};
use ::directory::{AttributeDeclaration, DeclaredType, SchemaDeclaration};
use scim::schema::{check_attribute_name, check_extension_urn};
use serde_json::Value;

const TYPES: &[(&str, DeclaredType)] = &[
    ("string", DeclaredType::String),
    ("boolean", DeclaredType::Boolean),
    ("decimal", DeclaredType::Decimal),
    ("integer", DeclaredType::Integer),
    ("dateTime", DeclaredType::DateTime),
    ("binary", DeclaredType::Binary),
    ("reference", DeclaredType::Reference),
    ("complex", DeclaredType::Complex),
];

/// Reads the list, with all faults.
///
/// # Errors
/// Every fault with its pointer.
pub(super) fn read(value: &Value) -> Result<Vec<SchemaDeclaration>, Wrong> {
    let schemas = list(0..=20, schema)(value)?;
    let mut faults = Vec::new();
    for (index, one) in schemas.iter().enumerate() {
        for other in schemas.iter().take(index) {
            if let Some(detail) = confused(&one.id, &other.id) {
                faults.push((format!("/{index}/id"), detail));
            }
        }
    }
    if faults.is_empty() {
        Ok(schemas)
    } else {
        Err(Wrong::below(faults))
    }
}

/// Two URNs that are the same, or one of which could be read as an attribute of the other.
fn confused(one: &str, other: &str) -> Option<String> {
    let (one, other) = (one.to_ascii_lowercase(), other.to_ascii_lowercase());
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

fn schema(value: &Value) -> Result<SchemaDeclaration, Wrong> {
    let read = object(&["id", "name", "description", "attributes"], |fields| {
        let id = fields.required("id", checked(check_extension_urn));
        let name = fields.required("name", text(1..=100));
        let description = description(fields);
        let attributes = fields.required("attributes", |value| attributes(value, false));
        Some(SchemaDeclaration {
            id: id?,
            name: name?,
            description,
            attributes: attributes?,
        })
    });
    read(value)
}

fn attributes(value: &Value, are_parts: bool) -> Result<Vec<AttributeDeclaration>, Wrong> {
    let attributes = list(1..=100, |value| attribute(value, are_parts))(value)?;
    let repeated = attributes.iter().enumerate().filter(|(index, one)| {
        let mut earlier = attributes.iter().take(*index);
        earlier.any(|other| other.name.eq_ignore_ascii_case(&one.name))
    });
    let detail = || "Is declared twice; names are compared without regard to case.".to_owned();
    let faults: Vec<_> = repeated
        .map(|(index, _)| (format!("/{index}/name"), detail()))
        .collect();
    if faults.is_empty() {
        Ok(attributes)
    } else {
        Err(Wrong::below(faults))
    }
}

const MEMBERS: &[&str] = &[
    "name",
    "type",
    "multi_valued",
    "required",
    "case_exact",
    "description",
    "sub_attributes",
];

fn attribute(value: &Value, is_part: bool) -> Result<AttributeDeclaration, Wrong> {
    let read = object(MEMBERS, |fields| {
        let name = fields.required("name", checked(check_attribute_name));
        let kind = fields
            .optional("type", |value| kind(value, is_part))
            .unwrap_or_default();
        let is_complex = kind == DeclaredType::Complex;
        let sub_attributes = if is_complex {
            fields.required("sub_attributes", |value| attributes(value, true))
        } else {
            fields.optional("sub_attributes", |_| {
                Err("Only an attribute of the type complex has parts.".into())
            })
        };
        let case_exact = fields.optional("case_exact", |value| match flag(value)? {
            true if kind != DeclaredType::String => {
                Err("Is for strings; references and binary values are compared exactly anyway.".into())
            }
            exact => Ok(exact),
        });
        Some(AttributeDeclaration {
            kind,
            multi_valued: fields.optional("multi_valued", flag).unwrap_or_default(),
            required: fields.optional("required", flag).unwrap_or_default(),
            case_exact: case_exact.unwrap_or_default(),
            description: description(fields),
            name: name?,
            sub_attributes: sub_attributes.unwrap_or_default(),
        })
    });
    read(value)
}

fn kind(value: &Value, is_part: bool) -> Result<DeclaredType, Wrong> {
    match word(TYPES)(value)? {
        DeclaredType::Complex if is_part => Err("A part of a complex attribute is not complex itself.".into()),
        kind => Ok(kind),
    }
}

fn description(fields: &mut Fields) -> String {
    fields.optional("description", text(0..=1000)).unwrap_or_default()
}

fn checked(check: fn(&str) -> Result<(), String>) -> impl Fn(&Value) -> Result<String, Wrong> {
    move |value| {
        let name = text(1..=1000)(value)?;
        check(&name)?;
        Ok(name)
    }
}
