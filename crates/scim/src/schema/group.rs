//! The core Group schema (RFC 7643 §4.2).
//!
//! `displayName` is required (the RFC's prose; its JSON says otherwise) and unique within the directory, which is a
//! demand of Entra ID.

use super::{Attribute, Mutability, Schema};

pub(super) fn schema() -> Schema {
    Schema {
        id: crate::urn::CORE_GROUP.to_owned(),
        name: "Group".to_owned(),
        description: "Group".to_owned(),
        attributes: vec![
            Attribute::string(
                "displayName",
                "Name of the group; unique within the directory whatever its case.",
            )
            .required()
            .unique(),
            Attribute::string("externalId", "Identifier of the group at the client.").exact(),
            Attribute::complex(
                "members",
                "Members of the group.",
                vec![
                    Attribute::string("value", "Id of the member, a user or group of the same directory.")
                        .exact()
                        .mutability(Mutability::Immutable),
                    Attribute::reference("$ref", &["User", "Group"], "URI of the member.")
                        .mutability(Mutability::Immutable),
                    Attribute::string("type", "What the member is.")
                        .canonical(&["User", "Group"])
                        .mutability(Mutability::Immutable),
                    Attribute::string("display", "displayName of the member, where it has one.")
                        .mutability(Mutability::ReadOnly),
                ],
            )
            .multi(),
        ],
    }
}
