//! One resource, or a few, found by what is unique about them.

use super::references::references_of;
use crate::Dialect;
use crate::entity::users::Column::{
    CreatedAt, DirectoryId, DisplayNameKey, Id, Resource, UpdatedAt, UserNameKey, Version,
};
use crate::expr::{Texts, call, checked, fixed, parameter};
use crate::filter::{Kind, ROW, row};
use sea_orm::sea_query::extension::postgres::PgFunc;
use sea_orm::sea_query::{Expr, ExprTrait as _, Func, Query, SelectStatement};

/// The resource with the id `$1` in the directory `$2`.
pub(crate) fn by_id(dialect: Dialect, kind: Kind, references: bool) -> &'static str {
    static TEXTS: Texts<8> = Texts::new();
    TEXTS.get(facts(dialect, kind, references), || {
        let is_it = row(Id).eq(parameter(1)).and(is_in(2));
        fixed(dialect, &those(dialect, kind, references, is_it))
    })
}

/// Those with the ids `$1`, a JSON array, in the directory `$2`. As an array on PostgreSQL, which then looks each up by its id:
/// against a set of rows, whose size it cannot know, it may prefer to go through the whole table.
pub(crate) fn by_ids(dialect: Dialect, kind: Kind, references: bool) -> &'static str {
    static TEXTS: Texts<8> = Texts::new();
    TEXTS.get(facts(dialect, kind, references), || {
        let id = Expr::col(("e", "value"));
        let mut ids = Query::select();
        let is_one = match dialect {
            Dialect::Postgres => {
                let texts = Func::cust("jsonb_array_elements_text").arg(parameter(1).cast_as("jsonb"));
                ids.expr(id.cast_as("uuid")).from_function(texts, "e");
                row(Id).eq(PgFunc::any(call("ARRAY", [ids.into()])))
            }
            Dialect::Sqlite => {
                ids.expr(call("unhex", [id]))
                    .from_function(Func::cust("json_each").arg(parameter(1)), "e");
                row(Id).in_subquery(ids)
            }
        };
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
