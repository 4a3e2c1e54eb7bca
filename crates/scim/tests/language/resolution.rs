//! Names and literals against the schemas (R6, R17, R27, R28, R30, R33).

use scim::ScimType;
use scim::filter::{Filter, resolve_value_filter};
use scim::path::AttributePath;
use scim::schema::ResourceType;

const ENT: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

fn user(text: &str) -> String {
    Filter::parse(text, ResourceType::user())
        .unwrap_or_else(|error| panic!("{text}: {error}"))
        .to_string()
}

fn refused(text: &str) -> String {
    let error = Filter::parse(text, ResourceType::user()).expect_err(text);
    assert_eq!(
        (error.status, error.scim_type),
        (400, Some(ScimType::InvalidFilter)),
        "{text}"
    );
    error.detail
}

// Rules: R6
#[test]
fn names_come_back_in_canonical_case() {
    for (text, expected) in [
        ("USERNAME eq \"x\"", "userName eq \"x\"".to_owned()),
        ("Name.GIVENNAME eq \"x\"", "name.givenName eq \"x\"".to_owned()),
        (
            "Emails[Type eq \"work\"].Value eq \"x\"",
            "emails[type eq \"work\" and value eq \"x\"]".to_owned(),
        ),
        (
            "META.lastmodified gt \"2026-01-31T08:15:00Z\"",
            "meta.lastModified gt \"2026-01-31T08:15:00Z\"".to_owned(),
        ),
        (
            "ID eq \"x\" and ExternalID eq \"y\"",
            "id eq \"x\" and externalId eq \"y\"".to_owned(),
        ),
        ("Schemas eq \"urn:x\"", "schemas eq \"urn:x\"".to_owned()),
        (
            "urn:ietf:params:scim:schemas:core:2.0:User:userName eq \"x\"",
            "userName eq \"x\"".to_owned(),
        ),
        (
            "urn:ietf:params:scim:schemas:core:2.0:User:id eq \"x\"",
            "id eq \"x\"".to_owned(),
        ),
        (
            "urn:ietf:params:scim:schemas:extension:Enterprise:2.0:user:DEPARTMENT pr",
            format!("{ENT}:department pr"),
        ),
        (
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User.department pr",
            format!("{ENT}:department pr"),
        ),
    ] {
        assert_eq!(user(text), expected, "{text}");
    }
}

#[test]
fn bare_enterprise_names_get_their_urn() {
    assert_eq!(
        user("department eq \"Retail\""),
        format!("{ENT}:department eq \"Retail\"")
    );
    assert_eq!(
        user("employeeNumber eq 10042"),
        format!("{ENT}:employeeNumber eq \"10042\"")
    );
}

// Rules: E14
#[test]
fn manager_probe_compares_the_value_of_the_manager() {
    assert_eq!(
        user("id eq \"9b1c\" and manager eq \"77aa\""),
        format!("id eq \"9b1c\" and {ENT}:manager.value eq \"77aa\"")
    );
}

// Rules: R27
#[test]
fn a_bare_complex_attribute_means_its_value() {
    assert_eq!(user("emails co \"x\""), "emails.value co \"x\"");
    assert_eq!(user("groups eq \"x\""), "groups.value eq \"x\"");
    assert_eq!(user("emails pr"), "emails pr");
    assert!(refused("name eq \"x\"").contains("name is complex"));
    assert!(refused("addresses eq \"x\"").contains("addresses is complex"));
    let members = Filter::parse("members eq \"x\"", ResourceType::group()).unwrap();
    assert_eq!(members.to_string(), "members.value eq \"x\"");
}

// Rules: R28
#[test]
fn operators_are_checked_against_the_type() {
    for text in [
        "active gt true",
        "active co \"tr\"",
        "emails.primary le false",
        "emails[primary ge true]",
        "x509Certificates.value gt \"AA==\"",
        "x509Certificates.value sw \"AA\"",
        "meta.created co \"2026\"",
        "title gt null",
        "urn:acme:2.0:User:flag gt true",
        "urn:acme:2.0:User:flag co null",
    ] {
        assert!(refused(text).contains("cannot"), "{text}");
    }
    for text in [
        "title gt \"a\"",
        "meta.created le \"2026-01-31T08:15:00+02:00\"",
        "title co \"a\"",
        "photos sw \"http\"",
    ] {
        user(text);
    }
}

