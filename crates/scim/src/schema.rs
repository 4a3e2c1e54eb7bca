//! Attribute facts (RFC 7643 §2.2 and §7): what parsing, filtering, patching, projecting and discovery all ask.
//!
//! There is one description of each attribute, here; `/Schemas` prints it and every other module obeys it, so what
//! discovery says is what the server does.

mod build;
mod declare;
mod enterprise;
mod group;
mod lookup;
mod user;

use std::sync::LazyLock;

pub use declare::{check_attribute_name, check_extension_urn};
pub use lookup::ResolvedPath;

/// Data type of an attribute (RFC 7643 §2.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are those of the RFC")]
pub enum AttributeType {
    String,
    Boolean,
    Decimal,
    Integer,
    DateTime,
    Binary,
    Reference,
    Complex,
}

/// Who may change an attribute (RFC 7643 §7).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are those of the RFC")]
pub enum Mutability {
    ReadOnly,
    ReadWrite,
    Immutable,
    WriteOnly,
}

/// When an attribute is returned (RFC 7643 §7).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are those of the RFC")]
pub enum Returned {
    Always,
    Never,
    Default,
    Request,
}

/// How values must differ (RFC 7643 §7).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are those of the RFC")]
pub enum Uniqueness {
    None,
    Server,
    Global,
}

/// One attribute with every characteristic of RFC 7643 §7.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attribute {
    /// Name in its canonical case.
    pub name: String,
    /// Data type.
    pub kind: AttributeType,
    /// Whether the value is an array.
    pub multi_valued: bool,
    /// For people.
    pub description: String,
    /// Whether a resource must have it.
    pub required: bool,
    /// Whether values are compared exactly.
    pub case_exact: bool,
    /// Who may change it.
    pub mutability: Mutability,
    /// When it is returned.
    pub returned: Returned,
    /// How values must differ.
    pub uniqueness: Uniqueness,
    /// Suggested values; others are accepted.
    pub canonical_values: Vec<String>,
    /// For references: what they may point to.
    pub reference_types: Vec<String>,
    /// For complex attributes: their parts.
    pub sub_attributes: Vec<Attribute>,
}

/// A set of attributes with a URN.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schema {
    /// The URN.
    pub id: String,
    /// Short name.
    pub name: String,
    /// For people.
    pub description: String,
    /// Top-level attributes.
    pub attributes: Vec<Attribute>,
}

/// A resource type: endpoint, core schema, and extensions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResourceType {
    /// `User` or `Group`.
    pub name: &'static str,
    /// `/Users` or `/Groups`.
    pub endpoint: &'static str,
    /// For people.
    pub description: &'static str,
    /// The core schema.
    pub core: Schema,
    /// Extension schemas, each optional.
    pub extensions: Vec<Schema>,
}

static USER: LazyLock<ResourceType> = LazyLock::new(|| ResourceType::user_with(Vec::new()));

static GROUP: LazyLock<ResourceType> = LazyLock::new(|| ResourceType {
    name: "Group",
    endpoint: "/Groups",
    description: "Group",
    core: group::schema(),
    extensions: Vec::new(),
});

impl ResourceType {
    /// Users with the enterprise extension.
    #[must_use]
    pub fn user() -> &'static Self {
        &USER
    }

    /// Groups.
    #[must_use]
    pub fn group() -> &'static Self {
        &GROUP
    }

    /// Users with the enterprise extension and the schemas that a directory declared itself.
    #[must_use]
    pub fn user_with(extensions: Vec<Schema>) -> Self {
        let mut all = vec![enterprise::schema()];
        all.extend(extensions);
        Self {
            name: "User",
            endpoint: "/Users",
            description: "User Account",
            core: user::schema(),
            extensions: all,
        }
    }

    /// The same without an attribute of the core schema: it cannot be named any more, in a filter either, and
    /// `/Schemas` does not list it.
    #[must_use]
    pub fn without(mut self, attribute: &str) -> Self {
        self.core.attributes.retain(|one| one.name != attribute);
        self
    }
}

impl AttributeType {
    /// The keyword in `/Schemas`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::String => "string",
            Self::Boolean => "boolean",
            Self::Decimal => "decimal",
            Self::Integer => "integer",
            Self::DateTime => "dateTime",
            Self::Binary => "binary",
            Self::Reference => "reference",
            Self::Complex => "complex",
        }
    }
}

impl Mutability {
    /// The keyword in `/Schemas`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ReadOnly => "readOnly",
            Self::ReadWrite => "readWrite",
            Self::Immutable => "immutable",
            Self::WriteOnly => "writeOnly",
        }
    }
}

impl Returned {
    /// The keyword in `/Schemas`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Always => "always",
            Self::Never => "never",
            Self::Default => "default",
            Self::Request => "request",
        }
    }
}

impl Uniqueness {
    /// The keyword in `/Schemas`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Server => "server",
            Self::Global => "global",
        }
    }
}
