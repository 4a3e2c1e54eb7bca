//! What a PATCH operation is about (RFC 7644 §3.5.2): `[urn:]attr[filter][.sub]`.

use std::fmt;

use crate::error::Error;
use crate::filter::{self, Filter};
use crate::path::{AttributePath, SplitPath, canonical, is_core, is_name, parse_target, quoted};
use crate::schema::{AttributeType, ResourceType};

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
        let SplitPath::Attribute(mut path) = parse_target(head, resource_type).map_err(Error::invalid_path)? else {
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
            SplitPath::Attribute(path) => canonical(&path, resource_type).map_err(Error::invalid_path)?,
            SplitPath::Schema(urn) if resource_type.core.id == urn => {
                return Err(Error::invalid_path(format!(
                    "path {urn} names the resource itself; leave the path out instead"
                )));
            }
            SplitPath::Schema(urn) if is_core(&urn) => {
                return Err(Error::invalid_path(format!(
                    "path {urn} names a schema that {} lacks",
                    resource_type.name
                )));
            }
            SplitPath::Schema(urn) => AttributePath {
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

/// What follows the bracket: nothing, or `.sub`. `None` if it is anything else.
fn parse_tail(tail: &str) -> Option<Option<String>> {
    if tail.is_empty() {
        return Some(None);
    }
    tail.strip_prefix('.')
        .filter(|name| is_name(name))
        .map(|name| Some(name.to_owned()))
}
