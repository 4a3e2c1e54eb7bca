//! Taking deliveries that are due, for a while.

use super::{Deliveries, Lease, open_states};
use crate::rows::{Column, row_set};
use crate::sql::{IDS, Row, json_id, json_ids, query_all};
use crate::{Dialect, StoreError};
use events::{DeliveryId, EndpointId, EventId, ResourceId, Timestamp};
use sea_orm::QueryResult;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::Arc;

/// How many deliveries of an endpoint can be taken now.
#[derive(Clone, Copy, Debug)]
pub struct Room {
    /// The endpoint.
    pub endpoint_id: EndpointId,
    /// At most so many.
    pub room: u32,
}

/// A delivery in the hands of the caller.
#[derive(Clone, Debug)]
pub struct ClaimedDelivery {
    /// Its id.
    pub id: DeliveryId,
    /// Where it goes.
    pub endpoint_id: EndpointId,
    /// What is sent.
    pub event_id: EventId,
    /// The user or group that the event is about.
    pub subject_id: Option<ResourceId>,
    /// Attempts made so far.
    pub attempts: u32,
    /// The event's body, shared by all deliveries of the event; `None` when the event is no longer in the log.
    pub body: Option<Arc<str>>,
    /// The trace context of the change.
    pub traceparent: Option<Arc<str>>,
}

/// What may be taken of one endpoint `e`, seen from its delivery `d`; `$2` is now. An ordered endpoint's delivery waits
/// for the earlier ones about the same subject, whatever state they are in.
const DUE: &str = concat!(
    "d.endpoint_id = e.id AND ",
    open_states!("d.state"),
    " AND d.next_at <= $2 AND NOT (e.ordered AND EXISTS (SELECT 1 FROM deliveries p WHERE p.endpoint_id = d.endpoint_id \
     AND p.subject_id = d.subject_id AND p.sequence < d.sequence AND ",
    open_states!("p.state"),
    "))"
);

const TAKE: &str =
    "UPDATE deliveries SET state = 'leased', lease_owner = $3, leased_until = $4, next_at = $4, updated_at = $2";
const TAKEN: &str = "RETURNING deliveries.id, deliveries.endpoint_id, deliveries.event_id, deliveries.subject_id, \
                     deliveries.attempts";

