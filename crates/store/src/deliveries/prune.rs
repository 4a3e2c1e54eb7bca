//! Forgetting what is old, a bounded number of rows at a time.

use super::{Deliveries, DeliveryState, is_in, is_state};
use crate::StoreError;
use db::entity::column::Millis;
use db::entity::deliveries::{Column, Entity};
use db::entity::{attempts, endpoints};
use db::expr::{checked, number, text};
use db::send::{execute, fetch_all};
use events::Timestamp;
use sea_orm::FromQueryResult;
use sea_orm::sea_query::{
    CommonTableExpression, Expr, ExprTrait as _, IntoIden, IntoTableRef, JoinType, Order, Query, SelectStatement,
    UnionType, WithClause,
};
use std::time::Duration;
use uuid::Uuid;

/// Rows in one statement: a few milliseconds of work.
const AT_ONCE: u64 = 1_000;
/// The states in which a delivery has ended.
const ENDED: [DeliveryState; 3] = [
    DeliveryState::Delivered,
    DeliveryState::Exhausted,
    DeliveryState::Cancelled,
];

/// How long things are kept.
#[derive(Clone, Copy, Debug)]
pub struct Retention {
    /// Deliveries, from when they were made, once they have ended. What is held for longer is cancelled.
    pub deliveries: Duration,
    /// Attempts that failed, beside their delivery.
    pub attempts: Duration,
    /// The answers of receivers.
    pub responses: Duration,
}

/// What a step of pruning did. Also where it stopped: give it to the next one.
#[derive(Clone, Copy, Debug, Default)]
pub struct PruneReport {
    /// Deliveries deleted.
    pub deliveries: u64,
    /// Attempts deleted.
    pub attempts: u64,
    /// Held deliveries cancelled.
    pub cancelled: u64,
    /// Answers of receivers emptied.
    pub responses: u64,
    /// Answers are emptied up to these rows.
    delivery_cursor: Uuid,
    attempt_cursor: Uuid,
}

impl PruneReport {
    /// Whether there may be more to do at once.
    #[must_use]
    pub const fn is_full(&self) -> bool {
        let full = AT_ONCE;
        self.deliveries >= full || self.attempts >= full || self.cancelled >= full || self.responses >= full
    }
}

/// The smallest id that a row made at this time can have: ids are UUID v7, so their order is that of time.
pub(super) fn first_id_of(at: Timestamp) -> Uuid {
    let millis = u64::try_from(at.millis()).unwrap_or_default();
    Uuid::from_u64_pair(millis << 16, 0)
}

