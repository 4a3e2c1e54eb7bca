use scim::patch::changes;
use serde_json::{Map, Value, json};

use crate::ENT;

fn diff(before: Value, after: Value) -> Vec<(String, Value, Value)> {
    let map = |value: Value| -> Map<String, Value> { value.as_object().cloned().expect("an object") };
    changes(&map(before), &map(after))
        .into_iter()
        .map(|change| (change.path, change.before, change.after))
        .collect()
}

fn one(before: Value, after: Value) -> (String, Value, Value) {
    let mut found = diff(before, after);
    assert_eq!(found.len(), 1, "{found:?}");
    found.remove(0)
}

#[test]
fn single_values_are_reported_at_their_path() {
    assert_eq!(
        one(json!({ "active": true }), json!({ "active": false })),
        ("active".into(), json!(true), json!(false))
    );
    assert_eq!(
        one(json!({}), json!({ "title": "T" })),
        ("title".into(), Value::Null, json!("T"))
    );
    let names = one(
        json!({ "name": { "familyName": "L", "givenName": "A" } }),
        json!({ "name": { "givenName": "A" } }),
    );
    assert_eq!(names, ("name.familyName".into(), json!("L"), Value::Null));
}

#[test]
fn extensions_are_reported_by_qualified_paths() {
    let change = one(json!({}), json!({ (ENT): { "department": "X" } }));
    assert_eq!(change, (format!("{ENT}:department"), Value::Null, json!("X")));
    let change = one(
        json!({ (ENT): { "manager": { "value": "1" } } }),
        json!({ (ENT): { "manager": { "value": "2" } } }),
    );
    assert_eq!(change, (format!("{ENT}:manager.value"), json!("1"), json!("2")));
}

#[test]
fn elements_are_told_apart_by_type() {
    let emails =
        |work: &str| json!({ "emails": [{ "type": "home", "value": "h" }, { "type": "work", "value": work }] });
    assert_eq!(
        one(emails("1"), emails("2")),
        ("emails[type eq \"work\"].value".into(), json!("1"), json!("2"))
    );
    let gone = diff(emails("1"), json!({}));
    let paths: Vec<_> = gone.iter().map(|(path, ..)| path.as_str()).collect();
    assert_eq!(
        paths,
        ["emails[type eq \"home\"].value", "emails[type eq \"work\"].value"]
    );
}

#[test]
fn elements_without_or_of_the_same_type_are_told_apart_by_value() {
    let change = one(
        json!({ "roles": [{ "value": "a" }] }),
        json!({ "roles": [{ "value": "a" }, { "value": "b" }] }),
    );
    assert_eq!(change, ("roles[value eq \"b\"].value".into(), Value::Null, json!("b")));
    let emails = |display: &str| json!({ "emails": [{ "type": "w", "value": "1" }, { "type": "w", "value": "2", "display": display }] });
    let change = one(emails("x"), emails("y"));
    assert_eq!(
        change,
        (
            "emails[type eq \"w\" and value eq \"2\"].display".into(),
            json!("x"),
            json!("y")
        )
    );
}

#[test]
fn what_cannot_be_taken_apart_is_reported_whole() {
    let change = one(
        json!({ "urn:acme:hr": { "list": [1] } }),
        json!({ "urn:acme:hr": { "list": [1, 2] } }),
    );
    assert_eq!(change, ("urn:acme:hr:list".into(), json!([1]), json!([1, 2])));
    let roles = |display: &str| json!({ "roles": [{ "display": display }] });
    assert_eq!(one(roles("a"), roles("b")).0, "roles");
    assert_eq!(one(json!({ "x": "text" }), json!({ "x": { "a": 1 } })).0, "x");
}

#[test]
fn the_order_is_that_of_the_paths() {
    let found = diff(
        json!({ "title": "1", "active": true, "nickName": "n" }),
        json!({ "nickName": "m", "title": "2", "active": false }),
    );
    let paths: Vec<_> = found.iter().map(|(path, ..)| path.as_str()).collect();
    assert_eq!(paths, ["active", "nickName", "title"]);
}
