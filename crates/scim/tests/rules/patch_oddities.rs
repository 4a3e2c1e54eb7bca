//! What identity providers send in a PATCH besides what the RFC has in mind: JSON inside strings, bare values, names too
//! many, labels without a value.

use scim::ScimType;
use scim::patch::Patch;
use scim::resource::{Mode, parse};
use scim::schema::ResourceType;
use serde_json::{Value, json};

use crate::{ENT, patch_body, patched, refused, try_patch, user};

fn emails() -> Value {
    json!({ "emails": [{ "type": "work", "value": "a", "primary": true, "display": "A" }, { "type": "home", "value": "h" }] })
}

// Rules: P11
#[test]
fn an_element_as_json_in_a_string_is_the_element() {
    let element = json!({ "value": "b", "type": "work", "primary": true }).to_string();
    for (op, path) in [
        ("replace", "emails[value eq \"a\"]"),
        ("replace", "emails[type eq \"work\"]"),
    ] {
        for value in [json!(element), json!([element]), json!(format!(" {element}"))] {
            let after = patched(emails(), &json!([{ "op": op, "path": path, "value": value }]));
            assert_eq!(
                after["emails"],
                json!([{ "value": "b", "type": "work", "primary": true }, { "type": "home", "value": "h" }]),
                "{path} {value}"
            );
        }
    }
    let whole = json!([{ "value": "x", "type": "other" }, { "value": "y" }]);
    for value in [
        json!(whole.to_string()),
        json!([whole[0].to_string(), whole[1].to_string()]),
    ] {
        let replaced = patched(
            emails(),
            &json!([{ "op": "replace", "path": "emails", "value": value }]),
        );
        assert_eq!(replaced["emails"], whole);
        let added = patched(json!({}), &json!([{ "op": "add", "path": "emails", "value": value }]));
        assert_eq!(added["emails"], whole);
        let removed = patched(
            json!({ "emails": whole }),
            &json!([{ "op": "remove", "path": "emails", "value": value }]),
        );
        assert_eq!(removed.get("emails"), None);
    }
}

// Rules: R50
#[test]
fn json_in_a_string_is_understood_wherever_a_complex_value_is() {
    let body = json!({
        "userName": "ada",
        "name": json!({ "givenName": "Ada" }).to_string(),
        "addresses": json!([{ "type": "work", "locality": "London" }]).to_string(),
        "phoneNumbers": [json!({ "type": "work", "value": "1" }).to_string()],
        ENT: { "manager": json!({ "value": "m" }).to_string() },
    });
    let stored = parse(ResourceType::user(), &body, Mode::Create).expect("it is understood");
    assert_eq!(stored["name"], json!({ "givenName": "Ada" }));
    assert_eq!(stored["addresses"], json!([{ "type": "work", "locality": "London" }]));
    assert_eq!(stored["phoneNumbers"], json!([{ "type": "work", "value": "1" }]));
    assert_eq!(stored[ENT], json!({ "manager": { "value": "m" } }));
    let name = json!([{ "op": "replace", "path": "name", "value": "{\"givenName\":\"Bob\"}" }]);
    let after = patched(json!({ "name": { "givenName": "Ada", "familyName": "King" } }), &name);
    assert_eq!(
        after["name"],
        json!({ "givenName": "Bob", "familyName": "King" }),
        "P8 holds for it, too"
    );
    // What is no element is no element in a string either, and a text that only looks like one is a text.
    for value in [json!("{\"shoeSize\":9}"), json!("[{\"shoeSize\":9}]"), json!("{}")] {
        let operations = json!([{ "op": "add", "path": "emails", "value": [value] }]);
        assert_eq!(refused(json!({}), &operations), ScimType::InvalidValue, "{value}");
    }
    for text in ["{\"value\":\"Admin\"}", "{curly}", "[7]", "[\"x\"]", "{\"a\":", "[]"] {
        let after = patched(
            json!({}),
            &json!([{ "op": "add", "path": "roles", "value": [{ "value": text }] }]),
        );
        assert_eq!(after["roles"], json!([{ "value": text }]));
        let after = patched(json!({}), &json!([{ "op": "add", "path": "roles", "value": [text] }]));
        assert_eq!(after["roles"], json!([{ "value": text }]));
    }
    let deep = format!("{{\"value\":{}1{}}}", "[".repeat(100), "]".repeat(100));
    let operations = json!([{ "op": "add", "path": "emails", "value": [deep] }]);
    assert_eq!(refused(json!({}), &operations), ScimType::InvalidValue);
}

