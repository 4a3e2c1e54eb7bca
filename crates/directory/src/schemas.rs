//! Extension schemas that a directory declares for its users.
//!
//! The shape in the settings and in the management API:
//!
//! ```json
//! {"id": "urn:acme:params:scim:schemas:badge:2.0:User", "name": "Badge", "description": "…",
//!  "attributes": [
//!    {"name": "number", "type": "string", "multi_valued": false, "required": false, "case_exact": true, "description": "…"},
//!    {"name": "access", "type": "complex", "multi_valued": true,
//!     "sub_attributes": [{"name": "value", "type": "string"}, {"name": "until", "type": "dateTime"}]}]}
//! ```
//!
//! `id`, `name` and `attributes` of a schema and `name` of an attribute must be there. `type` is `string` unless it says
//! otherwise; `case_exact` is for strings (references and binary values are compared exactly in any case);
//! `sub_attributes` is for `complex`, and its elements are not complex themselves. `required` means: wherever the
//! extension has data at all.

use scim::schema::{Attribute, AttributeType, Schema};
use serde::{Deserialize, Serialize};

/// A declared extension of users.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SchemaDeclaration {
    /// The URN under which the data stands.
    pub id: String,
    /// Short name.
    pub name: String,
    /// For people.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// Its attributes.
    pub attributes: Vec<AttributeDeclaration>,
}

/// An attribute of a declared extension, or a part of one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttributeDeclaration {
    /// Name in its canonical case.
    pub name: String,
    /// Data type.
    #[serde(rename = "type", default)]
    pub kind: DeclaredType,
    /// Whether the value is an array.
    #[serde(default)]
    pub multi_valued: bool,
    /// Whether it must have a value wherever the extension has data.
    #[serde(default)]
    pub required: bool,
    /// Whether texts are compared exactly.
    #[serde(default)]
    pub case_exact: bool,
    /// For people.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// The parts of a complex attribute.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sub_attributes: Vec<AttributeDeclaration>,
}

/// Data types by their names in RFC 7643 §2.3.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the names are those of the RFC")]
pub enum DeclaredType {
    #[default]
    String,
    Boolean,
    Decimal,
    Integer,
    DateTime,
    Binary,
    Reference,
    Complex,
}

impl DeclaredType {
    const fn kind(self) -> AttributeType {
        match self {
            Self::String => AttributeType::String,
            Self::Boolean => AttributeType::Boolean,
            Self::Decimal => AttributeType::Decimal,
            Self::Integer => AttributeType::Integer,
            Self::DateTime => AttributeType::DateTime,
            Self::Binary => AttributeType::Binary,
            Self::Reference => AttributeType::Reference,
            Self::Complex => AttributeType::Complex,
        }
    }
}

impl SchemaDeclaration {
    /// As everything else knows schemas.
    #[must_use]
    pub fn to_schema(&self) -> Schema {
        Schema {
            id: self.id.clone(),
            name: self.name.clone(),
            description: self.description.clone(),
            attributes: self.attributes.iter().map(AttributeDeclaration::to_attribute).collect(),
        }
    }

    /// Whether the same data is found by the same filters under the other declaration of this URN: then nothing that
    /// is stored has to be written again.
    #[must_use]
    pub fn searches_like(&self, other: &Self) -> bool {
        self.id == other.id && search_alike(&self.attributes, &other.attributes)
    }
}

fn search_alike(some: &[AttributeDeclaration], others: &[AttributeDeclaration]) -> bool {
    let alike = |one: &AttributeDeclaration, other: &AttributeDeclaration| {
        one.name == other.name
            && one.kind == other.kind
            && one.multi_valued == other.multi_valued
            && one.case_exact == other.case_exact
            && search_alike(&one.sub_attributes, &other.sub_attributes)
    };
    some.len() == others.len() && some.iter().all(|one| others.iter().any(|other| alike(one, other)))
}

impl AttributeDeclaration {
    fn to_attribute(&self) -> Attribute {
        let kind = self.kind.kind();
        let mut attribute = Attribute::new(&self.name, kind, &self.description);
        attribute.multi_valued = self.multi_valued;
        attribute.required = self.required;
        attribute.case_exact = match kind {
            AttributeType::Reference | AttributeType::Binary => true,
            AttributeType::String => self.case_exact,
            _ => false,
        };
        if kind == AttributeType::Reference {
            attribute.reference_types = vec!["external".to_owned()];
        }
        attribute.sub_attributes = self.sub_attributes.iter().map(Self::to_attribute).collect();
        attribute
    }
}
