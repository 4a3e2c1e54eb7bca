//! Extensions that a directory declares itself.

use scim::patch::Patch;
use scim::resource::{Mode, parse, search_document};
use scim::schema::{Attribute, AttributeType, ResourceType, Schema};
use serde_json::{Map, Value, json};

use crate::patch_body;

const BADGE: &str = "urn:acme:params:scim:schemas:badge:2.0:User";

fn users() -> ResourceType {
    let doors = vec![
        Attribute::string("value", ""),
        Attribute::new("until", AttributeType::DateTime, ""),
    ];
    ResourceType::user_with(vec![Schema {
        id: BADGE.to_owned(),
        name: "Badge".to_owned(),
        description: String::new(),
        attributes: vec![
            Attribute::string("number", "").exact().required(),
            Attribute::new("floor", AttributeType::Integer, ""),
            Attribute::string("tags", "").multi(),
            Attribute::complex("doors", "", doors).multi(),
        ],
    }])
}

fn object(value: Value) -> Map<String, Value> {
    let Value::Object(members) = value else {
        panic!("an object")
    };
    members
}

// Rules: R57
#[test]
fn a_required_attribute_of_an_extension_is_required_only_where_the_extension_has_data() {
    let users = users();
    let create = |extension: Value| parse(&users, &json!({ "userName": "a", BADGE: extension }), Mode::Create);
    assert!(create(json!({})).is_ok() && create(json!({ "number": "1" })).is_ok());
    let error = create(json!({ "floor": 1 })).expect_err("the number is missing");
    assert!(error.detail.contains(&format!("{BADGE}:number")), "{}", error.detail);
}

// Rules: R57
#[test]
fn a_patch_may_not_take_a_required_attribute_away_but_need_not_add_what_was_missing_before() {
    let users = users();
    let patch = |before: Value, operation: Value| {
        let mut user = object(before);
        let patch = Patch::parse(&users, &patch_body(&json!([operation])))?;
        patch.apply(&users, &mut user).map(|()| user)
    };
    let complete = json!({ "userName": "a", BADGE: { "number": "1", "floor": 2 } });
    let removal = json!({ "op": "remove", "path": format!("{BADGE}:number") });
    assert!(patch(complete.clone(), removal).is_err());
    let all = json!({ "op": "remove", "path": BADGE });
    assert!(
        !patch(complete, all)
            .expect("the whole extension may go")
            .contains_key(BADGE)
    );
    let older = json!({ "userName": "a", "active": true, BADGE: { "floor": 2 } });
    let leave = json!({ "op": "replace", "path": "active", "value": "False" });
    assert!(patch(older, leave.clone()).is_ok());
    assert!(patch(json!({ "userName": "a", "active": true }), leave).is_ok());
}

#[test]
fn what_is_older_than_its_schema_is_searched_under_canonical_names_and_types() {
    let stored = object(json!({
        "userName": "ADA",
        BADGE.to_ascii_uppercase(): {
            "NUMBER": "aB", "Floor": "12", "tags": "One",
            "doors": [{ "VALUE": "North", "until": "tomorrow" }], "other": "Kept"
        },
        "urn:acme:undeclared": { "Name": "Kept" },
    }));
    let expected = json!({
        "userName": "ada",
        BADGE: { "number": "aB", "floor": 12, "tags": ["one"], "doors": [{ "value": "north" }], "other": "kept" },
        "urn:acme:undeclared": { "Name": "kept" },
    });
    assert_eq!(Value::Object(search_document(&users(), &stored)), expected);
}
