//! The lines of ordered endpoints: joining one, and waking the next in it.

use super::{BLOCKED, DeliveryState, IN_LINE, OPEN, is_in, is_state};
use crate::{Dialect, StoreError};
use db::entity::column::Millis;
use db::entity::deliveries::{Column, Entity};
use db::entity::endpoints;
use db::expr::{call, checked, concat, number, text, truth};
use db::rows::{ValueKind, is_one_of_ids, list};
use db::send::{execute, fetch_all};
use events::{EndpointId, EventType, Timestamp};
use sea_orm::sea_query::extension::postgres::PgFunc;
use sea_orm::sea_query::{
    Asterisk, Expr, ExprTrait as _, IntoIden, JoinType, Order, Query, SelectStatement, TableRef, UpdateStatement,
};
use sea_orm::{DatabaseTransaction, FromQueryResult};
use uuid::Uuid;

/// First key of the advisory locks of lines.
const LINE_LOCK: i32 = 7264;
/// How many places before a new delivery are looked at for what it supersedes.
const NEAR: u64 = 1_000;

/// Takes the lines of these endpoints for the rest of the transaction. What is read afterwards is no older than the lock.
///
/// SQLite has one writer at a time, so there is nothing to lock.
pub(super) async fn lock_lines(
    tx: &DatabaseTransaction,
    dialect: Dialect,
    endpoints: impl IntoIterator<Item = EndpointId>,
) -> Result<(), StoreError> {
    if dialect == Dialect::Sqlite {
        return Ok(());
    }
    // Two endpoints with the same key only wait for each other. Sorted, so that nobody waits in a circle.
    let mut keys: Vec<i32> = endpoints.into_iter().map(key).collect();
    keys.sort_unstable();
    keys.dedup();
    if keys.is_empty() {
        return Ok(());
    }
    let keys = list(dialect, ValueKind::Int, keys);
    let key = call("unnest", [Expr::val(keys).cast_as("integer[]")]);
    let lock = call(
        "pg_advisory_xact_lock",
        [number(LINE_LOCK.into()).cast_as("integer"), Expr::col(("k", "key"))],
    );
    let keys = Query::select().expr_as(key, "key").take();
    let locked = Query::select().expr(lock.count()).from_subquery(keys, "k").take();
    execute(tx, &locked).await.map(|_| ())
}

fn key(endpoint: EndpointId) -> i32 {
    let [.., a, b, c, d] = *endpoint.uuid().as_bytes();
    i32::from_be_bytes([a, b, c, d])
}

/// That `other` stands in the same line as `one`, in which it keeps its place.
pub(super) fn is_in_line_of(other: &'static str, one: &'static str) -> Expr {
    let same = |column: Column| Expr::col((other, column)).equals((one, column));
    same(Column::EndpointId)
        .and(same(Column::SubjectId))
        .and(is_in(other, &IN_LINE))
}

/// The order of lines, by the columns of the index that it is.
pub(super) fn by_place(of: &'static str, order: &Order) -> [((&'static str, Column), Order); 3] {
    [Column::EndpointId, Column::SubjectId, Column::Sequence].map(|column| ((of, column), order.clone()))
}

/// Whether an earlier delivery about the same subject still is in line before `d`. `LIMIT 1`, so that it is always
/// looked up for the one subject and never made from the whole table.
pub(super) fn has_earlier() -> Expr {
    let earlier = Query::select()
        .expr(number(1))
        .from_as(Entity, "p")
        .and_where(is_in_line_of("p", "d"))
        .and_where(Expr::col(("p", Column::Sequence)).lt(Expr::col(("d", Column::Sequence))))
        .limit(1)
        .take();
    Expr::from(earlier).is_not_null()
}

/// A delivery that was put to sleep.
#[derive(Clone, Copy, Debug, FromQueryResult)]
pub(super) struct Blocked {
    pub(super) id: Uuid,
    /// Whether its endpoint does, if there still is one.
    coalesces: Option<bool>,
}

impl Blocked {
    /// Whether its endpoint coalesces.
    pub(super) fn coalesces(&self) -> bool {
        self.coalesces == Some(true)
    }
}

