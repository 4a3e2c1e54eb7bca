//! What a filter means for a resource in memory (R26–R29).

use scim::filter::Filter;
use scim::path::AttributePath;
use scim::schema::ResourceType;
use serde_json::{Map, Value, json};

fn marta() -> Map<String, Value> {
    let resource = json!({
        "schemas": [scim::urn::CORE_USER, scim::urn::ENTERPRISE_USER],
        "id": "9b1c", "externalId": "mlopez", "userName": "M.Lopez@Contoso.test", "active": true, "title": "Planner",
        "nickName": "", "photos": [], "locale": null,
        "name": {"familyName": "López", "givenName": "Marta"},
        "emails": [
            {"type": "work", "value": "m.lopez@contoso.test", "primary": true},
            {"type": "home", "value": "Marta@home.test"}
        ],
        "addresses": [{"type": "work", "locality": ""}],
        "meta": {"resourceType": "User", "created": "2026-01-31T08:15:00.123Z", "version": "W/\"1\""},
        scim::urn::ENTERPRISE_USER: {"department": "Planning", "manager": {"value": "77aa"}},
        "urn:acme:2.0:User": {"level": 3, "badge": "B-77", "flag": true, "desks": [{"floor": 2}, {"floor": 5, "corner": true}]}
    });
    match resource {
        Value::Object(members) => members,
        other => panic!("{other} is no object"),
    }
}

fn matches(text: &str) -> bool {
    let kind = ResourceType::user();
    Filter::parse(text, kind)
        .unwrap_or_else(|error| panic!("{text}: {error}"))
        .matches(&marta(), kind)
}

fn all_match(filters: &[&str]) {
    for text in filters {
        assert!(matches(text), "{text} should match");
    }
}

fn none_match(filters: &[&str]) {
    for text in filters {
        assert!(!matches(text), "{text} should not match");
    }
}

#[test]
fn strings_compare_by_case_exact() {
    all_match(&[
        "userName eq \"m.lopez@contoso.TEST\"",
        "userName sw \"M.LOPEZ\"",
        "userName ew \".test\"",
        "userName co \"@contoso\"",
        "name.familyName eq \"LO\u{301}PEZ\"",
        "externalId eq \"mlopez\"",
        "title gt \"plan\"",
        "title ge \"PLANNER\"",
        "title lt \"planners\"",
        "id eq \"9b1c\"",
        "meta.resourceType eq User",
        "department eq \"planning\"",
    ]);
    none_match(&[
        "externalId eq \"MLopez\"",
        "externalId sw \"ML\"",
        "id eq \"9B1C\"",
        "title lt \"plan\"",
        "title eq \"Plan\"",
    ]);
}

#[test]
fn booleans_and_dates_compare_by_their_type() {
    all_match(&[
        "active eq true",
        "active eq \"True\"",
        "active ne false",
        "meta.created eq \"2026-01-31T10:15:00.123+02:00\"",
        "meta.created gt \"2026-01-31T08:15:00Z\"",
        "meta.created lt \"2026-01-31T08:15:00-01:00\"",
        "emails[primary eq \"True\"]",
    ]);
    none_match(&[
        "active eq false",
        "active ne true",
        "meta.created gt \"2026-01-31T08:15:00.123Z\"",
    ]);
}

// Rules: R26
#[test]
fn one_single_element_must_satisfy_the_bracket() {
    all_match(&[
        "emails[type eq \"work\" and value co \"contoso\"]",
        "emails[type eq \"work\"].value eq \"m.lopez@contoso.test\"",
        "emails[not (type eq \"work\")]",
        "emails.type eq \"work\" and emails.value co \"home\"",
        "name[familyName sw \"l\"]",
    ]);
    none_match(&[
        "emails[type eq \"work\" and value co \"home\"]",
        "emails[type eq \"other\"]",
        "photos[type ne \"x\"]",
    ]);
}

// Rules: R27
#[test]
fn any_value_of_a_multi_valued_attribute_is_enough() {
    all_match(&[
        "emails co \"HOME.test\"",
        "emails.type eq \"home\"",
        "emails.type ne \"home\"",
        "manager eq \"77aa\"",
        "schemas eq \"urn:ietf:params:scim:schemas:core:2.0:user\"",
    ]);
    none_match(&["emails eq \"home\"", "manager eq \"77AB\"", "schemas eq \"urn:x\""]);
}

// Rules: R29
#[test]
fn unassigned_attributes_satisfy_only_ne() {
    let unassigned = [
        "nickName",
        "photos",
        "locale",
        "addresses.locality",
        "timezone",
        "profileUrl",
        "urn:acme:2.0:User:nope",
    ];
    for name in unassigned {
        none_match(&[
            &format!("{name} pr"),
            &format!("{name} eq \"x\""),
            &format!("{name} co \"\""),
            &format!("{name} lt \"z\""),
        ]);
        all_match(&[
            &format!("{name} ne \"x\""),
            &format!("{name} eq null"),
            &format!("not ({name} ne null)"),
        ]);
    }
    all_match(&[
        "title pr",
        "name pr",
        "emails pr",
        "addresses pr",
        "manager pr",
        "active pr",
        "title ne null",
    ]);
    none_match(&["name.middleName pr", "title eq null"]);
}

#[test]
fn undeclared_attributes_are_typed_by_their_value() {
    all_match(&[
        "urn:acme:2.0:User:level gt 2",
        "urn:acme:2.0:User:level eq 3.0",
        "urn:acme:2.0:User:level le \"3\"",
        "URN:ACME:2.0:user:BADGE eq \"b-77\"",
        "urn:acme:2.0:User:flag eq \"TRUE\"",
        "urn:acme:2.0:User:desks[floor eq 5 and corner eq true]",
        "urn:acme:2.0:User:desks.floor eq 2",
    ]);
    none_match(&[
        "urn:acme:2.0:User:level gt 3",
        "urn:acme:2.0:User:level eq true",
        "urn:acme:2.0:User:desks[floor eq 2 and corner eq true]",
        "urn:acme:2.1:User:level pr",
    ]);
}

#[test]
fn logic_combines() {
    all_match(&[
        "title eq \"x\" or active eq true",
        "not (title eq \"x\")",
        "active eq true and title pr or title eq \"x\"",
    ]);
    none_match(&["title eq \"x\" and active eq true", "not (active eq true or title pr)"]);
}

#[test]
fn elements_match_value_filters_of_patch_paths() {
    let element = json!({"Type": "work", "value": "X@y.test", "primary": true});
    let emails = ResourceType::user()
        .lookup(&AttributePath::name("emails"))
        .unwrap()
        .attribute;
    for (text, expected) in [
        ("type eq \"WORK\"", true),
        ("primary eq \"True\"", true),
        ("primary eq true and value eq \"x@y.test\"", true),
        ("type eq \"home\"", false),
        ("display pr", false),
        ("display ne \"x\"", true),
    ] {
        let filter = Filter::parse_unresolved(text).unwrap();
        assert_eq!(filter.matches_element(&element), expected, "{text}");
        assert_eq!(filter.matches_element_of(&element, emails), expected, "{text}");
    }
    let simple = Filter::parse_unresolved("value eq \"A\"").unwrap();
    assert!(simple.matches_element(&json!("a")));
    assert!(!simple.matches_element(&json!("b")));
}
