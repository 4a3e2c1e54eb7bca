//! Rows as they are stored and edited.

use serde::{Deserialize, Serialize};

/// One row of a map.
///
/// ```json
/// {"graph": "surname", "scim": "name.familyName"}
/// {"graph": ["givenName", "surname"], "scim": "name.formatted", "transform": "join"}
/// {"graph": "mail", "scim": "emails[type eq \"work\"].value", "primary": true}
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Row {
    /// The attribute of Graph, or several in their order. A part of a complex one stands behind a dot.
    pub graph: Sources,
    /// The SCIM path: `attribute`, `attribute.sub`, `attribute[type eq "work"].sub`, each with the URN of its extension.
    pub scim: String,
    /// What becomes of the value on the way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transform: Option<Transform>,
    /// Whether the element is the primary one.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub primary: bool,
}

/// The attributes of Graph that a row is made of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Sources {
    /// One.
    One(String),
    /// Several.
    Several(Vec<String>),
}

impl Sources {
    /// Their names.
    pub fn iter(&self) -> impl Iterator<Item = &String> {
        match self {
            Self::One(name) => std::slice::from_ref(name).iter(),
            Self::Several(names) => names.iter(),
        }
    }

    /// How many.
    #[must_use]
    pub fn count(&self) -> usize {
        self.iter().count()
    }
}

/// What becomes of values on the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Transform {
    /// The first of a list.
    First,
    /// The texts of all attributes that have one, with a space between them.
    Join,
    /// The first attribute that has a value.
    FirstOf,
    /// In small letters.
    Lowercase,
    /// E-mail addresses out of lists: `smtp:` in front is taken away, what begins with another protocol is left out, and so is
    /// what is there twice, in whatever case.
    Addresses,
    /// The address of a guest out of the name that the tenant gives them: `dana_example.org#EXT#@fabrikam.example` becomes
    /// `dana@example.org`. Other names stay.
    StripGuest,
}

impl Transform {
    /// Whether it makes one value out of several attributes.
    pub(crate) const fn takes_several(self) -> bool {
        matches!(self, Self::Join | Self::FirstOf | Self::Addresses)
    }
}

impl Row {
    /// A row that copies.
    #[must_use]
    pub fn copy(graph: &str, scim: &str) -> Self {
        Self {
            graph: Sources::One(graph.to_owned()),
            scim: scim.to_owned(),
            transform: None,
            primary: false,
        }
    }

    /// The same with a transform.
    #[must_use]
    pub const fn with(mut self, transform: Transform) -> Self {
        self.transform = Some(transform);
        self
    }

    /// The same out of several attributes.
    #[must_use]
    pub fn of(mut self, graph: &[&str]) -> Self {
        self.graph = Sources::Several(graph.iter().map(|name| (*name).to_owned()).collect());
        self
    }
}
