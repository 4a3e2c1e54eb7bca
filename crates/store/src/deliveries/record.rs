//! Writing down what came of attempts: a whole batch in one transaction.

use super::{Deliveries, open_states};
use crate::rows::{Column, row_set};
use crate::sql::{IDS, Row, exec, json_id, json_ids, query_all};
use crate::{Dialect, StoreError};
use events::{AttemptId, DeliveryId, EndpointId, Timestamp};
use sea_orm::DatabaseTransaction;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Duration;
use uuid::Uuid;

const GONE: &str = "the receiver answered 410 Gone";

/// What becomes of a delivery after an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
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
    pub verdict: Verdict,
    /// The receiver said that it is gone for good.
    pub gone: bool,
}

/// An endpoint that was switched off.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DisabledEndpoint {
    /// Which one.
    pub id: EndpointId,
    /// Why, for its owner.
    pub reason: String,
}

/// What recording brought about.
#[derive(Clone, Debug, Default)]
pub struct Recorded {
    /// Endpoints switched off by it; their open deliveries are cancelled.
    pub disabled: Vec<DisabledEndpoint>,
}

const COLUMNS: &[(&str, Column)] = &[
    ("id", Column::Id),
    ("delivery_id", Column::Id),
    ("endpoint_id", Column::Id),
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
    /// Records attempts: the deliveries, the attempts, and how the endpoints fare. An endpoint that answered 410, or
    /// that has had failures only for as long as `patience`, is switched off and its open deliveries are cancelled.
    ///
    /// A failure counts only while `owner` holds the lease. A success always does: the receiver has the event, whoever
    /// else may be about to send it again.
    ///
    /// # Errors
    /// As any write; nothing is recorded then, and the same call may be made again.
    pub async fn record(
        &self,
        finished: &[FinishedAttempt],
        owner: &str,
        patience: Duration,
        now: Timestamp,
    ) -> Result<Recorded, StoreError> {
        if finished.is_empty() {
            return Ok(Recorded::default());
        }
        let dialect = self.store.dialect();
        let rows: Vec<Value> = finished.iter().map(|attempt| row(dialect, attempt, now)).collect();
        let rows = Value::Array(rows).to_string();
        let tx = self.store.begin().await?;
        update_deliveries(&tx, dialect, &rows, owner, now).await?;
        insert_attempts(&tx, dialect, &rows).await?;
        let health = health_of(finished);
        update_health(&tx, dialect, &health, now).await?;
        let mut recorded = Recorded::default();
        let too_long = format!("failing_since <= {}", now.minus(patience).millis());
        for (ids, condition, reason) in [
            (gone(finished), "TRUE", GONE.to_owned()),
            (failing(&health), too_long.as_str(), failing_text(patience)),
        ] {
            let disabled = disable(&tx, dialect, ids, condition, &reason, now).await?;
            recorded
                .disabled
                .extend(disabled.into_iter().map(|id| DisabledEndpoint {
                    id,
                    reason: reason.clone(),
                }));
        }
        cancel(&tx, dialect, &recorded.disabled, now).await?;
        tx.commit().await?;
        Ok(recorded)
    }
}

