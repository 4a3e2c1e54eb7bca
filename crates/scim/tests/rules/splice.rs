//! The short way to an answer gives what the long way gives, to the byte, or says that it cannot.

use crate::{ENT, created, user};
use proptest::prelude::*;
use scim::projection::Projection;
use scim::resource::{Meta, render, splice};
use scim::schema::ResourceType;
use serde_json::{Map, Value, json};

const META: Meta<'static> = Meta {
    id: "0199a7e0-0000-7000-8000-000000000001",
    version: 7,
    created: "2026-11-20T12:00:00.000Z",
    last_modified: "2026-11-21T12:00:00.000Z",
    location: "https://dir.example/a\"b\\c/Users/0199a7e0",
};

fn long(rt: &ResourceType, stored: &str, groups: Option<&Value>) -> String {
    let attributes: Map<String, Value> = serde_json::from_str(stored).expect("an object");
    let whole = render(rt, &attributes, META, groups.cloned(), None);
    serde_json::to_string(&Projection::all().apply(rt, whole)).expect("JSON")
}

fn short(rt: &ResourceType, stored: &str, groups: Option<&Value>) -> Option<String> {
    let groups = groups.map(Value::to_string);
    splice(rt, stored, META, groups.as_deref())
}

#[test]
fn the_user_that_entra_creates_takes_the_short_way() {
    let rt = ResourceType::user();
    let stored = user(json!({
        "externalId": "x", "displayName": "Ada \"Countess\" L", "name": { "givenName": "A", "familyName": "L" },
        "emails": [{ "type": "work", "value": "w@example.test", "primary": true }],
        (ENT): { "department": "D", "manager": { "value": "1" } },
        "urn:ietf:params:scim:schemas:extension:own:2.0:User": { "size": 1.5 },
    }));
    let stored = serde_json::to_string(&stored).expect("JSON");
    for groups in [
        None,
        Some(json!([])),
        Some(json!([{ "value": "g", "$ref": "r", "display": "G\u{e9}", "type": "direct" }])),
    ] {
        let expected = long(rt, &stored, groups.as_ref());
        assert_eq!(short(rt, &stored, groups.as_ref()), Some(expected));
    }
    let bare = serde_json::to_string(&created(&json!({ "userName": "a" }))).expect("JSON");
    assert_eq!(short(rt, &bare, None), Some(long(rt, &bare, None)));
}

#[test]
fn the_group_without_members_takes_the_short_way() {
    let rt = ResourceType::group();
    for stored in ["{}", "{\"displayName\":\"G\",\"externalId\":\"1\"}"] {
        assert_eq!(short(rt, stored, None), Some(long(rt, stored, None)));
    }
}

#[test]
fn what_is_not_shown_as_it_is_stored_goes_the_long_way() {
    for stored in [
        json!({ "userName": "a", "password": "secret" }),
        json!({ "userName": "a", "PassWord": "secret" }),
        json!({ "userName": "a", (ENT): {} }),
        json!({ "userName": "a", "urn:x": "no object" }),
        json!({ "userName": "a", "meta": { "version": "W/\"9\"" } }),
        json!({ "userName": "a", "id": "other" }),
        json!({ "userName": "a", "schemas": [] }),
        json!({ "userName": "a", "groups": [] }),
    ] {
        assert_eq!(short(ResourceType::user(), &stored.to_string(), None), None, "{stored}");
    }
    for text in ["", "[]", "{", "{\"a\":1,\"a\":2}", " {}", "{} ", "null"] {
        assert_eq!(short(ResourceType::user(), text, None), None, "{text}");
    }
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>()
            .prop_filter("JSON has no others", |number| number.is_finite())
            .prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        "[a-z@.]{0,8}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        let name = prop_oneof![
            Just("value".to_owned()),
            Just("type".to_owned()),
            Just("manager".to_owned()),
            Just("department".to_owned()),
            any::<String>()
        ];
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::vec((name, inner), 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

fn stored() -> impl Strategy<Value = Map<String, Value>> {
    let of_user = ResourceType::user()
        .core
        .attributes
        .iter()
        .map(|attribute| attribute.name.clone());
    let of_group = ResourceType::group()
        .core
        .attributes
        .iter()
        .map(|attribute| attribute.name.clone());
    let others = [
        "externalId",
        "id",
        "meta",
        "schemas",
        ENT,
        "urn:own:User",
        "URN:own:x",
        "undeclared",
        "USERNAME",
    ];
    let names: Vec<String> = of_user.chain(of_group).chain(others.map(str::to_owned)).collect();
    let name = prop_oneof![9 => proptest::sample::select(names), 1 => any::<String>()];
    proptest::collection::vec((name, value()), 0..8).prop_map(|members| members.into_iter().collect())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    // Rules: R7, R14
    #[test]
    fn the_short_way_gives_what_the_long_way_gives(
        attributes in stored(),
        groups in proptest::option::of(Just(json!([{ "value": "g", "display": "x" }]))),
        is_user in any::<bool>(),
    ) {
        let rt = if is_user { ResourceType::user() } else { ResourceType::group() };
        let groups = groups.filter(|_| is_user);
        let text = serde_json::to_string(&attributes).expect("JSON");
        if let Some(short) = short(rt, &text, groups.as_ref()) {
            prop_assert_eq!(short, long(rt, &text, groups.as_ref()));
        }
    }
}
