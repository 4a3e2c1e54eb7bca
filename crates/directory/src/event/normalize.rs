//! The normalized user and group: the shape that downstream apps read in events and in the management API.

use crate::{Group, Policy, User, resource::text};
use events::{DirectoryId, GroupRef, OrganizationId};
use scim::urn;
use serde_json::{Map, Value, json};
use std::borrow::Cow;

/// Whose a user or group is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Owner {
    /// The organization.
    pub organization_id: OrganizationId,
    /// Its directory.
    pub directory_id: DirectoryId,
}

/// The normalized user of an event and of the management API.
///
/// `role` is the user's own (the primary one, else the first); somebody without one has the role that the directory's
/// `group_roles` give for direct membership, the first rule that applies. `grants` follow from the role. A change of
/// membership that changes them is announced by a `user.updated` too ([`crate::role_change`]).
#[must_use]
pub fn normalized_user(user: &User, owner: Owner, groups: &[GroupRef], policy: &Policy) -> Value {
    let attributes = &user.attributes;
    let enterprise = attributes.get(urn::ENTERPRISE_USER);
    let name = attributes.get("name");
    let part = |of: Option<&Value>, key: &str| of.and_then(|of| of.get(key)).cloned().unwrap_or(Value::Null);
    let role = role(user, groups, policy);
    json!({
        "id": user.id,
        "organization_id": owner.organization_id,
        "directory_id": owner.directory_id,
        "external_id": user.external_id(),
        "user_name": user.user_name(),
        "emails": attributes.get("emails").cloned().unwrap_or_else(|| json!([])),
        "email": user.email(),
        "first_name": part(name, "givenName"),
        "last_name": part(name, "familyName"),
        "display_name": user.display_name(),
        "job_title": text(attributes, "title"),
        "department": part(enterprise, "department"),
        "manager_id": user.manager_id(),
        "state": if user.is_active() { "active" } else { "inactive" },
        "role": role.as_deref(),
        "grants": policy.grants(role.as_deref()),
        "groups": groups,
        "custom": custom(attributes, policy),
        "raw": raw_user(user),
        "created_at": user.created_at,
        "updated_at": user.updated_at,
    })
}

/// The normalized group of an event and of the management API; members are announced one by one, not here.
#[must_use]
pub fn normalized_group(group: &Group, owner: Owner) -> Value {
    json!({
        "id": group.id,
        "organization_id": owner.organization_id,
        "directory_id": owner.directory_id,
        "external_id": group.external_id(),
        "display_name": group.display_name(),
        "raw": raw(scim::schema::ResourceType::group(), &group.attributes, &group.id.to_string(), "Group", group.version, group.created_at, group.updated_at),
        "created_at": group.created_at,
        "updated_at": group.updated_at,
    })
}

/// The role of a user who is in these groups.
pub(crate) fn role<'a>(user: &'a User, groups: &[GroupRef], policy: &'a Policy) -> Option<Cow<'a, str>> {
    own_role(&user.attributes).or_else(|| policy.role_by_groups(groups).map(Cow::Borrowed))
}

/// The value of the primary role, else of the first; a role without a value is none.
pub(crate) fn own_role(attributes: &Map<String, Value>) -> Option<Cow<'_, str>> {
    let roles = attributes.get("roles")?.as_array()?;
    roles
        .iter()
        .find(|role| role.get("primary").and_then(Value::as_bool) == Some(true))
        .or_else(|| roles.first())
        .and_then(|role| role.get("value")?.as_str())
        .and_then(meant)
        .filter(|role| !role.trim().is_empty())
}

/// The role that a value names. Entra's `AppRoleAssignmentsComplex` puts the whole app role into it, as JSON in a string
/// (E33), which is stored as it was sent; what the app knows is its `value`, or its name where it has none.
fn meant(value: &str) -> Option<Cow<'_, str>> {
    if !value.trim_start().starts_with('{') {
        return Some(Cow::Borrowed(value));
    }
    let Ok(Value::Object(role)) = serde_json::from_str(value) else {
        return Some(Cow::Borrowed(value));
    };
    let part = |name: &str| role.get(name)?.as_str().filter(|text| !text.is_empty());
    match (part("value"), part("displayName")) {
        (Some(role), _) | (None, Some(role)) => Some(Cow::Owned(role.to_owned())),
        // Not an app role after all.
        (None, None) => Some(Cow::Borrowed(value)),
    }
}

/// Extension data other than the enterprise extension, by URN, and what the directory's attribute map shows, by name.
fn custom(attributes: &Map<String, Value>, policy: &Policy) -> Map<String, Value> {
    let extensions = attributes
        .iter()
        .filter(|(key, _)| key.starts_with("urn:") && key.as_str() != urn::ENTERPRISE_USER)
        .map(|(key, value)| (key.clone(), value.clone()));
    extensions.chain(policy.mapped(attributes)).collect()
}

fn raw_user(user: &User) -> Value {
    let kind = scim::schema::ResourceType::user();
    raw(
        kind,
        &user.attributes,
        &user.id.to_string(),
        "User",
        user.version,
        user.created_at,
        user.updated_at,
    )
}

/// The SCIM resource as a client would read it, less the URL, which depends on who asks.
fn raw(
    kind: &scim::schema::ResourceType,
    attributes: &Map<String, Value>,
    id: &str,
    type_name: &str,
    version: i64,
    created: events::Timestamp,
    modified: events::Timestamp,
) -> Value {
    let mut raw = Map::with_capacity(attributes.len() + 3);
    raw.insert("schemas".into(), scim::resource::schemas_of(kind, attributes).into());
    raw.insert("id".into(), id.into());
    raw.extend(attributes.iter().map(|(key, value)| (key.clone(), value.clone())));
    let meta = json!({
        "resourceType": type_name,
        "created": created,
        "lastModified": modified,
        "version": scim::resource::etag(version),
    });
    raw.insert("meta".into(), meta);
    Value::Object(raw)
}
