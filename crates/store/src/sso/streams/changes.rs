//! Streams are made, changed and deleted, each with its endpoint, in one transaction.

use super::{Column, Entity, Model, SsfStream, SsfStreams, StreamMethod, StreamStatus, row, stream};
use crate::deliveries::{Endpoint, EndpointUrl, IN_LINE, is_in, is_state, store_bodies};
use crate::{AdminTx, DeliveryState, EndpointFormat, EndpointSelection, EndpointState, OwnBody, SsoClient, StoreError};
use db::entity::column::{Id, Millis};
use db::entity::{deliveries, endpoints};
use db::expr::{checked, count_up_to};
use db::send::{Counted, execute, fetch_all, fetch_one};
use events::{
    DeliveryId, DirectoryId, EndpointId, EventId, EventType, OrganizationId, SsfStreamId, SsoClientId, Timestamp,
};
use sea_orm::sea_query::{Expr, ExprTrait as _, Func, Order, Query};
use sea_orm::{
    ColumnTrait as _, EntityTrait as _, FromQueryResult, NotSet, QueryFilter as _, QuerySelect as _, QueryTrait as _,
    Set,
};
use std::time::Duration;
use uuid::Uuid;

/// Why the endpoint of a stream is not sent to.
const FETCHED: &str = "its app fetches what is on the stream";
const PAUSED: &str = "the stream is paused";
const DISABLED: &str = "the stream is disabled";
/// Streams that are looked at in one statement.
const AT_ONCE: u64 = 200;

impl SsfStream {
    /// A stream as it begins: enabled. Its endpoint gets the types of the log that `event_types` says, of the organization of
    /// the app, and what it is sent goes to `url` with these headers; both are sealed for the id.
    #[must_use]
    pub fn new(
        (id, client_id): (SsfStreamId, SsoClientId),
        organization: Option<OrganizationId>,
        method: StreamMethod,
        url: EndpointUrl,
        event_types: Vec<EventType>,
        now: Timestamp,
    ) -> Self {
        let endpoint = Endpoint {
            id: id.uuid().into(),
            url,
            description: Some("Stream of Shared Signals".to_owned()),
            event_types: Some(event_types.into_iter().map(Into::into).collect()),
            directory_ids: None,
            selection: EndpointSelection {
                organization_ids: organization.map(|id| vec![id]),
                ..EndpointSelection::default()
            },
            // What it is sent is signed by the keys for apps.
            signing: "v1".to_owned(),
            sealed_secret: Vec::new(),
            client_identity: None,
            catching_up: false,
            sealed_headers: None,
            sealed_previous_secret: None,
            previous_secret_until: None,
            // What concerns one person is told in the order in which it happened (SSF 1.0 §8.1.2.1).
            ordered: true,
            coalesce: false,
            rate_limit: None,
            format: EndpointFormat::Signals,
            audience: None,
            sso_client_id: Some(client_id),
            signals: None,
            state: EndpointState::Enabled,
            disabled_reason: None,
            disabled_at: None,
            failing_since: None,
            public_key: None,
            previous_public_key: None,
            contacts: Vec::new(),
            created_at: now,
            updated_at: now,
        };
        Self {
            id,
            client_id,
            method,
            description: None,
            events_requested: Vec::new(),
            status: StreamStatus::Enabled,
            status_reason: None,
            filled_at: None,
            announcement_id: None,
            verified_at: None,
            created_at: now,
            updated_at: now,
            endpoint,
        }
    }

    /// Says which events it is sent: of those that the app asked for the ones that there are. None while nothing is kept.
    pub fn tell(&mut self, supported: &[&str]) {
        let keeps = self.status != StreamStatus::Disabled && self.filled_at.is_none();
        let told = self
            .events_requested
            .iter()
            .filter(|uri| keeps && supported.contains(&uri.as_str()));
        self.endpoint.signals = Some(told.cloned().collect());
    }

    fn stopped_because(&self) -> Option<&'static str> {
        match (self.status, self.method) {
            (StreamStatus::Enabled, StreamMethod::Push) => None,
            (StreamStatus::Disabled, _) => Some(DISABLED),
            (StreamStatus::Paused, StreamMethod::Push) => Some(PAUSED),
            (StreamStatus::Enabled | StreamStatus::Paused, StreamMethod::Poll) => Some(FETCHED),
        }
    }
}

impl AdminTx {
    /// Makes a stream, unless its app, which this change holds, has as many as it may.
    ///
    /// # Errors
    /// As any write.
    pub async fn create_stream(&self, new: &SsfStream, most: u64) -> Result<bool, StoreError> {
        let theirs = Query::select()
            .from(Entity)
            .and_where(Expr::col(Column::ClientId).eq(new.client_id.uuid()))
            .take();
        let counted = Query::select().expr_as(count_up_to(most, theirs), "n").take();
        let counted: Option<Counted> = fetch_one(&self.tx, &counted).await?;
        if counted.is_none_or(|counted| counted.n.unsigned_abs() >= most) {
            return Ok(false);
        }
        self.create_endpoint(&new.endpoint).await?;
        execute(&self.tx, Entity::insert(row(new)?).as_query()).await?;
        self.stop(new).await?;
        Ok(true)
    }

