//! What an operator does to deliveries by hand: try again, and cancel.

use super::line::{lock_lines, wake};
use super::{Deliveries, DeliveryState};
use crate::args::Args;
use crate::sql::{Row, exec, query_all, query_one};
use crate::{AdminTx, StoreError};
use events::{DeliveryId, EndpointId, EventType, Timestamp};

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

    /// Which deliveries are meant, on `d`.
    fn condition(&self, args: &mut Args, endpoint_id: EndpointId) -> String {
        let is_meant = |state: &&DeliveryState| self.states.is_empty() || self.states.contains(state);
        // Part of the text, not parameters: partial indexes are not considered for parameters.
        let states = Self::STATES.iter().filter(is_meant);
        let states: Vec<_> = states.map(|state| format!("'{}'", state.as_str())).collect();
        let endpoint = args.bind(endpoint_id.uuid());
        let after = args.bind(self.after.map_or(0, Timestamp::millis));
        let before = args.bind(self.before.map_or(i64::MAX, Timestamp::millis));
        let mut condition = format!(
            "d.endpoint_id = {endpoint} AND d.state IN ({}) AND d.created_at >= {after} AND d.created_at < {before}",
            states.join(", ")
        );
        if !self.types.is_empty() {
            let types = args.bind_texts(self.types.iter().map(|kind| kind.as_str()));
            condition.push_str(&format!(" AND d.event_type IN ({types})"));
        }
        condition
    }
}

const BY_HAND: &str = "cancelled by an operator";
/// A success makes place for the next attempt in the delivery's row. Ends before its `WHERE`'s conditions, on `d`.
const KEEP_SUCCESS: &str = "INSERT INTO attempts (id, delivery_id, endpoint_id, number, started_at, duration_ms, status, \
                            response_head, trace_id) \
                            SELECT d.attempt_id, d.id, d.endpoint_id, d.attempts, d.started_at, d.duration_ms, \
                            d.last_status, d.response_head, d.trace_id FROM deliveries d WHERE d.attempt_id IS NOT NULL";
/// Due at once. A delivery that was given up gets one more attempt.
const QUEUE: &str = "UPDATE deliveries SET state = 'pending', next_at = $2, delivered_at = NULL, reason = NULL, \
                     attempt_id = NULL, started_at = NULL, duration_ms = NULL, response_head = NULL, trace_id = NULL, \
                     updated_at = $2";

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
        let mut args = Args::new(self.store.dialect());
        let condition = replay.condition(&mut args, endpoint_id);
        let (sql, values) = args.finish(&format!("SELECT COUNT(*) AS n FROM deliveries d WHERE {condition}"));
        let row = query_one(self.store.read(), &sql, values).await?;
        let row = row.ok_or_else(|| StoreError::corrupt("a count without a row"))?;
        Ok(u64::try_from(row.get::<i64>("n")?).unwrap_or_default())
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
        let keep = format!("{KEEP_SUCCESS} AND d.id = $1 AND d.state <> 'leased'");
        exec(&self.tx, &keep, [id.uuid().into()]).await?;
        let sql = format!("{QUEUE} WHERE id = $1 AND state <> 'leased'");
        let queued = exec(&self.tx, &sql, [id.uuid().into(), now.millis().into()]).await?;
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
        let mut args = Args::new(self.dialect);
        let condition = replay.condition(&mut args, endpoint_id);
        let (keep, values) = args.finish(&format!("{KEEP_SUCCESS} AND d.state = 'delivered' AND {condition}"));
        exec(&self.tx, &keep, values).await?;
        let mut args = Args::new(self.dialect);
        // The first two are those of `QUEUE`.
        args.bind(endpoint_id.uuid());
        args.bind(now.millis());
        let condition = replay.condition(&mut args, endpoint_id);
        let (sql, values) = args.finish(&format!(
            "{QUEUE} WHERE id IN (SELECT d.id FROM deliveries d WHERE {condition})"
        ));
        exec(&self.tx, &sql, values).await
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
        let sql = "UPDATE deliveries SET state = 'cancelled', reason = $3, updated_at = $2 \
                   WHERE id = $1 AND state IN ('pending', 'scheduled', 'held') RETURNING id";
        let values = [id.uuid().into(), now.millis().into(), BY_HAND.into()];
        if query_all(&self.tx, sql, values).await?.is_empty() {
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
        let sql = "SELECT endpoint_id, state FROM deliveries WHERE id = $1";
        let Some(row) = query_one(&self.tx, sql, [id.uuid().into()]).await? else {
            return Ok(None);
        };
        let state = DeliveryState::read(&row.get::<String>("state")?)?;
        Ok(Some((row.id("endpoint_id")?, state)))
    }
}
