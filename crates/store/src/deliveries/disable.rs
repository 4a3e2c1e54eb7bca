//! Endpoints that are switched off, and what becomes of their deliveries: they are held until the endpoint is switched on
//! again, and then sent or skipped, a bounded number at a time.

use super::line::{block, lock_lines, wake};
use super::{Deliveries, open_states};
use crate::append::{EventDraft, append, lock_lane};
use crate::sql::{Row, exec, json_ids, of_ids, query_all, query_one};
use crate::{Dialect, StoreError};
use events::{DeliveryId, DirectoryId, EndpointId, EventId, EventType, OrganizationId, Source, Timestamp, lane_of};
use serde_json::json;
use std::time::Duration;
use uuid::Uuid;

/// Deliveries that one transaction holds or releases.
const AT_ONCE: usize = 5_000;

/// Why an endpoint is to be switched off.
#[derive(Clone, Copy, Debug)]
pub struct Disabling<'a> {
    /// The endpoint.
    pub endpoint_id: EndpointId,
    /// The delivery whose attempt was the last straw.
    pub delivery_id: DeliveryId,
    /// When that attempt began. An endpoint that was changed or switched on since is another one: it gets its chance.
    pub started_at: Timestamp,
    /// Only when every attempt failed for so long; `None` for at once.
    pub patience: Option<Duration>,
    /// For the endpoint's owner.
    pub reason: &'a str,
    /// What the event tells of the endpoint's URL: without path and query, where receivers put secrets.
    pub origin: Option<&'a str>,
    /// The number of lanes on the bus.
    pub partitions: u16,
}

/// What was held and released.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SettledDeliveries {
    /// Deliveries of disabled endpoints that are held now.
    pub held: u64,
    /// Deliveries of enabled endpoints that were held, and are due or skipped now.
    pub released: u64,
}

impl SettledDeliveries {
    /// Whether there may be more to do at once.
    #[must_use]
    pub const fn is_full(self) -> bool {
        self.held >= AT_ONCE as u64 || self.released >= AT_ONCE as u64
    }
}

