//! The events that are not on the bus yet.

use super::stretch::EVENT;
use crate::Dialect;
use db::entity::{events, publications, sequences};
use db::expr::{number, truth};
use db::rows::{ValueKind, is_one_of, list};
use events::Column::{DirectoryId, Sequence};
use sea_orm::sea_query::{
    Asterisk, Expr, ExprTrait as _, Func, IntoIden as _, JoinType, Order, Query, SelectStatement, TableRef,
};

/// More than there are. A subselect with a limit is computed row by row, and not made into a join.
const ALL_DIRECTORIES: u64 = 1_000_000_000;
/// A directory whose log is not all on the bus, with the mark up to which it is.
const BEHIND: &str = "b";
const MARK: &str = "mark";

/// The events of these lanes behind the mark of their directory, of at most so many directories and of each at most so many.
pub(super) fn unpublished(dialect: Dialect, lanes: &[u16], limit: u32) -> SelectStatement {
    let mut events = Query::select()
        .from_subquery(behind(dialect, lanes, limit), BEHIND)
        .take();
    let is_behind = |event: &'static str| {
        let is_of_it = Expr::col((event, DirectoryId)).eq(Expr::col((BEHIND, DirectoryId)));
        is_of_it.and(Expr::col((event, Sequence)).gt(Expr::col((BEHIND, MARK))))
    };
    match dialect {
        Dialect::Postgres => {
            let of_each = Query::select()
                .column(Asterisk)
                .from_as(events::Entity, "l")
                .and_where(is_behind("l"))
                .order_by(("l", DirectoryId), Order::Asc)
                .order_by(("l", Sequence), Order::Asc)
                .limit(limit.into())
                .take();
            events.join_lateral(JoinType::InnerJoin, of_each, EVENT, truth(true));
        }
        Dialect::Sqlite => {
            events
                .cross_join(TableRef::from(events::Entity.into_iden()).alias(EVENT))
                .and_where(is_behind(EVENT));
        }
    }
    events
}

fn behind(dialect: Dialect, lanes: &[u16], limit: u32) -> SelectStatement {
    let log = |column| Expr::col(("s", column));
    let published = Query::select()
        .column(("p", publications::Column::Sequence))
        .from_as(publications::Entity, "p")
        .and_where(Expr::col(("p", publications::Column::DirectoryId)).eq(log(sequences::Column::DirectoryId)))
        .take();
    let lanes = list(dialect, ValueKind::Int, lanes.iter().map(|lane| i32::from(*lane)));
    let logs = Query::select()
        .exprs([sequences::Column::DirectoryId, sequences::Column::Last].map(log))
        .expr_as(Func::coalesce([published.into(), number(0)]), MARK)
        .from_as(sequences::Entity, "s")
        .and_where(is_one_of(
            dialect,
            log(sequences::Column::Lane),
            ValueKind::Int,
            Expr::val(lanes),
        ))
        .limit(ALL_DIRECTORIES)
        .take();
    Query::select()
        .column(("o", sequences::Column::DirectoryId))
        .column(("o", MARK))
        .from_subquery(logs, "o")
        .and_where(Expr::col(("o", sequences::Column::Last)).gt(Expr::col(("o", MARK))))
        .limit(limit.into())
        .take()
}