// Rules: P11
#[test]
fn a_bare_value_leaves_the_other_parts_of_its_element() {
    for op in ["add", "replace"] {
        for value in [json!("b"), json!(["b"])] {
            let operations = json!([{ "op": op, "path": "emails[type eq \"work\"]", "value": value }]);
            let after = patched(emails(), &operations);
            assert_eq!(
                after["emails"][0],
                json!({ "type": "work", "value": "b", "primary": true, "display": "A" }),
                "{op} {value}"
            );
            let made = patched(json!({}), &operations);
            assert_eq!(made["emails"], json!([{ "type": "work", "value": "b" }]));
        }
    }
}

// Rules: R16
#[test]
fn elements_that_become_the_same_by_losing_a_part_are_one() {
    let twice = json!({ "emails": [
        { "type": "work", "value": "a" }, { "type": "home", "value": "A", "primary": true }, { "value": "b" },
    ] });
    for operation in [
        json!({ "op": "remove", "path": "emails.type" }),
        json!({ "op": "remove", "path": "emails[value eq \"a\"].type" }),
        json!({ "op": "replace", "path": "emails.type", "value": "" }),
        json!({ "op": "replace", "path": "emails[type pr].type", "value": null }),
    ] {
        let after = patched(twice.clone(), &json!([operation]));
        assert_eq!(
            after["emails"],
            json!([{ "value": "A", "primary": true }, { "value": "b" }]),
            "{operation}"
        );
    }
    let addresses = json!({ "addresses": [
        { "type": "work", "locality": "London", "region": "x" }, { "type": "work", "locality": "London" },
        { "type": "home", "locality": "Paris" },
    ] });
    for operations in [
        json!([{ "op": "remove", "path": "addresses.region" }]),
        json!([{ "op": "replace", "path": "addresses[type eq \"work\"].region", "value": "y" }]),
    ] {
        let after = patched(addresses.clone(), &operations);
        assert_eq!(after["addresses"].as_array().map(Vec::len), Some(2), "{operations}");
    }
}

// Rules: P6
#[test]
fn unknown_keys_of_a_value_are_left_out_and_reported_and_unknown_paths_are_refused() {
    let keys = json!({
        "active": false, "shoeSize": 9, "name.nick": "x", "emails[type eq \"work\"].color": "red", "Boss[a eq 1].x": 1,
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:rank": 3, ENT: { "grade": 1, "department": "Sales" },
        "password": "never shown", "id": "x", "groups": [],
    });
    for op in ["add", "replace"] {
        let body = patch_body(&json!([{ "op": op, "value": keys }]));
        let patch = Patch::parse(ResourceType::user(), &body).expect("the rest of it is done");
        let told = patch.left_out().join(" ");
        for name in ["shoeSize", "name.nick", "color", "Boss", ":rank", ":grade"] {
            assert!(told.contains(name), "{name}: {told}");
        }
        assert_eq!(patch.left_out().len(), 6, "{told}");
        let after = patched(json!({ "active": true }), &json!([{ "op": op, "value": keys }]));
        assert_eq!(
            (&after["active"], &after[ENT]),
            (&json!(false), &json!({ "department": "Sales" }))
        );
        assert_eq!(after.get("shoeSize"), None);
        // The rest of a value is held to the rules as before.
        for wrong in [json!({ "active": "perhaps" }), json!({ "emails[type eq": "x" })] {
            assert!(
                try_patch(&user(json!({})), &json!([{ "op": op, "value": wrong }])).is_err(),
                "{wrong}"
            );
        }
        for path in [
            "shoeSize",
            "name.nick",
            "emails[type eq \"work\"].color",
            "Boss[a eq 1].x",
        ] {
            let operations = json!([{ "op": op, "path": path, "value": "x" }]);
            assert_eq!(refused(json!({}), &operations), ScimType::InvalidPath, "{path}");
        }
    }
    let many: serde_json::Map<String, Value> = (0..900)
        .map(|n| (format!("x{n}{}", "y".repeat(300)), json!(1)))
        .collect();
    let body = patch_body(&json!([{ "op": "add", "value": many }]));
    let patch = Patch::parse(ResourceType::user(), &body).expect("all of it is left out");
    assert_eq!(patch.left_out().len(), 20);
    assert!(patch.left_out().iter().all(|name| name.chars().count() <= 121));
}

