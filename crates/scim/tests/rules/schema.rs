use scim::schema::{Attribute, AttributeType, Mutability, ResourceType, Returned, Uniqueness};

fn attribute(name: &str) -> &'static Attribute {
    ResourceType::user()
        .core
        .attribute(name)
        .expect("the attribute is in the schema")
}

// Rules: R58
#[test]
fn the_core_user_has_every_attribute_of_the_rfc() {
    for name in [
        "userName",
        "name",
        "displayName",
        "nickName",
        "profileUrl",
        "title",
        "userType",
        "preferredLanguage",
        "locale",
        "timezone",
        "active",
        "password",
        "emails",
        "phoneNumbers",
        "ims",
        "photos",
        "addresses",
        "groups",
        "entitlements",
        "roles",
        "x509Certificates",
        "externalId",
    ] {
        attribute(name);
    }
}

// Rules: V15
#[test]
fn types_have_the_canonical_values_that_mappings_expand() {
    let types = |name: &str| {
        attribute(name)
            .sub("type")
            .expect("it has types")
            .canonical_values
            .clone()
    };
    assert_eq!(types("emails"), ["work", "home", "other"]);
    assert_eq!(types("addresses"), ["work", "home", "other"]);
    assert_eq!(
        types("phoneNumbers"),
        ["work", "home", "mobile", "fax", "pager", "other"]
    );
    assert!(types("roles").is_empty());
}

#[test]
fn names_are_required_and_unique_whatever_their_case() {
    let display_name = ResourceType::group()
        .core
        .attribute("displayName")
        .expect("groups have names");
    for name in [attribute("userName"), display_name] {
        assert!(name.required && !name.case_exact);
        assert_eq!(name.uniqueness, Uniqueness::Server);
    }
    assert!(attribute("externalId").case_exact);
    assert_eq!(attribute("externalId").uniqueness, Uniqueness::None);
}

// Rules: R60, R61
#[test]
fn groups_are_read_only_and_passwords_never_returned() {
    assert_eq!(attribute("groups").mutability, Mutability::ReadOnly);
    assert_eq!(attribute("password").mutability, Mutability::WriteOnly);
    assert_eq!(attribute("password").returned, Returned::Never);
}

#[test]
fn rfc_7643_2_3_parts_of_complex_attributes_are_never_complex() {
    let user = ResourceType::user();
    for schema in std::iter::once(&user.core)
        .chain(&user.extensions)
        .chain([&ResourceType::group().core])
    {
        for attribute in &schema.attributes {
            assert_eq!(
                attribute.kind == AttributeType::Complex,
                !attribute.sub_attributes.is_empty()
            );
            assert!(
                attribute
                    .sub_attributes
                    .iter()
                    .all(|sub| sub.kind != AttributeType::Complex)
            );
        }
    }
}
