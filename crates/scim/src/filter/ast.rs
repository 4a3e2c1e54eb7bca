//! The parsed form of a filter: one tree for the in-memory evaluator and for the SQL that the store makes of it.

use crate::path::AttributePath;

/// A literal of the filter language: a JSON scalar.
#[derive(Clone, Debug, PartialEq)]
pub enum Literal {
    /// A string (or an unquoted bare word, R31).
    String(String),
    /// A number, as written.
    Number(serde_json::Number),
    /// `true` or `false`.
    Boolean(bool),
    /// `null`: unassigned.
    Null,
}

/// A comparison operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are those of the RFC")]
pub enum Operator {
    Eq,
    Ne,
    Co,
    Sw,
    Ew,
    Gt,
    Ge,
    Lt,
    Le,
}

impl Operator {
    /// The keyword, in lower case.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Eq => "eq",
            Self::Ne => "ne",
            Self::Co => "co",
            Self::Sw => "sw",
            Self::Ew => "ew",
            Self::Gt => "gt",
            Self::Ge => "ge",
            Self::Lt => "lt",
            Self::Le => "le",
        }
    }

    /// The operator of a keyword, in any case (R6).
    #[must_use]
    pub fn from_keyword(word: &str) -> Option<Self> {
        const ALL: [Operator; 9] = [
            Operator::Eq,
            Operator::Ne,
            Operator::Co,
            Operator::Sw,
            Operator::Ew,
            Operator::Gt,
            Operator::Ge,
            Operator::Lt,
            Operator::Le,
        ];
        ALL.into_iter().find(|op| op.as_str().eq_ignore_ascii_case(word))
    }

    /// `co`, `sw`, `ew`: for strings only (R28).
    #[must_use]
    pub const fn is_substring(self) -> bool {
        matches!(self, Self::Co | Self::Sw | Self::Ew)
    }

    /// `gt`, `ge`, `lt`, `le`: not for booleans and binary data (R28).
    #[must_use]
    pub const fn is_ordering(self) -> bool {
        matches!(self, Self::Gt | Self::Ge | Self::Lt | Self::Le)
    }
}

/// `path op value`.
#[derive(Clone, Debug, PartialEq)]
pub struct Comparison {
    /// What is compared. Inside a value path the names are sub-attributes of its attribute.
    pub path: AttributePath,
    /// How.
    pub op: Operator,
    /// With what.
    pub value: Literal,
}

/// A filter expression.
#[derive(Clone, Debug, PartialEq)]
pub enum Filter {
    /// Both hold.
    And(Box<Filter>, Box<Filter>),
    /// One or both hold.
    Or(Box<Filter>, Box<Filter>),
    /// It does not hold.
    Not(Box<Filter>),
    /// The attribute has a value.
    Present(AttributePath),
    /// A comparison.
    Compare(Comparison),
    /// `attr[filter]`: one single element satisfies the whole filter (R26). `attr[filter].sub op value` (Entra) is
    /// parsed into the same node with the comparison joined by `And` inside the bracket.
    ValuePath {
        /// The multi-valued (or complex) attribute; its `sub` is `None`.
        path: AttributePath,
        /// Over the sub-attributes of one element.
        filter: Box<Filter>,
    },
}

impl Filter {
    /// How many comparisons it holds.
    #[must_use]
    pub fn terms(&self) -> usize {
        match self {
            Self::And(left, right) | Self::Or(left, right) => left.terms() + right.terms(),
            Self::Not(inner) | Self::ValuePath { filter: inner, .. } => inner.terms(),
            Self::Present(_) | Self::Compare(_) => 1,
        }
    }

    /// Whether it asks for data of this extension, at whatever depth.
    #[must_use]
    pub fn names_extension(&self, urn: &str) -> bool {
        let is_it = |path: &AttributePath| path.urn.as_deref().is_some_and(|named| named.eq_ignore_ascii_case(urn));
        match self {
            Self::And(left, right) | Self::Or(left, right) => left.names_extension(urn) || right.names_extension(urn),
            Self::Not(inner) => inner.names_extension(urn),
            Self::Present(path) | Self::Compare(Comparison { path, .. }) | Self::ValuePath { path, .. } => is_it(path),
        }
    }
}
