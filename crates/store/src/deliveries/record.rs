//! Recording the outcomes of attempts: a whole batch in one statement.

mod statements;

use super::line::{lock_lines, wake};
use super::{Deliveries, DeliveryState};
use crate::{Dialect, StoreError};
use db::rows::Rows;
use db::sql::{ReadColumns, exec, query_all};
use events::{AttemptId, DeliveryId, EndpointId, Timestamp};
use sea_orm::{ConnectionTrait, DatabaseTransaction};
use statements::{COLUMNS, ENDED, FAILING, HEALTH, at_once, in_steps};
use std::collections::BTreeMap;
use std::time::Duration;
use uuid::Uuid;

/// What becomes of a delivery after an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeliveryVerdict {
    /// The receiver took it.
    Delivered,
    /// It is tried again at this time.
    RetryAt(Timestamp),
    /// It is given up.
    Exhausted,
}

/// An attempt that is over.
#[derive(Clone, Debug)]
pub struct FinishedAttempt {
    /// Made by the caller, so that recording the same attempt twice changes nothing.
    pub id: AttemptId,
    /// Of this delivery.
    pub delivery_id: DeliveryId,
    /// To this endpoint.
    pub endpoint_id: EndpointId,
    /// The number of the lease under which it was made.
    pub token: i64,
    /// Whether its endpoint is ordered, as far as the caller knows.
    pub ordered: bool,
    /// Counts from 1 within the delivery.
    pub number: u32,
    /// When it began.
    pub started_at: Timestamp,
    /// How long it took.
    pub duration: Duration,
    /// The status of the answer, if one came.
    pub status: Option<u16>,
    /// Why it failed.
    pub error: Option<String>,
    /// The beginning of the answer.
    pub response_head: Option<String>,
    /// Its trace.
    pub trace_id: Option<String>,
    /// What becomes of the delivery.
    pub verdict: DeliveryVerdict,
    /// The receiver said that it is gone for good.
    pub gone: bool,
}

/// What recording brought to light.
#[derive(Clone, Debug, Default)]
pub struct RecordingReport {
    /// Endpoints that have failed for longer than they may.
    pub failing: Vec<EndpointId>,
    /// Deliveries that waited in line and are due now.
    pub woken: u64,
}

impl Deliveries<'_> {
    /// Records attempts: the deliveries, the attempts, and how the endpoints fare; tells which endpoints have had
    /// failures only for as long as `patience`.
    ///
    /// A failure counts only under the last lease, of this owner. A success always does: the receiver has the event,
    /// another process that may be about to send it again.
    ///
    /// On PostgreSQL this does not wait for the disk: should the server crash within the next moment, the deliveries
    /// are still leased, and are sent again when the leases end.
    ///
    /// # Errors
    /// As any write; nothing is recorded then, and the same call may be made again.
    pub async fn record(
        &self,
        finished: &[FinishedAttempt],
        owner: &str,
        patience: Duration,
        now: Timestamp,
    ) -> Result<RecordingReport, StoreError> {
        if finished.is_empty() {
            return Ok(RecordingReport::default());
        }
        let dialect = self.store.dialect();
        let batch = AttemptBatch {
            dialect,
            attempts: attempts_of(finished, now),
            health: health_of(finished),
            owner,
            now,
            too_long: now.minus(patience),
        };
        let ordered = finished.iter().filter(|attempt| attempt.ordered);
        let ordered: Vec<_> = ordered.map(|attempt| attempt.endpoint_id).collect();
        let (ended, failing) = if dialect == Dialect::Postgres && ordered.is_empty() {
            batch.write_at_once(&self.store.steady().record).await?
        } else {
            let tx = self.store.begin_on(&self.store.steady().record).await?;
            let (ended, failing) = match dialect {
                Dialect::Postgres => batch.write_at_once(&tx).await?,
                Dialect::Sqlite => batch.write_in_steps(&tx).await?,
            };
            lock_lines(&tx, dialect, ordered).await?;
            let woken = if ended.is_empty() {
                0
            } else {
                wake(&tx, dialect, ended, now).await?
            };
            tx.commit().await?;
            return Ok(RecordingReport { failing, woken });
        };
        // An endpoint that has only just become ordered.
        let mut woken = 0;
        if !ended.is_empty() {
            let tx = self.store.begin_on(&self.store.steady().record).await?;
            lock_lines(&tx, dialect, finished.iter().map(|attempt| attempt.endpoint_id)).await?;
            woken = wake(&tx, dialect, ended, now).await?;
            tx.commit().await?;
        }
        Ok(RecordingReport { failing, woken })
    }
}

