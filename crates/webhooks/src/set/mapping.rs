//! Which SCIM event a lifecycle event is (RFC 9967 §2.3–2.5, S3).

use super::NoSet;
use events::{EventBody, EventType};
use serde_json::{Map, Value, json};

const CREATE: &str = "urn:ietf:params:scim:event:prov:create:full";
const PATCH: &str = "urn:ietf:params:scim:event:prov:patch:full";
const PATCH_NOTICE: &str = "urn:ietf:params:scim:event:prov:patch:notice";
const DELETE: &str = "urn:ietf:params:scim:event:prov:delete";
const ACTIVATE: &str = "urn:ietf:params:scim:event:prov:activate";
const DEACTIVATE: &str = "urn:ietf:params:scim:event:prov:deactivate";
const PATCH_OP: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";

/// Every event URI that tokens of this server carry: what `securityEvents.eventUris` of the ServiceProviderConfig says (S6).
pub const EVENT_URIS: &[&str] = &[CREATE, PATCH, PATCH_NOTICE, DELETE, ACTIVATE, DEACTIVATE];

/// Whether an event has a form as a SCIM event: those about users, groups and members do.
#[must_use]
pub const fn carries(kind: EventType) -> bool {
    use EventType as T;
    matches!(
        kind,
        T::UserCreated
            | T::UserUpdated
            | T::UserDeactivated
            | T::UserReactivated
            | T::UserDeleted
            | T::GroupCreated
            | T::GroupUpdated
            | T::GroupDeleted
            | T::GroupMemberAdded
            | T::GroupMemberRemoved
    )
}

/// The two claims that depend on what happened.
pub(super) struct MappedClaims {
    /// `sub_id`.
    pub(super) subject: Value,
    /// `events`, by URI.
    pub(super) events: Map<String, Value>,
}

/// Maps an event. What the resource looks like comes from the event's after-image, which never holds a password (R61, S4).
pub(super) fn map(event: &EventBody) -> Result<MappedClaims, NoSet> {
    use EventType as T;
    if !carries(event.kind) {
        return Err(NoSet::Kind(event.kind));
    }
    let (endpoint, name) = match event.kind {
        T::UserCreated | T::UserUpdated | T::UserDeactivated | T::UserReactivated | T::UserDeleted => ("Users", "user"),
        _ => ("Groups", "group"),
    };
    let resource = &event.data[name];
    let mut events = Map::new();
    match event.kind {
        T::UserCreated | T::GroupCreated => {
            let data = resource.get("raw").ok_or(NoSet::Unreadable(None))?;
            events.insert(CREATE.to_owned(), json!({ "data": data }));
        }
        T::UserUpdated | T::GroupUpdated => drop(events.insert(PATCH_NOTICE.to_owned(), notice(event, resource, ""))),
        T::UserDeactivated | T::UserReactivated => {
            let switched = if event.kind == T::UserDeactivated {
                DEACTIVATE
            } else {
                ACTIVATE
            };
            events.insert(switched.to_owned(), json!({}));
            // What else the same change touched is an event of its own in the same token (S2).
            let notice = notice(event, resource, "active");
            if notice["attributes"].as_array().is_some_and(|paths| !paths.is_empty()) {
                events.insert(PATCH_NOTICE.to_owned(), notice);
            }
        }
        T::GroupMemberAdded | T::GroupMemberRemoved => {
            events.insert(PATCH.to_owned(), json!({ "data": membership(event)? }));
        }
        _ => drop(events.insert(DELETE.to_owned(), json!({}))),
    }
    Ok(MappedClaims {
        subject: subject(endpoint, resource)?,
        events,
    })
}

/// The subject in the format `scim`: `uri` is relative to the SCIM base (S1).
fn subject(endpoint: &str, resource: &Value) -> Result<Value, NoSet> {
    let id = resource["id"].as_str().ok_or(NoSet::Unreadable(None))?;
    let mut subject = json!({ "format": "scim", "uri": format!("/{endpoint}/{id}"), "id": id });
    if let Some(external_id) = resource["external_id"].as_str() {
        subject["externalId"] = external_id.into();
    }
    Ok(subject)
}

/// Names of what changed, without values (S4), less `except`; with the version that the resource has now.
fn notice(event: &EventBody, resource: &Value, except: &str) -> Value {
    let changes = event.data["changes"].as_array();
    let paths: Vec<&str> = changes
        .into_iter()
        .flatten()
        .filter_map(|change| change["path"].as_str())
        .filter(|path| *path != except)
        .collect();
    let mut notice = json!({ "attributes": paths });
    if let Some(version) = resource["raw"]["meta"]["version"].as_str() {
        notice["version"] = version.into();
    }
    notice
}

