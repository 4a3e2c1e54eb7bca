use scim::ScimType;
use serde_json::{Value, json};

use crate::{patched, refused, user};

fn emails() -> Value {
    json!({ "emails": [{ "type": "work", "value": "w", "primary": true }, { "type": "home", "value": "h" }] })
}

// Rules: P9
#[test]
fn add_appends_and_takes_one_for_many() {
    for value in [
        json!([{ "value": "x", "type": "other" }]),
        json!({ "value": "x", "type": "other" }),
    ] {
        let after = patched(emails(), &json!([{ "op": "add", "path": "emails", "value": value }]));
        assert_eq!(after["emails"].as_array().unwrap().len(), 3);
        assert_eq!(after["emails"][2], json!({ "value": "x", "type": "other" }));
    }
    let after = patched(json!({}), &json!([{ "op": "add", "path": "emails", "value": "x" }]));
    assert_eq!(after["emails"], json!([{ "value": "x" }]));
}

// Rules: P9, R12
#[test]
fn add_of_an_element_that_is_there_changes_nothing() {
    let operations = json!([{ "op": "add", "path": "emails", "value": [{ "type": "work", "value": "W" }] }]);
    let mut expected = user(emails());
    expected["emails"][0]["value"] = json!("W");
    assert_eq!(patched(emails(), &operations), Value::Object(expected));
    let operations = json!([{ "op": "add", "path": "emails", "value": [{ "type": "work", "value": "w" }] }, { "op": "add", "path": "emails", "value": [] }]);
    assert_eq!(patched(emails(), &operations), Value::Object(user(emails())));
}

// Rules: P10
#[test]
fn replace_without_filter_replaces_the_array() {
    let after = patched(
        emails(),
        &json!([{ "op": "replace", "path": "emails", "value": [{ "value": "x" }] }]),
    );
    assert_eq!(after["emails"], json!([{ "value": "x" }]));
    for value in [json!([]), json!(null), json!("")] {
        let after = patched(
            emails(),
            &json!([{ "op": "replace", "path": "emails", "value": value }]),
        );
        assert_eq!(after.get("emails"), None);
    }
}

// Rules: P11
#[test]
fn replace_with_a_filter_replaces_the_matching_elements() {
    let after = patched(
        emails(),
        &json!([{ "op": "replace", "path": "emails[type eq \"WORK\"].value", "value": "x" }]),
    );
    assert_eq!(
        after["emails"][0],
        json!({ "type": "work", "value": "x", "primary": true })
    );
    assert_eq!(after["emails"][1], json!({ "type": "home", "value": "h" }));
    let after = patched(
        emails(),
        &json!([{ "op": "replace", "path": "emails[type eq \"work\"]", "value": { "value": "x" } }]),
    );
    assert_eq!(after["emails"][0], json!({ "type": "work", "value": "x" }));
}

// Rules: P12
#[test]
fn replace_with_a_filter_that_matches_nothing_creates_the_element() {
    let after = patched(
        json!({}),
        &json!([{ "op": "replace", "path": "emails[type eq \"work\"].value", "value": "x" }]),
    );
    assert_eq!(after["emails"], json!([{ "type": "work", "value": "x" }]));
    let path = "emails[type eq \"work\" and primary eq \"True\"]";
    let after = patched(
        json!({}),
        &json!([{ "op": "replace", "path": path, "value": { "value": "x" } }]),
    );
    assert_eq!(
        after["emails"],
        json!([{ "type": "work", "primary": true, "value": "x" }])
    );
}

// Rules: P12
#[test]
fn no_element_is_made_from_more_than_equalities() {
    for path in [
        "emails[type ne \"work\"].value",
        "emails[type eq \"x\" or type eq \"y\"].value",
        "emails[not (type eq \"work\")].value",
        "emails[type pr].value",
    ] {
        for op in ["add", "replace"] {
            assert_eq!(
                refused(json!({}), &json!([{ "op": op, "path": path, "value": "x" }])),
                ScimType::NoTarget,
                "{path}"
            );
        }
    }
}

// Rules: P13, B11
#[test]
fn add_with_a_filter_sets_even_what_is_set() {
    let after = patched(
        emails(),
        &json!([{ "op": "add", "path": "emails[type eq \"work\"].value", "value": "x" }]),
    );
    assert_eq!(after["emails"][0]["value"], "x");
    let after = patched(
        emails(),
        &json!([{ "op": "add", "path": "emails[type eq \"work\"]", "value": { "display": "D" } }]),
    );
    assert_eq!(
        after["emails"][0],
        json!({ "type": "work", "value": "w", "primary": true, "display": "D" })
    );
}

// Rules: P14, B10
#[test]
fn operations_of_one_request_build_one_element() {
    let after = patched(
        json!({}),
        &json!([
            { "op": "Add", "path": "addresses[type eq \"work\"].formatted", "value": "B3" },
            { "op": "Add", "path": "addresses[type eq \"work\"].country", "value": "Spain" },
            { "op": "Add", "path": "addresses[type eq \"work\"].primary", "value": "True" },
        ]),
    );
    assert_eq!(
        after["addresses"],
        json!([{ "type": "work", "formatted": "B3", "country": "Spain", "primary": true }])
    );
}

