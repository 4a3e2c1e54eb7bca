//! What an operator does to deliveries by hand: try again, and cancel.

use super::line::{lock_lines, wake};
use super::{Deliveries, DeliveryState, is_in, is_state};
use crate::{AdminTx, StoreError};
use db::entity::column::{Id, Millis};
use db::entity::deliveries::{Column, Entity};
use db::expr::{count, insert_from, text};
use db::send::{Counted, execute, fetch_one};
use events::{DeliveryId, EndpointId, EventType, Timestamp};
use sea_orm::FromQueryResult;
use sea_orm::sea_query::{Expr, ExprTrait as _, InsertStatement, Query, UpdateStatement};
use uuid::Uuid;

/// What came of asking for another attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RetryOutcome {
    /// It is due now. Its endpoint must be enabled for it to be sent.
    Queued,
    /// A dispatcher has it in hand at this moment; nothing was changed.
    InFlight,
    /// There is no such delivery.
    NotFound,
}

/// What came of cancelling a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CancelOutcome {
    /// It will not be sent.
    Done,
    /// A dispatcher has it in hand at this moment; nothing was changed.
    InFlight,
    /// It has come to this end already.
    Ended(DeliveryState),
    /// There is no such delivery.
    NotFound,
}

/// Which deliveries of an endpoint are to be sent again, by the time at which they were made.
#[derive(Clone, Debug, Default)]
pub struct ReplayRange {
    /// Not before.
    pub after: Option<Timestamp>,
    /// Before.
    pub before: Option<Timestamp>,
    /// Only those in one of these states, of [`ReplayRange::STATES`]; empty means all of these.
    pub states: Vec<DeliveryState>,
    /// Only events of these types; empty means all.
    pub types: Vec<EventType>,
}

impl ReplayRange {
    /// The states of deliveries that are over: those still open are on their way.
    pub const STATES: [DeliveryState; 3] = [
        DeliveryState::Exhausted,
        DeliveryState::Cancelled,
        DeliveryState::Delivered,
    ];
    /// Those of them that did not reach the receiver.
    pub const FAILED: [DeliveryState; 2] = [DeliveryState::Exhausted, DeliveryState::Cancelled];

    /// Which deliveries are meant.
    fn condition(&self, endpoint_id: EndpointId) -> Expr {
        let is_meant = |state: &DeliveryState| self.states.is_empty() || self.states.contains(state);
        let states: Vec<_> = Self::STATES.into_iter().filter(is_meant).collect();
        let created_at = || Expr::col((Entity, Column::CreatedAt));
        let condition = Expr::col((Entity, Column::EndpointId))
            .eq(endpoint_id.uuid())
            .and(is_in(Entity, &states))
            .and(created_at().gte(self.after.map_or(0, Timestamp::millis)))
            .and(created_at().lt(self.before.map_or(i64::MAX, Timestamp::millis)));
        if self.types.is_empty() {
            return condition;
        }
        let types = self.types.iter().map(|kind| kind.as_str());
        condition.and(Expr::col((Entity, Column::EventType)).is_in(types))
    }
}

const BY_HAND: &str = "cancelled by an operator";

/// A success makes place for the next attempt in the delivery's row.
fn keep_success(condition: Expr) -> InsertStatement {
    use db::entity::attempts::{Column as Made, Entity as Attempts};
    let kept = Query::select()
        .columns([
            Column::AttemptId,
            Column::Id,
            Column::EndpointId,
            Column::Attempts,
            Column::StartedAt,
            Column::DurationMs,
            Column::LastStatus,
            Column::ResponseHead,
            Column::TraceId,
        ])
        .from(Entity)
        .and_where(Expr::col((Entity, Column::AttemptId)).is_not_null())
        .and_where(condition)
        .take();
    let columns = [
        Made::Id,
        Made::DeliveryId,
        Made::EndpointId,
        Made::Number,
        Made::StartedAt,
        Made::DurationMs,
        Made::Status,
        Made::ResponseHead,
        Made::TraceId,
    ];
    insert_from(Attempts, columns, kept)
}

/// Due at once. A delivery that was given up gets one more attempt.
fn queue(now: Timestamp) -> UpdateStatement {
    let now = Millis::from(now);
    Query::update()
        .table(Entity)
        .value(Column::State, text(DeliveryState::Pending.as_str()))
        .values([Column::NextAt, Column::UpdatedAt].map(|column| (column, now.into())))
        .values([Column::DeliveredAt, Column::StartedAt].map(|column| (column, None::<i64>.into())))
        .values([Column::Reason, Column::ResponseHead, Column::TraceId].map(|column| (column, None::<String>.into())))
        .value(Column::AttemptId, None::<Uuid>)
        .value(Column::DurationMs, None::<i32>)
        .take()
}

fn is_it(id: DeliveryId) -> Expr {
    Expr::col((Entity, Column::Id)).eq(id.uuid())
}

