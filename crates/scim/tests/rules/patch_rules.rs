use scim::ScimType;
use scim::patch::Patch;
use scim::schema::{Attribute, AttributeType, Mutability, ResourceType, Schema};
use serde_json::{Map, Value, json};

use crate::{ENT, patch_body, patched, refused, try_patch, user};

// Rules: P1
#[test]
fn a_failing_operation_is_an_error_of_the_whole() {
    let operations =
        json!([{ "op": "replace", "path": "title", "value": "X" }, { "op": "remove", "path": "userName" }]);
    assert_eq!(refused(json!({}), &operations), ScimType::Mutability);
}

// Rules: P1
#[test]
fn operations_see_what_those_before_them_did() {
    let operations = json!([
        { "op": "add", "path": "emails", "value": [{ "type": "work", "value": "old" }] },
        { "op": "replace", "path": "emails[value eq \"old\"].value", "value": "new" },
    ]);
    assert_eq!(
        patched(json!({}), &operations)["emails"],
        json!([{ "type": "work", "value": "new" }])
    );
}

// Rules: P2
#[test]
fn shapes_that_are_no_patch_are_refused() {
    let refusal = |body: Value| {
        let error = Patch::parse(ResourceType::user(), &body).expect_err("the body is refused");
        error.scim_type.expect("it has a type")
    };
    for body in [
        json!([]),
        json!({}),
        json!({ "Operations": [] }),
        json!({ "Operations": [1] }),
        json!({ "Operations": {} }),
    ] {
        assert_eq!(refusal(body), ScimType::InvalidSyntax);
    }
    for operation in [
        json!({ "path": "title", "value": "x" }),
        json!({ "op": "move", "path": "title" }),
        json!({ "op": 1 }),
    ] {
        assert_eq!(refusal(patch_body(&json!([operation]))), ScimType::InvalidSyntax);
    }
    assert_eq!(
        refusal(patch_body(&json!([{ "op": "add", "path": "title" }]))),
        ScimType::InvalidValue
    );
    assert_eq!(
        refusal(patch_body(&json!([{ "op": "add", "value": "x" }]))),
        ScimType::InvalidValue
    );
    assert_eq!(refusal(patch_body(&json!([{ "op": "remove" }]))), ScimType::NoTarget);
    assert_eq!(
        refusal(patch_body(&json!([{ "op": "remove", "value": { "title": "" } }]))),
        ScimType::NoTarget
    );
    assert_eq!(
        refusal(patch_body(&json!([{ "op": "add", "path": 1, "value": 1 }]))),
        ScimType::InvalidPath
    );
}

// Rules: P2, R6
#[test]
fn names_and_operations_in_any_case_and_without_schemas() {
    let body = json!({ "operations": [{ "OP": "RePlace", "Path": "TITLE", "Value": "X" }] });
    let patch = Patch::parse(ResourceType::user(), &body).unwrap();
    let mut map = user(json!({}));
    patch.apply(ResourceType::user(), &mut map).unwrap();
    assert_eq!(map["title"], "X");
}

// Rules: P3
#[test]
fn extensions_come_and_go_with_their_attributes() {
    let after = patched(
        json!({}),
        &json!([{ "op": "add", "path": format!("{ENT}:department"), "value": "X" }]),
    );
    assert_eq!(after[ENT], json!({ "department": "X" }));
    let after = patched(
        json!({ (ENT): { "department": "X" } }),
        &json!([{ "op": "remove", "path": format!("{ENT}:department") }]),
    );
    assert_eq!(after.get(ENT), None);
    let after = patched(
        json!({ (ENT): { "department": "X" } }),
        &json!([{ "op": "remove", "path": ENT }]),
    );
    assert_eq!(after.get(ENT), None);
}

// Rules: P3
#[test]
fn schemas_as_a_target_follows_from_the_data() {
    let before = json!({ "title": "X" });
    assert_eq!(
        patched(
            before.clone(),
            &json!([{ "op": "add", "path": "schemas", "value": [ENT] }])
        ),
        Value::Object(user(before))
    );
}

// Rules: P4
#[test]
fn read_only_paths_are_refused() {
    for path in [
        "id",
        "meta",
        "meta.version",
        "groups",
        "groups[value eq \"g\"]",
        &format!("{ENT}:manager.displayName"),
    ] {
        assert_eq!(
            refused(json!({}), &json!([{ "op": "replace", "path": path, "value": "x" }])),
            ScimType::Mutability,
            "{path}"
        );
    }
}

// Rules: P4
#[test]
fn read_only_keys_in_a_value_object_are_ignored() {
    let value = json!({ "id": "x", "schemas": [], "meta": {}, "groups": [], "title": "T" });
    let after = patched(json!({}), &json!([{ "op": "replace", "value": value }]));
    assert_eq!(after, Value::Object(user(json!({ "title": "T" }))));
}

