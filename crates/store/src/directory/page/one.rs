//! One resource, or a few, found by what is unique about them.

use super::references::references_of;
use crate::Dialect;
use crate::directory::filter::{Kind, ROW, row};
use db::entity::users::Column::{
    CreatedAt, DirectoryId, DisplayNameKey, Id, Resource, UpdatedAt, UserNameKey, Version,
};
use db::expr::{Texts, checked, fixed, parameter};
use db::rows;
use sea_orm::sea_query::{Expr, ExprTrait as _, Query, SelectStatement};

/// The resource with the id `$1` in the directory `$2`.
pub(crate) fn by_id(dialect: Dialect, kind: Kind, references: bool) -> &'static str {
    static TEXTS: Texts<8> = Texts::new();
    TEXTS.get(facts(dialect, kind, references), || {
        let is_it = row(Id).eq(parameter(1)).and(is_in(2));
        fixed(dialect, &those(dialect, kind, references, is_it))
    })
}

/// Those with the ids `$1`, a [`rows::list`], in the directory `$2`.
pub(crate) fn by_ids(dialect: Dialect, kind: Kind, references: bool) -> &'static str {
    static TEXTS: Texts<8> = Texts::new();
    TEXTS.get(facts(dialect, kind, references), || {
        let is_one = rows::is_one_of(dialect, row(Id), rows::ValueKind::Id, parameter(1));
        fixed(dialect, &those(dialect, kind, references, is_one.and(is_in(2))))
    })
}

/// The one in the directory `$1` whose unique name, as it is compared, is `$2`.
pub(crate) fn by_name(dialect: Dialect, kind: Kind, references: bool) -> &'static str {
    static TEXTS: Texts<8> = Texts::new();
    TEXTS.get(facts(dialect, kind, references), || {
        let name = match kind {
            Kind::User => UserNameKey,
            Kind::Group => DisplayNameKey,
        };
        let is_it = row(DirectoryId).eq(parameter(1)).and(row(name).eq(parameter(2)));
        fixed(dialect, &those(dialect, kind, references, is_it))
    })
}

fn facts(dialect: Dialect, kind: Kind, references: bool) -> [bool; 3] {
    [dialect == Dialect::Sqlite, kind == Kind::Group, references]
}

fn is_in(directory: u8) -> Expr {
    checked(row(DirectoryId).eq(parameter(directory)))
}

fn those(dialect: Dialect, kind: Kind, references: bool, condition: Expr) -> SelectStatement {
    let columns = [Id, Version, CreatedAt, UpdatedAt, Resource].map(|column| (ROW, column));
    let mut those = Query::select();
    those.columns(columns).from(kind.rows()).and_where(condition);
    if references {
        those.expr_as(references_of(dialect, kind, ROW), super::REFERENCES);
    }
    those
}
