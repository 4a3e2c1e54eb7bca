use scim::ScimType;
use scim::projection::Projection;
use scim::resource::{Meta, render};
use scim::schema::ResourceType;
use serde_json::{Value, json};

use crate::{ENT, user};

fn project(attributes: &[&str], excluded: &[&str]) -> Value {
    let rt = ResourceType::user();
    let user = user(
        json!({ "externalId": "x", "name": { "givenName": "A", "familyName": "L" },
        "emails": [{ "type": "work", "value": "w" }], (ENT): { "department": "D", "manager": { "value": "1" } },
        "password": "never" }),
    );
    let meta = Meta {
        id: "9b1c",
        version: 1,
        created: "c",
        last_modified: "l",
        location: "loc",
    };
    let resource = render(rt, &user, meta, Some(json!([{ "value": "g" }])), None);
    Value::Object(projection(attributes, excluded).apply(rt, resource))
}

fn projection(attributes: &[&str], excluded: &[&str]) -> Projection {
    let own = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    Projection::new(&own(attributes), &own(excluded), ResourceType::user()).expect("the lists are acceptable")
}

fn keys(value: &Value) -> Vec<&str> {
    value
        .as_object()
        .map(|members| members.keys().map(String::as_str).collect())
        .unwrap_or_default()
}

// Rules: R20
#[test]
fn named_attributes_and_what_is_always_returned() {
    assert_eq!(keys(&project(&["userName"], &[])), ["schemas", "id", "userName"]);
    assert_eq!(project(&["NAME.givenname"], &[])["name"], json!({ "givenName": "A" }));
    assert_eq!(
        project(&["name", "name.givenName"], &[])["name"],
        json!({ "givenName": "A", "familyName": "L" })
    );
    assert_eq!(project(&["emails.value"], &[])["emails"], json!([{ "value": "w" }]));
    assert_eq!(
        keys(&project(&["meta.version", "meta"], &[])),
        ["schemas", "id", "meta"]
    );
    assert_eq!(project(&["meta.version"], &[])["meta"], json!({ "version": "W/\"1\"" }));
}

// Rules: R20
#[test]
fn extensions_by_urn_attribute_and_bare_name() {
    assert_eq!(
        project(&[ENT], &[])[ENT],
        json!({ "department": "D", "manager": { "value": "1" } })
    );
    for name in [format!("{ENT}:department"), "department".to_owned()] {
        assert_eq!(project(&[&name], &[])[ENT], json!({ "department": "D" }));
    }
    assert_eq!(
        project(&[&format!("{}:userName", scim::urn::CORE_USER)], &[])["userName"],
        "ada@example.test"
    );
}

// Rules: R21
#[test]
fn excluded_attributes_go_and_id_stays() {
    let answer = project(
        &[],
        &[
            "ID",
            "schemas",
            "emails",
            "name.givenName",
            &format!("{ENT}:manager"),
            "shoeSize",
            "groups",
        ],
    );
    assert_eq!(
        keys(&answer),
        ["schemas", "id", "userName", "active", "externalId", "name", ENT, "meta"]
    );
    assert_eq!(answer["name"], json!({ "familyName": "L" }));
    assert_eq!(answer[ENT], json!({ "department": "D" }));
    assert_eq!(project(&[], &["emails.value", "emails.type"]).get("emails"), None);
    assert_eq!(project(&[], &[ENT]).get(ENT), None);
}

// Rules: R22
#[test]
fn the_two_lists_exclude_each_other() {
    let error = Projection::new(&["a".into()], &["b".into()], ResourceType::user()).expect_err("both lists");
    assert_eq!(error.scim_type, Some(ScimType::InvalidValue));
}

// Rules: R23
#[test]
fn what_is_not_wanted_need_not_be_loaded() {
    let group = |attributes: &[String], excluded: &[String]| {
        Projection::new(attributes, excluded, ResourceType::group()).unwrap()
    };
    assert!(!group(&[], &["Members".into()]).wants("members"));
    assert!(!group(&["displayName".into()], &[]).wants("members"));
    assert!(group(&["members.value".into()], &[]).wants("members"));
    assert!(group(&[], &["members.display".into()]).wants("members"));
    assert!(group(&[], &[]).wants("members") && Projection::all().wants("members"));
}

// Rules: R61
#[test]
fn what_is_never_returned_is_not_returned_even_if_named() {
    assert_eq!(project(&[], &[]).get("password"), None);
    assert_eq!(project(&["password"], &[]).get("password"), None);
}
