//! Attribute paths (RFC 7644 §3.10): `[urn:]attr[.sub]`.

mod split;

use std::fmt;

use crate::error::Error;
use crate::schema::ResourceType;

pub(crate) use split::{SplitPath, is_name, quoted, split};

/// Longest path and filter accepted, in bytes (R34).
pub const MAX_LENGTH: usize = 8 * 1024;

/// `[urn:]attr[.sub]` as written, names not yet looked up in a schema. Comparison of names is case-insensitive (R6).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttributePath {
    /// The schema URN prefix, when there was one, in the canonical case of the known schema or as written.
    pub urn: Option<String>,
    /// Attribute name, in the canonical case of the schema when known, else as written.
    pub attribute: String,
    /// Sub-attribute name, likewise.
    pub sub: Option<String>,
}

impl AttributePath {
    /// A path without URN and sub-attribute.
    #[must_use]
    pub fn name(attribute: impl Into<String>) -> Self {
        Self {
            urn: None,
            attribute: attribute.into(),
            sub: None,
        }
    }

    /// Parses a path and looks it up: names come back in canonical case, core attributes without URN, attributes of a
    /// known extension always with it, even if it was left out. Attributes under an unknown `urn:` prefix are data of
    /// the directory's own and come back as written.
    ///
    /// # Errors
    /// `invalidPath` if the path is malformed, names a whole schema, or names an attribute that does not exist (P5).
    pub fn parse(text: &str, resource_type: &ResourceType) -> Result<Self, Error> {
        match parse_target(text.trim(), resource_type).map_err(Error::invalid_path)? {
            SplitPath::Attribute(path) => canonical(&path, resource_type).map_err(Error::invalid_path),
            SplitPath::Schema(urn) => Err(Error::invalid_path(format!(
                "path {} names a schema, not an attribute",
                quoted(&urn)
            ))),
        }
    }
}

impl fmt::Display for AttributePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(urn) = &self.urn {
            f.write_str(urn)?;
            if !self.attribute.is_empty() {
                f.write_str(":")?;
            }
        }
        f.write_str(&self.attribute)?;
        match &self.sub {
            Some(sub) => write!(f, ".{sub}"),
            None => Ok(()),
        }
    }
}

/// The attribute or the schema that a path without a filter names.
pub(crate) fn parse_target(text: &str, resource_type: &ResourceType) -> Result<SplitPath, String> {
    if text.len() > MAX_LENGTH {
        return Err(format!("path is longer than {MAX_LENGTH} bytes"));
    }
    let urns: Vec<&str> = resource_type.urns().collect();
    split(text, &urns).map_err(|why| format!("path {}: {why}", quoted(text)))
}

/// The path in canonical case; the error is a sentence for `detail` that names what does not exist.
pub(crate) fn canonical(path: &AttributePath, resource_type: &ResourceType) -> Result<AttributePath, String> {
    if let Some(found) = resource_type.lookup(path) {
        return Ok(found.path());
    }
    if let Some(urn) = &path.urn
        && !resource_type.knows(urn)
        && !is_core(urn)
    {
        return Ok(path.clone());
    }
    let parent = AttributePath {
        sub: None,
        ..path.clone()
    };
    Err(match (&path.sub, resource_type.lookup(&parent)) {
        (Some(sub), Some(found)) => format!("{} has no sub-attribute {}", found.path(), quoted(sub)),
        _ => format!(
            "{} has no attribute {}",
            resource_type.name,
            quoted(&parent.to_string())
        ),
    })
}

/// Whether a URN is a core schema of some resource type: those are never a directory's own extension.
pub(crate) fn is_core(urn: &str) -> bool {
    const PREFIX: &str = "urn:ietf:params:scim:schemas:core:2.0:";
    urn.get(..PREFIX.len())
        .is_some_and(|start| start.eq_ignore_ascii_case(PREFIX))
}
