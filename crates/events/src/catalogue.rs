//! The catalogue of events for those who consume them: of each type an example and a JSON Schema of its body.

use crate::EventType;
use serde_json::{Map, Value, json};

const ORGANIZATION: &str = "0193b3a0-0000-7000-8000-000000000001";
const DIRECTORY: &str = "0193b3a0-0000-7000-8000-000000000002";
const USER: &str = "0193b3a0-0000-7000-8000-000000000003";
const GROUP: &str = "0193b3a0-0000-7000-8000-000000000004";
const EVENT: &str = "0193b3a0-0000-7000-8000-000000000005";
const OTHER: &str = "0193b3a0-0000-7000-8000-000000000006";
const CLIENT: &str = "0193b3a0-0000-7000-8000-000000000007";
const SESSION: &str = "0193b3a0-0000-7000-8000-000000000008";
/// Why sessions end.
const SESSION_ENDS: [&str; 7] = [
    "logout",
    "deactivated",
    "deleted",
    "access_lost",
    "connection_paused",
    "reuse",
    "revoked",
];
const TIME: &str = "2026-11-20T12:00:00.000Z";

/// What the catalogue tells of a type.
#[derive(Clone, Debug, PartialEq)]
pub struct CatalogueEntry {
    /// The `data` of an example.
    pub data: Value,
    /// The whole body of the example.
    pub example: Value,
    /// A JSON Schema (2020-12) of the body.
    pub schema: Value,
}

/// The entry of a type.
#[must_use]
pub fn catalogued(kind: EventType) -> CatalogueEntry {
    let (data, members) = data(kind);
    let example = json!({
        "type": kind, "timestamp": TIME, "id": EVENT, "sequence": 42,
        "organization_id": ORGANIZATION, "directory_id": DIRECTORY, "source": source(kind), "data": data,
    });
    CatalogueEntry {
        schema: body_schema(kind, &members),
        data,
        example,
    }
}

const fn source(kind: EventType) -> &'static str {
    match kind {
        EventType::DirectoryCreated
        | EventType::DirectoryUpdated
        | EventType::DirectoryDeleted
        | EventType::DirectoryKeyCreated
        | EventType::DirectoryKeyRevoked => "api",
        EventType::EndpointDisabled
        | EventType::DirectoryCredentialExpiring
        | EventType::DirectorySilent
        | EventType::DirectorySyncCompleted
        | EventType::DirectoryDriftFound
        | EventType::ConnectionFailing
        | EventType::SessionCreated
        | EventType::SessionEnded
        | EventType::SnapshotUser
        | EventType::SnapshotGroup
        | EventType::SnapshotMember
        | EventType::SnapshotCompleted => "system",
        _ => "scim",
    }
}