    /// A stream of an app, held until this change ends.
    ///
    /// # Errors
    /// As any query.
    pub async fn stream(&self, client: SsoClientId, id: SsfStreamId) -> Result<Option<SsfStream>, StoreError> {
        let held = Entity::find_by_id(id)
            .filter(Column::ClientId.eq(Id(client)))
            .lock_exclusive();
        let found: Option<Model> = fetch_one(&self.tx, held.as_query()).await?;
        let Some(found) = found else { return Ok(None) };
        let endpoint = self.endpoint(id.uuid().into()).await?;
        endpoint.map(|endpoint| stream(found, endpoint)).transpose()
    }

    /// Writes a stream that was read in this change, and has its endpoint follow. With `wakes`, an endpoint that was stopped
    /// because it failed is given another chance.
    ///
    /// # Errors
    /// As any write.
    pub async fn save_stream(&self, before: &SsfStream, changed: &SsfStream, wakes: bool) -> Result<(), StoreError> {
        let mut row = row(changed)?;
        row.id = NotSet;
        let written = Entity::update_many().set(row).filter(Column::Id.eq(Id(changed.id)));
        execute(&self.tx, written.as_query()).await?;
        self.save_endpoint(&changed.endpoint).await?;
        if changed.stopped_because().is_some() {
            self.stop(changed).await?;
        } else if before.stopped_because().is_some() || wakes {
            let drops = before.status == StreamStatus::Disabled;
            let id: EndpointId = changed.id.uuid().into();
            if changed.endpoint.state == EndpointState::Disabled {
                self.enable_endpoint(id, drops, changed.updated_at).await?;
            }
        }
        if changed.status == StreamStatus::Disabled && before.status != StreamStatus::Disabled {
            self.drop_waiting(changed).await?;
        }
        Ok(())
    }

    /// Deletes a stream with what waits on it.
    ///
    /// # Errors
    /// As any write.
    pub async fn delete_stream(&self, id: SsfStreamId) -> Result<(), StoreError> {
        self.delete_endpoint(id.uuid().into()).await?;
        Ok(())
    }

    /// Deletes the endpoints of all streams of an app, with what waits on them.
    pub(crate) async fn delete_streams_of_app(&self, client: SsoClientId) -> Result<(), StoreError> {
        let theirs = Entity::find().filter(Column::ClientId.eq(Id(client)));
        let rows: Vec<Model> = fetch_all(&self.tx, theirs.as_query()).await?;
        for row in rows {
            self.delete_stream(row.id.0).await?;
        }
        Ok(())
    }

    /// Has the streams of an app, which was written in this change, get the events of its organization and of no other.
    pub(crate) async fn streams_follow(&self, client: &SsoClient) -> Result<(), StoreError> {
        let theirs = Entity::find().filter(Column::ClientId.eq(Id(client.id)));
        let rows: Vec<Model> = fetch_all(&self.tx, theirs.as_query()).await?;
        for row in rows {
            if let Some(mut endpoint) = self.endpoint(row.id.0.uuid().into()).await? {
                endpoint.selection.organization_ids = client.organization_id.map(|id| vec![id]);
                endpoint.updated_at = client.updated_at;
                self.save_endpoint(&endpoint).await?;
            }
        }
        Ok(())
    }

    /// Puts something on a stream that is no event of the log: of `kind`, with this body.
    ///
    /// # Errors
    /// As any write.
    pub async fn tell_stream(
        &self,
        to: &SsfStream,
        kind: &str,
        body: &str,
        now: Timestamp,
    ) -> Result<DeliveryId, StoreError> {
        let id = DeliveryId::new();
        let of_no_directory = DirectoryId::from(Uuid::nil());
        let is_sent = to.stopped_because().is_none() && to.endpoint.state == EndpointState::Enabled;
        let state = if is_sent {
            DeliveryState::Pending
        } else {
            DeliveryState::Held
        };
        let new = deliveries::Entity::insert(deliveries::ActiveModel {
            id: Set(id.into()),
            endpoint_id: Set(Id(to.id.uuid().into())),
            event_id: Set(EventId::new().into()),
            directory_id: Set(of_no_directory.into()),
            subject_id: Set(None),
            sequence: Set(0),
            event_type: Set(kind.to_owned()),
            state: Set(state),
            attempts: Set(0),
            next_at: Set(now.into()),
            token: Set(0),
            created_at: Set(now.into()),
            updated_at: Set(now.into()),
            ..Default::default()
        });
        execute(&self.tx, new.as_query()).await?;
        let body = OwnBody {
            delivery_id: id,
            directory_id: of_no_directory,
            body: body.into(),
        };
        store_bodies(&self.tx, self.dialect, &[body], |_| true).await?;
        Ok(id)
    }

