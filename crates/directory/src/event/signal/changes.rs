//! The claims of an ID token, and which of them an event changed.

use crate::event::history::user_before;
use crate::event::normalize::own_role;
use ::events::EventType;
use events::Timestamp;
use serde_json::{Map, Value, json};

/// The claims that an ID token has of a [normalized](crate::normalized_user) user, by the scopes that the app asked for
/// (OpenID Connect Core §5.4). What the directory does not know is left out.
#[must_use]
pub fn claims_of(user: &Map<String, Value>, scope: &str) -> Map<String, Value> {
    let has = |wanted: &str| scope.split(' ').any(|one| one == wanted);
    let mut claims = Map::new();
    let mut add = |claim: &str, member: &str| {
        if let Some(value) = user.get(member).filter(|value| !value.is_null()) {
            claims.insert(claim.to_owned(), value.clone());
        }
    };
    if has("profile") {
        add("name", "display_name");
        add("given_name", "first_name");
        add("family_name", "last_name");
        add("preferred_username", "user_name");
    }
    if has("email") {
        add("email", "email");
    }
    add("organization_id", "organization_id");
    add("directory_id", "directory_id");
    if let Some(role) = user.get("role").filter(|role| !role.is_null()) {
        claims.insert("roles".to_owned(), json!([role]));
    }
    if has("groups") {
        let groups = user.get("groups").and_then(Value::as_array);
        let names = groups
            .into_iter()
            .flatten()
            .filter_map(|group| group.get("display_name"));
        let names: Vec<&Value> = names.filter(|name| !name.is_null()).collect();
        claims.insert("groups".to_owned(), json!(names));
    }
    claims
}

/// The claims that an update of somebody changed, with their new values; `null` for one that is gone. Groups are no
/// attribute of the person and change by events of their own.
pub(super) fn changed(data: &Value, scope: &str, at: Timestamp) -> Map<String, Value> {
    let scope: Vec<&str> = scope.split(' ').filter(|one| *one != "groups").collect();
    let scope = scope.join(" ");
    let (Some(after), Some(before)) = (data["user"].as_object(), before(data, at)) else {
        return Map::new();
    };
    let (before, mut after) = (claims_of(&before, &scope), claims_of(after, &scope));
    for gone in before.keys() {
        after.entry(gone.clone()).or_insert(Value::Null);
    }
    after.retain(|name, value| {
        let is_of_person = !matches!(name.as_str(), "organization_id" | "directory_id");
        is_of_person && before.get(name).unwrap_or(&Value::Null) != value
    });
    after
}

/// What the normalized user was before, as far as claims tell of it.
fn before(data: &Value, at: Timestamp) -> Option<Map<String, Value>> {
    let user = user_before(EventType::UserUpdated, data, at)?;
    let name = user.attributes.get("name");
    let part = |key: &str| name.and_then(|name| name.get(key)).cloned().unwrap_or(Value::Null);
    let changes = data["changes"].as_array()?;
    // A role that goes by groups is told as a change of its own.
    let by_group = changes.iter().find(|change| change["path"] == "role");
    let own_before = own_role(&user.attributes);
    let own_after = data["user"]["raw"].as_object().and_then(own_role);
    let role = match by_group {
        Some(change) => change["before"].clone(),
        None if own_before == own_after => data["user"]["role"].clone(),
        None => json!(own_before),
    };
    let before = json!({
        "display_name": user.display_name(),
        "first_name": part("givenName"),
        "last_name": part("familyName"),
        "user_name": user.user_name(),
        "email": user.email(),
        "role": role,
    });
    match before {
        Value::Object(before) => Some(before),
        _ => None,
    }
}