impl Deliveries<'_> {
    /// Takes deliveries that are due, the longest due first, and gives them in the order in which they were made.
    /// What another dispatcher is taking at this moment is left to it; what one took and let expire is due again.
    ///
    /// # Errors
    /// As any write. Should the events not be readable afterwards, the deliveries come back when the lease ends.
    pub async fn claim(
        &self,
        rooms: &[Room],
        lease: Lease<'_>,
        now: Timestamp,
    ) -> Result<Vec<ClaimedDelivery>, StoreError> {
        if rooms.is_empty() {
            return Ok(Vec::new());
        }
        let mut claimed = match self.store.dialect() {
            Dialect::Postgres => self.claim_postgres(rooms, lease, now).await?,
            Dialect::Sqlite => self.claim_sqlite(rooms, lease, now).await?,
        };
        claimed.sort_unstable_by_key(|delivery| delivery.id);
        self.fill_in(&mut claimed).await?;
        Ok(claimed)
    }

    async fn claim_postgres(
        &self,
        rooms: &[Room],
        lease: Lease<'_>,
        now: Timestamp,
    ) -> Result<Vec<ClaimedDelivery>, StoreError> {
        let set = row_set(
            Dialect::Postgres,
            1,
            "r",
            &[("endpoint_id", Column::Id), ("room", Column::Int)],
        );
        // An array, because the planner takes a LIMIT that it cannot see for many rows and would read the whole table.
        let sql = format!(
            "{TAKE} WHERE deliveries.id = ANY (ARRAY(SELECT x.id FROM {set} \
             JOIN endpoints e ON e.id = r.endpoint_id AND e.state = 'enabled' \
             CROSS JOIN LATERAL (SELECT d.id FROM deliveries d WHERE {DUE} ORDER BY d.next_at, d.id LIMIT r.room \
             FOR UPDATE SKIP LOCKED) AS x)) {TAKEN}"
        );
        let rows: Vec<Value> = rooms
            .iter()
            .map(|room| json!({"endpoint_id": json_id(Dialect::Postgres, room.endpoint_id.uuid()), "room": room.room}))
            .collect();
        let values = [
            Value::Array(rows).to_string().into(),
            now.millis().into(),
            lease.owner.into(),
            lease.until.millis().into(),
        ];
        query_all(self.store.write(), &sql, values)
            .await?
            .iter()
            .map(claimed)
            .collect()
    }

    /// SQLite has no LATERAL, but statements cost no round trip: one for each endpoint that has something due. A
    /// reader finds those, so that the one writer is not disturbed for nothing.
    async fn claim_sqlite(
        &self,
        rooms: &[Room],
        lease: Lease<'_>,
        now: Timestamp,
    ) -> Result<Vec<ClaimedDelivery>, StoreError> {
        let due = format!(
            "SELECT e.id FROM endpoints e WHERE e.id IN ({}) AND e.state = 'enabled' \
             AND EXISTS (SELECT 1 FROM deliveries d WHERE {DUE})",
            IDS.1
        );
        let ids = json_ids(Dialect::Sqlite, rooms.iter().map(|room| room.endpoint_id.uuid()));
        let due = query_all(self.store.read(), &due, [ids.into(), now.millis().into()]).await?;
        if due.is_empty() {
            return Ok(Vec::new());
        }
        let rooms: HashMap<EndpointId, u32> = rooms.iter().map(|room| (room.endpoint_id, room.room)).collect();
        let sql = format!(
            "{TAKE} WHERE id IN (SELECT d.id FROM endpoints e, deliveries d WHERE e.id = $1 AND e.state = 'enabled' \
             AND {DUE} ORDER BY d.next_at, d.id LIMIT $5) {TAKEN}"
        );
        let tx = self.store.begin().await?;
        let mut all = Vec::new();
        for row in due {
            let endpoint: EndpointId = row.id("id")?;
            let values = [
                endpoint.uuid().into(),
                now.millis().into(),
                lease.owner.into(),
                lease.until.millis().into(),
                rooms.get(&endpoint).copied().unwrap_or_default().into(),
            ];
            for row in query_all(&tx, &sql, values).await? {
                all.push(claimed(&row)?);
            }
        }
        tx.commit().await?;
        Ok(all)
    }

    /// Adds the events: each is read once, however many endpoints get it.
    async fn fill_in(&self, claimed: &mut [ClaimedDelivery]) -> Result<(), StoreError> {
        if claimed.is_empty() {
            return Ok(());
        }
        let dialect = self.store.dialect();
        let mut wanted: Vec<_> = claimed.iter().map(|delivery| delivery.event_id.uuid()).collect();
        wanted.sort_unstable();
        wanted.dedup();
        let sql = |ids| format!("SELECT id, body, traceparent FROM events WHERE id IN ({ids})");
        let (postgres, sqlite) = (sql(IDS.0), sql(IDS.1));
        let ids = json_ids(dialect, wanted);
        let rows = query_all(self.store.read(), (postgres.as_str(), sqlite.as_str()), [ids.into()]).await?;
        let mut found: HashMap<EventId, (Arc<str>, Option<Arc<str>>)> = HashMap::with_capacity(rows.len());
        for row in rows {
            let body: String = row.get("body")?;
            let traceparent: Option<String> = row.get("traceparent")?;
            found.insert(row.id("id")?, (body.into(), traceparent.map(Arc::from)));
        }
        for delivery in claimed {
            if let Some((body, traceparent)) = found.get(&delivery.event_id) {
                delivery.body = Some(Arc::clone(body));
                delivery.traceparent = traceparent.clone();
            }
        }
        Ok(())
    }
}

fn claimed(row: &QueryResult) -> Result<ClaimedDelivery, StoreError> {
    Ok(ClaimedDelivery {
        id: row.id("id")?,
        endpoint_id: row.id("endpoint_id")?,
        event_id: row.id("event_id")?,
        subject_id: row.opt_id("subject_id")?,
        attempts: u32::try_from(row.get::<i32>("attempts")?).unwrap_or_default(),
        body: None,
        traceparent: None,
    })
}
