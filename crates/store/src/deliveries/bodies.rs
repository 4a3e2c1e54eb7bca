//! Deliveries whose body is not that of an event in the log, and what keeps live events behind the past.

use super::{Deliveries, DeliveryOrigin, InsertedDelivery, Lease, NewDelivery, insert};
use crate::{AdminTx, Dialect, StoreError};
use db::entity::column::Id;
use db::entity::{catch_ups, delivery_bodies};
use db::expr::{insert_from, text};
use db::rows::{Columns, Rows, is_one_of_ids};
use db::send::{execute, fetch_all};
use events::{DeliveryId, DirectoryId, EndpointId, EventId, EventType, Timestamp};
use sea_orm::sea_query::{Expr, ExprTrait as _, LockType, Query};
use sea_orm::{ConnectionTrait, EntityTrait as _, FromQueryResult, QueryFilter as _, QueryTrait as _};
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, LazyLock};

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

/// What storing a batch of live events did.
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
        let inserted = insert::insert(&tx, dialect, DeliveryOrigin::Live, &live, lease, now).await?;
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
        let bodies = delivery_bodies::Entity::find().filter(is_one_of_ids(
            self.store.dialect(),
            Expr::col((delivery_bodies::Entity, delivery_bodies::Column::DeliveryId)),
            claimed.iter().map(|delivery| delivery.id.uuid()),
        ));
        let bodies: Vec<delivery_bodies::Model> = fetch_all(&self.store.steady().look, bodies.as_query()).await?;
        Ok(bodies
            .into_iter()
            .map(|own| (own.delivery_id.0, own.body.into()))
            .collect())
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
        let inserted = insert::insert(&self.tx, self.dialect, DeliveryOrigin::Other, &[new], lease, now).await?;
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
    let column = |column: catch_ups::Column| Expr::col((catch_ups::Entity, column));
    let ids = endpoints.iter().map(|id| id.uuid());
    let mut behind = Query::select()
        .columns([catch_ups::Column::EndpointId, catch_ups::Column::DirectoryId])
        .from(catch_ups::Entity)
        .and_where(is_one_of_ids(dialect, column(catch_ups::Column::EndpointId), ids))
        .and_where(column(catch_ups::Column::Phase).ne(text("done")))
        .take();
    // SQLite has one writer at a time.
    if dialect == Dialect::Postgres {
        behind.lock(LockType::Share);
    }
    let behind: Vec<Behind> = fetch_all(tx, &behind).await?;
    Ok(behind
        .into_iter()
        .map(|row| (row.endpoint_id.0, row.directory_id.0))
        .collect())
}

/// A directory that an endpoint has not caught up with.
#[derive(Debug, FromQueryResult)]
struct Behind {
    endpoint_id: Id<EndpointId>,
    directory_id: Id<DirectoryId>,
}

const BODY: [delivery_bodies::Column; 3] = [
    delivery_bodies::Column::DeliveryId,
    delivery_bodies::Column::DirectoryId,
    delivery_bodies::Column::Body,
];

/// Stores the bodies of deliveries that were stored.
pub(crate) async fn store_bodies<C: ConnectionTrait>(
    tx: &C,
    dialect: Dialect,
    bodies: &[OwnBody],
    is_stored: impl Fn(DeliveryId) -> bool,
) -> Result<(), StoreError> {
    static COLUMNS: LazyLock<Columns> = LazyLock::new(|| Columns::of(BODY));
    let mut rows = Rows::new(&COLUMNS);
    for own in bodies.iter().filter(|own| is_stored(own.delivery_id)) {
        rows.push([
            own.delivery_id.uuid().into(),
            own.directory_id.uuid().into(),
            own.body.to_string().into(),
        ]);
    }
    if rows.is_empty() {
        return Ok(());
    }
    let these = Query::select()
        .columns(BODY.map(|column| ("r", column)))
        .from(rows.table(dialect, "r"))
        .take();
    let insert = insert_from(delivery_bodies::Entity, BODY, these);
    execute(tx, &insert).await.map(|_| ())
}
