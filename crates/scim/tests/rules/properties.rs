use proptest::prelude::*;
use scim::patch::{Patch, changes};
use scim::projection::Projection;
use scim::resource::{Mode, parse, parse_etags, replace, search_document, take_members};
use scim::schema::ResourceType;
use serde_json::{Map, Value, json};

use crate::{ENT, patch_body};

/// Names that mean something, and some that do not.
fn name() -> impl Strategy<Value = String> {
    let known = [
        "userName",
        "USERNAME",
        "active",
        "name",
        "name.givenName",
        "emails",
        "emails.value",
        "roles",
        "addresses",
        "title",
        "id",
        "meta",
        "schemas",
        "groups",
        "password",
        "members",
        "displayName",
        "externalId",
        "manager",
        "department",
        "value",
        "type",
        "primary",
        "$ref",
        "display",
        "givenName",
        "urn:acme:hr",
        "urn:acme:2.0:User:badge",
        "x509Certificates",
        "emails[type eq \"work\"].value",
        "emails[type eq \"work\"]",
        "emails[",
        "members[value eq \"a\"]",
        "urn:",
        "",
    ];
    let known: Vec<String> = known
        .into_iter()
        .map(str::to_owned)
        .chain([ENT.to_owned(), format!("{ENT}:manager"), format!("{ENT}.department")])
        .collect();
    prop_oneof![8 => proptest::sample::select(known), 1 => any::<String>()]
}

/// Attributes with values that fit, so that most of what is generated is accepted.
fn fitting() -> impl Strategy<Value = (String, Value)> {
    let text = || proptest::sample::select(vec!["a", "A", "b", ""]).prop_map(Value::from);
    let flag = || proptest::sample::select(vec![json!(true), json!("True"), json!("false"), json!(null)]);
    let element = || {
        let kind = proptest::sample::select(vec![json!("work"), json!("Work"), json!("home"), json!(null)]);
        (text(), kind, flag())
            .prop_map(|(value, kind, primary)| json!({ "value": value, "type": kind, "primary": primary }))
    };
    let at = |paths: &'static [&'static str]| proptest::sample::select(paths).prop_map(str::to_owned);
    const TEXTS: &[&str] = &[
        "title",
        "name.givenName",
        "name.familyName",
        "department",
        "urn:acme:2.0:User:badge",
    ];
    const PARTS: &[&str] = &[
        "emails[type eq \"work\"].value",
        "roles[primary eq \"True\"].value",
        "emails[value eq \"a\"].type",
    ];
    const FLAGS: &[&str] = &[
        "active",
        "emails[type eq \"work\"].primary",
        "roles[value eq \"a\" and type eq \"work\"].primary",
    ];
    prop_oneof![
        (at(TEXTS), text()),
        (at(PARTS), text()),
        (at(FLAGS), flag()),
        (
            at(&["emails", "Roles", "phoneNumbers"]),
            proptest::collection::vec(element(), 0..4).prop_map(Value::from)
        ),
        (at(&["emails[type eq \"work\"]", "roles[primary eq true]"]), element()),
        (
            at(&["name", "NAME"]),
            (text(), text()).prop_map(|(given, family)| json!({ "givenName": given, "familyName": family }))
        ),
        (
            Just(ENT.to_owned()),
            (text(), text()).prop_map(|(manager, unit)| json!({ "manager": manager, "division": unit }))
        ),
        (
            at(&["urn:acme:2.0:User", "URN:acme:2.0:user"]),
            text().prop_map(|badge| json!({ "badge": badge, "list": [badge] }))
        ),
    ]
}

fn json_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        proptest::sample::select(vec!["", "True", "false", "work", "a", "b"]).prop_map(Value::from),
        ".{0,6}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::vec((name(), inner), 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

fn object() -> impl Strategy<Value = Value> {
    prop_oneof![object_of((name(), json_value())), object_of(fitting())]
}

fn object_of(members: impl Strategy<Value = (String, Value)>) -> impl Strategy<Value = Value> {
    proptest::collection::vec(members, 0..6).prop_map(|members| Value::Object(members.into_iter().collect()))
}

fn operation(verbs: &'static [&'static str]) -> impl Strategy<Value = Value> {
    let wild = (proptest::option::of(name()), proptest::option::of(json_value()));
    let fit = fitting().prop_map(|(path, value)| (Some(path), Some(value)));
    let pathless = object_of(fitting()).prop_map(|value| (None, Some(value)));
    let target = prop_oneof![1 => wild, 3 => fit, 1 => pathless];
    (proptest::sample::select(verbs), target).prop_map(|(op, (path, value))| {
        let mut operation = Map::from_iter([("op".to_owned(), json!(op))]);
        operation.extend(path.map(|path| ("path".to_owned(), json!(path))));
        operation.extend(value.map(|value| ("value".to_owned(), value)));
        Value::Object(operation)
    })
}

fn operations(verbs: &'static [&'static str]) -> impl Strategy<Value = Value> {
    proptest::collection::vec(operation(verbs), 1..4).prop_map(Value::from)
}

