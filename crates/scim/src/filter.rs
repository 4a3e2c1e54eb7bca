//! The SCIM filter language (RFC 7644 §3.4.2.2): parsing, resolving against a schema, evaluating, printing.
//!
//! Text becomes a [`Filter`] in two steps. Parsing knows the grammar only; resolving looks every name up, puts it in
//! canonical case and refuses what the attribute's type does not allow. A resolved filter is what the evaluator here and
//! the SQL compiler of the store work on, so both see the same names, and literals of the attribute's own type.

pub mod ast;
mod compare;
mod cost;
mod display;
mod eval;
mod lexer;
mod parser;
mod resolve;

use crate::error::Error;
use crate::schema::ResourceType;
use crate::urn;

pub use crate::instant::{parse_date_time, sortable_date_time};
pub use ast::{Comparison, Filter, Literal, Operator};
pub use cost::check_cost;
pub use resolve::resolve_value_filter;

pub(crate) use parser::parse_bracket;

/// How deeply parentheses and brackets may nest (R34).
pub const MAX_DEPTH: usize = 32;
/// How many comparisons a filter may hold, and as how many a query may count (R34, [`check_cost`]).
pub const MAX_TERMS: usize = 100;

impl Filter {
    /// Parses a filter over resources of one type and resolves it. In the result
    /// - core and common attributes carry no URN, attributes of known extensions always do, even if written bare
    ///   (`manager`), and all names are in canonical case;
    /// - a complex attribute that was compared bare is compared by its `value` (R27);
    /// - literals have the type of the attribute: booleans and numbers written as strings are converted;
    /// - `eq null` is `not pr`, `ne null` is `pr` (R29);
    /// - attributes under an unknown `urn:` prefix stay as written and are typed by their values.
    ///
    /// # Errors
    /// `invalidFilter`: the text is not a filter, is too large (R34), names an unknown attribute (R30) or one that is
    /// never returned (R33), or uses an operator or a value that the attribute's type does not allow (R28).
    pub fn parse(text: &str, resource_type: &ResourceType) -> Result<Self, Error> {
        let urns: Vec<&str> = resource_type.urns().collect();
        let mut filter = parser::parse(text, &urns)?;
        resolve::resolve(&mut filter, resource_type, resolve::UnknownAttribute::Refuse)?;
        Ok(filter)
    }

    /// Like [`Filter::parse`], for queries that span resource types (R44): an attribute that this type does not have
    /// counts as one without a value (R30), so its terms become constant.
    ///
    /// # Errors
    /// As for [`Filter::parse`], except for unknown attributes.
    pub fn parse_across_types(text: &str, resource_type: &ResourceType) -> Result<Self, Error> {
        let urns: Vec<&str> = resource_type.urns().collect();
        let mut filter = parser::parse(text, &urns)?;
        resolve::resolve(&mut filter, resource_type, resolve::UnknownAttribute::Valueless)?;
        Ok(filter)
    }

    /// Parses a filter without looking names up: for value filters, to be resolved by [`resolve_value_filter`].
    ///
    /// # Errors
    /// `invalidFilter`: the text is not a filter or is too large (R34).
    pub fn parse_unresolved(text: &str) -> Result<Self, Error> {
        parser::parse(text, &[urn::CORE_USER, urn::CORE_GROUP, urn::ENTERPRISE_USER])
    }
}