// Rules: P16
#[test]
fn remove_with_a_filter() {
    let after = patched(
        emails(),
        &json!([{ "op": "remove", "path": "emails[type eq \"work\"]" }]),
    );
    assert_eq!(after["emails"], json!([{ "type": "home", "value": "h" }]));
    let all = json!([{ "op": "remove", "path": "emails[value pr]" }]);
    assert_eq!(patched(emails(), &all).get("emails"), None);
    let none = json!([{ "op": "remove", "path": "emails[type eq \"other\"].value" }, { "op": "remove", "path": "emails[type eq \"x\"]" }]);
    assert_eq!(patched(emails(), &none), Value::Object(user(emails())));
}

// Rules: P16
#[test]
fn elements_without_content_are_dropped() {
    let after = patched(
        emails(),
        &json!([{ "op": "remove", "path": "emails[type eq \"work\"].value" }]),
    );
    assert_eq!(after["emails"], json!([{ "type": "home", "value": "h" }]));
    let after = patched(emails(), &json!([{ "op": "remove", "path": "emails.value" }]));
    assert_eq!(after.get("emails"), None);
}

// Rules: P17
#[test]
fn remove_with_a_value_removes_only_what_it_lists() {
    for value in [
        json!([{ "type": "work", "value": "w" }]),
        json!([{ "value": "W", "display": "?" }]),
        json!({ "value": "w" }),
        json!("w"),
        json!([{ "type": "work" }]),
    ] {
        let after = patched(emails(), &json!([{ "op": "remove", "path": "emails", "value": value }]));
        assert_eq!(after["emails"], json!([{ "type": "home", "value": "h" }]), "{value}");
    }
    let after = patched(
        emails(),
        &json!([{ "op": "remove", "path": "emails", "value": [{ "type": "home", "value": "w" }] }]),
    );
    assert_eq!(after["emails"].as_array().unwrap().len(), 2);
    for value in [json!([]), json!(null), json!(""), json!([{}]), json!(7)] {
        assert_eq!(
            refused(emails(), &json!([{ "op": "remove", "path": "emails", "value": value }])),
            ScimType::InvalidValue
        );
    }
}

// Rules: P18, B17
#[test]
fn there_is_one_primary_after_any_operation() {
    for operation in [
        json!({ "op": "add", "path": "emails", "value": [{ "value": "x", "primary": true }] }),
        json!({ "op": "replace", "path": "emails[type eq \"home\"].primary", "value": "True" }),
        json!({ "op": "add", "path": "emails[type eq \"other\"]", "value": { "value": "x", "primary": true } }),
        json!({ "op": "add", "path": "emails.primary", "value": true }),
        json!({ "op": "replace", "path": "emails", "value": [{ "value": "1", "primary": true }, { "value": "2", "primary": true }] }),
    ] {
        let after = patched(emails(), &json!([operation]));
        let primaries = after["emails"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|email| email["primary"] == true)
            .count();
        assert_eq!(primaries, 1, "{operation}");
        assert_ne!(after["emails"][0]["primary"], true, "{operation}");
    }
}

// Rules: P19
#[test]
fn empty_values_unassign_parts_and_elements() {
    for value in [json!(""), json!(null)] {
        let after = patched(
            emails(),
            &json!([{ "op": "replace", "path": "emails[type eq \"work\"].value", "value": value }]),
        );
        assert_eq!(after["emails"], json!([{ "type": "home", "value": "h" }]));
        let absent = json!([{ "op": "replace", "path": "phoneNumbers[type eq \"work\"].value", "value": value }]);
        assert_eq!(patched(emails(), &absent), Value::Object(user(emails())));
    }
}

// Rules: B9
#[test]
fn a_filtered_write_to_an_empty_array_does_not_lose_the_request() {
    let after = patched(
        json!({ "emails": [] }),
        &json!([
            { "op": "Replace", "path": "emails[type eq \"work\"].value", "value": "x" },
            { "op": "Replace", "path": "active", "value": "False" },
            { "op": "Replace", "path": "name.familyName", "value": "L" },
        ]),
    );
    assert_eq!(after["emails"], json!([{ "type": "work", "value": "x" }]));
    assert_eq!(after["active"], false);
    assert_eq!(after["name"]["familyName"], "L");
}

// Rules: R6, L3
#[test]
fn parts_in_any_case_and_unknown_types() {
    let after = patched(
        emails(),
        &json!([{ "op": "add", "path": "Emails[Type eq \"work\"].Value", "value": "x" }]),
    );
    assert_eq!(after["emails"][0]["value"], "x");
    let after = patched(
        json!({}),
        &json!([{ "op": "add", "path": "emails[type eq \"untyped\"].value", "value": "x" }]),
    );
    assert_eq!(after["emails"], json!([{ "type": "untyped", "value": "x" }]));
}
