//! Where an event stands in the log of all directories.

use super::stretch::EVENT;
use crate::Dialect;
use db::entity::column::Id;
use db::entity::events::Column::Position;
use db::expr::call;
use events::DirectoryId;
use sea_orm::FromQueryResult;
use sea_orm::sea_query::{Expr, ExprTrait as _, IntoIden, Order, SelectStatement};

/// PostgreSQL only: the column with the transaction that wrote an event, which is in no entity.
pub(super) const TX: &str = "tx";

/// Where an event stands.
#[derive(FromQueryResult)]
pub(super) struct Place {
    pub(super) directory_id: Id<DirectoryId>,
    pub(super) sequence: i64,
    position: i64,
    /// PostgreSQL only: the transaction that wrote it.
    tx: Option<String>,
}

impl Place {
    /// Whether an event comes after it.
    pub(super) fn beyond(&self) -> Expr {
        let Some(tx) = &self.tx else {
            return event_has(Position).gt(self.position);
        };
        let tx = Expr::val(tx.as_str()).cast_as("text").cast_as("xid8");
        Expr::tuple([event_has(TX), event_has(Position)]).gt(Expr::tuple([tx, Expr::val(self.position)]))
    }
}

pub(super) fn event_has(column: impl IntoIden) -> Expr {
    Expr::col((EVENT, column))
}

/// The oldest transaction that is still open (PostgreSQL).
pub(super) fn horizon() -> Expr {
    call("pg_snapshot_xmin", [call("pg_current_snapshot", [])])
}

/// Positions are drawn when a row is written, not when it becomes visible, so on PostgreSQL a reader of several
/// writers' rows must stop before the oldest transaction still open. SQLite has one writer at a time.
pub(super) fn in_commit_order(dialect: Dialect, events: &mut SelectStatement) {
    if dialect == Dialect::Postgres {
        events
            .and_where(event_has(TX).lt(horizon()))
            .order_by((EVENT, TX), Order::Asc);
    }
    events.order_by((EVENT, Position), Order::Asc);
}
