//! Users as requests name them, in SCIM: every member is read by the schema of the directory by itself, so that each fault
//! is found and has its place.

use super::People;
use crate::body::Body;
use api::{UserCreate, UserPatch};
use scim::patch::Patch;
use scim::path::AttributePath;
use scim::resource::{Mode, parse};
use scim::schema::ResourceType;
use scim::urn;
use serde_json::{Map, Value, json};

/// Members of the normalized user that are one SCIM attribute each.
const MEMBERS: [(&str, &str); 8] = [
    ("user_name", "userName"),
    ("external_id", "externalId"),
    ("first_name", "name.givenName"),
    ("last_name", "name.familyName"),
    ("display_name", "displayName"),
    ("job_title", "title"),
    ("department", "department"),
    ("manager_id", "manager.value"),
];
/// Those of them that belong to the enterprise extension.
const ENTERPRISE: [&str; 2] = ["department", "manager_id"];
/// Members that say the same in two ways.
const TWICE: [(&str, &str); 1] = [("email", "emails")];
const RAW: &str = "raw";
/// What the server writes, and a copied resource has.
const BY_SERVER: [&str; 4] = ["schemas", "id", "meta", "groups"];

/// A part of a request: where it stands, and the SCIM attributes that it sets. `null` takes a value away.
struct BodyPart {
    place: String,
    attributes: Map<String, Value>,
}

/// The attributes of a user to be made. Adds every fault to the body; what comes back then means nothing.
pub(crate) fn to_create(people: &People, body: &mut Body<UserCreate>) -> Map<String, Value> {
    let users = people.policy.user_type();
    let parts = parts(body, users);
    let (mut whole, mut is_sound) = (Map::new(), true);
    for part in parts {
        let mut alone = part.attributes.clone();
        // Required of every user; a part has it only if it is that one.
        alone.entry("userName").or_insert_with(|| "user".into());
        if let Err(error) = parse(users, &Value::Object(alone), Mode::Create) {
            body.fault(&part.place, sentence(&error.detail));
            is_sound = false;
        }
        merge(&mut whole, part.attributes);
    }
    whole.retain(|_, value| !value.is_null());
    let whole = match parse(users, &Value::Object(whole), Mode::Create) {
        Ok(attributes) => attributes,
        Err(error) => {
            // Else there is an error about it already.
            if is_sound && !body.is_faulty("user_name") {
                body.fault("", sentence(&error.detail));
            }
            return Map::new();
        }
    };
    require(people, body, &whole);
    whole
}

/// The PATCH that makes the changes of a request; `None` when it names none. Adds every fault to the body.
pub(crate) fn to_patch(people: &People, body: &mut Body<UserPatch>) -> Option<Value> {
    let users = people.policy.user_type();
    let mut all = Vec::new();
    for part in parts(body, users) {
        for operation in operations(part.attributes, "", 1) {
            match Patch::parse(users, &json!({ "Operations": [operation] })) {
                Err(error) => body.fault(&part.place, sentence(&error.detail)),
                Ok(_) => all.push(operation),
            }
        }
    }
    (!all.is_empty()).then(|| json!({ "Operations": all }))
}

/// What a body says, part by part; members of `raw` come first, so that named members win.
fn parts<T: api::Body>(body: &mut Body<T>, users: &ResourceType) -> Vec<BodyPart> {
    for (one, other) in TWICE {
        if body.member(one).is_some() && body.member(other).is_some() {
            body.fault(&format!("/{one}"), format!("Send either \"{one}\" or \"{other}\"."));
        }
    }
    let mut parts = raw_parts(body, users);
    for (member, path) in MEMBERS {
        if let Some(value) = named(body, member) {
            let attributes = match path.split_once('.') {
                Some((attribute, sub)) => object(attribute, json!({ sub: value })),
                None => object(path, value),
            };
            let attributes = if ENTERPRISE.contains(&member) {
                object(urn::ENTERPRISE_USER, attributes.into())
            } else {
                attributes
            };
            parts.push(part(member, attributes));
        }
    }
    // `null` says nothing where somebody is made, and is a fault elsewhere.
    let state = named(body, "state").filter(|state| !state.is_null());
    let is_active = state.map(|state| json!(state == "active"));
    let emails = named(body, "emails").map(|emails| if emails == json!([]) { Value::Null } else { emails });
    let listed = |value: Value, more: Value| match (value, more) {
        (Value::Null, _) => Value::Null,
        (value, Value::Object(mut element)) => {
            element.insert("value".to_owned(), value);
            json!([element])
        }
        (_, more) => more,
    };
    let email = named(body, "email").map(|email| listed(email, json!({ "type": "work", "primary": true })));
    let role = named(body, "role").map(|role| listed(role, json!({ "primary": true })));
    let values = [
        ("state", "active", is_active),
        ("emails", "emails", emails),
        ("email", "emails", email),
        ("role", "roles", role),
    ];
    for (member, attribute, value) in values {
        parts.extend(value.map(|value| part(member, object(attribute, value))));
    }
    parts
}

