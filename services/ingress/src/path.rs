//! Paths as administrators type them, taken apart.

use percent_encoding::percent_decode_str;
use std::borrow::Cow;
use std::iter::Filter;
use std::str::Split;

/// The segments of a path that are not empty, as they came.
pub(crate) type Segments<'p> = Filter<Split<'p, char>, fn(&&'p str) -> bool>;

/// Whether a path belongs to the SCIM server.
pub(crate) fn is_scim(path: &str) -> bool {
    matches!(segments(path).next(), Some("directories" | "org"))
}

/// A path, taken apart as far as a base URL goes.
#[derive(Clone, Debug)]
pub(crate) struct Parts<'p> {
    /// `directories` or `org`.
    pub(crate) form: &'p str,
    /// Id or domain of the directory, as it came.
    pub(crate) name: Option<&'p str>,
    /// Whether `scim` follows.
    pub(crate) is_scim: bool,
    /// The version, where one is named.
    pub(crate) version: Option<&'p str>,
    pub(crate) rest: Segments<'p>,
}

impl<'p> Parts<'p> {
    pub(crate) fn of(path: &'p str) -> Self {
        let mut rest = segments(path);
        let form = rest.next().unwrap_or_default();
        let name = rest.next();
        let mut next_if = |is: fn(&str) -> bool| {
            let mut following = rest.clone();
            let next = following.next().filter(|segment| is(&decoded(segment)))?;
            rest = following;
            Some(next)
        };
        let is_scim = next_if(is_scim_word).is_some();
        let version = if is_scim { next_if(is_version) } else { None };
        Self {
            form,
            name,
            is_scim,
            version,
            rest,
        }
    }

    /// Whether the version is the one that is served. Without one the newest is meant (R4).
    fn is_served(&self) -> bool {
        self.version
            .is_none_or(|version| decoded(version).eq_ignore_ascii_case("v2"))
    }

    /// Whether this is a base URL that is served, and what is below it.
    pub(crate) fn is_base(&self) -> bool {
        self.name.is_some() && self.is_scim && self.is_served()
    }

    /// What follows the base URL, percent-decoded.
    pub(crate) fn below(&self) -> String {
        let segments: Vec<_> = self.rest.clone().map(decoded).collect();
        segments.join("/")
    }
}

/// Text of a path, percent-decoded.
pub(crate) fn decoded(segment: &str) -> Cow<'_, str> {
    percent_decode_str(segment).decode_utf8_lossy()
}

/// Whether this is the word that follows the name of a directory. No id and no domain is called so.
pub(crate) fn is_scim_word(segment: &str) -> bool {
    segment.eq_ignore_ascii_case("scim")
}

fn is_version(segment: &str) -> bool {
    let digits = segment.strip_prefix(['v', 'V']);
    digits.is_some_and(|digits| digits.starts_with(|c: char| c.is_ascii_digit()))
}

fn segments(path: &str) -> Segments<'_> {
    let is_there: fn(&&str) -> bool = |segment| !segment.is_empty();
    path.split('/').filter(is_there)
}
