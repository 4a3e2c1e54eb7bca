//! Events become deliveries: many rows in one statement, each at most once.

use super::{Deliveries, Lease, open_states};
use crate::rows::{Column, row_set};
use crate::sql::{Row, json_id, query_all};
use crate::{Dialect, StoreError};
use events::{DeliveryId, DirectoryId, EndpointId, EventId, EventType, ResourceId, Timestamp};
use serde_json::{Value, json};

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
    /// Whether the caller would send it at once. Then the row is leased from the start, unless its endpoint is ordered
    /// and an earlier delivery about the same subject is still open.
    pub claim: bool,
}

/// A delivery that was not there before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InsertedDelivery {
    /// Its id.
    pub id: DeliveryId,
    /// Whether the caller holds it now.
    pub leased: bool,
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
];

impl Deliveries<'_> {
    /// Stores deliveries in the order given and returns those that are new. An event that comes a second time changes
    /// nothing, and neither does one for an endpoint that is disabled or gone by now.
    ///
    /// Within one call, only the first delivery of an ordered endpoint about a subject may say `claim`.
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
        let inserted = query_all(self.store.write(), &statement(dialect), values).await?;
        let read = |row: &_| {
            Ok(InsertedDelivery {
                id: Row::id(row, "id")?,
                leased: Row::get(row, "leased")?,
            })
        };
        inserted.iter().map(read).collect()
    }
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
    })
}

fn statement(dialect: Dialect) -> String {
    let set = row_set(dialect, 1, "r", COLUMNS);
    let open = open_states!("p.state");
    format!(
        "INSERT INTO deliveries (id, endpoint_id, event_id, directory_id, subject_id, sequence, event_type, \
         state, next_at, lease_owner, leased_until, created_at, updated_at) \
         SELECT q.id, q.endpoint_id, q.event_id, q.directory_id, q.subject_id, q.sequence, q.event_type, \
         CASE WHEN q.taken THEN 'leased' ELSE 'pending' END, \
         CASE WHEN q.taken THEN CAST($3 AS bigint) ELSE CAST($4 AS bigint) END, \
         CASE WHEN q.taken THEN CAST($2 AS text) END, CASE WHEN q.taken THEN CAST($3 AS bigint) END, $4, $4 \
         FROM (SELECT r.*, r.claim AND NOT (e.ordered AND EXISTS (SELECT 1 FROM deliveries p \
         WHERE p.endpoint_id = r.endpoint_id AND p.subject_id = r.subject_id AND {open})) AS taken \
         FROM {set} JOIN endpoints e ON e.id = r.endpoint_id WHERE e.state = 'enabled') AS q \
         WHERE TRUE ORDER BY q.n \
         ON CONFLICT (endpoint_id, event_id) DO NOTHING RETURNING id, state = 'leased' AS leased"
    )
}
