//! Taking deliveries that are due, for a while.

use super::line::HAS_EARLIER;
use super::{Deliveries, Lease, open_states};
use crate::rows::{Column, row_set};
use crate::sql::{IDS, Row, json_id, json_ids, of_ids, query_all};
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
    /// At most so many that were never tried.
    pub firsts: u32,
    /// At most so many that were.
    pub retries: u32,
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
    /// The event's place in its directory; 0 for what was sent for a test.
    pub sequence: i64,
    /// Attempts made so far.
    pub attempts: u32,
    /// The number of the lease.
    pub token: i64,
    /// The event's body, shared by all deliveries of the event; `None` when the event is no longer in the log.
    pub body: Option<Arc<str>>,
    /// The trace context of the change.
    pub traceparent: Option<Arc<str>>,
}

/// What may be taken of one endpoint `e`, seen from its delivery `d`; `$2` is now. An ordered endpoint's delivery waits
/// for the earlier ones about the same subject, whatever state they are in.
fn due() -> String {
    let open = open_states!("d.state");
    format!("d.endpoint_id = e.id AND {open} AND d.next_at <= $2 AND NOT (e.ordered AND {HAS_EARLIER})")
}

pub(super) const TAKE: &str = "UPDATE deliveries SET state = 'leased', lease_owner = $3, leased_until = $4, next_at = $4, \
                    token = token + 1, updated_at = $2";
pub(super) const TAKEN: &str = "RETURNING deliveries.id, deliveries.endpoint_id, deliveries.event_id, deliveries.subject_id, \
                     deliveries.sequence, deliveries.attempts, deliveries.token";

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
        let columns = [
            ("endpoint_id", Column::Id),
            ("firsts", Column::Int),
            ("retries", Column::Int),
        ];
        let set = row_set(Dialect::Postgres, 1, "r", &columns);
        let due = due();
        let class = |name: &str, condition: &str, limit: &str| {
            format!(
                "SELECT {name}.id FROM (SELECT d.id FROM deliveries d WHERE {due} AND {condition} \
                 ORDER BY d.next_at, d.id LIMIT {limit} FOR UPDATE SKIP LOCKED) AS {name}"
            )
        };
        let (firsts, retries) = (
            class("f", "d.attempts = 0", "r.firsts"),
            class("t", "d.attempts > 0", "r.retries"),
        );
        // An array, because the planner takes a LIMIT that it cannot see for many rows and would read the whole table.
        let sql = format!(
            "{TAKE} WHERE deliveries.id = ANY (ARRAY(SELECT x.id FROM {set} \
             JOIN endpoints e ON e.id = r.endpoint_id AND e.state = 'enabled' \
             CROSS JOIN LATERAL ({firsts} UNION ALL {retries}) AS x)) {TAKEN}"
        );
        let rows: Vec<Value> = rooms
            .iter()
            .map(|room| {
                json!({
                    "endpoint_id": json_id(Dialect::Postgres, room.endpoint_id.uuid()),
                    "firsts": room.firsts,
                    "retries": room.retries,
                })
            })
            .collect();
        let values = [
            Value::Array(rows).to_string().into(),
            now.millis().into(),
            lease.owner.into(),
            lease.until.millis().into(),
        ];
        query_all(&self.store.steady().claim, &sql, values)
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
        let find = format!(
            "SELECT e.id FROM endpoints e WHERE e.id IN ({}) AND e.state = 'enabled' \
             AND EXISTS (SELECT 1 FROM deliveries d WHERE {})",
            IDS.1,
            due()
        );
        let ids = json_ids(Dialect::Sqlite, rooms.iter().map(|room| room.endpoint_id.uuid()));
        let due_endpoints = query_all(self.store.read(), &find, [ids.into(), now.millis().into()]).await?;
        if due_endpoints.is_empty() {
            return Ok(Vec::new());
        }
        let rooms: HashMap<EndpointId, Room> = rooms.iter().map(|room| (room.endpoint_id, *room)).collect();
        let sql = |condition| {
            format!(
                "{TAKE} WHERE id IN (SELECT d.id FROM endpoints e, deliveries d WHERE e.id = $1 AND e.state = 'enabled' \
                 AND {} AND {condition} ORDER BY d.next_at, d.id LIMIT $5) {TAKEN}",
                due()
            )
        };
        let (firsts, retries) = (sql("d.attempts = 0"), sql("d.attempts > 0"));
        let tx = self.store.begin().await?;
        let mut all = Vec::new();
        for row in due_endpoints {
            let endpoint: EndpointId = row.id("id")?;
            let room = rooms.get(&endpoint);
            for (sql, room) in [
                (&firsts, room.map(|room| room.firsts)),
                (&retries, room.map(|room| room.retries)),
            ] {
                let values = [
                    endpoint.uuid().into(),
                    now.millis().into(),
                    lease.owner.into(),
                    lease.until.millis().into(),
                    room.unwrap_or_default().into(),
                ];
                for row in query_all(&tx, sql, values).await? {
                    all.push(claimed(&row)?);
                }
            }
        }
        tx.commit().await?;
        Ok(all)
    }

    /// Adds the events: each is read once, however many endpoints get it.
    pub(super) async fn fill_in(&self, claimed: &mut [ClaimedDelivery]) -> Result<(), StoreError> {
        if claimed.is_empty() {
            return Ok(());
        }
        let dialect = self.store.dialect();
        let mut wanted: Vec<_> = claimed.iter().map(|delivery| delivery.event_id.uuid()).collect();
        wanted.sort_unstable();
        wanted.dedup();
        let sql = of_ids("id", |these| {
            format!("SELECT id, body, traceparent FROM events WHERE {these}")
        });
        let ids = json_ids(dialect, wanted);
        let rows = query_all(&self.store.steady().look, &sql, [ids.into()]).await?;
        let mut found: HashMap<EventId, (Arc<str>, Option<Arc<str>>)> = HashMap::with_capacity(rows.len());
        for row in rows {
            let body: String = row.get("body")?;
            let traceparent: Option<String> = row.get("traceparent")?;
            found.insert(row.id("id")?, (body.into(), traceparent.map(Arc::from)));
        }
        let mut own = self.own_bodies(claimed).await?;
        for delivery in claimed {
            if let Some(body) = own.remove(&delivery.id) {
                delivery.body = Some(body);
                delivery.traceparent = found.get(&delivery.event_id).and_then(|(_, trace)| trace.clone());
                continue;
            }
            if let Some((body, traceparent)) = found.get(&delivery.event_id) {
                delivery.body = Some(Arc::clone(body));
                delivery.traceparent = traceparent.clone();
            }
        }
        Ok(())
    }
}

pub(super) fn claimed(row: &QueryResult) -> Result<ClaimedDelivery, StoreError> {
    Ok(ClaimedDelivery {
        id: row.id("id")?,
        endpoint_id: row.id("endpoint_id")?,
        event_id: row.id("event_id")?,
        subject_id: row.opt_id("subject_id")?,
        sequence: row.get("sequence")?,
        attempts: u32::try_from(row.get::<i32>("attempts")?).unwrap_or_default(),
        token: row.get("token")?,
        body: None,
        traceparent: None,
    })
}