/// The members of `raw`, each by itself. Names that no schema has are faults.
fn raw_parts<T: api::Body>(body: &mut Body<T>, users: &ResourceType) -> Vec<BodyPart> {
    let Some(Value::Object(raw)) = named(body, RAW) else {
        return Vec::new();
    };
    let mut parts = Vec::new();
    for (name, value) in raw {
        if BY_SERVER.iter().any(|known| known.eq_ignore_ascii_case(&name)) {
            continue;
        }
        let place = format!("/{RAW}{}", api::pointer(&name));
        let is_extension = users.extension(&name).is_some() || name.to_ascii_lowercase().starts_with("urn:");
        if !is_extension && AttributePath::parse(&name, users).is_err() {
            body.fault(&place, unknown(&name));
        } else {
            let attributes = object(&name, value);
            parts.push(BodyPart { place, attributes });
        }
    }
    parts
}

/// Adds a fault for each required attribute that is missing.
fn require(people: &People, body: &mut Body<UserCreate>, attributes: &Map<String, Value>) {
    let missing: Vec<String> = people.policy.missing(attributes).map(ToString::to_string).collect();
    for path in missing {
        let place = place_of(&path);
        if !body.is_faulty(place.trim_start_matches('/')) {
            body.fault(
                &place,
                format!("{path} is required in this directory and has no value."),
            );
        }
    }
}

/// The member of a request that sets a SCIM attribute.
fn place_of(path: &str) -> String {
    let short = path
        .strip_prefix(urn::ENTERPRISE_USER)
        .map_or(path, |rest| rest.trim_start_matches(':'));
    let known = MEMBERS.iter().find(|(_, attribute)| *attribute == short);
    match known {
        Some((member, _)) => format!("/{member}"),
        None if short == "manager" => "/manager_id".to_owned(),
        None if path.starts_with("emails") => "/emails".to_owned(),
        None if path.starts_with("roles") => "/role".to_owned(),
        None if path == "active" => "/state".to_owned(),
        None => format!("/{RAW}"),
    }
}

/// A member that was sent and has no fault; `null` where that was sent.
fn named<T: api::Body>(body: &Body<T>, member: &str) -> Option<Value> {
    let value = body.sent(member)?;
    (!body.is_faulty(member)).then(|| value.clone())
}

fn part(member: &str, attributes: Map<String, Value>) -> BodyPart {
    BodyPart {
        place: format!("/{member}"),
        attributes,
    }
}

fn object(name: &str, value: Value) -> Map<String, Value> {
    Map::from_iter([(name.to_owned(), value)])
}

/// Puts attributes over others; objects are put together.
fn merge(whole: &mut Map<String, Value>, part: Map<String, Value>) {
    for (name, value) in part {
        match (whole.get_mut(&name), value) {
            (Some(Value::Object(known)), Value::Object(more)) => merge(known, more),
            (_, value) => drop(whole.insert(name, value)),
        }
    }
}

/// The operations that make a part so: objects change what they name, so each of their members has an operation of its
/// own. `levels` says how many objects lie within each other before a value is one as a whole.
fn operations(attributes: Map<String, Value>, prefix: &str, levels: u8) -> Vec<Value> {
    let mut all = Vec::new();
    for (name, value) in attributes {
        let path = format!("{prefix}{name}");
        let is_extension = prefix.is_empty() && name.to_ascii_lowercase().starts_with("urn:");
        match value {
            Value::Null => all.push(json!({ "op": "remove", "path": path })),
            Value::Object(members) if is_extension => all.extend(operations(members, &format!("{path}:"), levels)),
            Value::Object(members) if levels > 0 => all.extend(operations(members, &format!("{path}."), levels - 1)),
            value => all.push(json!({ "op": "replace", "path": path, "value": value })),
        }
    }
    all
}

fn unknown(names: &str) -> String {
    format!("No schema of this directory has {names}; declare it in the directory's \"schemas\", or leave it out.")
}

fn sentence(detail: &str) -> String {
    format!("Not accepted: {detail}.")
}
