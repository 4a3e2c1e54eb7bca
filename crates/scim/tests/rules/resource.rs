use scim::ScimType;
use scim::resource::{
    MAX_INDEXED_BYTES, MemberKind, Meta, Mode, etag, parse, parse_etags, render, replace, schemas_of, search_document,
    take_members,
};
use scim::schema::{Attribute, AttributeType, Mutability, ResourceType, Schema};
use serde_json::{Map, Value, json};

use crate::{ENT, created, user};

fn refusal(body: &Value) -> scim::Error {
    parse(ResourceType::user(), body, Mode::Create).expect_err("the body is refused")
}

fn invalid_value_naming(body: &Value, name: &str) {
    let error = refusal(body);
    assert_eq!(error.scim_type, Some(ScimType::InvalidValue));
    assert!(error.detail.contains(name), "{}", error.detail);
}

// Rules: E20
#[test]
fn a_user_as_entra_creates_it_is_stored_as_sent() {
    let body = json!({
        "schemas": [scim::urn::CORE_USER, ENT],
        "externalId": "mlopez", "userName": "M.Lopez@contoso.test", "active": true, "displayName": "Marta Lopez",
        "emails": [{ "primary": true, "type": "work", "value": "M.Lopez@contoso.test" }],
        "addresses": [{ "type": "work", "primary": false, "formatted": "B2/114", "region": null, "country": "Spain" }],
        "meta": { "resourceType": "User" }, "name": { "formatted": "Marta Lopez", "familyName": "Lopez" }, "roles": [],
        (ENT): { "employeeNumber": "10042", "department": "Planning" },
    });
    let expected = json!({
        "externalId": "mlopez", "userName": "M.Lopez@contoso.test", "active": true, "displayName": "Marta Lopez",
        "emails": [{ "primary": true, "type": "work", "value": "M.Lopez@contoso.test" }],
        "addresses": [{ "type": "work", "primary": false, "formatted": "B2/114", "country": "Spain" }],
        "name": { "formatted": "Marta Lopez", "familyName": "Lopez" },
        (ENT): { "employeeNumber": "10042", "department": "Planning" },
    });
    assert_eq!(Value::Object(created(&body)), expected);
}

// Rules: E20
#[test]
fn the_mistyped_urn_means_the_enterprise_extension() {
    let mistyped = "urn:ietf:params:scim:schemas:extension:enterprise:2.0User";
    let user = created(&json!({ "schemas": [mistyped], "userName": "a", (mistyped): { "department": "Planning" } }));
    assert_eq!(user[ENT]["department"], "Planning");
    let user = created(&json!({ "userName": "a", "urn:scim:schemas:extension:enterprise:2.0": { "division": "X" } }));
    assert_eq!(user[ENT]["division"], "X");
}

// Rules: R6
#[test]
fn names_in_any_case_are_stored_in_their_own() {
    let body = json!({ "USERNAME": "a", "Name": { "GIVENNAME": "Ada" }, "eMails": [{ "Value": "a@b.test", "TYPE": "work" }],
        (ENT.to_uppercase()): { "DEPARTMENT": "X" } });
    let expected = json!({ "userName": "a", "name": { "givenName": "Ada" },
        "emails": [{ "value": "a@b.test", "type": "work" }], (ENT): { "department": "X" }, "active": true });
    assert_eq!(Value::Object(created(&body)), expected);
}

// Rules: R7, R60
#[test]
fn what_the_server_assigns_is_ignored_in_bodies() {
    let user = created(
        &json!({ "userName": "a", "id": "mine", "ID": "mine", "meta": { "version": "x" },
        "groups": [{ "value": "g" }], "schemas": ["x"] }),
    );
    assert_eq!(Value::Object(user), json!({ "userName": "a", "active": true }));
}