/// The example's data, and the schemas of its members.
fn data(kind: EventType) -> (Value, Value) {
    use EventType as E;
    match kind {
        E::UserCreated | E::UserDeleted | E::UserEntered => (
            json!({ "user": user(true), "changes": [] }),
            json!({ "user": user_schema(), "changes": changes_schema() }),
        ),
        E::UserUpdated => with_change(&user(true), "displayName", &json!("Ada King"), &json!("Ada Lovelace")),
        E::UserDeactivated => with_change(&user(false), "active", &json!(true), &json!(false)),
        E::UserReactivated => with_change(&user(true), "active", &json!(false), &json!(true)),
        E::UserLeft => (
            json!({ "user": { "id": USER, "directory_id": DIRECTORY, "external_id": "a1", "user_name": "ada@example.com" },
                    "changes": [] }),
            json!({ "user": object(&["id", "directory_id"], &json!({ "id": id(), "directory_id": id(),
                    "external_id": nullable("string"), "user_name": nullable("string") })), "changes": changes_schema() }),
        ),
        E::GroupCreated | E::GroupDeleted => (
            json!({ "group": group(), "changes": [] }),
            json!({ "group": group_schema(), "changes": changes_schema() }),
        ),
        E::GroupUpdated => (
            json!({ "group": group(), "changes": [change("displayName", &json!("Sales"), &json!("Sales EMEA"))] }),
            json!({ "group": group_schema(), "changes": changes_schema() }),
        ),
        E::GroupMemberAdded | E::GroupMemberRemoved | E::SnapshotMember => (
            json!({ "group": { "id": GROUP, "display_name": "Sales EMEA" }, "user": brief() }),
            json!({ "group": object(&["id", "display_name"], &json!({ "id": id(), "display_name": text() })),
                    "user": brief_schema(), "member": brief_schema() }),
        ),
        E::SnapshotUser => (json!({ "user": user(true) }), json!({ "user": user_schema() })),
        E::SnapshotGroup => (json!({ "group": group() }), json!({ "group": group_schema() })),
        E::SnapshotCompleted => (
            json!({ "snapshot": { "sequence": 42, "users": 120, "groups": 8, "members": 340 } }),
            json!({ "snapshot": object(&["sequence", "users", "groups", "members"], &json!({ "sequence": integer(),
                    "users": integer(), "groups": integer(), "members": integer() })) }),
        ),
        E::DirectoryKeyCreated | E::DirectoryKeyRevoked => (
            json!({ "directory": directory(), "key": { "id": OTHER, "name": "SCIM" } }),
            json!({ "directory": directory_schema(), "key": object(&["id", "name"], &json!({ "id": id(), "name": text() })) }),
        ),
        E::DirectoryCredentialExpiring => (
            json!({ "directory": directory(),
                    "credential": { "id": OTHER, "kind": "directory_key", "name": "Entra production", "expires_at": TIME,
                                    "days_left": 14, "last_used_at": TIME } }),
            json!({ "directory": directory_schema(),
                    "credential": object(&["id", "kind", "expires_at", "days_left"], &json!({ "id": id(),
                        "kind": { "enum": ["directory_key", "oauth_client"] }, "name": nullable("string"),
                        "expires_at": time(), "days_left": integer(),
                        "last_used_at": { "type": ["string", "null"], "format": "date-time" } })) }),
        ),
        E::DirectorySilent => (
            json!({ "directory": directory(), "silence": { "last_contact_at": TIME, "cycle_seconds": 2400 } }),
            json!({ "directory": directory_schema(),
                    "silence": object(&["last_contact_at"], &json!({ "last_contact_at": time(),
                        "cycle_seconds": nullable("integer") })) }),
        ),
        E::DirectorySyncCompleted => (
            json!({ "directory": directory(),
                    "cycle": { "id": OTHER, "kind": "incremental", "started_at": TIME, "ended_at": TIME,
                               "counts": { "requests": 42, "probes": 1, "reads": 20, "users_created": 3,
                                           "users_updated": 15, "users_deleted": 0, "groups_created": 0,
                                           "groups_updated": 2, "groups_deleted": 0, "others": 0, "failures": 1,
                                           "throttled": 0, "server_errors": 0 } } }),
            json!({ "directory": directory_schema(),
                    "cycle": object(&["id", "kind", "started_at", "ended_at", "counts"], &json!({ "id": id(),
                        "kind": { "enum": ["initial", "incremental", "on_demand"] }, "started_at": time(),
                        "ended_at": time(), "counts": { "type": "object", "additionalProperties": integer() } })) }),
        ),
        E::DirectoryDriftFound => (
            json!({ "directory": directory(),
                    "comparison": { "id": OTHER, "kind": "initial", "started_at": TIME, "ended_at": TIME,
                                    "counts": { "users": 1200, "users_created": 1, "users_updated": 2,
                                                "users_deactivated": 1, "groups": 40, "groups_updated": 1 } } }),
            json!({ "directory": directory_schema(),
                    "comparison": object(&["id", "kind", "started_at", "ended_at", "counts"], &json!({ "id": id(),
                        "kind": { "enum": ["initial", "incremental"] }, "started_at": time(),
                        "ended_at": time(), "counts": { "type": "object", "additionalProperties": integer() } })) }),
        ),
        E::ConnectionFailing => (
            json!({ "connection": { "id": OTHER, "name": "Entra ID", "state": "failing", "failing_since": TIME,
                                    "last_error": "AADSTS7000222: The client secret has expired. See the step \"Client secret\"." } }),
            json!({ "connection": object(&["id", "name", "state", "failing_since", "last_error"], &json!({ "id": id(),
                    "name": text(), "state": text(), "failing_since": time(), "last_error": text() })) }),
        ),
        E::SessionCreated => session(None),
        E::SessionEnded => session(Some("deactivated")),
        E::EndpointDisabled => (
            json!({ "endpoint": { "id": OTHER, "url": "https://app.example", "description": "CRM", "state": "disabled",
                                  "disabled_reason": "every attempt failed for 5 days", "disabled_at": TIME,
                                  "failing_since": TIME },
                    "delivery": { "id": USER, "event_id": GROUP, "last_status": 500,
                                  "last_error": "answered with status 500" } }),
            json!({ "endpoint": object(&["id", "state"], &json!({ "id": id(), "url": nullable("string"),
                        "description": nullable("string"), "state": text(), "disabled_reason": text(),
                        "disabled_at": time(), "failing_since": { "type": ["string", "null"], "format": "date-time" } })),
                    "delivery": object(&["id"], &json!({ "id": id(), "event_id": id(),
                        "last_status": nullable("integer"), "last_error": nullable("string") })) }),
        ),
        _ => (
            json!({ "directory": directory() }),
            json!({ "directory": directory_schema() }),
        ),
    }
}