// Rules: P5
#[test]
fn paths_that_name_nothing_are_refused_by_name() {
    for path in [
        "shoeSize",
        "name.shoe",
        "title.x",
        &format!("{ENT}:shoe"),
        "emails.value.x",
        "title[value eq \"x\"]",
        "emails[",
        "a b",
        "urn:",
        "[",
        "..",
    ] {
        let error = try_patch(
            &user(json!({})),
            &json!([{ "op": "replace", "path": path, "value": "x" }]),
        )
        .expect_err(path);
        assert!(
            matches!(error.scim_type, Some(ScimType::InvalidPath | ScimType::InvalidFilter)),
            "{path}: {error}"
        );
    }
    assert_eq!(
        refused(json!({}), &json!([{ "op": "add", "path": "members", "value": [] }])),
        ScimType::InvalidPath
    );
}

// Rules: P6
#[test]
fn an_operation_without_path_is_one_per_key() {
    let before = json!({ "emails": [{ "type": "home", "value": "h" }], "name": { "givenName": "A" } });
    let value = json!({ "title": "T", "emails": [{ "type": "work", "value": "w" }], "name": { "familyName": "L" } });
    let added = patched(before.clone(), &json!([{ "op": "add", "value": value }]));
    assert_eq!(
        added["emails"],
        json!([{ "type": "home", "value": "h" }, { "type": "work", "value": "w" }])
    );
    assert_eq!(added["name"], json!({ "givenName": "A", "familyName": "L" }));
    let replaced = patched(before, &json!([{ "op": "replace", "value": value }]));
    assert_eq!(replaced["emails"], json!([{ "type": "work", "value": "w" }]));
    assert_eq!(replaced["title"], "T");
}

// Rules: P7, R12
#[test]
fn add_of_the_present_value_changes_nothing() {
    let before = json!({ "title": "T" });
    assert_eq!(
        patched(before.clone(), &json!([{ "op": "add", "path": "title", "value": "T" }])),
        Value::Object(user(before))
    );
}

// Rules: P8
#[test]
fn complex_attributes_are_merged() {
    let before = json!({ "name": { "givenName": "A", "familyName": "L", "middleName": "M" } });
    for op in ["add", "replace"] {
        let value = json!({ "FamilyName": "K", "middleName": null });
        let after = patched(before.clone(), &json!([{ "op": op, "path": "name", "value": value }]));
        assert_eq!(after["name"], json!({ "givenName": "A", "familyName": "K" }));
    }
}

// Rules: P15
#[test]
fn remove_unassigns() {
    let before = json!({ "title": "T", "name": { "givenName": "A" }, "emails": [{ "value": "x" }] });
    let operations = json!([{ "op": "remove", "path": "title" }, { "op": "remove", "path": "name.givenName" }, { "op": "remove", "path": "emails" }]);
    assert_eq!(patched(before, &operations), Value::Object(user(json!({}))));
}

// Rules: P15
#[test]
fn required_and_read_only_attributes_cannot_be_removed() {
    assert_eq!(
        refused(json!({}), &json!([{ "op": "remove", "path": "userName" }])),
        ScimType::Mutability
    );
    assert_eq!(
        refused(json!({}), &json!([{ "op": "remove", "path": scim::urn::CORE_USER }])),
        ScimType::Mutability
    );
    for value in [json!(""), json!(null), json!("  ")] {
        assert_eq!(
            refused(
                json!({}),
                &json!([{ "op": "replace", "path": "userName", "value": value }])
            ),
            ScimType::InvalidValue
        );
    }
    let patch = Patch::parse(
        ResourceType::group(),
        &patch_body(&json!([{ "op": "remove", "path": "displayName" }])),
    );
    assert_eq!(patch.expect_err("it is required").scim_type, Some(ScimType::Mutability));
}

// Rules: P15, P19
#[test]
fn active_always_has_a_value_and_its_removal_makes_it_false() {
    for value in [json!(null), json!("")] {
        for operation in [
            json!({ "op": "replace", "path": "active", "value": value }),
            json!({ "op": "replace", "value": { "active": value } }),
        ] {
            assert_eq!(
                patched(json!({ "active": false }), &json!([operation]))["active"],
                false
            );
        }
    }
    for path in ["active", "ACTIVE", "urn:ietf:params:scim:schemas:core:2.0:User:active"] {
        for before in [true, false] {
            let removal = json!([{ "op": "remove", "path": path }]);
            assert_eq!(
                patched(json!({ "active": before }), &removal)["active"],
                false,
                "{path}"
            );
        }
    }
}