/// Puts those of these deliveries to sleep that are not the head of their line, and returns them.
pub(super) async fn block(
    tx: &DatabaseTransaction,
    dialect: Dialect,
    ids: impl IntoIterator<Item = Uuid>,
) -> Result<Vec<Blocked>, StoreError> {
    let of_endpoint = |column: endpoints::Column, delivery: Expr| {
        let endpoint = Query::select()
            .column(("e", column))
            .from_as(endpoints::Entity, "e")
            .and_where(Expr::col(("e", endpoints::Column::Id)).eq(delivery))
            .take();
        Expr::from(endpoint)
    };
    let waiting = Query::select()
        .column(("d", Column::Id))
        .from_as(Entity, "d")
        .and_where(is_one_of_ids(dialect, Expr::col(("d", Column::Id)), ids))
        .and_where(checked(is_state("d", DeliveryState::Pending)))
        .and_where(of_endpoint(
            endpoints::Column::Ordered,
            Expr::col(("d", Column::EndpointId)),
        ))
        .and_where(has_earlier())
        .take();
    let coalesces = of_endpoint(
        endpoints::Column::CoalesceUpdates,
        Expr::col((Entity, Column::EndpointId)),
    );
    let block = Query::update()
        .table(Entity)
        .value(Column::NextAt, number(BLOCKED))
        .and_where(is_found(dialect, waiting))
        .returning(Query::returning().exprs([Expr::col((Entity, Column::Id)), named(dialect, coalesces)]))
        .take();
    fetch_all(tx, &block).await
}

/// `coalesces`: what is returned has no name of its own otherwise.
fn named(dialect: Dialect, coalesces: Expr) -> Expr {
    let text = match dialect {
        Dialect::Postgres => "$1 AS coalesces",
        Dialect::Sqlite => "? AS coalesces",
    };
    Expr::cust_with_expr(text, coalesces)
}

/// That a delivery is one of those that a query finds. As an array on PostgreSQL, which then looks each up by its id:
/// against a set of rows, whose size it cannot know, it may prefer to go through the whole table.
pub(super) fn is_found(dialect: Dialect, query: SelectStatement) -> Expr {
    let id = Expr::col((Entity, Column::Id));
    match dialect {
        Dialect::Postgres => id.eq(PgFunc::any(call("ARRAY", [query.into()]))),
        Dialect::Sqlite => id.in_subquery(query),
    }
}

/// Wakes the heads of the lines that these deliveries, which have ended, stood in.
pub(super) async fn wake(
    tx: &DatabaseTransaction,
    dialect: Dialect,
    ended: impl IntoIterator<Item = Uuid>,
    now: Timestamp,
) -> Result<u64, StoreError> {
    let head = Query::select()
        .column(("n", Column::Id))
        .from_as(Entity, "n")
        .and_where(is_in_line_of("n", "d"))
        .order_by_columns(by_place("n", &Order::Asc))
        .limit(1)
        .take();
    let heads = Query::select()
        .expr(Expr::from(head))
        .from_as(Entity, "d")
        .and_where(is_one_of_ids(dialect, Expr::col(("d", Column::Id)), ended))
        .take();
    let wake = wake_up(now)
        .and_where(is_found(dialect, heads))
        .and_where(checked(is_in(Entity, &OPEN)))
        .and_where(checked(is_blocked(Entity)))
        .take();
    execute(tx, &wake).await
}

fn wake_up(now: Timestamp) -> UpdateStatement {
    Query::update()
        .table(Entity)
        .value(Column::NextAt, Millis::from(now))
        .take()
}

fn is_blocked(of: impl IntoIden) -> Expr {
    Expr::col((of, Column::NextAt)).eq(number(BLOCKED))
}

/// Wakes everything of an endpoint: it is not ordered any more.
pub(crate) async fn dissolve(
    tx: &DatabaseTransaction,
    dialect: Dialect,
    endpoint: EndpointId,
    now: Timestamp,
) -> Result<u64, StoreError> {
    lock_lines(tx, dialect, [endpoint]).await?;
    let wake = wake_up(now)
        .and_where(Expr::col((Entity, Column::EndpointId)).eq(endpoint.uuid()))
        .and_where(is_in(Entity, &OPEN))
        .and_where(is_blocked(Entity))
        .take();
    execute(tx, &wake).await
}