/// A session that began, or one that ended, with the reason.
fn session(reason: Option<&str>) -> (Value, Value) {
    let mut session = json!({ "id": SESSION, "connection_id": OTHER, "client_id": CLIENT, "user_id": USER });
    let mut properties = json!({ "id": id(), "connection_id": id(), "client_id": id(), "user_id": id() });
    let mut required = vec!["id", "connection_id", "client_id", "user_id"];
    if let Some(reason) = reason {
        session["reason"] = reason.into();
        properties["reason"] = json!({ "enum": SESSION_ENDS });
        required.push("reason");
    }
    (
        json!({ "session": session, "user": { "id": USER } }),
        json!({ "session": object(&required, &properties), "user": object(&["id"], &json!({ "id": id() })) }),
    )
}

fn with_change(user: &Value, path: &str, before: &Value, after: &Value) -> (Value, Value) {
    (
        json!({ "user": user, "changes": [change(path, before, after)] }),
        json!({ "user": user_schema(), "changes": changes_schema() }),
    )
}

fn change(path: &str, before: &Value, after: &Value) -> Value {
    json!({ "path": path, "before": before, "after": after })
}

fn user(active: bool) -> Value {
    let emails = json!([{ "value": "ada@example.com", "type": "work", "primary": true }]);
    json!({
        "id": USER, "organization_id": ORGANIZATION, "directory_id": DIRECTORY, "external_id": "a1",
        "user_name": "ada@example.com", "emails": emails, "email": "ada@example.com", "first_name": "Ada", "last_name": "Lovelace", "display_name": "Ada Lovelace",
        "job_title": "Analyst", "department": "Sales", "manager_id": null,
        "state": if active { "active" } else { "inactive" }, "role": "User", "grants": ["app", "web"],
        "groups": [{ "id": GROUP, "display_name": "Sales EMEA" }], "custom": {},
        "raw": {
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User",
                        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"],
            "id": USER, "externalId": "a1", "userName": "ada@example.com", "active": active,
            "displayName": "Ada Lovelace", "name": { "givenName": "Ada", "familyName": "Lovelace" },
            "title": "Analyst", "emails": emails, "roles": [{ "value": "User", "primary": true }],
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": { "department": "Sales" },
            "meta": { "resourceType": "User", "created": TIME, "lastModified": TIME, "version": "W/\"1\"" },
        },
        "created_at": TIME, "updated_at": TIME,
    })
}

fn group() -> Value {
    json!({
        "id": GROUP, "organization_id": ORGANIZATION, "directory_id": DIRECTORY, "external_id": "g1",
        "display_name": "Sales EMEA",
        "raw": {
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "id": GROUP, "externalId": "g1",
            "displayName": "Sales EMEA",
            "meta": { "resourceType": "Group", "created": TIME, "lastModified": TIME, "version": "W/\"1\"" },
        },
        "created_at": TIME, "updated_at": TIME,
    })
}

fn brief() -> Value {
    json!({ "id": USER, "external_id": "a1", "user_name": "ada@example.com", "display_name": "Ada Lovelace",
            "email": "ada@example.com", "state": "active" })
}