    /// Notes that the app asks for a verification now; `false` where it did so too short a time ago.
    ///
    /// # Errors
    /// As any write.
    pub async fn verify_stream(&self, id: SsfStreamId, interval: Duration, now: Timestamp) -> Result<bool, StoreError> {
        let is_due = Column::VerifiedAt
            .is_null()
            .or(Column::VerifiedAt.lte(Millis::from(now.minus(interval))));
        let noted = Entity::update_many()
            .col_expr(Column::VerifiedAt, Expr::value(Millis::from(now)))
            .filter(Column::Id.eq(Id(id)))
            .filter(is_due);
        Ok(execute(&self.tx, noted.as_query()).await? > 0)
    }

    /// Has the endpoint of a stream sent nothing.
    async fn stop(&self, of: &SsfStream) -> Result<(), StoreError> {
        use endpoints::Column;
        let Some(reason) = of.stopped_because() else {
            return Ok(());
        };
        let stopped = endpoints::Entity::update_many()
            .col_expr(Column::State, Expr::value(EndpointState::Disabled))
            .col_expr(Column::DisabledReason, Expr::value(reason))
            .col_expr(Column::DisabledAt, Expr::value(None::<i64>))
            .col_expr(Column::FailingSince, Expr::value(None::<i64>))
            .filter(Column::Id.eq(Id(EndpointId::from(of.id.uuid()))));
        execute(&self.tx, stopped.as_query()).await?;
        Ok(())
    }

    /// Cancels what waits on a stream that is disabled: that is bounded.
    async fn drop_waiting(&self, on: &SsfStream) -> Result<(), StoreError> {
        use deliveries::Column;
        let dropped = Query::update()
            .table(deliveries::Entity)
            .value(Column::State, Expr::value(DeliveryState::Cancelled))
            .value(Column::Reason, DISABLED)
            .value(Column::UpdatedAt, Millis::from(on.updated_at))
            .and_where(Expr::col(Column::EndpointId).eq(on.id.uuid()))
            .and_where(checked(is_in(deliveries::Entity, &IN_LINE)))
            .take();
        execute(&self.tx, &dropped).await?;
        Ok(())
    }
}

impl SsfStreams {
    /// Some streams after `after` on which more than `most` waits, by app, and where the next look begins, if there is more
    /// to look at. Of a stream that was paused for this before only what came since counts: an app that goes on must have time
    /// to fetch what it was told of. What is sent is bounded by its attempts; what is held stands in an index by endpoint.
    ///
    /// # Errors
    /// As any query.
    pub async fn overfull(
        &self,
        after: Option<SsfStreamId>,
        most: u64,
    ) -> Result<(Vec<(SsoClientId, SsfStreamId)>, Option<SsfStreamId>), StoreError> {
        let s = |column: Column| Expr::col(("s", column));
        // As a place in the index of what is held, and not as an id, by which PostgreSQL might go through all there are.
        let d = |column: deliveries::Column| Expr::col(("d", column));
        let place = Expr::tuple([d(deliveries::Column::EndpointId), d(deliveries::Column::Id)]);
        let told_before = Func::coalesce([s(Column::AnnouncementId), Expr::value(Uuid::nil())]);
        let behind = Expr::tuple([s(Column::Id), told_before.into()]);
        let one_too_many = Query::select()
            .column(("d", deliveries::Column::Id))
            .from_as(deliveries::Entity, "d")
            .and_where(Expr::col(("d", deliveries::Column::EndpointId)).eq(s(Column::Id)))
            .and_where(is_state("d", DeliveryState::Held))
            .and_where(place.gt(behind))
            .limit(1)
            .offset(most)
            .take();
        let some = Query::select()
            .columns([("s", Column::Id), ("s", Column::ClientId)])
            .expr_as(Expr::from(one_too_many).is_not_null(), "is_full")
            .from_as(Entity, "s")
            .and_where(s(Column::Id).gt(after.map_or(Uuid::nil(), SsfStreamId::uuid)))
            .and_where(s(Column::FilledAt).is_null())
            .order_by(("s", Column::Id), Order::Asc)
            .limit(AT_ONCE)
            .take();
        let rows: Vec<LookedAt> = fetch_all(self.store.read(), &some).await?;
        let is_page = rows.len() as u64 == AT_ONCE;
        let next = rows.last().map(|row| row.id.0).filter(|_| is_page);
        let full = rows.into_iter().filter(|row| row.is_full);
        Ok((full.map(|row| (row.client_id.0, row.id.0)).collect(), next))
    }
}

/// A stream, and whether too much waits on it.
#[derive(FromQueryResult)]
struct LookedAt {
    id: Id<SsfStreamId>,
    client_id: Id<SsoClientId>,
    is_full: bool,
}
