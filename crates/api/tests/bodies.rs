//! Bodies against their schemas: every fault with its place, and nothing that the schema takes is refused by its type.

#![expect(clippy::unwrap_used, reason = "a failed step fails the test")]

use api::{
    AttributeDeclaration, Body, DirectoryPatch, EndpointCreate, EndpointPatch, EndpointReplay, Fault, KeyCreate,
    KeyPatch, Nothing, OrganizationCreate, Reading,
};
use serde_json::{Value, json};

fn reading<T: Body>(body: Value) -> Reading<T> {
    let Value::Object(members) = body else {
        panic!("{body} is no object");
    };
    Reading::new(members)
}

fn read<T: Body>(body: Value) -> T {
    reading(body).finish().unwrap()
}

fn faults<T: Body + std::fmt::Debug>(body: Value) -> Vec<Fault> {
    reading::<T>(body).finish().unwrap_err()
}

fn places(faults: &[Fault]) -> Vec<&str> {
    faults.iter().filter_map(|fault| fault.pointer.as_deref()).collect()
}

#[test]
fn every_fault_is_reported_with_its_place_in_the_order_of_the_schema() {
    let faults = faults::<EndpointCreate>(json!({
        "rate_limit": 1.5,
        "directory_ids": ["0190f5a4-3b1e-7c3a-8d2f-000000000001", "x", null],
        "typo/here": 1,
        "description": 7,
        "client_certificate": {"certificate": 1},
    }));
    let expected = [
        "#/typo~1here",
        "#/url",
        "#/description",
        "#/directory_ids/1",
        "#/directory_ids/2",
        "#/rate_limit",
        "#/client_certificate/certificate",
        "#/client_certificate/private_key",
    ];
    assert_eq!(places(&faults), expected);
    let details: Vec<_> = faults.iter().map(|fault| fault.detail.as_str()).collect();
    assert!(
        details[0].starts_with("Unknown field \"typo/here\". Allowed here: url, description, event_types, "),
        "{}",
        details[0]
    );
    let rest = [
        "\"url\" is required.",
        "Must be a string; this is 7.",
        "Must be an id (a UUID); this is \"x\".",
        "Must be an id (a UUID); this is null.",
        "Must be a whole number from 1 to 10000; this is 1.5.",
        "Must be PEM text; this is 1.",
        "\"private_key\" is required.",
    ];
    assert_eq!(details[1..], rest);
}

#[test]
fn faults_that_a_server_adds_stand_where_the_schema_has_them() {
    let mut reading = reading::<EndpointCreate>(json!({"url": "x", "ordered": "yes", "headers": {"a/b": "c", "d": 1}}));
    reading.fault("/headers/a~1b", "Not accepted.");
    reading.fault("/url", "Not accepted.");
    let faults = reading.finish().unwrap_err();
    assert_eq!(places(&faults), ["#/url", "#/headers/d", "#/headers/a~1b", "#/ordered"]);
}

#[test]
fn a_member_is_sound_as_long_as_no_fault_of_it_is_known() {
    let mut reading = reading::<EndpointReplay>(json!({"types": ["user.*", "nope"], "only_failed": true}));
    assert_eq!(reading.sound("only_failed"), Some(true));
    assert_eq!(reading.sound::<Vec<String>>("types"), None);
    assert_eq!(reading.member("types").and_then(Value::as_array).map(Vec::len), Some(2));
    reading.fault("/only_failed", "No.");
    assert_eq!(reading.sound::<bool>("only_failed"), None);
}

#[test]
fn null_is_the_same_as_nothing_where_something_is_made_and_clears_only_what_may_be_cleared() {
    let made: KeyCreate = read(json!({"name": "a", "description": null, "retrievable": null}));
    assert_eq!((made.description, made.retrievable), (None, None));
    assert_eq!(
        faults::<KeyCreate>(json!({"name": null})),
        [Fault::at("#/name", "\"name\" is required.")]
    );

    let patch: KeyPatch = read(json!({"description": null}));
    assert_eq!((patch.description, patch.expires_at), (Some(None), None));
    let refused = faults::<KeyPatch>(json!({"name": null}));
    assert_eq!(refused, [Fault::at("#/name", "\"name\" cannot be null.")]);
    let refused = faults::<EndpointPatch>(json!({"format": null, "url": null, "ordered": null}));
    assert_eq!(places(&refused), ["#/url", "#/ordered", "#/format"]);
}

