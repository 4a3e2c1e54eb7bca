//! Streams of the Shared Signals Framework: by each an app hears of its people. What is on a stream are the deliveries of an
//! endpoint with the same id; what the app fetches itself is held there until the app says that it has it.

mod changes;
mod queue;
mod subjects;

pub use db::entity::ssf_streams::{StreamMethod, StreamStatus};
pub use queue::{RefusedSignal, WaitingSignal, WaitingSignals};
pub use subjects::AppPerson;
pub(super) use subjects::note_people;

use crate::deliveries::Endpoint;
use crate::{EndpointState, Store, StoreError};
use db::entity::column::{Id, Millis};
use db::entity::endpoints;
use db::entity::ssf_streams::{ActiveModel, Column, Entity, Model};
use db::rows::is_one_of_ids;
use db::send::{fetch_all, fetch_one};
use events::{DeliveryId, EndpointId, SsfStreamId, SsoClientId, Timestamp};
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _, QueryOrder as _, QueryTrait as _, Set};
use std::collections::HashMap;

/// A stream.
#[derive(Clone, Debug)]
pub struct SsfStream {
    /// Its id, which is that of its endpoint, too.
    pub id: SsfStreamId,
    /// The app.
    pub client_id: SsoClientId,
    /// How what is on it reaches the app.
    pub method: StreamMethod,
    /// What the app calls it.
    pub description: Option<String>,
    /// The URIs of the events that the app asked for.
    pub events_requested: Vec<String>,
    /// As the app, or this installation, set it: see [`SsfStream::standing`].
    pub status: StreamStatus,
    /// Why.
    pub status_reason: Option<String>,
    /// Since when nothing is kept, because too much waits.
    pub filled_at: Option<Timestamp>,
    /// The delivery that tells the app that this installation changed the status.
    pub announcement_id: Option<DeliveryId>,
    /// When the app last asked to be sent a verification.
    pub verified_at: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// Where its deliveries are for.
    pub endpoint: Endpoint,
}

impl SsfStream {
    /// Whether it is transmitted, and if not, why: also where deliveries failed for so long that they were stopped.
    #[must_use]
    pub fn standing(&self) -> (StreamStatus, Option<&str>) {
        let is_stopped = self.status == StreamStatus::Enabled
            && self.method == StreamMethod::Push
            && self.endpoint.state == EndpointState::Disabled;
        if is_stopped {
            return (StreamStatus::Paused, self.endpoint.disabled_reason.as_deref());
        }
        (self.status, self.status_reason.as_deref())
    }
}

/// The streams, for reading, and what apps do with what is on them.
#[derive(Clone, Debug)]
pub struct SsfStreams {
    store: Store,
}

impl Store {
    /// The streams by which apps hear of their people.
    #[must_use]
    pub fn ssf_streams(&self) -> SsfStreams {
        SsfStreams { store: self.clone() }
    }
}

impl SsfStreams {
    /// One stream of an app.
    ///
    /// # Errors
    /// As any query.
    pub async fn by_id(&self, client: SsoClientId, id: SsfStreamId) -> Result<Option<SsfStream>, StoreError> {
        let of_app = Entity::find_by_id(id).filter(Column::ClientId.eq(Id(client)));
        let Some(row) = fetch_one(self.store.keys(), of_app.as_query()).await? else {
            return Ok(None);
        };
        let endpoint = self.store.endpoints().by_id(id.uuid().into()).await?;
        endpoint.map(|endpoint| stream(row, endpoint)).transpose()
    }

    /// The streams of an app, oldest first: those are few.
    ///
    /// # Errors
    /// As any query.
    pub async fn of_client(&self, client: SsoClientId) -> Result<Vec<SsfStream>, StoreError> {
        let of_app = Entity::find()
            .filter(Column::ClientId.eq(Id(client)))
            .order_by_asc(Column::Id);
        let rows: Vec<Model> = fetch_all(self.store.read(), of_app.as_query()).await?;
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        let ids = rows.iter().map(|row| row.id.0.uuid());
        let theirs = endpoints::Entity::find().filter(is_one_of_ids(
            self.store.dialect(),
            Expr::col((endpoints::Entity, endpoints::Column::Id)),
            ids,
        ));
        let found: Vec<endpoints::Model> = fetch_all(self.store.read(), theirs.as_query()).await?;
        let mut found: HashMap<EndpointId, endpoints::Model> = found.into_iter().map(|row| (row.id.0, row)).collect();
        let with_endpoint = rows.into_iter().filter_map(|row| {
            let endpoint = found.remove(&row.id.0.uuid().into())?;
            Some(crate::deliveries::endpoint(endpoint).and_then(|endpoint| stream(row, endpoint)))
        });
        with_endpoint.collect()
    }
}

fn row(of: &SsfStream) -> Result<ActiveModel, StoreError> {
    let events = serde_json::to_string(&of.events_requested).map_err(|error| StoreError::Defect(error.to_string()))?;
    Ok(ActiveModel {
        id: Set(of.id.into()),
        client_id: Set(of.client_id.into()),
        method: Set(of.method),
        description: Set(of.description.clone()),
        events_requested: Set(events),
        status: Set(of.status),
        status_reason: Set(of.status_reason.clone()),
        filled_at: Set(of.filled_at.map(Millis::from)),
        announcement_id: Set(of.announcement_id.map(Id)),
        verified_at: Set(of.verified_at.map(Millis::from)),
        created_at: Set(of.created_at.into()),
        updated_at: Set(of.updated_at.into()),
    })
}

fn stream(row: Model, endpoint: Endpoint) -> Result<SsfStream, StoreError> {
    Ok(SsfStream {
        id: row.id.0,
        client_id: row.client_id.0,
        method: row.method,
        description: row.description,
        events_requested: serde_json::from_str(&row.events_requested).map_err(StoreError::corrupt)?,
        status: row.status,
        status_reason: row.status_reason,
        filled_at: row.filled_at.map(Timestamp::from),
        announcement_id: row.announcement_id.map(|id| id.0),
        verified_at: row.verified_at.map(Timestamp::from),
        created_at: row.created_at.into(),
        updated_at: row.updated_at.into(),
        endpoint,
    })
}
