//! What was forgiven in a request is told, for its log.

use scim::leniency::{Leniency, observe};
use scim::patch::Patch;
use scim::resource::{Mode, parse};
use scim::schema::ResourceType;
use serde_json::{Value, json};

/// What is forgiven in a body, and the names that are left out.
fn of_body(body: &Value) -> (Vec<&'static str>, Vec<String>) {
    let (read, observed) = observe(|| parse(ResourceType::user(), body, Mode::Create));
    read.expect("the body is acceptable");
    let names = observed.leniencies.iter().map(Leniency::as_str);
    (names.collect(), observed.left_out)
}

fn of_operations(operations: &Value) -> (Vec<&'static str>, Vec<String>) {
    let body = json!({ "Operations": operations });
    let (read, observed) = observe(|| Patch::parse(ResourceType::user(), &body));
    read.expect("the operations are acceptable");
    let names = observed.leniencies.iter().map(Leniency::as_str);
    (names.collect(), observed.left_out)
}

// Rules: L1, L2, R6, R7, R14, R50, R61, E20, E26
#[test]
fn a_body_tells_what_was_forgiven_in_it() {
    let user = scim::urn::CORE_USER;
    for (body, expected) in [
        (json!({ "schemas": [user], "userName": "a" }), &[][..]),
        (json!({ "userName": "a" }), &["schemas_missing"]),
        (
            json!({ "schemas": [user, "urn:x:y"], "userName": "a" }),
            &["unknown_schemas"],
        ),
        (
            json!({ "schemas": [user], "userName": "a", "active": "True" }),
            &["boolean_as_text"],
        ),
        (json!({ "schemas": [user], "USERNAME": "a" }), &["name_case"]),
        (
            json!({ "schemas": [user], "userName": "a", "department": "Sales" }),
            &["bare_extension_name"],
        ),
        (
            json!({ "schemas": [user], "userName": "a", "meta": {}, "id": "1" }),
            &["read_only_ignored"],
        ),
        (
            json!({ "schemas": [user], "userName": "a", "title": null }),
            &["null_unassigned"],
        ),
        (
            json!({ "schemas": [user], "userName": "a", "password": "p" }),
            &["password_dropped"],
        ),
        (
            json!({ "schemas": [user], "userName": "a", "name.givenName": "A" }),
            &["dotted_key"],
        ),
    ] {
        assert_eq!(of_body(&body), (expected.to_vec(), Vec::new()), "{body}");
    }
    let (_, left_out) =
        of_body(&json!({ "userName": "a", "shoeSize": 7, "emails": [{ "value": "a@b.c", "colour": "red" }] }));
    assert_eq!(left_out, ["shoeSize", "emails.colour"]);
}

// Rules: P2, P6, P17, B15
#[test]
fn a_patch_tells_what_was_forgiven_in_it() {
    let manager = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager";
    for (operations, expected) in [
        (json!([{ "op": "replace", "path": "active", "value": false }]), &[][..]),
        (
            json!([{ "op": "Replace", "path": "active", "value": "False" }]),
            &["boolean_as_text", "operation_case"],
        ),
        (
            json!([{ "op": "replace", "value": { "name.familyName": "King" } }]),
            &["dotted_key"],
        ),
        (
            json!([{ "op": "remove", "path": "emails", "value": [{ "value": "a@b.c" }] }]),
            &["remove_with_value"],
        ),
        (
            json!([{ "op": "add", "path": manager, "value": "77aa0d1e" }]),
            &["bare_value"],
        ),
        (
            json!([{ "op": "add", "path": manager, "value": [{ "value": "77aa0d1e" }] }]),
            &["list_of_one"],
        ),
    ] {
        assert_eq!(
            of_operations(&operations),
            (expected.to_vec(), Vec::new()),
            "{operations}"
        );
    }
    let (_, left_out) = of_operations(&json!([{ "op": "replace", "value": { "shoeSize": 7, "title": "x" } }]));
    assert_eq!(left_out, ["shoeSize"]);
}

#[test]
fn nothing_is_noted_where_nobody_observes_and_each_observer_has_its_own() {
    let ((), outer) = observe(|| {
        let (_, inner) = observe(|| parse(ResourceType::user(), &json!({ "userName": "a" }), Mode::Create));
        assert!(inner.leniencies.contains(Leniency::SchemasMissing));
    });
    assert_eq!(outer.leniencies.iter().count(), 0);
}
