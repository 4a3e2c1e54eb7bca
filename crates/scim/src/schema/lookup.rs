//! Finding attributes by name: case-insensitively (R6), with or without a schema URN (R17), common attributes included.

use std::sync::LazyLock;

use super::{Attribute, AttributeType, Mutability, ResourceType, Returned, Schema};
use crate::path::AttributePath;

/// The attributes that every resource has without a schema listing them (RFC 7643 §3.1).
static COMMON: LazyLock<Vec<Attribute>> = LazyLock::new(|| {
    vec![
        Attribute::string("id", "Identifier of the resource, given by the service provider.")
            .exact()
            .mutability(Mutability::ReadOnly)
            .returned(Returned::Always)
            .unique(),
        Attribute::string("externalId", "Identifier of the resource at the client.").exact(),
        Attribute::string("schemas", "URNs of the schemas that the resource follows.")
            .multi()
            .required()
            .returned(Returned::Always),
        meta(),
    ]
});

fn meta() -> Attribute {
    let parts = vec![
        Attribute::string("resourceType", "Name of the resource type.").exact(),
        Attribute::new("created", AttributeType::DateTime, "When the resource was created."),
        Attribute::new(
            "lastModified",
            AttributeType::DateTime,
            "When the resource last changed.",
        ),
        Attribute::reference("location", &["uri"], "URI of the resource."),
        Attribute::string("version", "Version of the resource, the same as its ETag.").exact(),
    ];
    let parts = parts
        .into_iter()
        .map(|part| part.mutability(Mutability::ReadOnly))
        .collect();
    Attribute::complex("meta", "Metadata of the resource.", parts).mutability(Mutability::ReadOnly)
}

/// What a path names.
#[derive(Clone, Copy, Debug)]
pub struct ResolvedPath<'a> {
    /// The URN of the extension the attribute belongs to; `None` for core and common attributes.
    pub urn: Option<&'a str>,
    /// The attribute.
    pub attribute: &'a Attribute,
    /// The sub-attribute, when the path names one.
    pub sub: Option<&'a Attribute>,
}

impl<'a> ResolvedPath<'a> {
    /// The facts of what is named: those of the sub-attribute if there is one.
    #[must_use]
    pub fn target(&self) -> &'a Attribute {
        self.sub.unwrap_or(self.attribute)
    }

    /// The same place with every name in its canonical case; the URN only where it is needed.
    #[must_use]
    pub fn path(&self) -> AttributePath {
        AttributePath {
            urn: self.urn.map(str::to_owned),
            attribute: self.attribute.name.clone(),
            sub: self.sub.map(|sub| sub.name.clone()),
        }
    }
}

impl Attribute {
    /// The sub-attribute of that name, in any case (R6).
    #[must_use]
    pub fn sub(&self, name: &str) -> Option<&Self> {
        find(&self.sub_attributes, name)
    }
}

impl Schema {
    /// The attribute of that name, in any case (R6).
    #[must_use]
    pub fn attribute(&self, name: &str) -> Option<&Attribute> {
        find(&self.attributes, name)
    }
}

impl ResourceType {
    /// The attributes common to all resource types: `id`, `externalId`, `schemas`, `meta` (RFC 7643 §3.1).
    #[must_use]
    pub fn common() -> &'static [Attribute] {
        &COMMON
    }

    /// The URNs of the core schema and of the extensions.
    pub fn urns(&self) -> impl Iterator<Item = &str> {
        std::iter::once(&self.core)
            .chain(&self.extensions)
            .map(|schema| schema.id.as_str())
    }

    /// The extension with that URN, in any case (R6).
    #[must_use]
    pub fn extension(&self, urn: &str) -> Option<&Schema> {
        self.extensions
            .iter()
            .find(|schema| schema.id.eq_ignore_ascii_case(urn))
    }

    /// Whether the URN is that of the core schema or of a known extension, in any case (R6).
    #[must_use]
    pub fn knows(&self, urn: &str) -> bool {
        self.urns().any(|known| known.eq_ignore_ascii_case(urn))
    }

    /// Finds what a path names. Without a URN the core schema comes first, then the common attributes, then the
    /// extensions: clients write `manager` or `department` bare. With a URN only that schema is asked, the core schema
    /// together with the common attributes. `None` if there is no such attribute or sub-attribute.
    #[must_use]
    pub fn lookup(&self, path: &AttributePath) -> Option<ResolvedPath<'_>> {
        let (urn, attribute) = self.find_attribute(path.urn.as_deref(), &path.attribute)?;
        let sub = match &path.sub {
            Some(name) => Some(attribute.sub(name)?),
            None => None,
        };
        Some(ResolvedPath { urn, attribute, sub })
    }

    fn find_attribute(&self, urn: Option<&str>, name: &str) -> Option<(Option<&str>, &Attribute)> {
        let own = || {
            self.core
                .attribute(name)
                .or_else(|| find(&COMMON, name))
                .map(|attribute| (None, attribute))
        };
        match urn {
            Some(urn) if self.core.id.eq_ignore_ascii_case(urn) => own(),
            Some(urn) => self.extension(urn).and_then(|schema| in_schema(schema, name)),
            None => own().or_else(|| self.extensions.iter().find_map(|schema| in_schema(schema, name))),
        }
    }
}

fn in_schema<'a>(schema: &'a Schema, name: &str) -> Option<(Option<&'a str>, &'a Attribute)> {
    schema
        .attribute(name)
        .map(|attribute| (Some(schema.id.as_str()), attribute))
}

fn find<'a>(attributes: &'a [Attribute], name: &str) -> Option<&'a Attribute> {
    attributes
        .iter()
        .find(|attribute| attribute.name.eq_ignore_ascii_case(name))
}
