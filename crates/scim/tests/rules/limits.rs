//! Limits say what was sent, how much may be, and which setting says so.

use scim::limits::Limits;
use scim::schema::ResourceType;
use scim::{Error, ScimType};
use serde_json::{Map, Value, json};

use crate::{patch_body, user};

const LIMITS: Limits = Limits {
    elements: 3,
    operations: 4,
    keys: 5,
    resource: 300,
};

fn body(body: &Value) -> Result<(), Error> {
    LIMITS.check_body(ResourceType::user(), body)
}

fn patch(rt: &ResourceType, operations: &Value) -> Result<(), Error> {
    LIMITS.check_patch(rt, &patch_body(operations))
}

fn stored(before: Option<&Map<String, Value>>, after: &Map<String, Value>) -> Result<(), Error> {
    LIMITS.check_stored(ResourceType::user(), before, after)
}

/// The refusal says all of it.
#[track_caller]
fn says(checked: Result<(), Error>, told: &[&str]) {
    let error = checked.expect_err("it is beyond a limit");
    assert_eq!(error.scim_type, Some(ScimType::InvalidValue));
    for part in told {
        assert!(error.detail.contains(part), "{part} in {}", error.detail);
    }
}

fn keys(count: usize) -> Value {
    Value::Object((0..count).map(|i| (format!("k{i}"), i.into())).collect())
}

#[test]
fn too_many_elements_are_refused_by_the_name_of_the_attribute() {
    assert_eq!(body(&json!({ "emails": ["a", "b", "c"] })), Ok(()));
    let four = json!(["a", "b", "c", "d"]);
    let said = ["emails: 4 elements", "at most 3", "max_elements"];
    says(body(&json!({ "emails": four })), &said);
    let said = ["urn:x:y:2.0:User:list: 4 elements"];
    says(body(&json!({ "urn:x:y:2.0:User": { "list": four } })), &said);
    for operation in [
        json!({ "op": "add", "path": "emails", "value": four }),
        json!({ "op": "remove", "path": "emails", "value": four }),
        json!({ "op": "replace", "value": { "emails": four } }),
    ] {
        says(
            patch(ResourceType::user(), &json!([operation])),
            &["emails: 4 elements", "max_elements"],
        );
    }
}

#[test]
fn members_of_groups_are_bounded_by_the_body_only() {
    let members: Vec<Value> = (0..100).map(|i| json!({ "value": i.to_string() })).collect();
    let group = ResourceType::group();
    let whole = json!({ "displayName": "x", "members": members });
    assert_eq!(LIMITS.check_body(group, &whole), Ok(()));
    assert_eq!(LIMITS.check_stored(group, None, whole.as_object().unwrap()), Ok(()));
    let operation = |path: &str| json!({ "op": "remove", "path": path, "value": members });
    let operations = vec![operation("members"); 50];
    assert_eq!(patch(group, &operations.into()), Ok(()));
}

#[test]
fn operations_on_members_count_once_for_all() {
    let remove = |path: String| json!({ "op": "remove", "path": path });
    let title = json!({ "op": "replace", "path": "displayName", "value": "x" });
    let mut operations: Vec<Value> = (0..100).map(|i| remove(format!("Members[value eq \"{i}\"]"))).collect();
    operations.push(remove(format!("{}:members[value eq \"x\"]", scim::urn::CORE_GROUP)));
    operations.push(json!({ "op": "add", "value": { "members": [{ "value": "y" }] } }));
    operations.extend(vec![title.clone(); 3]);
    let group = ResourceType::group();
    assert_eq!(patch(group, &operations.clone().into()), Ok(()));
    operations.push(title);
    let error = patch(group, &operations.into()).unwrap_err();
    assert_eq!((error.status, error.scim_type), (413, None));
    for part in ["5 operations", "at most 4", "max_patch_operations"] {
        assert!(error.detail.contains(part), "{part} in {}", error.detail);
    }
}

#[test]
fn too_many_keys_are_refused_wherever_they_are() {
    assert_eq!(body(&json!({ "name": keys(5) })), Ok(()));
    let said = ["6 keys", "at most 5", "max_keys"];
    says(body(&keys(6)), &said);
    says(body(&json!({ "name": keys(6) })), &said);
    says(
        body(&json!({ "emails": [{ "value": "a" }, keys(6)] })),
        &["emails: 6 keys"],
    );
    for operation in [
        json!({ "op": "add", "path": "name", "value": keys(6) }),
        json!({ "op": "add", "value": { "name": keys(6) } }),
        json!({ "op": "add", "value": keys(6) }),
        keys(6),
    ] {
        says(patch(ResourceType::user(), &json!([operation])), &said);
    }
}

#[test]
fn what_is_stored_may_not_grow_beyond_a_limit_but_what_was_beyond_it_may_shrink() {
    let with = |count: usize| {
        let emails: Vec<Value> = (0..count).map(|i| json!({ "value": i.to_string() })).collect();
        user(json!({ "emails": emails }))
    };
    assert_eq!(stored(None, &with(3)), Ok(()));
    says(stored(None, &with(4)), &["emails: 4 elements", "max_elements"]);
    says(stored(Some(&with(3)), &with(4)), &["emails: 4 elements"]);
    says(stored(Some(&with(5)), &with(6)), &["emails: 6 elements"]);
    assert_eq!(stored(Some(&with(6)), &with(6)), Ok(()));
    assert_eq!(stored(Some(&with(6)), &with(5)), Ok(()));
    let long = |length: usize| user(json!({ "title": "x".repeat(length) }));
    assert_eq!(stored(None, &long(100)), Ok(()));
    let said = ["User", "bytes", "at most 300", "max_resource"];
    says(stored(None, &long(300)), &said);
    says(stored(Some(&long(300)), &long(301)), &said);
    assert_eq!(stored(Some(&long(301)), &long(300)), Ok(()));
}

#[test]
fn the_bytes_of_a_resource_are_those_of_its_json() {
    let resource = user(json!({ "title": "\"\u{1f600}\n", "emails": [{ "value": "a" }] }));
    let bytes = serde_json::to_string(&resource).unwrap().len();
    let limits = |resource| Limits { resource, ..LIMITS };
    let check = |limits: Limits| limits.check_stored(ResourceType::user(), None, &resource);
    assert_eq!(check(limits(bytes)), Ok(()));
    assert!(check(limits(bytes - 1)).is_err());
}
