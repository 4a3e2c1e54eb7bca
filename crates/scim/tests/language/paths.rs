//! PATCH paths and attribute paths (R17–R19, P5).

use scim::patch::PatchPath;
use scim::path::AttributePath;
use scim::schema::ResourceType;
use scim::{Error, ScimType};

const ENT: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

fn user(text: &str) -> String {
    PatchPath::parse(text, ResourceType::user())
        .unwrap_or_else(|error| panic!("{text}: {error}"))
        .to_string()
}

fn refused(text: &str) -> Error {
    PatchPath::parse(text, ResourceType::user()).expect_err(text)
}

#[test]
fn patch_paths_parse_in_every_form() {
    let ent = |rest: &str| format!("{ENT}{rest}");
    for (text, expected) in [
        ("displayName", "displayName".to_owned()),
        (" NAME.familyname ", "name.familyName".to_owned()),
        ("emails", "emails".to_owned()),
        ("emails[type eq \"work\"]", "emails[type eq \"work\"]".to_owned()),
        (
            "emails[type eq \"work\"].value",
            "emails[type eq \"work\"].value".to_owned(),
        ),
        (
            "EMAILS[Type eq \"work\"].Primary",
            "emails[type eq \"work\"].primary".to_owned(),
        ),
        (
            "emails[type eq \"a]b\"].value",
            "emails[type eq \"a]b\"].value".to_owned(),
        ),
        (
            "addresses[type eq \"untyped\"].formatted",
            "addresses[type eq \"untyped\"].formatted".to_owned(),
        ),
        (
            "roles[primary eq \"True\"].value",
            "roles[primary eq true].value".to_owned(),
        ),
        (
            "urn:ietf:params:scim:schemas:core:2.0:User:emails[type eq \"work\"].value",
            "emails[type eq \"work\"].value".to_owned(),
        ),
        (
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department",
            ent(":department"),
        ),
        (
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:user.Department",
            ent(":department"),
        ),
        (
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager.value",
            ent(":manager.value"),
        ),
        ("manager", ent(":manager")),
        ("Department", ent(":department")),
        (
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:USER",
            ENT.to_owned(),
        ),
        (
            "urn:ietf:params:scim:schemas:extension:AcmeHR:2.0:User:badge",
            "urn:ietf:params:scim:schemas:extension:AcmeHR:2.0:User:badge".to_owned(),
        ),
        (
            "urn:acme:2.0:User:desks[floor eq 2].chair",
            "urn:acme:2.0:User:desks[floor eq 2].chair".to_owned(),
        ),
        ("id", "id".to_owned()),
        ("meta.created", "meta.created".to_owned()),
    ] {
        assert_eq!(user(text), expected, "{text}");
        assert_eq!(user(&expected), expected, "{text}, again");
    }
}

// Rules: E31
#[test]
fn member_removal_path_parses() {
    let path = PatchPath::parse("members[value eq \"9b1c\"]", ResourceType::group()).unwrap();
    assert_eq!(path.path, AttributePath::name("members"));
    assert_eq!(path.filter.unwrap().to_string(), "value eq \"9b1c\"");
}

#[test]
fn the_urn_of_an_extension_alone_is_the_whole_extension() {
    let parse = |text: &str| PatchPath::parse(text, ResourceType::user()).unwrap();
    assert_eq!(parse(&ENT.to_lowercase()).extension(), Some(ENT));
    assert_eq!(parse("urn:acme:hr:2.0:User").extension(), Some("urn:acme:hr:2.0:User"));
    assert_eq!(parse("displayName").extension(), None);
    assert_eq!(parse("manager").extension(), None);
}

// Rules: P5
#[test]
fn bad_paths_are_refused_by_name() {
    for (text, detail) in [
        ("", "an attribute name is missing"),
        ("nope", "User has no attribute \"nope\""),
        ("name.nope", "name has no sub-attribute \"nope\""),
        ("userName.value", "userName has no sub-attribute \"value\""),
        ("name.givenName.x", "is not an attribute name"),
        ("emails[type eq \"work\"].nope", "emails has no sub-attribute \"nope\""),
        ("emails[type eq \"work\"]value", "only .sub-attribute may follow"),
        ("emails[type eq \"work\"].", "only .sub-attribute may follow"),
        ("emails[type eq \"work\"].a.b", "only .sub-attribute may follow"),
        (
            "emails.value[type eq \"work\"]",
            "a filter in brackets follows an attribute",
        ),
        ("userName[type eq \"work\"]", "userName has no sub-attributes"),
        ("[type eq \"work\"]", "an attribute name is missing"),
        ("display name", "is not an attribute name"),
        (
            "urn:ietf:params:scim:schemas:core:2.0:User",
            "names the resource itself",
        ),
        ("urn:ietf:params:scim:schemas:core:2.0:Group", "names a schema"),
        (
            "urn:ietf:params:scim:schemas:core:2.0:Group:members",
            "User has no attribute",
        ),
        (
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:nope",
            "User has no attribute",
        ),
        (
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User[a eq 1]",
            "filters a whole schema",
        ),
        ("urn:a\u{0}b:2.0:User:x", "is not a URN"),
    ] {
        let error = refused(text);
        assert_eq!(error.scim_type, Some(ScimType::InvalidPath), "{text}");
        assert!(error.detail.contains(detail), "{text}: {} lacks {detail}", error.detail);
    }
}

#[test]
fn bad_filters_in_a_path_are_invalid_filters() {
    for text in [
        "emails[0]",
        "emails[]",
        "emails[type eq \"work\"",
        "emails[nope eq 1]",
        "emails[primary gt true]",
        "emails[type eq 'work']",
    ] {
        assert_eq!(refused(text).scim_type, Some(ScimType::InvalidFilter), "{text}");
    }
}

#[test]
fn attribute_paths_resolve_too() {
    let parse = |text: &str| AttributePath::parse(text, ResourceType::group()).map(|path| path.to_string());
    assert_eq!(parse("Members.Value").unwrap(), "members.value");
    assert_eq!(parse("$ref").unwrap_err().scim_type, Some(ScimType::InvalidPath));
    assert_eq!(parse("members.$REF").unwrap(), "members.$ref");
    assert!(
        parse("userName")
            .unwrap_err()
            .detail
            .contains("Group has no attribute \"userName\"")
    );
    assert!(
        parse("urn:acme:hr:2.0:Group")
            .unwrap_err()
            .detail
            .contains("names a schema")
    );
}

#[test]
fn long_paths_are_refused_and_cut_in_the_message() {
    let error = refused(&"a".repeat(9000));
    assert_eq!(error.scim_type, Some(ScimType::InvalidPath));
    assert!(error.detail.len() < 300);
    assert!(refused(&"a".repeat(8000)).detail.len() < 300);
}

/// As clients of before 2018 write it.
// Rules: R19
#[test]
fn a_dot_after_the_urn_is_as_good_as_a_colon() {
    for text in [
        format!("{ENT}.department"),
        format!("{}.Department", ENT.to_uppercase()),
        format!("{ENT}:department"),
    ] {
        assert_eq!(user(&text), format!("{ENT}:department"), "{text}");
        let found = AttributePath::parse(&text, ResourceType::user()).unwrap();
        assert_eq!(found.to_string(), format!("{ENT}:department"), "{text}");
    }
    assert_eq!(user(&format!("{ENT}.manager.value")), format!("{ENT}:manager.value"));
}