fn directory() -> Value {
    json!({ "id": DIRECTORY, "name": "Microsoft Entra ID", "provider": "entra_id", "state": "active" })
}

fn text() -> Value {
    json!({ "type": "string" })
}

fn integer() -> Value {
    json!({ "type": "integer" })
}

fn id() -> Value {
    json!({ "type": "string", "format": "uuid" })
}

fn nullable(kind: &str) -> Value {
    json!({ "type": [kind, "null"] })
}

/// An object that may have further members: fields are added, never taken away.
fn object(required: &[&str], properties: &Value) -> Value {
    json!({ "type": "object", "required": required, "properties": properties })
}

fn changes_schema() -> Value {
    let change = object(
        &["path", "before", "after"],
        &json!({ "path": text(), "before": {}, "after": {} }),
    );
    json!({ "type": "array", "items": change })
}

/// Only ids are required: `fields` of an endpoint leaves the others out, and so does the tombstone of an erased user.
fn user_schema() -> Value {
    let groups = json!({ "type": "array",
                         "items": object(&["id", "display_name"], &json!({ "id": id(), "display_name": text() })) });
    let mut properties = Map::new();
    for name in [
        "external_id",
        "user_name",
        "email",
        "first_name",
        "last_name",
        "display_name",
        "job_title",
        "department",
        "manager_id",
        "role",
    ] {
        properties.insert(name.to_owned(), nullable("string"));
    }
    let more = json!({
        "id": id(), "organization_id": id(), "directory_id": id(), "state": { "enum": ["active", "inactive"] },
        "emails": { "type": "array", "items": { "type": "object" } },
        "grants": { "type": "array", "items": text() }, "groups": groups,
        "custom": { "type": "object" }, "raw": { "type": "object" },
        "created_at": time(), "updated_at": time(),
    });
    if let Value::Object(more) = more {
        properties.extend(more);
    }
    object(&["id"], &Value::Object(properties))
}

fn time() -> Value {
    json!({ "type": "string", "format": "date-time" })
}

fn group_schema() -> Value {
    object(
        &["id"],
        &json!({ "id": id(), "organization_id": id(), "directory_id": id(), "external_id": nullable("string"),
                 "display_name": text(),
                 "raw": { "type": "object" }, "created_at": time(), "updated_at": time() }),
    )
}

fn brief_schema() -> Value {
    object(
        &["id"],
        &json!({ "id": id(), "external_id": nullable("string"), "user_name": text(), "display_name": nullable("string"),
                 "email": nullable("string"), "state": { "enum": ["active", "inactive"] } }),
    )
}

fn directory_schema() -> Value {
    object(
        &["id"],
        &json!({ "id": id(), "name": text(), "provider": text(), "state": text() }),
    )
}

fn body_schema(kind: EventType, members: &Value) -> Value {
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": kind, "description": kind.description(), "type": "object",
        "required": ["type", "timestamp", "id", "sequence", "organization_id", "directory_id", "source", "data"],
        "properties": {
            "type": { "const": kind }, "timestamp": time(), "id": id(),
            "sequence": { "type": "integer", "minimum": 0 },
            "organization_id": id(), "directory_id": id(),
            "source": { "enum": ["scim", "api", "graph", "system"] },
            "test": { "type": "boolean" },
            "data": { "type": "object", "properties": members },
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::EventBody;

    #[test]
    fn every_example_is_a_body_and_every_member_of_it_is_in_the_schema() {
        for kind in EventType::ALL {
            let entry = catalogued(*kind);
            let body: EventBody = serde_json::from_value(entry.example.clone()).unwrap();
            assert_eq!(body.kind, *kind);
            let known = entry.schema["properties"]["data"]["properties"].as_object().unwrap();
            for (name, value) in entry.data.as_object().unwrap() {
                let schema = known
                    .get(name)
                    .unwrap_or_else(|| panic!("{kind}: {name} has no schema"));
                for member in value.as_object().into_iter().flat_map(Map::keys) {
                    assert!(
                        schema["properties"].get(member).is_some(),
                        "{kind}: {name}.{member} has no schema"
                    );
                }
            }
        }
    }
}