// Rules: P3
#[test]
fn schemas_inside_an_extension_follow_from_the_data() {
    const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
    for op in ["add", "replace"] {
        let value = json!({ "schemas": [ENTERPRISE], "department": "Planning" });
        let user = patched(json!({}), &json!([{ "op": op, "path": ENTERPRISE, "value": value }]));
        assert_eq!(user[ENTERPRISE], json!({ "department": "Planning" }));
    }
}

#[test]
fn values_of_the_wrong_type_are_refused() {
    for (path, value) in [
        ("active", json!("yes")),
        ("title", json!(1)),
        ("title", json!(["x"])),
        ("name", json!("Ada")),
        ("emails", json!([1])),
        ("emails[type eq \"work\"].primary", json!("+34 555")),
    ] {
        let operations = json!([{ "op": "replace", "path": path, "value": value }]);
        assert_eq!(refused(json!({}), &operations), ScimType::InvalidValue, "{path}");
    }
    assert_eq!(
        refused(
            json!({}),
            &json!([{ "op": "replace", "path": "title", "value": "a\u{0}" }])
        ),
        ScimType::InvalidValue
    );
    let long = "x".repeat(scim::resource::MAX_INDEXED_BYTES + 1);
    assert_eq!(
        refused(
            json!({}),
            &json!([{ "op": "replace", "path": "userName", "value": long }])
        ),
        ScimType::InvalidValue
    );
}

// Rules: R61
#[test]
fn passwords_are_accepted_and_dropped() {
    let operations =
        json!([{ "op": "replace", "path": "password", "value": "s" }, { "op": "add", "value": { "password": "s" } }]);
    assert_eq!(patched(json!({}), &operations), Value::Object(user(json!({}))));
}

// Rules: R17, B13
#[test]
fn paths_with_urns_in_any_case() {
    let core = scim::urn::CORE_USER.to_uppercase();
    let after = patched(
        json!({}),
        &json!([
            { "op": "add", "path": format!("{core}:NAME.givenname"), "value": "Ada" },
            { "op": "add", "path": format!("{}:DEPARTMENT", ENT.to_lowercase()), "value": "X" },
            { "op": "add", "path": format!("{ENT}.division"), "value": "Y" },
        ]),
    );
    assert_eq!(after["name"], json!({ "givenName": "Ada" }));
    assert_eq!(after[ENT], json!({ "department": "X", "division": "Y" }));
}

#[test]
fn immutable_attributes_are_set_once() {
    let badge = Attribute::string("badge", "Badge.").mutability(Mutability::Immutable);
    let desks = Attribute::new("desks", AttributeType::Integer, "Desks.").multi();
    let schema = Schema {
        id: "urn:acme:hr".into(),
        name: "A".into(),
        description: "A".into(),
        attributes: vec![badge, desks],
    };
    let rt = ResourceType::user_with(vec![schema]);
    let apply = |map: &mut Map<String, Value>, operations: Value| {
        Patch::parse(&rt, &patch_body(&operations)).and_then(|patch| patch.apply(&rt, map))
    };
    let mut map = user(json!({}));
    apply(
        &mut map,
        json!([{ "op": "add", "path": "urn:acme:hr:badge", "value": "1" }]),
    )
    .unwrap();
    apply(
        &mut map,
        json!([{ "op": "add", "path": "urn:acme:hr:badge", "value": "1" }]),
    )
    .unwrap();
    for operation in [
        json!({ "op": "replace", "path": "urn:acme:hr:badge", "value": "2" }),
        json!({ "op": "remove", "path": "urn:acme:hr:badge" }),
    ] {
        let error = apply(&mut map.clone(), json!([operation])).expect_err("it is set");
        assert_eq!(error.scim_type, Some(ScimType::Mutability));
    }
    apply(
        &mut map,
        json!([
            { "op": "add", "path": "urn:acme:hr:desks", "value": ["1", 2, 2] },
            { "op": "remove", "path": "urn:acme:hr:desks", "value": [1] },
        ]),
    )
    .unwrap();
    assert_eq!(map["urn:acme:hr"], json!({ "badge": "1", "desks": [2] }));
}

// Rules: P18
#[test]
fn elements_that_become_one_stay_primary() {
    let emails = json!([
        { "value": "a", "type": "work" },
        { "value": "b", "type": "work", "primary": true },
        { "value": "c", "type": "work" },
    ]);
    let value = json!({ "value": "a", "type": "work", "primary": true });
    let operations = json!([{ "op": "replace", "path": "emails[type eq \"work\"]", "value": value }]);
    let after = patched(json!({ "emails": emails }), &operations);
    assert_eq!(after["emails"], json!([value]));
}
