//! The core User schema (RFC 7643 §4.1).
//!
//! `externalId` is a common attribute of the RFC, listed here because clients map to it and look for it in `/Schemas`.
//! Canonical values of `type` are chosen for clients that expand them into mapping targets: an attribute whose `type`
//! has none (`roles`, `ims`, `photos` …) is addressed by its primary element instead.

use super::{Attribute, AttributeType, Mutability, Returned, Schema};

pub(super) fn schema() -> Schema {
    let mut attributes = identity();
    attributes.extend(profile());
    attributes.extend(contact());
    attributes.extend(authority());
    Schema {
        id: crate::urn::CORE_USER.to_owned(),
        name: "User".to_owned(),
        description: "User Account".to_owned(),
        attributes,
    }
}

fn identity() -> Vec<Attribute> {
    vec![
        Attribute::string(
            "userName",
            "Name the user signs in with; unique within the directory whatever its case.",
        )
        .required()
        .unique(),
        Attribute::string("externalId", "Identifier of the user at the client.").exact(),
        Attribute::complex(
            "name",
            "The parts of the user's name.",
            vec![
                Attribute::string("formatted", "The full name, ready for display."),
                Attribute::string("familyName", "Family name, last name in most Western languages."),
                Attribute::string("givenName", "Given name, first name in most Western languages."),
                Attribute::string("middleName", "Middle names."),
                Attribute::string("honorificPrefix", "Title before the name, such as Dr."),
                Attribute::string("honorificSuffix", "Suffix after the name, such as III."),
            ],
        ),
        Attribute::boolean("active", "Whether the user may use the service."),
        Attribute::string(
            "password",
            "Accepted and not kept: users do not sign in to this service with a password.",
        )
        .exact()
        .mutability(Mutability::WriteOnly)
        .returned(Returned::Never),
    ]
}

fn profile() -> Vec<Attribute> {
    vec![
        Attribute::string("displayName", "The name to show for the user."),
        Attribute::string("nickName", "The casual name of the user."),
        Attribute::reference("profileUrl", &["external"], "The user's page elsewhere."),
        Attribute::string("title", "Job title."),
        Attribute::string(
            "userType",
            "How the user belongs to the organization, such as Employee or Contractor.",
        ),
        Attribute::string(
            "preferredLanguage",
            "Preferred language, as in the HTTP header Accept-Language.",
        ),
        Attribute::string("locale", "Locale for currency, dates and numbers."),
        Attribute::string("timezone", "Time zone, by its name in the IANA database."),
    ]
}

fn contact() -> Vec<Attribute> {
    vec![
        plural(
            "emails",
            "E-mail addresses.",
            Attribute::string("value", "The address."),
            &["work", "home", "other"],
        ),
        plural(
            "phoneNumbers",
            "Telephone numbers.",
            Attribute::string("value", "The number."),
            &["work", "home", "mobile", "fax", "pager", "other"],
        ),
        plural(
            "ims",
            "Instant messaging addresses.",
            Attribute::string("value", "The address."),
            &[],
        ),
        plural(
            "photos",
            "Pictures of the user.",
            Attribute::reference("value", &["external"], "Where the picture is."),
            &["photo", "thumbnail"],
        ),
        addresses(),
    ]
}

fn addresses() -> Attribute {
    Attribute::complex(
        "addresses",
        "Postal addresses.",
        vec![
            Attribute::string("formatted", "The whole address, ready for display."),
            Attribute::string("streetAddress", "Street, house number, post box."),
            Attribute::string("locality", "City."),
            Attribute::string("region", "State or region."),
            Attribute::string("postalCode", "Postal code."),
            Attribute::string("country", "Country, as the client sends it."),
            Attribute::string("type", "What the address is for.").canonical(&["work", "home", "other"]),
            Attribute::boolean("primary", "Whether this is the preferred address."),
        ],
    )
    .multi()
}

fn authority() -> Vec<Attribute> {
    vec![
        Attribute::complex(
            "groups",
            "Groups the user belongs to; changed through the groups.",
            vec![
                Attribute::string("value", "Id of the group.")
                    .exact()
                    .mutability(Mutability::ReadOnly),
                Attribute::reference("$ref", &["Group"], "URI of the group.").mutability(Mutability::ReadOnly),
                Attribute::string("display", "Name of the group.").mutability(Mutability::ReadOnly),
                Attribute::string("type", "Whether the user is a member itself or through another group.")
                    .canonical(&["direct", "indirect"])
                    .mutability(Mutability::ReadOnly),
            ],
        )
        .multi()
        .mutability(Mutability::ReadOnly),
        plural(
            "entitlements",
            "Things the user is entitled to.",
            Attribute::string("value", "The entitlement."),
            &[],
        ),
        plural(
            "roles",
            "Roles of the user.",
            Attribute::string("value", "The role."),
            &[],
        ),
        plural(
            "x509Certificates",
            "Certificates issued to the user.",
            Attribute::new("value", AttributeType::Binary, "The certificate, DER in base64.").exact(),
            &[],
        ),
    ]
}

/// A multi-valued attribute with the usual parts: value, display, type, primary (RFC 7643 §2.4).
fn plural(name: &str, description: &str, value: Attribute, types: &[&str]) -> Attribute {
    let parts = vec![
        value,
        Attribute::string("display", "A text for people."),
        Attribute::string("type", "What the value is for.").canonical(types),
        Attribute::boolean("primary", "Whether this is the preferred value."),
    ];
    Attribute::complex(name, description, parts).multi()
}