// Rules: R14
#[test]
fn unknown_or_missing_schemas_are_accepted_and_follow_from_the_data() {
    let user = created(&json!({ "schemas": ["urn:scim:schemas:core:2.0"], "userName": "a" }));
    assert_eq!(schemas_of(ResourceType::user(), &user), [scim::urn::CORE_USER]);
    let user = created(&json!({ "userName": "a", (ENT): { "department": "X" } }));
    assert_eq!(schemas_of(ResourceType::user(), &user), [scim::urn::CORE_USER, ENT]);
    assert_eq!(
        refusal(&json!({ "schemas": 1, "userName": "a" })).scim_type,
        Some(ScimType::InvalidSyntax)
    );
    assert_eq!(refusal(&json!(["userName"])).scim_type, Some(ScimType::InvalidSyntax));
}

// Rules: R14
#[test]
fn undeclared_extensions_are_kept() {
    let acme = "urn:ietf:params:scim:schemas:extension:AcmeHR:2.0:User";
    let body =
        json!({ "userName": "a", (acme): { "badge": "B-77", "empty": null, "list": [] }, (format!("{acme}:desk")): 4 });
    let user = created(&body);
    assert_eq!(user[acme], json!({ "badge": "B-77", "desk": 4 }));
    assert_eq!(schemas_of(ResourceType::user(), &user), [scim::urn::CORE_USER, acme]);
}

// Rules: R16
#[test]
fn the_last_of_several_primaries_stays_primary() {
    let user = created(&json!({ "userName": "a",
        "emails": [{ "value": "1", "primary": true }, { "value": "2", "primary": "True" }, { "value": "3" }] }));
    let primaries: Vec<_> = user["emails"]
        .as_array()
        .unwrap()
        .iter()
        .map(|email| &email["primary"])
        .collect();
    assert_eq!(primaries, [&json!(false), &json!(true), &Value::Null]);
}

// Rules: R16
#[test]
fn equal_elements_are_stored_once() {
    let email = json!({ "type": "work", "value": "a@b.test" });
    let user = created(&json!({ "userName": "a", "emails": [email, email] }));
    assert_eq!(user["emails"], json!([email]));
}

// Rules: R17, B12
#[test]
fn dotted_and_qualified_keys_are_attributes() {
    let body = json!({ "userName": "a", "name.givenName": "Ada", "name.familyName": "L",
        (format!("{ENT}:department")): "X", (format!("{ENT}.division")): "Y", (format!("{}:title", scim::urn::CORE_USER)): "Z" });
    let expected = json!({ "userName": "a", "name": { "givenName": "Ada", "familyName": "L" }, "title": "Z",
        (ENT): { "department": "X", "division": "Y" }, "active": true });
    assert_eq!(Value::Object(created(&body)), expected);
}

// Rules: R50
#[test]
fn null_and_empty_values_are_unassigned() {
    let user = created(
        &json!({ "userName": "a", "title": null, "nickName": "", "emails": [], "roles": null,
        "name": { "givenName": null }, "phoneNumbers": [{ "type": "work", "value": "" }], (ENT): { "department": "" } }),
    );
    assert_eq!(Value::Object(user), json!({ "userName": "a", "active": true }));
}

// Rules: R50
#[test]
fn active_defaults_to_true_on_create_only() {
    assert_eq!(created(&json!({ "userName": "a" }))["active"], true);
    assert_eq!(created(&json!({ "userName": "a", "active": null }))["active"], true);
    let replaced = parse(ResourceType::user(), &json!({ "userName": "a" }), Mode::Replace).unwrap();
    assert!(!replaced.contains_key("active"));
}

// Rules: R50
#[test]
fn attributes_that_no_schema_has_are_ignored() {
    let user = created(&json!({ "userName": "a", "shoeSize": 44, "name": { "given": "A" }, (ENT): { "shoe": 1 } }));
    assert_eq!(Value::Object(user), json!({ "userName": "a", "active": true }));
}

