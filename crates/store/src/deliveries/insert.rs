//! Events become deliveries: many rows in one statement, each at most once.

use super::line::{block, coalesce, lock_lines};
use super::{Deliveries, Lease, line_states};
use crate::rows::{Column, row_set};
use crate::sql::{Row, json_id, query_all};
use crate::{Dialect, StoreError};
use events::{DeliveryId, DirectoryId, EndpointId, EventId, EventType, ResourceId, Timestamp};
use sea_orm::{ConnectionTrait, DatabaseTransaction, QueryResult};
use serde_json::{Value, json};
use std::collections::HashSet;
use uuid::Uuid;

/// One event for one endpoint.
#[derive(Clone, Copy, Debug)]
pub struct NewDelivery {
    /// Its id.
    pub id: DeliveryId,
    /// Where it goes.
    pub endpoint_id: EndpointId,
    /// What is sent.
    pub event_id: EventId,
    /// The event's directory.
    pub directory_id: DirectoryId,
    /// The user or group that the event is about.
    pub subject_id: Option<ResourceId>,
    /// The event's place in its directory.
    pub sequence: i64,
    /// The event's type.
    pub event_type: EventType,
    /// Whether the caller would send it, now or after those before it in its line. Then the row is leased from the start,
    /// unless its endpoint is ordered and an earlier delivery about the same subject is still open that is not [`after`].
    ///
    /// [`after`]: NewDelivery::after
    pub claim: bool,
    /// The last delivery about the same subject that the caller holds and will send before this one. It does not keep the
    /// row from being leased, as long as nothing stands behind it in the line and the endpoint does not coalesce. The same
    /// for all deliveries about the subject in one call: it is what was stored before.
    pub after: Option<DeliveryId>,
    /// Whether the endpoint is ordered, as far as the caller knows.
    pub ordered: bool,
}

/// Where deliveries come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// Events from the bus. The caller may not know yet that an endpoint has begun with the past, and an event may come
    /// after the snapshot that it is in was sent. So the database decides for each of them.
    Live,
    /// The past of a directory itself, or a test.
    Other,
}

/// A delivery that was not there before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InsertedDelivery {
    /// Its id.
    pub id: DeliveryId,
    /// Whether the caller holds it now, under the first [`token`](crate::ClaimedDelivery::token), 1.
    pub leased: bool,
    /// Its endpoint is switched off.
    pub held: bool,
    /// It waits in its line: what is before it wakes it.
    pub blocked: bool,
}

const COLUMNS: &[(&str, Column)] = &[
    ("n", Column::Int),
    ("id", Column::Id),
    ("endpoint_id", Column::Id),
    ("event_id", Column::Id),
    ("directory_id", Column::Id),
    ("subject_id", Column::Id),
    ("sequence", Column::Int),
    ("event_type", Column::Text),
    ("claim", Column::Bool),
    ("after", Column::Id),
];

impl Deliveries<'_> {
    /// Stores deliveries of live events in the order given and returns those that are new. An event that comes a second
    /// time changes nothing, and neither does one for an endpoint that is gone by now. For one that is disabled they are
    /// held. An event that its endpoint gets with the past of the directory is left out, however late it comes by the
    /// bus: see [`Origin::Live`].
    ///
    /// Within one call, the deliveries of an ordered endpoint about a subject that say `claim` come before those that do
    /// not; of a coalescing endpoint it is only the first. Older updates that wait at a coalescing endpoint are superseded
    /// by newer ones.
    ///
    /// # Errors
    /// As any write; nothing is stored then.
    pub async fn insert(
        &self,
        new: &[NewDelivery],
        lease: Lease<'_>,
        now: Timestamp,
    ) -> Result<Vec<InsertedDelivery>, StoreError> {
        if new.is_empty() {
            return Ok(Vec::new());
        }
        let dialect = self.store.dialect();
        if !new.iter().any(joins_line) {
            return store(&self.store.steady().insert, dialect, Origin::Live, new, lease, now).await;
        }
        let tx = self.store.begin_on(&self.store.steady().insert).await?;
        let stored = insert(&tx, dialect, Origin::Live, new, lease, now).await?;
        tx.commit().await?;
        Ok(stored)
    }
}

/// [`Deliveries::insert`] as part of a transaction.
pub(crate) async fn insert(
    tx: &DatabaseTransaction,
    dialect: Dialect,
    origin: Origin,
    new: &[NewDelivery],
    lease: Lease<'_>,
    now: Timestamp,
) -> Result<Vec<InsertedDelivery>, StoreError> {
    if new.is_empty() {
        return Ok(Vec::new());
    }
    let ordered = new.iter().filter(|delivery| delivery.ordered);
    lock_lines(tx, dialect, ordered.map(|delivery| delivery.endpoint_id)).await?;
    let mut stored = store(tx, dialect, origin, new, lease, now).await?;
    let waiting: HashSet<DeliveryId> = stored
        .iter()
        .filter(|new| !new.leased && !new.held)
        .map(|new| new.id)
        .collect();
    let waiting = new
        .iter()
        .filter(|delivery| joins_line(delivery) && waiting.contains(&delivery.id))
        .map(|delivery| delivery.id.uuid());
    let waiting: Vec<Uuid> = waiting.collect();
    if !waiting.is_empty() {
        let blocked = block(tx, dialect, waiting).await?;
        for new in &mut stored {
            new.blocked = blocked.iter().any(|blocked| blocked.id == new.id.uuid());
        }
        let coalescing: Vec<Uuid> = blocked
            .iter()
            .filter(|blocked| blocked.coalesces)
            .map(|blocked| blocked.id)
            .collect();
        if !coalescing.is_empty() {
            coalesce(tx, dialect, coalescing, now).await?;
        }
    }
    Ok(stored)
}

