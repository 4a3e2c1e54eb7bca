//! SCIM filters and orders as SQL.
//!
//! The result is a boolean expression over the row [`ROW`] of `users` or `groups` that says of each row what
//! `scim::filter::Filter::matches` says of the resource; a property test holds the two against each other on both
//! databases. Three rules keep it that way:
//!
//! - Every expression is true or false, never NULL, so that `not` means the same here and there.
//! - Text is compared by code point, and without regard to case only after folding on both sides by the same function:
//!   the stored side when it was written, the literal here. No LIKE, no `lower()`, no collation of the database.
//! - Whatever comes from outside is bound, names of attributes included.

mod compile;
mod json;
mod order;
mod resolve;
mod scalar;
mod undeclared;

pub(crate) use order::order;

use crate::Dialect;
use db::entity::{groups, users};
use events::DirectoryId;
use scim::filter::{Comparison, Filter, Literal, Operator};
use scim::schema::ResourceType;
use sea_orm::sea_query::{Expr, IntoIden as _, TableRef};

/// The row of `users` or `groups` that a condition is about.
pub(crate) const ROW: &str = "r";
/// An element of a multi-valued attribute of it.
const ELEMENT: &str = "e";

/// Users or groups.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    User,
    Group,
}

impl Kind {
    /// The rows of this kind as [`ROW`].
    pub(crate) fn rows(self) -> TableRef {
        let table = match self {
            Self::User => users::Entity.into_iden(),
            Self::Group => groups::Entity.into_iden(),
        };
        TableRef::from(table).alias(ROW)
    }

    /// The attributes without those that a directory declares itself.
    pub(crate) fn schema(self) -> &'static ResourceType {
        match self {
            Self::User => ResourceType::user(),
            Self::Group => ResourceType::group(),
        }
    }
}

/// A column of [`ROW`]. The columns that `groups` has are those of `users` with the same names.
pub(crate) fn row(column: users::Column) -> Expr {
    Expr::col((ROW, column))
}

/// What a filter is about.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FilterTarget<'a> {
    pub(crate) dialect: Dialect,
    pub(crate) kind: Kind,
    pub(crate) directory_id: DirectoryId,
    pub(crate) schema: &'a ResourceType,
    /// What `meta.location` and `$ref` start with.
    pub(crate) base_url: Option<&'a str>,
}

/// The filter as a condition on [`ROW`].
pub(crate) fn condition(target: FilterTarget<'_>, filter: &Filter) -> Expr {
    compile::Compiler(target).filter(filter, &compile::NameContext::Resource)
}

/// The name as it is compared, of a filter that says only which unique name a resource has: `userName` of users,
/// `displayName` of groups.
pub(crate) fn unique_key(target: FilterTarget<'_>, filter: &Filter) -> Option<String> {
    let Filter::Compare(Comparison {
        path,
        op: Operator::Eq,
        value: Literal::String(text),
    }) = filter
    else {
        return None;
    };
    let found = target.schema.lookup(path)?;
    let unique = match target.kind {
        Kind::User => "userName",
        Kind::Group => "displayName",
    };
    let is_it = found.urn.is_none() && found.attribute.name == unique && found.sub.is_none();
    is_it.then(|| scim::fold(text))
}

/// Of a filter that says only whether users are active: what it says.
pub(crate) fn is_active(target: FilterTarget<'_>, filter: &Filter) -> Option<bool> {
    let Filter::Compare(Comparison {
        path,
        op: Operator::Eq,
        value,
    }) = filter
    else {
        return None;
    };
    let found = target.schema.lookup(path)?;
    let is_it = target.kind == Kind::User && found.urn.is_none() && found.attribute.name == "active";
    scalar::boolean(value).filter(|_| is_it)
}