// Rules: R61
#[test]
fn passwords_are_dropped() {
    let user = created(&json!({ "userName": "a", "password": "secret", "PassWord": "secret" }));
    assert!(!Value::Object(user).to_string().contains("secret"));
}

// Rules: L1
#[test]
fn booleans_and_integers_may_be_strings() {
    let user = created(&json!({ "userName": "a", "active": "False", "emails": [{ "value": "x", "primary": "true" }] }));
    assert_eq!(
        (&user["active"], &user["emails"][0]["primary"]),
        (&json!(false), &json!(true))
    );
    let schema = declared(vec![Attribute::new("desk", AttributeType::Integer, "Desk.")]);
    let rt = ResourceType::user_with(vec![schema]);
    let user = parse(
        &rt,
        &json!({ "userName": "a", "urn:acme:hr": { "desk": "42" } }),
        Mode::Create,
    )
    .unwrap();
    assert_eq!(user["urn:acme:hr"]["desk"], 42);
}

// Rules: E26, B15
#[test]
fn the_manager_may_be_a_string_an_object_or_an_array_of_one() {
    for manager in [
        json!("77aa"),
        json!({ "value": "77aa" }),
        json!([{ "value": "77aa" }]),
        json!({ "value": "77aa", "displayName": "Boss" }),
    ] {
        let expected = json!({ "value": "77aa" });
        assert_eq!(
            created(&json!({ "userName": "a", (ENT): { "manager": manager } }))[ENT]["manager"],
            expected
        );
        assert_eq!(
            created(&json!({ "userName": "a", "manager": manager }))[ENT]["manager"],
            expected
        );
    }
    invalid_value_naming(
        &json!({ "userName": "a", "manager": [{ "value": "1" }, { "value": "2" }] }),
        "manager",
    );
    let nobody = created(&json!({ "userName": "a", "manager": { "value": "", "$ref": "https://x" } }));
    assert!(!nobody.contains_key(ENT));
}

// Rules: L2
#[test]
fn bare_enterprise_names_yield_to_qualified_ones() {
    for body in [
        json!({ "userName": "a", "department": "bare", (ENT): { "department": "own" } }),
        json!({ "userName": "a", (ENT): { "department": "own" }, "department": "bare" }),
    ] {
        assert_eq!(created(&body)[ENT], json!({ "department": "own" }));
    }
    assert_eq!(
        created(&json!({ "userName": "a", "EmployeeNumber": "7" }))[ENT],
        json!({ "employeeNumber": "7" })
    );
}

// Rules: E33
#[test]
fn a_json_document_as_role_value_is_kept_verbatim() {
    let document = "{\"id\":\"5b0d\",\"value\":\"Admin\"}";
    let user = created(&json!({ "userName": "a", "roles": [document] }));
    assert_eq!(user["roles"], json!([{ "value": document }]));
}

#[test]
fn required_attributes_must_have_a_value() {
    for body in [
        json!({}),
        json!({ "userName": "" }),
        json!({ "userName": " " }),
        json!({ "userName": null }),
    ] {
        invalid_value_naming(&body, "userName");
    }
    let error = parse(ResourceType::group(), &json!({ "externalId": "x" }), Mode::Create).expect_err("no name");
    assert_eq!(error.scim_type, Some(ScimType::InvalidValue));
    assert!(error.detail.contains("displayName"));
}

#[test]
fn wrong_types_are_refused_by_name() {
    invalid_value_naming(&json!({ "userName": 7 }), "userName");
    invalid_value_naming(&json!({ "userName": "a", "active": "yes" }), "active");
    invalid_value_naming(
        &json!({ "userName": "a", "emails": [{ "value": ["x", "y"] }] }),
        "emails.value",
    );
    invalid_value_naming(&json!({ "userName": "a", "name": "Ada" }), "name");
    invalid_value_naming(&json!({ "userName": "a", (ENT): "x" }), "enterprise");
}