const fn joins_line(delivery: &NewDelivery) -> bool {
    delivery.ordered && delivery.subject_id.is_some()
}

async fn store<C: ConnectionTrait>(
    connection: &C,
    dialect: Dialect,
    origin: Origin,
    new: &[NewDelivery],
    lease: Lease<'_>,
    now: Timestamp,
) -> Result<Vec<InsertedDelivery>, StoreError> {
    let rows: Vec<Value> = new
        .iter()
        .enumerate()
        .map(|(n, delivery)| row(dialect, n, delivery))
        .collect();
    let values = [
        Value::Array(rows).to_string().into(),
        lease.owner.into(),
        lease.until.millis().into(),
        now.millis().into(),
    ];
    let rows = query_all(connection, &statement(dialect, origin), values).await?;
    rows.iter().map(inserted).collect()
}

fn inserted(row: &QueryResult) -> Result<InsertedDelivery, StoreError> {
    let state: String = row.get("state")?;
    Ok(InsertedDelivery {
        id: row.id("id")?,
        leased: state == "leased",
        held: state == "held",
        blocked: false,
    })
}

fn row(dialect: Dialect, n: usize, new: &NewDelivery) -> Value {
    json!({
        "n": n,
        "id": json_id(dialect, new.id.uuid()),
        "endpoint_id": json_id(dialect, new.endpoint_id.uuid()),
        "event_id": json_id(dialect, new.event_id.uuid()),
        "directory_id": json_id(dialect, new.directory_id.uuid()),
        "subject_id": new.subject_id.map(|subject| json_id(dialect, subject.uuid())),
        "sequence": new.sequence,
        "event_type": new.event_type,
        "claim": new.claim,
        "after": new.after.map(|after| json_id(dialect, after.uuid())),
    })
}

/// An ordered endpoint's delivery is not taken while another one about the same subject is in line, except behind what the
/// caller holds. `LIMIT 1`, so that the end of the line is looked up for the one subject and never made from the whole
/// table; so is what the endpoint gets with the past.
fn statement(dialect: Dialect, origin: Origin) -> String {
    let not_with_the_past = match origin {
        Origin::Live => {
            " AND (SELECT 1 FROM catch_ups c WHERE c.endpoint_id = r.endpoint_id AND c.directory_id = r.directory_id \
             AND (c.phase <> 'done' OR r.sequence <= c.snapshot_at) LIMIT 1) IS NULL"
        }
        Origin::Other => "",
    };
    let set = row_set(dialect, 1, "r", COLUMNS);
    let line = line_states!("p.state");
    format!(
        "INSERT INTO deliveries (id, endpoint_id, event_id, directory_id, subject_id, sequence, event_type, \
         state, next_at, lease_owner, leased_until, token, created_at, updated_at) \
         SELECT q.id, q.endpoint_id, q.event_id, q.directory_id, q.subject_id, q.sequence, q.event_type, \
         CASE WHEN q.taken THEN 'leased' WHEN q.enabled THEN 'pending' ELSE 'held' END, \
         CASE WHEN q.taken THEN CAST($3 AS bigint) ELSE CAST($4 AS bigint) END, \
         CASE WHEN q.taken THEN CAST($2 AS text) END, CASE WHEN q.taken THEN CAST($3 AS bigint) END, \
         CASE WHEN q.taken THEN 1 ELSE 0 END, $4, $4 \
         FROM (SELECT r.*, e.state = 'enabled' AS enabled, r.claim AND e.state = 'enabled' AND (NOT e.ordered OR \
         COALESCE((SELECT COALESCE(p.id = r.after AND p.state = 'leased' AND p.lease_owner = $2 AND p.sequence < r.sequence \
         AND NOT e.coalesce_updates, FALSE) FROM deliveries p WHERE p.endpoint_id = r.endpoint_id \
         AND p.subject_id = r.subject_id AND {line} ORDER BY p.endpoint_id DESC, p.subject_id DESC, p.sequence DESC \
         LIMIT 1), TRUE)) AS taken \
         FROM {set} JOIN endpoints e ON e.id = r.endpoint_id{not_with_the_past}) AS q \
         WHERE TRUE ORDER BY q.n \
         ON CONFLICT (endpoint_id, event_id) DO NOTHING RETURNING id, state"
    )
}