// Rules: E33
#[test]
fn a_role_of_type_and_primary_alone_is_kept_and_what_is_left_of_one_is_not() {
    let label = json!([{ "type": "WindowsAzureActiveDirectoryRole", "primary": true }]);
    for mode in [Mode::Create, Mode::Replace] {
        let body = json!({ "userName": "ada", "roles": label, "emails": label });
        let stored = parse(ResourceType::user(), &body, mode).expect("it is understood");
        assert_eq!((stored.get("roles"), stored.get("emails")), (Some(&label), None));
    }
    for operation in [
        json!({ "op": "add", "path": "roles", "value": label }),
        json!({ "op": "replace", "path": "roles", "value": label }),
        json!({ "op": "replace", "value": { "roles": label } }),
    ] {
        assert_eq!(patched(json!({}), &json!([operation]))["roles"], label, "{operation}");
    }
    // Another PATCH leaves it, and one that names the role finds it.
    let held = json!({ "roles": label });
    let after = patched(
        held.clone(),
        &json!([{ "op": "replace", "path": "title", "value": "x" }]),
    );
    assert_eq!(after["roles"], label);
    let named = json!([{ "op": "replace", "path": "roles[primary eq \"True\"].value", "value": "Admin" }]);
    let after = patched(held, &named);
    assert_eq!(
        after["roles"],
        json!([{ "type": "WindowsAzureActiveDirectoryRole", "primary": true, "value": "Admin" }])
    );
    // P16: what is left of a role that lost its value goes.
    let whole = json!({ "roles": after["roles"] });
    for value in [json!(""), json!(null)] {
        let cleared = json!([{ "op": "replace", "path": "roles[primary eq \"True\"].value", "value": value }]);
        assert_eq!(patched(whole.clone(), &cleared).get("roles"), None);
    }
}

// Rules: R58
#[test]
fn the_wrong_type_of_an_attribute_is_reported_with_urn_what_was_sent_and_what_is_wanted() {
    let department = format!("{ENT}:department must be a string; a number was sent");
    for body in [
        json!({ ENT: { "department": 7 } }),
        json!({ "department": 7 }),
        json!({ format!("{ENT}:department"): 7 }),
    ] {
        let mut body = body;
        body["userName"] = "ada".into();
        let error = parse(ResourceType::user(), &body, Mode::Create).expect_err("a number is no text");
        assert_eq!(error.detail, department, "{body}");
    }
    let detail = |operation: Value| {
        try_patch(&user(json!({})), &json!([operation]))
            .expect_err("it does not fit")
            .detail
    };
    for operation in [
        json!({ "op": "add", "path": "department", "value": 7 }),
        json!({ "op": "add", "path": format!("{ENT}:department"), "value": 7 }),
        json!({ "op": "add", "value": { ENT: { "department": 7 } } }),
        json!({ "op": "add", "path": ENT, "value": { "department": 7 } }),
    ] {
        assert_eq!(detail(operation.clone()), department, "{operation}");
    }
    for (path, value, wanted, sent) in [
        ("title", json!(["x"]), "a string", "a list"),
        ("active", json!("perhaps"), "true or false", "a string"),
        ("name", json!(7), "an object", "a number"),
        ("emails", json!([true]), "an object", "a boolean"),
        ("manager", json!([[7]]), "an object", "a list"),
    ] {
        let told = detail(json!({ "op": "replace", "path": path, "value": value }));
        assert!(
            told.contains(path) && told.contains(wanted) && told.contains(sent),
            "{told}"
        );
    }
    let user = user(json!({ "emails": [{ "value": 7 }] }));
    let error = parse(ResourceType::user(), &Value::Object(user), Mode::Create).expect_err("a number is no text");
    assert_eq!(error.detail, "emails.value must be a string; a number was sent");
}