#[test]
fn bodies_that_no_database_could_keep_are_refused() {
    invalid_value_naming(&json!({ "userName": "a\u{0}b" }), "userName");
    invalid_value_naming(&json!({ "userName": "a", "title": "\u{1b}[31m" }), "title");
    invalid_value_naming(&json!({ "userName": "a", "x\u{0}": 1 }), "name of a member");
    let mut deep = json!("x");
    for _ in 0..40 {
        deep = json!([deep]);
    }
    invalid_value_naming(&json!({ "userName": "a", "urn:acme:hr": { "deep": deep } }), "deeper");
    invalid_value_naming(&json!({ "userName": "x".repeat(MAX_INDEXED_BYTES + 1) }), "userName");
    let long = json!({ "userName": "a", "emails": [{ "value": "x".repeat(MAX_INDEXED_BYTES + 1) }] });
    invalid_value_naming(&long, "emails.value");
    created(&json!({ "userName": "a", "addresses": [{ "formatted": "one\r\n\ttwo" }] }));
}

// Rules: R52
#[test]
fn put_clears_what_it_omits_but_active() {
    let current = user(json!({ "active": false, "title": "Planner", (ENT): { "department": "X" } }));
    let incoming = parse(ResourceType::user(), &json!({ "userName": "b" }), Mode::Replace).unwrap();
    let next = replace(ResourceType::user(), &current, incoming).unwrap();
    assert_eq!(Value::Object(next), json!({ "userName": "b", "active": false }));
}

// Rules: B25
#[test]
fn put_sets_active_when_it_says_so() {
    let current = user(json!({ "active": false }));
    let incoming = parse(
        ResourceType::user(),
        &json!({ "userName": "b", "active": "True" }),
        Mode::Replace,
    )
    .unwrap();
    assert_eq!(
        replace(ResourceType::user(), &current, incoming).unwrap()["active"],
        true
    );
}

// Rules: R51
#[test]
fn put_keeps_and_protects_immutable_attributes() {
    let badge = Attribute::string("badge", "Badge.").mutability(Mutability::Immutable);
    let rt = ResourceType::user_with(vec![declared(vec![badge])]);
    let stored = |badge: Value| {
        parse(
            &rt,
            &json!({ "userName": "a", "urn:acme:hr": { "badge": badge } }),
            Mode::Replace,
        )
        .unwrap()
    };
    let current = stored(json!("1"));
    assert_eq!(
        replace(&rt, &current, stored(Value::Null)).unwrap()["urn:acme:hr"]["badge"],
        "1"
    );
    replace(&rt, &current, stored(json!("1"))).unwrap();
    let error = replace(&rt, &current, stored(json!("2"))).expect_err("it was set");
    assert_eq!(error.scim_type, Some(ScimType::Mutability));
}

// Rules: R59
#[test]
fn members_are_taken_with_or_without_decoration() {
    let group = |members: Value| {
        let body = json!({ "displayName": "Sales", "members": members });
        let mut group = parse(ResourceType::group(), &body, Mode::Create).unwrap();
        let members = take_members(&mut group);
        assert!(!group.contains_key("members"));
        members
    };
    let members = group(json!([
        { "$ref": null, "value": "u1", "display": "Ada" }, { "value": "g1", "type": "Group" }, "u2",
        { "value": "g2", "$ref": "https://x/scim/v2/Groups/g2" }, { "value": "u1", "type": "User" },
    ]));
    let members: Vec<_> = members
        .unwrap()
        .unwrap()
        .into_iter()
        .map(|member| (member.value, member.kind))
        .collect();
    let expected = [
        ("u1", None),
        ("g1", Some(MemberKind::Group)),
        ("u2", None),
        ("g2", Some(MemberKind::Group)),
    ];
    assert_eq!(members, expected.map(|(id, kind)| (id.to_owned(), kind)));
    let error = group(json!([{ "type": "User" }])).expect_err("a member without id");
    assert_eq!(error.scim_type, Some(ScimType::InvalidValue));
}

