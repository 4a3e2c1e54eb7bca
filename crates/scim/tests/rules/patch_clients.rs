use scim::patch::Patch;
use scim::schema::ResourceType;
use serde_json::{Value, json};

use crate::{ENT, patched, user};

// Rules: E21
#[test]
fn the_string_false_deactivates() {
    let after = patched(
        json!({}),
        &json!([{ "op": "Replace", "path": "active", "value": "False" }]),
    );
    assert_eq!(after["active"], Value::Bool(false));
}

// Rules: E22
#[test]
fn the_boolean_false_deactivates() {
    let after = patched(
        json!({}),
        &json!([{ "op": "replace", "path": "active", "value": false }]),
    );
    assert_eq!(after["active"], Value::Bool(false));
}

// Rules: B8
#[test]
fn every_form_of_true_reactivates() {
    for value in [json!(true), json!("True"), json!("true")] {
        for operation in [
            json!({ "op": "Replace", "path": "active", "value": value }),
            json!({ "op": "replace", "value": { "active": value } }),
        ] {
            assert_eq!(
                patched(json!({ "active": false }), &json!([operation]))["active"],
                Value::Bool(true)
            );
        }
    }
}

// Rules: E23
#[test]
fn an_update_of_several_attributes() {
    let after = patched(
        json!({ "displayName": "Marta Lopez" }),
        &json!([
            { "op": "Replace", "path": "displayName", "value": "Marta L. Ruiz" },
            { "op": "Replace", "path": "name.familyName", "value": "Ruiz" },
            { "op": "Replace", "path": "emails[type eq \"work\"].value", "value": "m.ruiz@contoso.test" },
            { "op": "Add", "path": "phoneNumbers[type eq \"mobile\"].value", "value": "+34 555 0199" },
            { "op": "Add", "path": "addresses[type eq \"work\"].formatted", "value": "B3/020" },
            { "op": "Add", "path": format!("{ENT}:department"), "value": "Retail" },
            { "op": "Replace", "path": "urn:ietf:params:scim:schemas:extension:AcmeHR:2.0:User:badge", "value": "B-77" },
        ]),
    );
    let expected = user(json!({
        "displayName": "Marta L. Ruiz", "name": { "familyName": "Ruiz" },
        "emails": [{ "type": "work", "value": "m.ruiz@contoso.test" }],
        "phoneNumbers": [{ "type": "mobile", "value": "+34 555 0199" }],
        "addresses": [{ "type": "work", "formatted": "B3/020" }], (ENT): { "department": "Retail" },
        "urn:ietf:params:scim:schemas:extension:AcmeHR:2.0:User": { "badge": "B-77" },
    }));
    assert_eq!(after, Value::Object(expected));
}

// Rules: E24
#[test]
fn a_rename() {
    let after = patched(
        json!({}),
        &json!([{ "op": "Replace", "path": "userName", "value": "m.ruiz@contoso.test" }]),
    );
    assert_eq!(after["userName"], "m.ruiz@contoso.test");
}

// Rules: E25
#[test]
fn string_typed_parts_in_filtered_paths() {
    let after = patched(
        json!({ "emails": [{ "type": "work", "value": "x" }] }),
        &json!([
            { "op": "Add", "path": "emails[type eq \"work\"].primary", "value": "true" },
            { "op": "Add", "path": "emails[type eq \"work\"].type", "value": "work" },
        ]),
    );
    assert_eq!(
        after["emails"],
        json!([{ "type": "work", "value": "x", "primary": true }])
    );
}

// Rules: E26, V25
#[test]
fn the_manager_in_every_form() {
    let path = format!("{ENT}:manager");
    for operation in [
        json!({ "op": "Add", "path": path, "value": "77aa" }),
        json!({ "op": "Add", "path": "manager", "value": [{ "$ref": "http://x/Users/77aa", "value": "77aa" }] }),
        json!({ "op": "replace", "path": path, "value": { "value": "77aa", "displayName": "Boss" } }),
        json!({ "op": "replace", "path": format!("{path}.value"), "value": "77aa" }),
        json!({ "op": "replace", "value": { (ENT): { "manager": { "value": "77aa" } } } }),
        json!({ "op": "replace", "value": { (path.clone()): "77aa" } }),
    ] {
        let after = patched(json!({}), &json!([operation]));
        assert_eq!(after[ENT]["manager"]["value"], "77aa", "{operation}");
    }
    let before = json!({ (ENT): { "manager": { "value": "1", "$ref": "http://x/Users/1" } } });
    let after = patched(
        before.clone(),
        &json!([{ "op": "replace", "path": path, "value": "2" }]),
    );
    assert_eq!(after[ENT]["manager"], json!({ "value": "2" }));
    for operation in [
        json!({ "op": "replace", "path": path, "value": "" }),
        json!({ "op": "replace", "path": path, "value": null }),
        json!({ "op": "replace", "path": path, "value": { "value": "" } }),
        json!({ "op": "Remove", "path": path }),
        json!({ "op": "Remove", "path": path, "value": "1" }),
        json!({ "op": "replace", "value": { (ENT): { "manager": null } } }),
    ] {
        assert_eq!(
            patched(before.clone(), &json!([operation])).get(ENT),
            None,
            "{operation}"
        );
    }
}