fn stored() -> impl Strategy<Value = Map<String, Value>> {
    object().prop_map(|mut body| {
        body["userName"] = json!("ada@example.test");
        parse(ResourceType::user(), &body, Mode::Create).unwrap_or_else(|_| {
            Map::from_iter([("userName".to_owned(), json!("a")), ("active".to_owned(), json!(true))])
        })
    })
}

/// Whether a resource is of the form that everything else relies on.
fn is_sound(map: &Map<String, Value>) -> bool {
    let elements = |value: &Value| {
        value.as_array().is_none_or(|items| {
            items
                .iter()
                .filter(|item| item.get("primary") == Some(&Value::Bool(true)))
                .count()
                <= 1
        })
    };
    let extension = |name: &str, value: &Value| !name.starts_with("urn:") || value.is_object();
    map.get("userName")
        .is_some_and(|name| name.as_str().is_some_and(|name| !name.trim().is_empty()))
        && map.get("active").is_none_or(Value::is_boolean)
        && map
            .values()
            .all(|value| *value != json!("") && *value != json!([]) && *value != json!({}) && !value.is_null())
        && ["id", "meta", "schemas", "groups", "password"]
            .iter()
            .all(|name| !map.contains_key(*name))
        && map
            .iter()
            .filter(|(name, _)| !name.starts_with("urn:"))
            .all(|(_, value)| elements(value))
        && map.iter().all(|(name, value)| extension(name, value))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn no_body_panics_and_what_is_accepted_is_sound(body in prop_oneof![object(), json_value()]) {
        if let Ok(user) = parse(ResourceType::user(), &body, Mode::Create) {
            prop_assert!(is_sound(&user) && user.contains_key("active"), "{user:?}");
            prop_assert_eq!(parse(ResourceType::user(), &Value::Object(user.clone()), Mode::Create), Ok(user.clone()));
            let _ = search_document(ResourceType::user(), &user);
        }
        if let Ok(mut group) = parse(ResourceType::group(), &body, Mode::Replace) {
            let _ = take_members(&mut group);
        }
    }

    #[test]
    fn no_patch_panics_and_what_it_leaves_is_sound(user in stored(), operations in operations(&["add", "Replace", "remove", "x"])) {
        let mut after = user.clone();
        if let Ok(patch) = Patch::parse(ResourceType::user(), &patch_body(&operations))
            && patch.apply(ResourceType::user(), &mut after).is_ok()
        {
            prop_assert!(is_sound(&after), "{after:?}");
            prop_assert_eq!(changes(&user, &after).is_empty(), changes(&after, &user).is_empty());
        }
        let _ = Patch::parse(ResourceType::group(), &patch_body(&operations));
        let _ = Patch::parse(ResourceType::user(), &operations);
    }

    #[test]
    fn replacing_twice_is_replacing_once(user in stored(), operation in operation(&["replace"])) {
        // One key's filter may select what another key has just written: such a request is no idempotent one.
        let filters = |key: &String| key.contains('[');
        let is_mixed = operation["value"].as_object().is_some_and(|value| value.keys().any(filters));
        if operation.get("path").is_none() && is_mixed {
            return Ok(());
        }
        let Ok(patch) = Patch::parse(ResourceType::user(), &patch_body(&json!([operation]))) else { return Ok(()) };
        let mut once = user;
        if patch.apply(ResourceType::user(), &mut once).is_ok() {
            let mut twice = once.clone();
            prop_assert_eq!(patch.apply(ResourceType::user(), &mut twice), Ok(()));
            prop_assert_eq!(once, twice);
        }
    }

    #[test]
    fn a_resource_does_not_differ_from_itself_and_differs_from_any_other(left in stored(), right in stored()) {
        prop_assert!(changes(&left, &left).is_empty());
        let sorted = |map: &Map<String, Value>| {
            let mut texts: Vec<String> = map.iter().map(|(key, value)| match value {
                Value::Array(items) => {
                    let mut items: Vec<String> = items.iter().map(Value::to_string).collect();
                    items.sort();
                    format!("{key}{items:?}")
                }
                other => format!("{key}{other}"),
            }).collect();
            texts.sort();
            texts
        };
        if changes(&left, &right).is_empty() && left != right {
            // Only the order of elements may differ unnoticed.
            prop_assert_eq!(sorted(&left), sorted(&right));
        }
    }

    #[test]
    fn putting_what_is_stored_changes_nothing(user in stored()) {
        let body = Value::Object(user.clone());
        let incoming = parse(ResourceType::user(), &body, Mode::Replace);
        prop_assert_eq!(incoming.and_then(|incoming| replace(ResourceType::user(), &user, incoming)), Ok(user));
    }

    #[test]
    fn no_list_of_names_or_tags_panics(user in stored(), names in proptest::collection::vec(name(), 0..4), header in any::<String>()) {
        for (attributes, excluded) in [(names.clone(), Vec::new()), (Vec::new(), names)] {
            if let Ok(projection) = Projection::new(&attributes, &excluded, ResourceType::user()) {
                let _ = projection.apply(ResourceType::user(), user.clone());
            }
        }
        let _ = parse_etags(&header);
    }
}