/// Attempts as they are written.
struct AttemptBatch<'a> {
    dialect: Dialect,
    attempts: Rows,
    health: Rows,
    owner: &'a str,
    now: Timestamp,
    too_long: Timestamp,
}

/// Deliveries of ordered endpoints that have ended, and endpoints that have failed for too long.
type EndedDeliveries = (Vec<Uuid>, Vec<EndpointId>);

impl AttemptBatch<'_> {
    /// PostgreSQL: one statement, one round trip, and no wait for the disk.
    async fn write_at_once<C: ConnectionTrait>(&self, connection: &C) -> Result<EndedDeliveries, StoreError> {
        let mut values = self.attempts.clone().into_values(self.dialect);
        values.extend([self.now.millis().into(), self.owner.into()]);
        values.extend(self.health.clone().into_values(self.dialect));
        values.push(self.too_long.millis().into());
        let rows = query_all(connection, at_once(), values).await?;
        let row = rows
            .first()
            .ok_or_else(|| StoreError::corrupt("a SELECT without FROM gave no row"))?;
        let ids = |column| -> Result<Vec<Uuid>, StoreError> {
            let text: Option<String> = row.get(column)?;
            let ids = text.map(|text| serde_json::from_str(&text)).transpose();
            ids.map(Option::unwrap_or_default)
                .map_err(|error| StoreError::corrupt(format!("ids of a statement: {error}")))
        };
        Ok((ids(ENDED)?, ids(FAILING)?.into_iter().map(EndpointId::from).collect()))
    }

    /// SQLite: the same in steps, which cost no round trips there.
    async fn write_in_steps(&self, tx: &DatabaseTransaction) -> Result<EndedDeliveries, StoreError> {
        let steps = in_steps();
        let attempts = || self.attempts.clone().into_values(self.dialect);
        let health = || self.health.clone().into_values(self.dialect);
        let mut values = attempts();
        values.extend([self.now.millis().into(), self.owner.into()]);
        let mut ended = Vec::new();
        for row in query_all(tx, &steps.update, values).await? {
            let state: DeliveryState = row.get("state")?;
            let subject: Option<Uuid> = row.get("subject_id")?;
            if state != DeliveryState::Scheduled && subject.is_some() {
                ended.push(row.get::<Uuid>("id")?);
            }
        }
        exec(tx, &steps.attempts, attempts()).await?;
        let mut values = health();
        values.push(self.now.millis().into());
        exec(tx, &steps.health, values).await?;
        let mut values = health();
        values.push(self.too_long.millis().into());
        let failing = query_all(tx, &steps.failing, values).await?;
        let failing = failing.iter().map(|row| row.id("id")).collect::<Result<_, _>>()?;
        Ok((ended, failing))
    }
}

fn attempts_of(finished: &[FinishedAttempt], now: Timestamp) -> Rows {
    let mut rows = Rows::new(&COLUMNS);
    for attempt in finished {
        let (state, next_at, delivered_at) = match attempt.verdict {
            DeliveryVerdict::Delivered => (DeliveryState::Delivered, now, Some(now.millis())),
            DeliveryVerdict::RetryAt(at) => (DeliveryState::Scheduled, at, None),
            DeliveryVerdict::Exhausted => (DeliveryState::Exhausted, now, None),
        };
        rows.push([
            attempt.id.uuid().into(),
            attempt.delivery_id.uuid().into(),
            attempt.endpoint_id.uuid().into(),
            i32::try_from(attempt.number).unwrap_or(i32::MAX).into(),
            attempt.started_at.millis().into(),
            i32::try_from(attempt.duration.as_millis()).unwrap_or(i32::MAX).into(),
            attempt.status.map(i32::from).into(),
            attempt.error.clone().into(),
            attempt.response_head.clone().into(),
            attempt.trace_id.clone().into(),
            attempt.token.into(),
            state.as_str().into(),
            next_at.millis().into(),
            delivered_at.into(),
        ]);
    }
    rows
}

/// Whether an endpoint took anything in this batch. Sorted, so that two dispatchers lock rows in the same order.
fn health_of(finished: &[FinishedAttempt]) -> Rows {
    let mut health: BTreeMap<Uuid, bool> = BTreeMap::new();
    for attempt in finished {
        *health.entry(attempt.endpoint_id.uuid()).or_default() |= attempt.verdict == DeliveryVerdict::Delivered;
    }
    let mut rows = Rows::new(&HEALTH);
    for (id, healthy) in health {
        rows.push([id.into(), healthy.into()]);
    }
    rows
}
