//! Recording the outcomes of attempts: a whole batch in one statement.

use super::Deliveries;
use super::line::{lock_lines, wake};
use crate::rows::{Column, row_set};
use crate::sql::{Row, exec, json_id, query_all};
use crate::{Dialect, StoreError};
use events::{AttemptId, DeliveryId, EndpointId, Timestamp};
use sea_orm::{ConnectionTrait, DatabaseTransaction};
use serde_json::{Value, json};
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

const COLUMNS: &[(&str, Column)] = &[
    ("id", Column::Id),
    ("delivery_id", Column::Id),
    ("endpoint_id", Column::Id),
    ("token", Column::Int),
    ("number", Column::Int),
    ("started_at", Column::Int),
    ("duration_ms", Column::Int),
    ("status", Column::Int),
    ("error", Column::Text),
    ("response_head", Column::Text),
    ("trace_id", Column::Text),
    ("state", Column::Text),
    ("next_at", Column::Int),
    ("delivered_at", Column::Int),
];

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
        let health = health_of(finished);
        let batch = Batch {
            dialect,
            rows: Value::Array(finished.iter().map(|attempt| row(dialect, attempt, now)).collect()).to_string(),
            health: health_rows(dialect, &health),
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
struct Batch<'a> {
    dialect: Dialect,
    rows: String,
    health: String,
    owner: &'a str,
    now: Timestamp,
    too_long: Timestamp,
}

/// Deliveries of ordered endpoints that have ended, and endpoints that have failed for too long.
type Written = (Vec<Uuid>, Vec<EndpointId>);

const SET: &str = "state = r.state, attempts = r.number, next_at = r.next_at, last_status = r.status, last_error = r.error, \
                   reason = NULL, delivered_at = r.delivered_at, lease_owner = NULL, leased_until = NULL, updated_at = $2, \
                   attempt_id = CASE WHEN r.state = 'delivered' THEN r.id END, \
                   started_at = CASE WHEN r.state = 'delivered' THEN r.started_at END, \
                   duration_ms = CASE WHEN r.state = 'delivered' THEN r.duration_ms END, \
                   response_head = CASE WHEN r.state = 'delivered' THEN r.response_head END, \
                   trace_id = CASE WHEN r.state = 'delivered' THEN r.trace_id END";
const COUNTS: &str = "d.id = r.delivery_id AND (d.state = 'leased' AND d.lease_owner = $3 AND d.token = r.token \
                      OR r.state = 'delivered' AND d.state <> 'delivered')";
/// A failed attempt has a row of its own, and so has a success of a delivery that had one already. Not for deliveries
/// that went away with their endpoint.
const INSERT_ATTEMPTS: &str = "INSERT INTO attempts (id, delivery_id, endpoint_id, number, started_at, duration_ms, status, \
                               error, response_head, trace_id) \
                               SELECT r.id, r.delivery_id, r.endpoint_id, r.number, r.started_at, r.duration_ms, r.status, \
                               r.error, r.response_head, r.trace_id";
const HEALTH: &str = "UPDATE endpoints SET failing_since = CASE WHEN h.healthy THEN NULL ELSE CAST($2 AS bigint) END";

