//! Deliveries whose body is not that of an event in the log, and what keeps live events behind the past.

use super::{Deliveries, InsertedDelivery, Lease, NewDelivery, Origin, insert};
use crate::rows::{Column, row_set};
use crate::sql::{Row, exec, json_id, json_ids, of_ids, query_all};
use crate::{AdminTx, Dialect, StoreError};
use events::{DeliveryId, DirectoryId, EndpointId, EventId, EventType, Timestamp};
use sea_orm::ConnectionTrait;
use serde_json::{Value, json};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use uuid::Uuid;

/// The body of a delivery that differs from its event's.
#[derive(Clone, Debug)]
pub struct OwnBody {
    /// Of this delivery.
    pub delivery_id: DeliveryId,
    /// Of whose people it tells.
    pub directory_id: DirectoryId,
    /// What is sent.
    pub body: Arc<str>,
}

/// What a batch of live events comes to.
#[derive(Clone, Copy, Debug)]
pub struct FannedOut<'a> {
    /// The deliveries, in order.
    pub new: &'a [NewDelivery],
    /// Bodies of some of them.
    pub bodies: &'a [OwnBody],
    /// Endpoints among them that may still be catching up. Of directories that they have not caught up with, nothing is
    /// stored: it reaches them from the log.
    pub catching_up: &'a [EndpointId],
}

/// An event that is sent for a test. It is not in the log and has no place in it.
#[derive(Clone, Copy, Debug)]
pub struct TestDelivery<'a> {
    /// Of the delivery.
    pub id: DeliveryId,
    /// Where it goes.
    pub endpoint_id: EndpointId,
    /// Of the event.
    pub event_id: EventId,
    /// Its type.
    pub event_type: EventType,
    /// The directory that it says it is of.
    pub directory_id: DirectoryId,
    /// What is sent.
    pub body: &'a str,
}

impl Deliveries<'_> {
    /// As [`Deliveries::insert`], for batches in which some deliveries have bodies of their own or some endpoints are
    /// catching up.
    ///
    /// Whether an endpoint has caught up is decided under a lock that excludes the step that completes it, so that
    /// every event is stored by one side, and none by neither. An endpoint that began with the past since the caller
    /// looked needs no lock: that step reads the log later than this event was in it.
    ///
    /// # Errors
    /// As any write; nothing is stored then.
    pub async fn fan_out(
        &self,
        batch: FannedOut<'_>,
        lease: Lease<'_>,
        now: Timestamp,
    ) -> Result<Vec<InsertedDelivery>, StoreError> {
        if batch.bodies.is_empty() && batch.catching_up.is_empty() {
            return self.insert(batch.new, lease, now).await;
        }
        let dialect = self.store.dialect();
        let tx = self.store.begin_on(&self.store.steady().insert).await?;
        let behind = behind(&tx, dialect, batch.catching_up).await?;
        let live: Vec<NewDelivery> = batch
            .new
            .iter()
            .filter(|new| !behind.contains(&(new.endpoint_id, new.directory_id)))
            .copied()
            .collect();
        let inserted = insert::insert(&tx, dialect, Origin::Live, &live, lease, now).await?;
        let stored: HashSet<DeliveryId> = inserted.iter().map(|new| new.id).collect();
        store_bodies(&tx, dialect, batch.bodies, |id| stored.contains(&id)).await?;
        tx.commit().await?;
        Ok(inserted)
    }

    /// Bodies of their own among these deliveries.
    pub(super) async fn own_bodies(
        &self,
        claimed: &[super::ClaimedDelivery],
    ) -> Result<HashMap<DeliveryId, Arc<str>>, StoreError> {
        let sql = of_ids("delivery_id", |these| {
            format!("SELECT delivery_id, body FROM delivery_bodies WHERE {these}")
        });
        let ids = json_ids(self.store.dialect(), claimed.iter().map(|delivery| delivery.id.uuid()));
        query_all(&self.store.steady().look, &sql, [ids.into()])
            .await?
            .iter()
            .map(|row| Ok((row.id("delivery_id")?, row.get::<String>("body")?.into())))
            .collect()
    }
}

impl AdminTx {
    /// Stores a test event as a delivery that is due at once. `false` when the endpoint is not enabled: then this change
    /// must not be committed.
    ///
    /// # Errors
    /// As any write.
    pub async fn send_test(&self, test: TestDelivery<'_>, now: Timestamp) -> Result<bool, StoreError> {
        let new = NewDelivery {
            id: test.id,
            endpoint_id: test.endpoint_id,
            event_id: test.event_id,
            directory_id: test.directory_id,
            subject_id: None,
            sequence: 0,
            event_type: test.event_type,
            claim: false,
            after: None,
            ordered: false,
        };
        let lease = Lease { owner: "", until: now };
        let inserted = insert::insert(&self.tx, self.dialect, Origin::Other, &[new], lease, now).await?;
        let body = OwnBody {
            delivery_id: test.id,
            directory_id: test.directory_id,
            body: test.body.into(),
        };
        store_bodies(&self.tx, self.dialect, &[body], |_| !inserted.is_empty()).await?;
        Ok(inserted.iter().any(|new| !new.held))
    }
}

/// Which directories these endpoints have not caught up with, held so until the transaction ends.
async fn behind<C: ConnectionTrait>(
    tx: &C,
    dialect: Dialect,
    endpoints: &[EndpointId],
) -> Result<HashSet<(EndpointId, DirectoryId)>, StoreError> {
    if endpoints.is_empty() {
        return Ok(HashSet::new());
    }
    let lock = match dialect {
        Dialect::Postgres => " FOR SHARE",
        Dialect::Sqlite => "",
    };
    let sql = of_ids("endpoint_id", |these| {
        format!("SELECT endpoint_id, directory_id FROM catch_ups WHERE {these} AND phase <> 'done'{lock}")
    });
    let ids = json_ids(dialect, endpoints.iter().map(|id| id.uuid()));
    query_all(tx, &sql, [ids.into()])
        .await?
        .iter()
        .map(|row| Ok((row.id("endpoint_id")?, row.id("directory_id")?)))
        .collect()
}

/// Stores the bodies of deliveries that were stored.
pub(crate) async fn store_bodies<C: ConnectionTrait>(
    tx: &C,
    dialect: Dialect,
    bodies: &[OwnBody],
    is_stored: impl Fn(DeliveryId) -> bool,
) -> Result<(), StoreError> {
    let id = |id: Uuid| json_id(dialect, id);
    let rows: Vec<Value> = bodies
        .iter()
        .filter(|own| is_stored(own.delivery_id))
        .map(|own| {
            json!({ "delivery_id": id(own.delivery_id.uuid()), "directory_id": id(own.directory_id.uuid()),
                    "body": &*own.body })
        })
        .collect();
    if rows.is_empty() {
        return Ok(());
    }
    let columns = [
        ("delivery_id", Column::Id),
        ("directory_id", Column::Id),
        ("body", Column::Text),
    ];
    let sql = format!(
        "INSERT INTO delivery_bodies (delivery_id, directory_id, body) SELECT r.delivery_id, r.directory_id, r.body FROM {}",
        row_set(dialect, 1, "r", &columns)
    );
    exec(tx, &sql, [Value::Array(rows).to_string().into()])
        .await
        .map(|_| ())
}