#[test]
fn text_is_measured_in_characters_after_trimming() {
    let made: KeyCreate = read(json!({"name": "  žluť ", "description": "   "}));
    assert_eq!((made.name.as_str(), made.description.as_deref()), ("žluť", Some("")));
    read::<KeyCreate>(json!({"name": "ž".repeat(100)}));
    for (name, detail) in [
        ("   ".to_owned(), "Must have 1 to 100 characters; this has 0."),
        ("ž".repeat(101), "Must have 1 to 100 characters; this has 101."),
        (
            "a\u{0}b".to_owned(),
            "Must not contain control characters; the character 2 is one.",
        ),
    ] {
        assert_eq!(
            faults::<KeyCreate>(json!({"name": name})),
            [Fault::at("#/name", detail)]
        );
    }
}

#[test]
fn a_body_that_is_none_has_no_members() {
    read::<Nothing>(json!({}));
    let refused = faults::<Nothing>(json!({"a": 1}));
    assert_eq!(refused, [Fault::at("#/a", "Unknown field \"a\". Allowed here: none.")]);
}

#[test]
fn words_lists_and_alternatives_are_told_apart() {
    let faults = faults::<EndpointCreate>(json!({
        "url": "x", "signing": "v2", "event_types": [], "headers": "a", "audience": 7, "coalesce": "yes",
    }));
    let expected = [
        Fault::at("#/event_types", "Must have 1 to 200 elements; this has 0."),
        Fault::at("#/headers", "Must be an object of names and values; this is a string."),
        Fault::at("#/coalesce", "Must be true or false; this is a string."),
        Fault::at("#/audience", "Must be a string; this is 7."),
        Fault::at("#/signing", "Must be one of: v1, v1a; this is \"v2\"."),
    ];
    assert_eq!(faults, expected);
    for audience in [json!("urn:app"), json!(["urn:app"])] {
        let made: EndpointCreate = read(json!({"url": "x", "audience": audience}));
        assert_eq!(made.audience.unwrap().0, ["urn:app"]);
    }
}

#[test]
fn a_rate_that_an_identity_provider_would_not_bear_is_refused_with_the_reason() {
    let detail = |rate: Value| faults::<DirectoryPatch>(json!({"rate_limit": rate}))[0].detail.clone();
    assert!(detail(json!(24)).contains("Entra requires that much"));
    assert_eq!(
        detail(json!(100_001)),
        "Must be a whole number from 25 to 100000, or null for no limit; this is 100001."
    );
    assert_eq!(
        read::<DirectoryPatch>(json!({"rate_limit": null})).rate_limit,
        Some(None)
    );
}

#[test]
fn a_whole_number_is_one_however_it_is_written() {
    let patch: DirectoryPatch = read(json!({"rate_limit": 27.0}));
    assert_eq!(patch.rate_limit, Some(Some(27)));
    for number in [json!(27.5), json!(1e300), json!("27")] {
        assert_eq!(
            places(&faults::<DirectoryPatch>(json!({"rate_limit": number}))),
            ["#/rate_limit"]
        );
    }
}

#[test]
fn parts_of_parts_are_checked_too() {
    let patch: DirectoryPatch = read(json!({"schemas": [{
        "id": "urn:acme:badge", "name": "Badge",
        "attributes": [{"name": "access", "type": "complex", "sub_attributes": [{"name": "until", "type": "dateTime"}]}],
    }]}));
    let attributes: Vec<AttributeDeclaration> = patch.schemas.flatten().unwrap().remove(0).attributes;
    assert_eq!(attributes[0].sub_attributes.as_ref().unwrap()[0].name, "until");
    let refused = faults::<DirectoryPatch>(json!({"schemas": [{
        "id": "urn:acme:badge", "name": "Badge",
        "attributes": [{"name": "access", "sub_attributes": [{"name": "1st", "kind": 1}, 7]}],
    }, 7]}));
    let expected = [
        "#/schemas/0/attributes/0/sub_attributes/0/kind",
        "#/schemas/0/attributes/0/sub_attributes/0/name",
        "#/schemas/0/attributes/0/sub_attributes/1",
        "#/schemas/1",
    ];
    assert_eq!(places(&refused), expected);
    assert_eq!(
        refused[3].detail,
        "Must be an object with id, name, description, attributes; this is 7."
    );
}

/// What a body is written as is what it was read from: no member is lost, and the schema takes all of them.
#[test]
fn what_is_written_is_read_again() {
    let body = json!({
        "name": "a", "state": "paused", "authentication": ["basic"], "groups_enabled": null, "unique_emails": true,
        "required_attributes": ["title"], "roles": [{"value": "Admin", "grants": ["app"]}], "default_grants": [],
        "group_roles": [{"group_id": "0190f5a4-3b1e-7c3a-8d2f-000000000001", "role": "Admin"}], "schemas": null,
        "rate_limit": 100, "mass_change_brake": {"percent": 30},
    });
    assert_eq!(json!(read::<DirectoryPatch>(body.clone())), body);
    let body = json!({"name": "Contoso", "domains": ["contoso.com"]});
    assert_eq!(json!(read::<OrganizationCreate>(body.clone())), body);
}