fn row(dialect: Dialect, attempt: &FinishedAttempt, now: Timestamp) -> Value {
    let (state, next_at, delivered_at) = match attempt.verdict {
        Verdict::Delivered => ("delivered", now, Some(now.millis())),
        Verdict::RetryAt(at) => ("scheduled", at, None),
        Verdict::Exhausted => ("exhausted", now, None),
    };
    json!({
        "id": json_id(dialect, attempt.id.uuid()),
        "delivery_id": json_id(dialect, attempt.delivery_id.uuid()),
        "endpoint_id": json_id(dialect, attempt.endpoint_id.uuid()),
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

async fn update_deliveries(
    tx: &DatabaseTransaction,
    dialect: Dialect,
    rows: &str,
    owner: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    let set = row_set(dialect, 1, "r", COLUMNS);
    let sql = format!(
        "UPDATE deliveries SET state = r.state, attempts = r.number, next_at = r.next_at, last_status = r.status, \
         last_error = r.error, delivered_at = r.delivered_at, lease_owner = NULL, leased_until = NULL, updated_at = $2 \
         FROM {set} WHERE deliveries.id = r.delivery_id AND (deliveries.state = 'leased' AND deliveries.lease_owner = $3 \
         OR r.state = 'delivered' AND deliveries.state <> 'delivered')"
    );
    exec(tx, &sql, [rows.into(), now.millis().into(), owner.into()])
        .await
        .map(|_| ())
}

/// Not for deliveries that went away with their endpoint.
async fn insert_attempts(tx: &DatabaseTransaction, dialect: Dialect, rows: &str) -> Result<(), StoreError> {
    let set = row_set(dialect, 1, "r", COLUMNS);
    let sql = format!(
        "INSERT INTO attempts (id, delivery_id, endpoint_id, number, started_at, duration_ms, status, error, \
         response_head, trace_id) \
         SELECT r.id, r.delivery_id, r.endpoint_id, r.number, r.started_at, r.duration_ms, r.status, r.error, \
         r.response_head, r.trace_id \
         FROM {set} WHERE EXISTS (SELECT 1 FROM deliveries d WHERE d.id = r.delivery_id) ON CONFLICT (id) DO NOTHING"
    );
    exec(tx, &sql, [rows.into()]).await.map(|_| ())
}

/// Whether an endpoint took anything in this batch. Sorted, so that two dispatchers lock rows in the same order.
fn health_of(finished: &[FinishedAttempt]) -> BTreeMap<Uuid, bool> {
    let mut health = BTreeMap::new();
    for attempt in finished {
        *health.entry(attempt.endpoint_id.uuid()).or_default() |= attempt.verdict == Verdict::Delivered;
    }
    health
}

/// Touches only endpoints whose health changed.
async fn update_health(
    tx: &DatabaseTransaction,
    dialect: Dialect,
    health: &BTreeMap<Uuid, bool>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let rows: Vec<Value> = health
        .iter()
        .map(|(id, healthy)| json!({"id": json_id(dialect, *id), "healthy": healthy}))
        .collect();
    let set = row_set(dialect, 1, "r", &[("id", Column::Id), ("healthy", Column::Bool)]);
    let sql = format!(
        "UPDATE endpoints SET failing_since = CASE WHEN r.healthy THEN NULL ELSE CAST($2 AS bigint) END FROM {set} \
         WHERE endpoints.id = r.id AND r.healthy = (endpoints.failing_since IS NOT NULL)"
    );
    exec(tx, &sql, [Value::Array(rows).to_string().into(), now.millis().into()])
        .await
        .map(|_| ())
}

fn gone(finished: &[FinishedAttempt]) -> Vec<Uuid> {
    finished
        .iter()
        .filter(|attempt| attempt.gone)
        .map(|attempt| attempt.endpoint_id.uuid())
        .collect()
}

fn failing(health: &BTreeMap<Uuid, bool>) -> Vec<Uuid> {
    health
        .iter()
        .filter(|(_, healthy)| !**healthy)
        .map(|(id, _)| *id)
        .collect()
}

fn failing_text(patience: Duration) -> String {
    const DAY: u64 = 24 * 3_600;
    let seconds = patience.as_secs();
    let (count, unit) = if seconds.is_multiple_of(DAY) {
        (seconds / DAY, "days")
    } else {
        (seconds, "seconds")
    };
    format!("every attempt failed for {count} {unit}")
}

async fn disable(
    tx: &DatabaseTransaction,
    dialect: Dialect,
    ids: Vec<Uuid>,
    condition: &str,
    reason: &str,
    now: Timestamp,
) -> Result<Vec<EndpointId>, StoreError> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let source = if dialect == Dialect::Postgres { IDS.0 } else { IDS.1 };
    let sql = format!(
        "UPDATE endpoints SET state = 'disabled', disabled_reason = $2, updated_at = $3 \
         WHERE id IN ({source}) AND state = 'enabled' AND {condition} RETURNING id"
    );
    let values = [json_ids(dialect, ids).into(), reason.into(), now.millis().into()];
    query_all(tx, &sql, values)
        .await?
        .iter()
        .map(|row| row.id("id"))
        .collect()
}

async fn cancel(
    tx: &DatabaseTransaction,
    dialect: Dialect,
    disabled: &[DisabledEndpoint],
    now: Timestamp,
) -> Result<(), StoreError> {
    if disabled.is_empty() {
        return Ok(());
    }
    let source = if dialect == Dialect::Postgres { IDS.0 } else { IDS.1 };
    let open = open_states!("state");
    let sql = format!(
        "UPDATE deliveries SET state = 'cancelled', lease_owner = NULL, leased_until = NULL, updated_at = $2 \
         WHERE endpoint_id IN ({source}) AND {open}"
    );
    let ids = json_ids(dialect, disabled.iter().map(|endpoint| endpoint.id.uuid()));
    exec(tx, &sql, [ids.into(), now.millis().into()]).await.map(|_| ())
}
