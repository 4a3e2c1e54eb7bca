//! Backwards through the log: what a resource was before an event, from its after-image and its changes.

mod undo;

use crate::resource::settle_user;
use crate::{Group, User};
use events::{EventType, Timestamp};
use serde_json::{Map, Value};

/// The path of a change, taken apart: `[urn:]attribute[selector].sub`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ChangePath<'a> {
    /// The key of the extension object it lies in.
    pub(crate) urn: Option<&'a str>,
    /// The attribute; empty when a whole extension that is no object changed.
    pub(crate) attribute: &'a str,
    /// What selects the element of a multi-valued attribute.
    pub(crate) selector: Option<&'a str>,
    /// The sub-attribute.
    pub(crate) sub: Option<&'a str>,
}

impl<'a> ChangePath<'a> {
    pub(crate) fn parse(path: &'a str) -> Self {
        let (head, selector, tail) = match (path.find('['), path.rfind(']')) {
            (Some(open), Some(close)) if open < close => {
                (&path[..open], Some(&path[open + 1..close]), &path[close + 1..])
            }
            _ => (path, None, ""),
        };
        let is_urn = head.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("urn:"));
        let (urn, name) = match head.rsplit_once(':').filter(|_| is_urn) {
            Some((urn, name)) => (Some(urn), name),
            None => (None, head),
        };
        let (attribute, sub) = match (selector, name.split_once('.')) {
            (None, Some((attribute, sub))) => (attribute, Some(sub)),
            _ => (name, tail.strip_prefix('.')),
        };
        Self {
            urn,
            attribute,
            selector,
            sub,
        }
    }
}

/// The attributes before a change, from those after it and the `changes` of the event. Where elements of a multi-valued
/// attribute came or went, their order may differ from what it was; nothing else does.
#[must_use]
pub fn before_image(after: &Map<String, Value>, changes: &[Value]) -> Map<String, Value> {
    undo::before(after, changes)
}

/// The user before an event about it; `None` when there was none, or when the event does not tell because the person was
/// erased. Events do not show `updated_at`: it is that of the creation, or `at` for a user that had changed since.
#[must_use]
pub fn user_before(kind: EventType, data: &Value, at: Timestamp) -> Option<User> {
    let Before {
        id,
        mut attributes,
        version,
        created_at,
    } = resource_before(kind, &data["user"], &data["changes"])?;
    settle_user(&mut attributes);
    let updated_at = if version > 1 { at } else { created_at };
    Some(User {
        id,
        attributes,
        version,
        created_at,
        updated_at,
    })
}

/// As [`user_before`], for a group. A change of members raises the version without an event of the group.
#[must_use]
pub fn group_before(kind: EventType, data: &Value, at: Timestamp) -> Option<Group> {
    let Before {
        id,
        attributes,
        version,
        created_at,
    } = resource_before(kind, &data["group"], &data["changes"])?;
    let updated_at = if version > 1 { at } else { created_at };
    Some(Group {
        id,
        attributes,
        version,
        created_at,
        updated_at,
    })
}

/// Whether a change is of a member of the normalized user that no SCIM attribute of the user stands behind: `role`, `grants`,
/// and what an attribute map shows.
pub(crate) fn is_computed(path: &str) -> bool {
    matches!(path, "role" | "grants") || path.starts_with("custom.")
}

struct Before {
    id: events::ResourceId,
    attributes: Map<String, Value>,
    version: i64,
    created_at: Timestamp,
}