impl Deliveries<'_> {
    /// Switches an endpoint off, holds its deliveries, and appends `endpoint.disabled` to the log of the directory whose
    /// delivery brought it about: one event, whatever the number of directories that the endpoint subscribes to. `false`
    /// when it is off already, or took something meanwhile, or was changed.
    ///
    /// # Errors
    /// As any write; nothing is changed then.
    pub async fn disable(&self, disabling: Disabling<'_>, now: Timestamp) -> Result<bool, StoreError> {
        let dialect = self.store.dialect();
        let tx = self.store.begin().await?;
        let place = "SELECT d.directory_id, d.event_id, d.last_status, d.last_error, o.organization_id FROM deliveries d \
                     JOIN directories o ON o.id = d.directory_id WHERE d.id = $1";
        let place = query_one(&tx, place, [disabling.delivery_id.uuid().into()]).await?;
        if let Some(place) = &place {
            // Before the first write, so that the log keeps its order.
            lock_lane(&tx, dialect, lane_of(place.id("directory_id")?, disabling.partitions)).await?;
        }
        let longest = disabling
            .patience
            .map_or(i64::MAX, |patience| now.minus(patience).millis());
        let sql = "UPDATE endpoints SET state = 'disabled', disabled_reason = $2, disabled_at = $3, updated_at = $3 \
                   WHERE id = $1 AND state = 'enabled' AND updated_at <= $5 \
                   AND ($4 = 9223372036854775807 OR failing_since <= $4) \
                   RETURNING description, failing_since";
        let values = [
            disabling.endpoint_id.uuid().into(),
            disabling.reason.into(),
            now.millis().into(),
            longest.into(),
            disabling.started_at.millis().into(),
        ];
        let Some(endpoint) = query_one(&tx, sql, values).await? else {
            return Ok(false);
        };
        if let Some(place) = &place {
            let directory_id: DirectoryId = place.id("directory_id")?;
            let organization_id: OrganizationId = place.id("organization_id")?;
            let draft = EventDraft {
                id: EventId::new(),
                kind: EventType::EndpointDisabled,
                organization_id,
                directory_id,
                source: Source::System,
                subject_id: None,
                timestamp: now,
                traceparent: None,
                data: json!({
                    "endpoint": {
                        "id": disabling.endpoint_id,
                        "url": disabling.origin,
                        "description": endpoint.get::<Option<String>>("description")?,
                        "state": "disabled",
                        "disabled_reason": disabling.reason,
                        "disabled_at": now,
                        "failing_since": endpoint.opt_time("failing_since")?,
                    },
                    "delivery": {
                        "id": disabling.delivery_id,
                        "event_id": place.id::<EventId>("event_id")?,
                        "last_status": place.get::<Option<i32>>("last_status")?,
                        "last_error": place.get::<Option<String>>("last_error")?,
                    },
                }),
            };
            append(&tx, dialect, lane_of(directory_id, disabling.partitions), vec![draft]).await?;
        }
        let open = open_states!("d.state");
        let sql = format!(
            "{HOLD} WHERE id IN (SELECT d.id FROM deliveries d WHERE d.endpoint_id = $1 AND {open} LIMIT {AT_ONCE})"
        );
        exec(&tx, &sql, [disabling.endpoint_id.uuid().into(), now.millis().into()]).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Brings deliveries in line with the state of their endpoints, a bounded number: those of disabled endpoints are
    /// held, and those that were held by endpoints that are enabled again become due, or are skipped if that was asked
    /// for.
    ///
    /// # Errors
    /// As any write.
    pub async fn settle(&self, now: Timestamp) -> Result<SettledDeliveries, StoreError> {
        let dialect = self.store.dialect();
        let open = open_states!("d.state");
        let stray = self.strays("disabled", open).await?;
        let held = if stray.is_empty() {
            0
        } else {
            let sql = of_ids("id", |these| {
                format!("{HOLD} WHERE {these} AND ({}) IS TRUE", open_states!("state"))
            });
            let ids = json_ids(dialect, stray.iter().map(|(id, _)| *id));
            let values = [ids.into(), now.millis().into()];
            exec(self.store.write(), &sql, values).await?
        };
        let waiting = self.strays("enabled", "d.state = 'held'").await?;
        let released = if waiting.is_empty() {
            0
        } else {
            self.release_held(&waiting, now).await?
        };
        Ok(SettledDeliveries { held, released })
    }

    /// Deliveries of endpoints in this state, endpoint by endpoint, so that a mountain that is rightly held is not
    /// looked at.
    async fn strays(&self, state: &str, condition: &str) -> Result<Vec<(Uuid, EndpointId)>, StoreError> {
        let sql = match self.store.dialect() {
            Dialect::Postgres => format!(
                "SELECT x.id, e.id AS endpoint_id FROM endpoints e CROSS JOIN LATERAL (SELECT d.id FROM deliveries d \
                 WHERE d.endpoint_id = e.id AND {condition} LIMIT {AT_ONCE}) AS x WHERE e.state = '{state}' LIMIT {AT_ONCE}"
            ),
            Dialect::Sqlite => format!(
                "SELECT d.id, e.id AS endpoint_id FROM endpoints e CROSS JOIN deliveries d ON d.endpoint_id = e.id \
                 WHERE e.state = '{state}' AND {condition} LIMIT {AT_ONCE}"
            ),
        };
        let rows = query_all(self.store.read(), &sql, []).await?;
        rows.iter()
            .map(|row| Ok((row.get("id")?, row.id("endpoint_id")?)))
            .collect()
    }

    async fn release_held(&self, waiting: &[(Uuid, EndpointId)], now: Timestamp) -> Result<u64, StoreError> {
        let dialect = self.store.dialect();
        let ids = || waiting.iter().map(|(id, _)| *id);
        let sql = of_ids("deliveries.id", |these| {
            format!(
                "UPDATE deliveries SET state = CASE WHEN created_at <= s.skip_until THEN 'cancelled' ELSE 'pending' END, \
                 reason = CASE WHEN created_at <= s.skip_until THEN 'skipped when the endpoint was enabled' END, \
                 next_at = $2, updated_at = $2 \
                 FROM (SELECT id AS endpoint_id, COALESCE(skip_until, -1) AS skip_until FROM endpoints \
                 WHERE state = 'enabled') AS s \
                 WHERE deliveries.endpoint_id = s.endpoint_id AND {these} AND (deliveries.state = 'held') IS TRUE"
            )
        });
        let tx = self.store.begin().await?;
        lock_lines(&tx, dialect, waiting.iter().map(|(_, endpoint)| *endpoint)).await?;
        let values = [json_ids(dialect, ids()).into(), now.millis().into()];
        let released = exec(&tx, &sql, values).await?;
        block(&tx, dialect, ids()).await?;
        wake(&tx, dialect, ids(), now).await?;
        tx.commit().await?;
        Ok(released)
    }
}

const HOLD: &str =
    "UPDATE deliveries SET state = 'held', next_at = $2, lease_owner = NULL, leased_until = NULL, updated_at = $2";