// Rules: R52
#[test]
fn members_absent_and_members_emptied_are_told_apart() {
    for (body, expected) in [
        (json!({ "displayName": "Sales" }), None),
        (json!({ "displayName": "Sales", "members": [] }), Some(Vec::new())),
        (json!({ "displayName": "Sales", "members": null }), Some(Vec::new())),
    ] {
        let mut group = parse(ResourceType::group(), &body, Mode::Replace).unwrap();
        assert_eq!(take_members(&mut group).unwrap(), expected);
    }
}

// Rules: R8, R9
#[test]
fn an_answer_has_schemas_id_and_meta() {
    let meta = Meta {
        id: "9b1c",
        version: 42,
        created: "2026-01-31T08:15:00.123Z",
        last_modified: "2026-02-01T00:00:00Z",
        location: "https://h/scim/v2/Users/9b1c",
    };
    let user = created(&json!({ "userName": "a", "title": "T" }));
    let groups = json!([{ "value": "g" }]);
    let answer = render(ResourceType::user(), &user, meta, Some(groups.clone()), None);
    let expected = json!({ "schemas": [scim::urn::CORE_USER], "id": "9b1c", "userName": "a", "title": "T", "active": true,
        "groups": groups, "meta": { "resourceType": "User", "created": "2026-01-31T08:15:00.123Z",
            "lastModified": "2026-02-01T00:00:00Z", "location": "https://h/scim/v2/Users/9b1c", "version": "W/\"42\"" } });
    assert_eq!(Value::Object(answer), expected);
}

// Rules: B36
#[test]
fn members_that_were_not_loaded_are_not_an_empty_list() {
    let group: Map<String, Value> = parse(ResourceType::group(), &json!({ "displayName": "S" }), Mode::Create).unwrap();
    let meta = Meta {
        id: "1",
        version: 1,
        created: "",
        last_modified: "",
        location: "",
    };
    assert!(!render(ResourceType::group(), &group, meta, None, None).contains_key("members"));
    assert_eq!(
        render(ResourceType::group(), &group, meta, None, Some(json!([])))["members"],
        json!([])
    );
}

// Rules: R10
#[test]
fn tags_of_preconditions_are_opaque() {
    assert_eq!(etag(7), "W/\"7\"");
    assert_eq!(parse_etags("W/\"7\""), ["7"]);
    assert_eq!(parse_etags(" \"a,b\" , W/\"8\",9"), ["a,b", "8", "9"]);
    assert_eq!(parse_etags("*"), ["*"]);
    assert!(parse_etags("").is_empty());
}

#[test]
fn texts_for_search_are_folded_unless_case_matters() {
    let acme = "urn:acme:hr";
    let user = user(
        json!({ "externalId": "MLopez", "title": "ÉLAN", "profileUrl": "https://X", "active": false,
        "emails": [{ "value": "A@B", "type": "Work", "primary": true }], "x509Certificates": [{ "value": "AbC" }],
        (ENT): { "department": "IT", "manager": { "value": "Ab" } }, (acme): { "badge": "B", "n": 1, "l": ["X"] } }),
    );
    let expected = json!({ "userName": "ada@example.test", "externalId": "MLopez", "title": "élan", "profileUrl": "https://X",
        "active": false, "emails": [{ "value": "a@b", "type": "work", "primary": true }],
        "x509Certificates": [{ "value": "AbC" }], (ENT): { "department": "it", "manager": { "value": "Ab" } },
        (acme): { "badge": "b", "n": 1, "l": ["x"] } });
    assert_eq!(Value::Object(search_document(ResourceType::user(), &user)), expected);
}

fn declared(attributes: Vec<Attribute>) -> Schema {
    Schema {
        id: "urn:acme:hr".into(),
        name: "Acme".into(),
        description: "Acme".into(),
        attributes,
    }
}