fn resource_before(kind: EventType, told: &Value, changes: &Value) -> Option<Before> {
    if matches!(kind, EventType::UserCreated | EventType::GroupCreated) {
        return None;
    }
    let mut attributes = told["raw"].as_object()?.clone();
    let id = attributes.shift_remove("id")?.as_str()?.parse().ok()?;
    attributes.shift_remove("schemas");
    let meta = attributes.shift_remove("meta")?;
    let version = meta["version"]
        .as_str()
        .map(scim::resource::parse_etags)
        .unwrap_or_default();
    let version: i64 = version.first().and_then(|version| version.parse().ok()).unwrap_or(1);
    let changes = changes.as_array().map_or(&[][..], Vec::as_slice);
    // What follows from settings and groups changes without the resource.
    let is_computed = |change: &Value| change["path"].as_str().is_some_and(is_computed);
    let is_of_others = !changes.is_empty() && changes.iter().all(is_computed);
    let changes = if is_of_others { &[] } else { changes };
    let is_last = matches!(kind, EventType::UserDeleted | EventType::GroupDeleted);
    Some(Before {
        id,
        attributes: before_image(&attributes, changes),
        version: if is_last || is_of_others {
            version
        } else {
            (version - 1).max(1)
        },
        created_at: meta["created"].as_str()?.parse().ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::apply::changes;
    use proptest::prelude::*;
    use serde_json::json;

    /// Without regard to the order of elements.
    fn settled(map: &Map<String, Value>) -> Value {
        let mut value = Value::Object(map.clone());
        sort(&mut value);
        value
    }

    fn sort(value: &mut Value) {
        match value {
            Value::Array(items) => {
                items.iter_mut().for_each(sort);
                items.sort_by_key(ToString::to_string);
            }
            Value::Object(members) => {
                members.values_mut().for_each(sort);
                members.sort_keys();
            }
            _ => {}
        }
    }

    fn object(value: &Value) -> Map<String, Value> {
        value.as_object().unwrap().clone()
    }

    #[test]
    fn paths_are_taken_apart() {
        let path = ChangePath::parse("urn:a:b:User:list[type eq \"x:y\" and value eq \"]\"].display");
        assert_eq!(
            (path.urn, path.attribute, path.selector, path.sub),
            (
                Some("urn:a:b:User"),
                "list",
                Some("type eq \"x:y\" and value eq \"]\""),
                Some("display")
            )
        );
        let path = ChangePath::parse("name.givenName");
        assert_eq!((path.urn, path.attribute, path.sub), (None, "name", Some("givenName")));
    }

    #[test]
    fn an_element_that_came_is_gone_before_and_one_that_went_is_there() {
        let before = object(&json!({ "emails": [{ "type": "home", "value": "a" }], "userName": "x" }));
        let after = object(&json!({ "emails": [{ "type": "work", "value": "b", "primary": true }], "userName": "x" }));
        let told = changes(&before, &after);
        assert_eq!(before_image(&after, &told), before);
        let told = changes(&after, &before);
        assert_eq!(settled(&before_image(&before, &told)), settled(&after));
    }

    #[test]
    fn what_follows_from_settings_and_groups_was_no_part_of_the_resource_before() {
        let raw = json!({ "id": events::ResourceId::new(), "schemas": [], "userName": "ada", "active": true,
                          "meta": { "version": "W/\"3\"", "created": "2026-11-20T12:00:00.000Z" } });
        let changes =
            ["role", "grants", "custom.cost_center"].map(|path| json!({ "path": path, "before": null, "after": "x" }));
        let data = json!({ "user": { "raw": raw }, "changes": changes });
        let before = user_before(EventType::UserUpdated, &data, Timestamp::from_millis(5)).unwrap();
        assert_eq!(before.version, 3);
        assert_eq!(
            Value::Object(before.attributes),
            json!({ "userName": "ada", "active": true })
        );
    }

    fn resource() -> impl Strategy<Value = Map<String, Value>> {
        let text = prop::option::of("[a-c]");
        let email = ("(home|work)", "[a-d]", any::<bool>());
        let emails = prop::collection::btree_map("(home|work)", "[a-d]", 0..3);
        (
            text.clone(),
            text.clone(),
            text,
            emails,
            prop::collection::vec(email, 0..3),
            any::<bool>(),
        )
            .prop_map(|(title, given, department, emails, phones, active)| {
                let mut map = object(&json!({ "userName": "x", "active": active }));
                if let Some(title) = title {
                    map.insert("title".into(), title.into());
                }
                if let Some(given) = given {
                    map.insert("name".into(), json!({ "givenName": given }));
                }
                if let Some(department) = department {
                    map.insert(scim::urn::ENTERPRISE_USER.into(), json!({ "department": department }));
                }
                if !emails.is_empty() {
                    let emails: Vec<_> = emails
                        .into_iter()
                        .map(|(kind, value)| json!({ "type": kind, "value": value }))
                        .collect();
                    map.insert("emails".into(), emails.into());
                }
                if !phones.is_empty() {
                    let phones: Vec<_> = phones
                        .into_iter()
                        .map(|(kind, value, primary)| json!({ "type": kind, "value": value, "primary": primary }))
                        .collect();
                    map.insert("phoneNumbers".into(), phones.into());
                }
                map
            })
    }

    proptest! {
        #[test]
        fn going_back_from_the_after_image_gives_the_before_image(before in resource(), after in resource()) {
            let told = changes(&before, &after);
            prop_assert_eq!(settled(&before_image(&after, &told)), settled(&before));
        }
    }
}