/// One membership as the PATCH that makes it so.
fn membership(event: &EventBody) -> Result<Value, NoSet> {
    let (member, kind) = match (&event.data["user"], &event.data["member"]) {
        (user @ Value::Object(_), _) => (user, "User"),
        (_, member) => (member, "Group"),
    };
    let id = member["id"].as_str().ok_or(NoSet::Unreadable(None))?;
    let operation = if event.kind == EventType::GroupMemberAdded {
        json!({ "op": "add", "path": "members", "value": [{ "value": id, "type": kind }] })
    } else {
        json!({ "op": "remove", "path": format!("members[value eq \"{id}\"]") })
    };
    Ok(json!({ "schemas": [PATCH_OP], "Operations": [operation] }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use events::{DirectoryId, EventId, OrganizationId, Source};

    const PERSON: &str = "0197e1a0-0000-7000-8000-000000000001";

    fn event(kind: EventType, data: Value) -> EventBody {
        EventBody {
            kind,
            timestamp: "2026-11-20T12:00:00Z".parse().unwrap(),
            id: EventId::new(),
            sequence: 42,
            organization_id: OrganizationId::new(),
            directory_id: DirectoryId::new(),
            source: Source::Scim,
            data,
        }
    }

    fn person(changes: &Value) -> Value {
        json!({
            "user": {
                "id": PERSON, "external_id": "mlopez", "user_name": "m.lopez@contoso.test",
                "raw": { "id": PERSON, "userName": "m.lopez@contoso.test", "meta": { "version": "W/\"43\"" } },
            },
            "changes": changes,
        })
    }

    fn mapped(kind: EventType, data: Value) -> MappedClaims {
        map(&event(kind, data)).unwrap()
    }

    // Rules: S1
    #[test]
    fn the_subject_is_named_by_uri_id_and_external_id() {
        let subject = mapped(EventType::UserDeleted, person(&json!([]))).subject;
        let expected = json!({
            "format": "scim", "uri": format!("/Users/{PERSON}"), "id": PERSON, "externalId": "mlopez",
        });
        assert_eq!(subject, expected);
        let group = json!({ "group": { "id": PERSON, "external_id": null } });
        assert_eq!(
            mapped(EventType::GroupDeleted, group).subject,
            json!({ "format": "scim", "uri": format!("/Groups/{PERSON}"), "id": PERSON })
        );
    }

    // Rules: S3, S4
    #[test]
    fn a_creation_carries_the_resource_and_nothing_beside_it() {
        let events = mapped(EventType::UserCreated, person(&json!([]))).events;
        assert_eq!(
            Value::Object(events),
            json!({ CREATE: { "data": person(&json!([]))["user"]["raw"] } })
        );
    }

    // Rules: S3, S4
    #[test]
    fn an_update_names_what_changed_without_values() {
        let changes = json!([{ "path": "name.familyName", "before": "Lopez", "after": "Ruiz" }]);
        let events = mapped(EventType::UserUpdated, person(&changes)).events;
        let expected = json!({ PATCH_NOTICE: { "attributes": ["name.familyName"], "version": "W/\"43\"" } });
        assert_eq!(Value::Object(events), expected);
    }

    // Rules: S2, S3
    #[test]
    fn switching_a_person_off_and_changing_it_at_once_is_two_events_of_one_subject() {
        let active = json!([{ "path": "active", "before": true, "after": false }]);
        let events = mapped(EventType::UserDeactivated, person(&active)).events;
        assert_eq!(Value::Object(events), json!({ DEACTIVATE: {} }));
        let both = json!([{ "path": "active" }, { "path": "title" }]);
        let events = mapped(EventType::UserReactivated, person(&both)).events;
        let expected = json!({
            ACTIVATE: {}, PATCH_NOTICE: { "attributes": ["title"], "version": "W/\"43\"" },
        });
        assert_eq!(Value::Object(events), expected);
    }

    // Rules: S3
    #[test]
    fn a_membership_is_the_patch_of_its_group() {
        let group = json!({ "id": "0197e1a0-0000-7000-8000-000000000002", "display_name": "Sales" });
        let added = mapped(
            EventType::GroupMemberAdded,
            json!({ "group": group, "user": { "id": PERSON } }),
        );
        assert_eq!(added.subject["uri"], "/Groups/0197e1a0-0000-7000-8000-000000000002");
        let operation = json!({ "op": "add", "path": "members", "value": [{ "value": PERSON, "type": "User" }] });
        let expected = json!({ "data": { "schemas": [PATCH_OP], "Operations": [operation] } });
        assert_eq!(added.events[PATCH], expected);
        let removed = mapped(
            EventType::GroupMemberRemoved,
            json!({ "group": group, "member": { "id": PERSON } }),
        );
        assert_eq!(
            removed.events[PATCH]["data"]["Operations"],
            json!([{ "op": "remove", "path": format!("members[value eq \"{PERSON}\"]") }])
        );
    }

    // Rules: S3
    #[test]
    fn every_uri_that_is_sent_is_advertised_and_what_has_none_is_refused() {
        let group = json!({ "id": PERSON, "raw": { "id": PERSON } });
        for kind in EventType::ALL {
            let mut data = person(&json!([{ "path": "title" }]));
            data["group"] = group.clone();
            match map(&event(*kind, data)) {
                Ok(mapped) => {
                    assert!(carries(*kind) && !mapped.events.is_empty(), "{kind}");
                    assert!(
                        mapped.events.keys().all(|uri| EVENT_URIS.contains(&uri.as_str())),
                        "{kind}"
                    );
                }
                Err(error) => assert!(!carries(*kind) && error.to_string().contains(kind.as_str()), "{error}"),
            }
        }
    }
}