impl Deliveries<'_> {
    /// One step; `last` is what the step before gave. Deliveries of endpoints that were deleted go with it.
    ///
    /// # Errors
    /// As any write; what was done before stays done.
    pub async fn prune(
        &self,
        retention: Retention,
        last: &PruneReport,
        now: Timestamp,
    ) -> Result<PruneReport, StoreError> {
        let before = |age| first_id_of(now.minus(age));
        let write = self.store.write();
        let held = old(
            before(retention.deliveries),
            checked(is_state(Entity, DeliveryState::Held)),
        );
        let cancel = Query::update()
            .table(Entity)
            .value(Column::State, text(DeliveryState::Cancelled.as_str()))
            .value(Column::Reason, "held for longer than deliveries are kept")
            .value(Column::UpdatedAt, Millis::from(now))
            .and_where(id_of(Entity).in_subquery(held))
            .take();
        let cancelled = execute(write, &cancel).await?;
        let ended = old(before(retention.deliveries), is_in(Entity, &ENDED));
        let ended = Query::delete()
            .from_table(Entity)
            .and_where(id_of(Entity).in_subquery(ended))
            .take();
        let mut deliveries = execute(write, &ended).await?;
        deliveries = Ord::max(deliveries, self.prune_orphans().await?);
        let old_attempts = first(attempts::Entity, id_of(attempts::Entity).lt(before(retention.attempts)));
        let attempts = Query::delete()
            .from_table(attempts::Entity)
            .and_where(id_of(attempts::Entity).in_subquery(old_attempts))
            .take();
        let attempts = execute(write, &attempts).await?;
        let (in_deliveries, delivery_cursor) = self
            .empty(Entity, last.delivery_cursor, before(retention.responses))
            .await?;
        let (in_attempts, attempt_cursor) = self
            .empty(attempts::Entity, last.attempt_cursor, before(retention.responses))
            .await?;
        Ok(PruneReport {
            deliveries,
            attempts,
            cancelled,
            responses: Ord::max(in_deliveries, in_attempts),
            delivery_cursor,
            attempt_cursor,
        })
    }

    /// Deliveries of endpoints that are gone: of those that were deleted with many of them, and of an event that was
    /// just being stored. Goes from endpoint to endpoint, not from row to row.
    async fn prune_orphans(&self) -> Result<u64, StoreError> {
        let endpoint_id = || Expr::col(("d", Column::EndpointId));
        let seen_id = || Expr::col(("seen", Column::Id));
        let next = |condition: Option<Expr>| {
            Query::select()
                .expr(endpoint_id())
                .from_as(Entity, "d")
                .and_where_option(condition)
                .order_by(("d", Column::EndpointId), Order::Asc)
                .limit(1)
                .take()
        };
        let others = Query::select()
            .expr(Expr::from(next(Some(endpoint_id().gt(seen_id())))))
            .from("seen")
            .and_where(seen_id().is_not_null())
            .take();
        let mut all = Query::select();
        all.expr(Expr::from(next(None))).union(UnionType::All, others);
        let seen = CommonTableExpression::new()
            .table_name("seen")
            .column(Column::Id)
            .query(all)
            .to_owned();
        let endpoint = Query::select()
            .expr(number(1))
            .from_as(endpoints::Entity, "e")
            .and_where(Expr::col(("e", endpoints::Column::Id)).eq(seen_id()))
            .take();
        let orphans = Query::select()
            .column(("d", Column::Id))
            .from("seen")
            .join_as(JoinType::InnerJoin, Entity, "d", endpoint_id().eq(seen_id()))
            .and_where(Expr::exists(endpoint).not())
            .limit(AT_ONCE)
            .take();
        let delete = Query::delete()
            .from_table(Entity)
            .and_where(id_of(Entity).in_subquery(orphans))
            .with_cte(WithClause::new().recursive(true).cte(seen).to_owned())
            .take();
        execute(self.store.write(), &delete).await
    }

    /// Empties answers of rows between two ids; how many, and up to where.
    async fn empty<T: IntoIden + IntoTableRef + Copy>(
        &self,
        table: T,
        after: Uuid,
        before: Uuid,
    ) -> Result<(u64, Uuid), StoreError> {
        let (id, head) = (|| id_of(table), Expr::col((table, Column::ResponseHead)));
        let these = first(table, id().gt(after).and(id().lt(before)).and(head.is_not_null()));
        let empty = Query::update()
            .table(table)
            .value(Column::ResponseHead, None::<String>)
            .and_where(id().in_subquery(these))
            .returning_col(Column::Id)
            .take();
        let rows: Vec<Emptied> = fetch_all(self.store.write(), &empty).await?;
        let count = u64::try_from(rows.len()).unwrap_or(u64::MAX);
        // Fewer than there may be: everything before is done.
        let end = if count < AT_ONCE {
            Ord::max(before, after)
        } else {
            rows.into_iter().map(|row| row.id).max().unwrap_or(after)
        };
        Ok((count, end))
    }
}

/// A row whose answer was emptied.
#[derive(Debug, FromQueryResult)]
struct Emptied {
    id: Uuid,
}

/// Deliveries and attempts name these columns alike.
fn id_of(table: impl IntoIden) -> Expr {
    Expr::col((table, Column::Id))
}

/// The ids of the first rows for which something holds.
fn first<T: IntoIden + IntoTableRef + Copy>(table: T, condition: Expr) -> SelectStatement {
    Query::select()
        .column((table, Column::Id))
        .from(table)
        .and_where(condition)
        .order_by((table, Column::Id), Order::Asc)
        .limit(AT_ONCE)
        .take()
}

/// The same of deliveries that are older.
fn old(before: Uuid, condition: Expr) -> SelectStatement {
    first(Entity, id_of(Entity).lt(before).and(condition))
}
