//! Which columns the tables have.

use super::operations::document;
use serde_json::Value;

/// Columns where nothing is said of a kind of object.
const MOST_COLUMNS: usize = 6;

/// What people want to see of each kind of object, by the name of its schema; a dot leads into an object.
const COLUMNS: &[(&str, &[&str])] = &[
    ("Organization", &["id", "name", "domains", "created_at"]),
    (
        "Directory",
        &["id", "name", "provider", "state", "health.state", "last_request_at"],
    ),
    ("Key", &["id", "name", "expires_at", "last_used_at", "created_at"]),
    (
        "AdminKey",
        &["id", "name", "scopes", "organization_id", "expires_at", "last_used_at"],
    ),
    (
        "User",
        &["id", "user_name", "display_name", "department", "state", "role"],
    ),
    ("Group", &["id", "display_name", "external_id", "updated_at"]),
    ("Member", &["id", "type", "display_name"]),
    (
        "Endpoint",
        &["id", "url_origin", "state", "event_types", "ordered", "description"],
    ),
    (
        "Delivery",
        &[
            "id",
            "event_type",
            "status",
            "attempt_count",
            "next_attempt_at",
            "endpoint_id",
        ],
    ),
    ("Event", &["id", "sequence", "type", "timestamp", "directory_id"]),
    ("EventTypeEntry", &["type", "description"]),
    ("Request", &["id", "at", "method", "path", "status", "ms"]),
    ("AuditEntry", &["created_at", "actor", "action", "object", "outcome"]),
    (
        "Connection",
        &["id", "name", "state", "tenant_id", "client_id", "last_error"],
    ),
    (
        "SsoClient",
        &["id", "name", "authentication", "organization_id", "redirect_uris"],
    ),
    (
        "SsoSession",
        &["id", "user_id", "client_id", "channel", "is_live", "created_at"],
    ),
    ("SsoStream", &["id", "method", "url_origin", "status", "status_reason"]),
    (
        "PortalLink",
        &["id", "organization_id", "features", "capabilities", "expires_at"],
    ),
];

/// The columns of a list of such objects, as far as the schema has them; else its first plain members.
pub(super) fn columns(schema: Option<&str>, first: Option<&Value>) -> Vec<String> {
    let known = COLUMNS.iter().find(|(name, _)| Some(*name) == schema);
    let told: Vec<String> = known
        .into_iter()
        .flat_map(|(name, columns)| columns.iter().filter(move |column| has(name, column)))
        .map(|column| (*column).to_owned())
        .collect();
    if !told.is_empty() {
        return told;
    }
    let members = first.and_then(Value::as_object).into_iter().flatten();
    let plain = members.filter(|(_, value)| !value.is_object() && !value.is_array());
    plain.map(|(name, _)| name.clone()).take(MOST_COLUMNS).collect()
}

/// Whether a kind of object has such a member.
fn has(schema: &str, column: &str) -> bool {
    let schema = &document()["components"]["schemas"][schema];
    let first = column.split('.').next().unwrap_or_default();
    let own = [schema]
        .into_iter()
        .chain(schema["allOf"].as_array().into_iter().flatten());
    own.into_iter().any(|part| {
        part["properties"].get(first).is_some()
            || part["$ref"]
                .as_str()
                .and_then(|to| to.rsplit('/').next())
                .is_some_and(|name| has(name, column))
    })
}

/// A member as text; lists of texts with commas, and what is more as JSON.
pub(super) fn cell(object: &Value, column: &str) -> String {
    let value = column.split('.').fold(object, |value, name| &value[name]);
    text(value)
}

/// A value as text.
pub(super) fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Array(all) if all.iter().all(|one| !one.is_array() && !one.is_object()) => {
            all.iter().map(text).collect::<Vec<_>>().join(", ")
        }
        Value::Object(members) if members.contains_key("id") && members.len() <= 4 => {
            let name = ["name", "display_name", "type"]
                .iter()
                .find_map(|name| members.get(*name)?.as_str());
            let id = text(&members["id"]);
            name.map_or(id.clone(), |name| format!("{name} {id}"))
        }
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_column_is_a_member_of_its_schema() {
        for (schema, columns) in COLUMNS {
            assert!(
                !document()["components"]["schemas"][schema].is_null(),
                "there is no schema {schema}"
            );
            for column in *columns {
                assert!(has(schema, column), "{schema} has no {column}");
            }
        }
    }
}
