//! Attribute paths (RFC 7644 §3.10): `[urn:]attr[.sub]`, with a value filter for PATCH: `attr[filter][.sub]`.

mod split;

use std::fmt;

use crate::error::Error;
use crate::filter::{self, Filter};
use crate::schema::{AttributeType, ResourceType};

pub(crate) use split::{Split, is_name, quoted, split};

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
            Split::Attribute(path) => canonical(&path, resource_type).map_err(Error::invalid_path),
            Split::Schema(urn) => Err(Error::invalid_path(format!(
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

/// The target of a PATCH operation.
#[derive(Clone, Debug, PartialEq)]
pub struct PatchPath {
    /// The attribute; with a filter present `sub` is the part after the bracket. An empty attribute name means the whole
    /// object of the extension `urn`: see [`PatchPath::extension`].
    pub path: AttributePath,
    /// The bracketed filter: which elements.
    pub filter: Option<Filter>,
}

impl PatchPath {
    /// Parses `attr`, `attr.sub`, `attr[filter]`, `attr[filter].sub`, each with or without a URN, or the URN of an
    /// extension alone. Names are looked up as [`AttributePath::parse`] does; the filter is resolved against the
    /// sub-attributes of the attribute.
    ///
    /// # Errors
    /// `invalidPath` if the path is malformed or names an attribute that does not exist (P5), `invalidFilter` if the
    /// bracket does not hold a valid filter.
    pub fn parse(text: &str, resource_type: &ResourceType) -> Result<Self, Error> {
        let text = text.trim();
        let Some(bracket) = text.find('[') else {
            return Self::parse_plain(text, resource_type);
        };
        let head = &text[..bracket];
        let Split::Attribute(mut path) = parse_target(head, resource_type).map_err(Error::invalid_path)? else {
            return Err(Error::invalid_path(format!(
                "path {} filters a whole schema",
                quoted(head)
            )));
        };
        if path.sub.is_some() {
            return Err(Error::invalid_path(format!(
                "path {}: a filter in brackets follows an attribute, not a sub-attribute",
                quoted(text)
            )));
        }
        let (mut filter, tail) = filter::parse_bracket(text, bracket)?;
        path.sub = parse_tail(tail).ok_or_else(|| {
            Error::invalid_path(format!(
                "path {}: only .sub-attribute may follow the bracket",
                quoted(text)
            ))
        })?;
        let path = canonical(&path, resource_type).map_err(Error::invalid_path)?;
        if let Some(resolved) = resource_type.lookup(&path) {
            if resolved.attribute.kind != AttributeType::Complex {
                return Err(Error::invalid_path(format!(
                    "path {}: {} has no sub-attributes to filter by",
                    quoted(text),
                    resolved.attribute.name
                )));
            }
            filter::resolve_value_filter(&mut filter, resolved.attribute)?;
        }
        Ok(Self {
            path,
            filter: Some(filter),
        })
    }

    fn parse_plain(text: &str, resource_type: &ResourceType) -> Result<Self, Error> {
        let path = match parse_target(text, resource_type).map_err(Error::invalid_path)? {
            Split::Attribute(path) => canonical(&path, resource_type).map_err(Error::invalid_path)?,
            Split::Schema(urn) if resource_type.core.id == urn => {
                return Err(Error::invalid_path(format!(
                    "path {urn} names the resource itself; leave the path out instead"
                )));
            }
            Split::Schema(urn) if is_core(&urn) => {
                return Err(Error::invalid_path(format!(
                    "path {urn} names a schema that {} lacks",
                    resource_type.name
                )));
            }
            Split::Schema(urn) => AttributePath {
                urn: Some(urn),
                attribute: String::new(),
                sub: None,
            },
        };
        Ok(Self { path, filter: None })
    }

    /// The URN, if the target is the whole object of an extension.
    #[must_use]
    pub fn extension(&self) -> Option<&str> {
        if self.path.attribute.is_empty() {
            self.path.urn.as_deref()
        } else {
            None
        }
    }
}

impl fmt::Display for PatchPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(filter) = &self.filter else {
            return self.path.fmt(f);
        };
        let head = AttributePath {
            sub: None,
            ..self.path.clone()
        };
        write!(f, "{head}[{filter}]")?;
        match &self.path.sub {
            Some(sub) => write!(f, ".{sub}"),
            None => Ok(()),
        }
    }
}

fn parse_target(text: &str, resource_type: &ResourceType) -> Result<Split, String> {
    if text.len() > MAX_LENGTH {
        return Err(format!("path is longer than {MAX_LENGTH} bytes"));
    }
    let urns: Vec<&str> = resource_type.urns().collect();
    split(text, &urns).map_err(|why| format!("path {}: {why}", quoted(text)))
}

/// What follows the bracket: nothing, or `.sub`. `None` if it is anything else.
fn parse_tail(tail: &str) -> Option<Option<String>> {
    if tail.is_empty() {
        return Some(None);
    }
    tail.strip_prefix('.')
        .filter(|name| is_name(name))
        .map(|name| Some(name.to_owned()))
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
fn is_core(urn: &str) -> bool {
    const PREFIX: &str = "urn:ietf:params:scim:schemas:core:2.0:";
    urn.get(..PREFIX.len())
        .is_some_and(|start| start.eq_ignore_ascii_case(PREFIX))
}