impl Batch<'_> {
    /// PostgreSQL: one statement, one round trip, and no wait for the disk.
    async fn write_at_once<C: ConnectionTrait>(&self, connection: &C) -> Result<Written, StoreError> {
        let set = row_set(self.dialect, 1, "x", COLUMNS);
        let health = health_set(self.dialect, 4);
        let sql = format!(
            "WITH r AS MATERIALIZED (SELECT * FROM {set}), \
             h AS MATERIALIZED (SELECT * FROM {health}), \
             u AS (UPDATE deliveries d SET {SET} FROM r WHERE {COUNTS} RETURNING d.id, d.endpoint_id, d.subject_id, d.state), \
             a AS ({INSERT_ATTEMPTS} FROM r JOIN deliveries d ON d.id = r.delivery_id WHERE r.state <> 'delivered' \
             OR d.attempt_id IS DISTINCT FROM r.id AND NOT EXISTS (SELECT 1 FROM u WHERE u.id = r.delivery_id) \
             ON CONFLICT (id) DO NOTHING), \
             f AS ({HEALTH} FROM h WHERE endpoints.id = h.id AND h.healthy = (endpoints.failing_since IS NOT NULL)) \
             SELECT set_config('synchronous_commit', 'off', true) AS setting, \
             (SELECT json_agg(u.id)::text FROM u JOIN endpoints e ON e.id = u.endpoint_id WHERE e.ordered \
             AND u.subject_id IS NOT NULL AND u.state <> 'scheduled') AS ended, \
             (SELECT json_agg(e.id)::text FROM h JOIN endpoints e ON e.id = h.id WHERE NOT h.healthy \
             AND e.state = 'enabled' AND e.failing_since <= $5) AS failing"
        );
        let values = [
            self.rows.as_str().into(),
            self.now.millis().into(),
            self.owner.into(),
            self.health.as_str().into(),
            self.too_long.millis().into(),
        ];
        let rows = query_all(connection, &sql, values).await?;
        let row = rows
            .first()
            .ok_or_else(|| StoreError::corrupt("a SELECT without FROM gave no row"))?;
        let ids = |column| -> Result<Vec<Uuid>, StoreError> {
            let text: Option<String> = row.get(column)?;
            let ids = text.map(|text| serde_json::from_str(&text)).transpose();
            ids.map(Option::unwrap_or_default)
                .map_err(|error| StoreError::corrupt(format!("ids of a statement: {error}")))
        };
        Ok((
            ids("ended")?,
            ids("failing")?.into_iter().map(EndpointId::from).collect(),
        ))
    }

    /// SQLite: the same in steps, which cost no round trips there.
    async fn write_in_steps(&self, tx: &DatabaseTransaction) -> Result<Written, StoreError> {
        let set = row_set(self.dialect, 1, "r", COLUMNS);
        let update = format!(
            "UPDATE deliveries AS d SET {SET} FROM {set} WHERE {COUNTS} \
             RETURNING id, state <> 'scheduled' AND subject_id IS NOT NULL AS ended, endpoint_id"
        );
        let values = [self.rows.as_str().into(), self.now.millis().into(), self.owner.into()];
        let mut ended = Vec::new();
        for row in query_all(tx, &update, values).await? {
            if row.get::<bool>("ended")? {
                ended.push(row.get::<Uuid>("id")?);
            }
        }
        let attempts = format!(
            "{INSERT_ATTEMPTS} FROM {set} JOIN deliveries d ON d.id = r.delivery_id \
             WHERE r.state <> 'delivered' OR d.attempt_id IS DISTINCT FROM r.id ON CONFLICT (id) DO NOTHING"
        );
        exec(tx, &attempts, [self.rows.as_str().into()]).await?;
        let set = health_set(self.dialect, 1);
        let health = format!(
            "{HEALTH} FROM {set} WHERE endpoints.id = h.id AND h.healthy = (endpoints.failing_since IS NOT NULL)"
        );
        exec(tx, &health, [self.health.as_str().into(), self.now.millis().into()]).await?;
        let failing = format!(
            "SELECT e.id FROM {set} JOIN endpoints e ON e.id = h.id WHERE NOT h.healthy AND e.state = 'enabled' \
             AND e.failing_since <= $2"
        );
        let values = [self.health.as_str().into(), self.too_long.millis().into()];
        let failing = query_all(tx, &failing, values).await?;
        let failing = failing.iter().map(|row| row.id("id")).collect::<Result<_, _>>()?;
        Ok((ended, failing))
    }
}

fn row(dialect: Dialect, attempt: &FinishedAttempt, now: Timestamp) -> Value {
    let (state, next_at, delivered_at) = match attempt.verdict {
        DeliveryVerdict::Delivered => ("delivered", now, Some(now.millis())),
        DeliveryVerdict::RetryAt(at) => ("scheduled", at, None),
        DeliveryVerdict::Exhausted => ("exhausted", now, None),
    };
    json!({
        "id": json_id(dialect, attempt.id.uuid()),
        "delivery_id": json_id(dialect, attempt.delivery_id.uuid()),
        "endpoint_id": json_id(dialect, attempt.endpoint_id.uuid()),
        "token": attempt.token,
        "number": attempt.number,
        "started_at": attempt.started_at.millis(),
        "duration_ms": i32::try_from(attempt.duration.as_millis()).unwrap_or(i32::MAX),
        "status": attempt.status,
        "error": attempt.error,
        "response_head": attempt.response_head,
        "trace_id": attempt.trace_id,
        "state": state,
        "next_at": next_at.millis(),
        "delivered_at": delivered_at,
    })
}

/// Whether an endpoint took anything in this batch. Sorted, so that two dispatchers lock rows in the same order.
fn health_of(finished: &[FinishedAttempt]) -> BTreeMap<Uuid, bool> {
    let mut health = BTreeMap::new();
    for attempt in finished {
        *health.entry(attempt.endpoint_id.uuid()).or_default() |= attempt.verdict == DeliveryVerdict::Delivered;
    }
    health
}

fn health_rows(dialect: Dialect, health: &BTreeMap<Uuid, bool>) -> String {
    let row = |(id, healthy): (&Uuid, &bool)| json!({"id": json_id(dialect, *id), "healthy": healthy});
    Value::Array(health.iter().map(row).collect()).to_string()
}

fn health_set(dialect: Dialect, parameter: usize) -> String {
    row_set(
        dialect,
        parameter,
        "h",
        &[("id", Column::Id), ("healthy", Column::Bool)],
    )
}
