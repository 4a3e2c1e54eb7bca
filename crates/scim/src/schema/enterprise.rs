//! The enterprise extension of User (RFC 7643 §4.3).

use super::{Attribute, Mutability, Schema};

pub(super) fn schema() -> Schema {
    Schema {
        id: crate::urn::ENTERPRISE_USER.to_owned(),
        name: "EnterpriseUser".to_owned(),
        description: "Enterprise User".to_owned(),
        attributes: vec![
            Attribute::string("employeeNumber", "Number the organization gave the person."),
            Attribute::string("costCenter", "Cost center."),
            Attribute::string("organization", "Organization."),
            Attribute::string("division", "Division."),
            Attribute::string("department", "Department."),
            Attribute::complex(
                "manager",
                "The user's manager.",
                vec![
                    Attribute::string("value", "Id of the manager, a user of the same directory.").exact(),
                    Attribute::reference("$ref", &["User"], "URI of the manager."),
                    Attribute::string("displayName", "Name of the manager.").mutability(Mutability::ReadOnly),
                ],
            ),
        ],
    }
}