#[test]
fn literals_are_converted_to_the_type_of_the_attribute() {
    for (text, expected) in [
        ("active eq \"True\"", "active eq true"),
        ("active eq False", "active eq false"),
        (
            "roles[primary eq \"True\"].value eq \"Admin\"",
            "roles[primary eq true and value eq \"Admin\"]",
        ),
        ("emails.primary ne \"false\"", "emails.primary ne false"),
        ("userName eq bjensen", "userName eq \"bjensen\""),
        ("userName eq 12", "userName eq \"12\""),
        ("displayName eq true", "displayName eq \"true\""),
        ("meta.resourceType eq User", "meta.resourceType eq \"User\""),
    ] {
        assert_eq!(user(text), expected, "{text}");
    }
    assert!(refused("active eq \"yes\"").contains("active is compared with true or false"));
    assert!(refused("active eq 1").contains("active is compared with true or false"));
    for text in ["2026-01-31", "2026-01-31T08:15:00", "yesterday", "2026-02-31T08:15:00Z"] {
        assert!(
            refused(&format!("meta.created ge \"{text}\"")).contains("date, time and zone"),
            "{text}"
        );
    }
    // A plus that an unescaped query string turned into a space.
    user("meta.created ge \"2026-01-31T08:15:00 02:00\"");
}

// Rules: R29
#[test]
fn comparing_with_null_is_about_presence() {
    assert_eq!(user("title eq null"), "not (title pr)");
    assert_eq!(user("title ne null"), "title pr");
    assert_eq!(user("name eq null"), "not (name pr)");
    assert_eq!(user("emails[value ne null]"), "emails[value pr]");
}

// Rules: R30
#[test]
fn unknown_attributes_are_refused_by_name() {
    for (text, name) in [
        ("nope eq \"x\"", "User has no attribute \"nope\""),
        ("name.nope eq \"x\"", "name has no sub-attribute \"nope\""),
        ("emails[nope eq \"x\"]", "emails has no sub-attribute \"nope\""),
        (
            "emails[type eq \"work\"].nope eq \"x\"",
            "emails has no sub-attribute \"nope\"",
        ),
        ("userName.value eq \"x\"", "userName has no sub-attribute \"value\""),
        ("userName[type eq \"x\"]", "userName has no sub-attributes"),
        (
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:nope pr",
            ":User:nope\"",
        ),
        (
            "urn:ietf:params:scim:schemas:core:2.0:Group:displayName pr",
            ":Group:displayName\"",
        ),
    ] {
        let detail = refused(text);
        assert!(detail.contains(name), "{text}: {detail}");
    }
}

#[test]
fn attributes_of_an_undeclared_extension_are_allowed_as_written() {
    for text in [
        "urn:ietf:params:scim:schemas:extension:AcmeHR:2.0:User:badge eq \"B-77\"",
        "urn:ietf:params:scim:schemas:extension:AcmeHR:2.0:User:Level gt 3",
        "urn:ietf:params:scim:schemas:extension:AcmeHR:2.0:User:desks[floor eq 2]",
    ] {
        assert_eq!(user(text), text);
    }
}

// Rules: R30
#[test]
fn across_types_an_unknown_attribute_has_no_value() {
    let group = |text: &str| {
        Filter::parse_across_types(text, ResourceType::group())
            .unwrap()
            .to_string()
    };
    assert_eq!(
        group("userName eq \"x\" or displayName eq \"y\""),
        "not (id pr) or displayName eq \"y\""
    );
    assert_eq!(group("userName ne \"x\""), "id pr");
    assert_eq!(group("userName pr"), "not (id pr)");
    assert_eq!(group("userName eq null"), "id pr");
    assert_eq!(group("emails[type eq \"work\"]"), "not (id pr)");
    let error = Filter::parse_across_types("active gt true", ResourceType::user()).unwrap_err();
    assert_eq!(error.scim_type, Some(ScimType::InvalidFilter));
}

// Rules: R33
#[test]
fn passwords_cannot_be_filtered_by() {
    for text in [
        "password eq \"x\"",
        "password pr",
        "PASSWORD sw \"a\"",
        "password eq null",
    ] {
        assert!(refused(text).contains("password is never returned"), "{text}");
    }
}

#[test]
fn value_filters_resolve_against_one_attribute() {
    let user = ResourceType::user();
    let emails = user.lookup(&AttributePath::name("emails")).unwrap().attribute;
    let mut filter = Filter::parse_unresolved("Type eq \"untyped\" and PRIMARY eq \"True\"").unwrap();
    resolve_value_filter(&mut filter, emails).unwrap();
    assert_eq!(filter.to_string(), "type eq \"untyped\" and primary eq true");

    // §2.6 item 12: a type where the schema has none.
    let manager = user.lookup(&AttributePath::name("manager")).unwrap().attribute;
    let mut filter = Filter::parse_unresolved("type eq \"untyped\"").unwrap();
    resolve_value_filter(&mut filter, manager).unwrap();

    let mut filter = Filter::parse_unresolved("emails[type eq \"work\"]").unwrap();
    assert_eq!(
        resolve_value_filter(&mut filter, emails).unwrap_err().scim_type,
        Some(ScimType::InvalidFilter)
    );
}