/// Cancels what newer deliveries of this batch supersede, which wait at coalescing endpoints: not begun, behind another
/// one in the line, and about the same subject as a newer event that carries its whole state. That is an update after an update
/// of the same kind, and a deletion after any update. Nothing else, because a receiver may act on the type alone: a
/// deactivation is never swallowed by a later update.
pub(super) async fn coalesce(
    tx: &DatabaseTransaction,
    dialect: Dialect,
    new: impl IntoIterator<Item = Uuid>,
    now: Timestamp,
) -> Result<u64, StoreError> {
    let newer = |what: Expr| {
        let deleted = [EventType::UserDeleted, EventType::GroupDeleted].map(|kind| text(kind.as_str()));
        let kind = || Expr::col(("n", Column::EventType));
        let newer = Query::select()
            .expr(what)
            .from_as(Entity, "n")
            .and_where(is_in_line_of("n", "d"))
            .and_where(Expr::col(("n", Column::Sequence)).gt(Expr::col(("d", Column::Sequence))))
            .and_where(kind().equals(("d", Column::EventType)).or(kind().is_in(deleted)))
            .order_by_columns(by_place("n", &Order::Desc))
            .limit(1)
            .take();
        Expr::from(newer)
    };
    let updated = [EventType::UserUpdated, EventType::GroupUpdated].map(|kind| text(kind.as_str()));
    let superseded = is_state("d", DeliveryState::Pending)
        .and(Expr::col(("d", Column::Attempts)).eq(0))
        .and(is_blocked("d"))
        .and(Expr::col(("d", Column::EventType)).is_in(updated));
    let is_new = is_one_of_ids(dialect, Expr::col(("b", Column::Id)), new);
    let earlier = |other: &'static str| {
        is_in_line_of(other, "b").and(Expr::col((other, Column::Sequence)).lt(Expr::col(("b", Column::Sequence))))
    };
    let reason = concat(
        text("superseded by event "),
        id_text(dialect, Expr::col(("n", Column::EventId))),
    );
    let mut cancel = Query::update();
    cancel
        .value(Column::State, text(DeliveryState::Cancelled.as_str()))
        .value(Column::UpdatedAt, Millis::from(now));
    match dialect {
        Dialect::Postgres => {
            // What waits before one of the batch was looked at when the one before joined: what it supersedes is near.
            let near = Query::select()
                .column(("o", Asterisk))
                .from_as(Entity, "o")
                .and_where(earlier("o"))
                .order_by_columns(by_place("o", &Order::Desc))
                .limit(NEAR)
                .take();
            let reasons = Query::select()
                .column(("d", Column::Id))
                .expr_as(newer(reason), Column::Reason)
                .from_as(Entity, "b")
                .join_lateral(JoinType::InnerJoin, near, "d", truth(true))
                .and_where(is_new)
                .and_where(superseded)
                .take();
            let found = |column: Column| Expr::col(("s", column));
            cancel
                .table(Entity)
                .value(Column::Reason, found(Column::Reason))
                .from(TableRef::SubQuery(Box::new(reasons), "s".into_iden()))
                .and_where(Expr::col((Entity, Column::Id)).eq(found(Column::Id)))
                .and_where(found(Column::Reason).is_not_null());
        }
        // Without LATERAL: the whole line, which the same index finds.
        Dialect::Sqlite => {
            let those = Query::select()
                .column(("d", Column::Id))
                .from_as(Entity, "b")
                .cross_join(TableRef::from(Entity.into_iden()).alias("d"))
                .and_where(earlier("d"))
                .and_where(is_new)
                .and_where(superseded)
                .and_where(newer(number(1)).is_not_null())
                .take();
            cancel
                .table(TableRef::from(Entity.into_iden()).alias("d"))
                .value(Column::Reason, newer(reason))
                .and_where(Expr::col(("d", Column::Id)).in_subquery(those));
        }
    }
    execute(tx, &cancel).await
}

/// An id as it is written.
fn id_text(dialect: Dialect, id: Expr) -> Expr {
    match dialect {
        Dialect::Postgres => id.cast_as("text"),
        Dialect::Sqlite => {
            let digits =
                |from: i64, count: i64| call("substr", [call("hex", [id.clone()]), number(from), number(count)]);
            let parts = [digits(9, 4), digits(13, 4), digits(17, 4), digits(21, 12)];
            let whole = parts
                .into_iter()
                .fold(digits(1, 8), |whole, part| concat(concat(whole, text("-")), part));
            call("lower", [whole])
        }
    }
}