// Rules: E28, B12
#[test]
fn dotted_and_qualified_keys_without_path() {
    for op in ["replace", "add"] {
        let after = patched(
            json!({ "name": { "middleName": "M" } }),
            &json!([
                { "op": "replace", "path": "emails[type eq \"work\"].value", "value": "m.ruiz@contoso.test" },
                { "op": op, "value": { "displayName": "Marta L. Ruiz", "name.givenName": "Marta", "name.familyName": "Ruiz",
                    (format!("{ENT}:employeeNumber")): "10043", "emails[type eq \"home\"].value": "h" } },
            ]),
        );
        let expected = user(json!({
            "displayName": "Marta L. Ruiz", "name": { "middleName": "M", "givenName": "Marta", "familyName": "Ruiz" },
            "emails": [{ "type": "work", "value": "m.ruiz@contoso.test" }, { "type": "home", "value": "h" }],
            (ENT): { "employeeNumber": "10043" },
        }));
        assert_eq!(after, Value::Object(expected));
    }
}

// Rules: E32
#[test]
fn a_group_is_renamed_also_with_its_id_in_the_value() {
    let rt = ResourceType::group();
    for operation in [
        json!({ "op": "Replace", "path": "displayName", "value": "Sales Europe" }),
        json!({ "op": "replace", "value": { "id": "5f20", "displayName": "Sales Europe" } }),
    ] {
        let patch = Patch::parse(rt, &json!({ "Operations": [operation] })).unwrap();
        let mut group = serde_json::Map::from_iter([("displayName".to_owned(), json!("Sales EMEA"))]);
        patch.apply(rt, &mut group).unwrap();
        assert_eq!(Value::Object(group), json!({ "displayName": "Sales Europe" }));
        assert!(patch.member_ops().is_empty());
    }
}

// Rules: E33, B16
#[test]
fn the_primary_role_is_found_by_the_string_true() {
    let before = json!({ "roles": [{ "primary": true, "type": "T", "value": "Editor" }] });
    let operations = json!([{ "op": "Replace", "path": "roles[primary eq \"True\"].value", "value": "Admin" }]);
    assert_eq!(
        patched(before, &operations)["roles"],
        json!([{ "primary": true, "type": "T", "value": "Admin" }])
    );
    let operations = json!([
        { "op": "Add", "path": "roles[primary eq \"True\"].display", "value": "Admin" },
        { "op": "Add", "path": "roles[primary eq \"True\"].value", "value": "Admin" },
        { "op": "Add", "path": "roles[primary eq \"True\"].type", "value": "T" },
    ]);
    assert_eq!(
        patched(json!({}), &operations)["roles"],
        json!([{ "primary": true, "display": "Admin", "value": "Admin", "type": "T" }])
    );
}

// Rules: E33
#[test]
fn a_json_document_as_role_value_is_kept_verbatim() {
    let document = "{\"id\":\"5b0d\",\"value\":\"Admin\",\"displayName\":\"Admin\"}";
    let operations = json!([{ "op": "Add", "path": "roles", "value": [{ "value": document }] }]);
    assert_eq!(patched(json!({}), &operations)["roles"], json!([{ "value": document }]));
    let roles = json!([{ "primary": false, "type": "T", "display": "User", "value": "User" }]);
    let operations = json!([{ "op": "replace", "path": "roles", "value": roles }]);
    assert_eq!(
        patched(json!({ "roles": [{ "value": document }] }), &operations)["roles"],
        roles
    );
}

// Rules: E34, V16
#[test]
fn clearing_by_empty_text_and_by_null_with_and_without_path() {
    let before = json!({ "title": "T", "emails": [{ "type": "work", "value": "x" }], (ENT): { "department": "D" } });
    for value in [json!(""), json!(null)] {
        let by_path = json!([
            { "op": "replace", "path": "title", "value": value },
            { "op": "replace", "path": "emails[type eq \"work\"].value", "value": value },
            { "op": "replace", "path": format!("{ENT}:department"), "value": value },
        ]);
        assert_eq!(patched(before.clone(), &by_path), Value::Object(user(json!({}))));
        let by_key = json!([{ "op": "replace", "value": { "title": value, "emails": value, (format!("{ENT}:department")): value } }]);
        assert_eq!(patched(before.clone(), &by_key), Value::Object(user(json!({}))));
    }
}

// Rules: E23
#[test]
fn undeclared_extensions_are_kept_in_every_form() {
    let acme = "urn:ietf:params:scim:schemas:extension:AcmeHR:2.0:User";
    let before = json!({ (acme): { "badge": "1", "list": ["a"] } });
    let after = patched(
        before.clone(),
        &json!([
            { "op": "replace", "path": format!("{}:BADGE", acme.to_uppercase()), "value": "2" },
            { "op": "add", "path": format!("{acme}:list"), "value": ["a", "b"] },
            { "op": "add", "value": { (acme): { "desk": 4 } } },
            { "op": "add", "path": format!("{acme}:seat.row"), "value": 3 },
        ]),
    );
    assert_eq!(
        after[acme],
        json!({ "badge": "2", "list": ["a", "b"], "desk": 4, "seat": { "row": 3 } })
    );
    let after = patched(
        before.clone(),
        &json!([
            { "op": "replace", "path": format!("{acme}:badge"), "value": "" },
            { "op": "remove", "path": format!("{acme}:list"), "value": ["a"] },
        ]),
    );
    assert_eq!(after.get(acme), None);
    assert_eq!(
        patched(before, &json!([{ "op": "remove", "path": acme }])).get(acme),
        None
    );
}

// Rules: B14
#[test]
fn an_extension_the_user_was_created_without_is_made() {
    let after = patched(
        json!({}),
        &json!([{ "op": "replace", "path": ENT, "value": { "Department": "X", "manager": "7" } }]),
    );
    assert_eq!(after[ENT], json!({ "department": "X", "manager": { "value": "7" } }));
}

#[test]
fn okta_deactivates_by_a_value_without_path() {
    let after = patched(json!({}), &json!([{ "op": "replace", "value": { "active": false } }]));
    assert_eq!(after["active"], false);
}