impl Deliveries<'_> {
    /// [`AdminTx::retry_delivery`] by itself.
    ///
    /// # Errors
    /// As any write.
    pub async fn retry(&self, id: DeliveryId, now: Timestamp) -> Result<RetryOutcome, StoreError> {
        let change = self.store.change(None).await?;
        let retried = change.retry_delivery(id, now).await?;
        change.commit().await?;
        Ok(retried)
    }

    /// [`AdminTx::replay_deliveries`] by itself.
    ///
    /// # Errors
    /// As any write.
    pub async fn replay(
        &self,
        endpoint_id: EndpointId,
        replay: &ReplayRange,
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        let change = self.store.change(None).await?;
        let count = change.replay_deliveries(endpoint_id, replay, now).await?;
        change.commit().await?;
        Ok(count)
    }

    /// How many deliveries [`Deliveries::replay`] would make due.
    ///
    /// # Errors
    /// As any query.
    pub async fn count_replay(&self, endpoint_id: EndpointId, replay: &ReplayRange) -> Result<u64, StoreError> {
        let count = Query::select()
            .expr_as(count(), "n")
            .from(Entity)
            .and_where(replay.condition(endpoint_id))
            .take();
        let counted: Option<Counted> = fetch_one(self.store.read(), &count).await?;
        let counted = counted.ok_or_else(|| StoreError::corrupt("a count without a row"))?;
        Ok(u64::try_from(counted.n).unwrap_or_default())
    }

    /// [`AdminTx::cancel_delivery`] by itself.
    ///
    /// # Errors
    /// As any write.
    pub async fn cancel(&self, id: DeliveryId, now: Timestamp) -> Result<CancelOutcome, StoreError> {
        let change = self.store.change(None).await?;
        let cancelled = change.cancel_delivery(id, now).await?;
        change.commit().await?;
        Ok(cancelled)
    }
}

impl AdminTx {
    /// Makes a delivery due now, whatever became of it.
    ///
    /// # Errors
    /// As any write.
    pub async fn retry_delivery(&self, id: DeliveryId, now: Timestamp) -> Result<RetryOutcome, StoreError> {
        let Some((endpoint, _)) = self.delivery(id).await? else {
            return Ok(RetryOutcome::NotFound);
        };
        lock_lines(&self.tx, self.dialect, [endpoint]).await?;
        let is_free = || is_it(id).and(Expr::col((Entity, Column::State)).ne(text(DeliveryState::Leased.as_str())));
        execute(&self.tx, &keep_success(is_free())).await?;
        let queued = execute(&self.tx, &queue(now).and_where(is_free()).take()).await?;
        Ok(if queued > 0 {
            RetryOutcome::Queued
        } else {
            RetryOutcome::InFlight
        })
    }

    /// Makes deliveries of an endpoint due now and returns how many.
    ///
    /// # Errors
    /// As any write.
    pub async fn replay_deliveries(
        &self,
        endpoint_id: EndpointId,
        replay: &ReplayRange,
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        lock_lines(&self.tx, self.dialect, [endpoint_id]).await?;
        let is_meant = || replay.condition(endpoint_id);
        let was_delivered = is_meant().and(is_state(Entity, DeliveryState::Delivered));
        execute(&self.tx, &keep_success(was_delivered)).await?;
        execute(&self.tx, &queue(now).and_where(is_meant()).take()).await
    }

    /// Gives a delivery up that waits. At an ordered endpoint the next one about the same subject may go then.
    ///
    /// # Errors
    /// As any write.
    pub async fn cancel_delivery(&self, id: DeliveryId, now: Timestamp) -> Result<CancelOutcome, StoreError> {
        let Some((endpoint, _)) = self.delivery(id).await? else {
            return Ok(CancelOutcome::NotFound);
        };
        lock_lines(&self.tx, self.dialect, [endpoint]).await?;
        let waiting = [DeliveryState::Pending, DeliveryState::Scheduled, DeliveryState::Held];
        let cancel = Query::update()
            .table(Entity)
            .value(Column::State, text(DeliveryState::Cancelled.as_str()))
            .value(Column::Reason, BY_HAND)
            .value(Column::UpdatedAt, Millis::from(now))
            .and_where(is_it(id))
            .and_where(is_in(Entity, &waiting))
            .take();
        if execute(&self.tx, &cancel).await? == 0 {
            return Ok(match self.delivery(id).await? {
                None => CancelOutcome::NotFound,
                Some((_, DeliveryState::Leased)) => CancelOutcome::InFlight,
                Some((_, state)) => CancelOutcome::Ended(state),
            });
        }
        wake(&self.tx, self.dialect, [id.uuid()], now).await?;
        Ok(CancelOutcome::Done)
    }

    async fn delivery(&self, id: DeliveryId) -> Result<Option<(EndpointId, DeliveryState)>, StoreError> {
        let one = Query::select()
            .columns([Column::EndpointId, Column::State])
            .from(Entity)
            .and_where(is_it(id))
            .take();
        let found: Option<DeliveryStanding> = fetch_one(&self.tx, &one).await?;
        Ok(found.map(|found| (found.endpoint_id.0, found.state)))
    }
}

/// Where a delivery stands.
#[derive(Debug, FromQueryResult)]
struct DeliveryStanding {
    endpoint_id: Id<EndpointId>,
    state: DeliveryState,
}
