//! Taking deliveries that are due, for a while.

use super::line::{has_earlier, is_found};
use super::{Deliveries, DeliveryState, Lease, OPEN, is_in};
use crate::{Dialect, EndpointState, StoreError};
use ::events::{DeliveryId, EndpointId, EventId, ResourceId, Timestamp};
use db::entity::column::{Id, Millis};
use db::entity::deliveries::{Column, Entity};
use db::entity::{endpoints, events};
use db::expr::{limited, number, text, truth};
use db::rows::{Columns, Rows, ValueKind, is_one_of_ids};
use db::send::fetch_all;
use sea_orm::FromQueryResult;
use sea_orm::sea_query::{
    Asterisk, Expr, ExprTrait as _, IntoIden as _, JoinType, LockBehavior, LockType, Order, Query, SelectStatement,
    TableRef, UnionType, UpdateStatement,
};
use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

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

/// What may be taken of one endpoint `e`, seen from its delivery `d`. An ordered endpoint's delivery waits for the earlier
/// ones about the same subject, whatever state they are in.
fn is_due(now: Timestamp) -> Expr {
    let waits = Expr::col(("e", endpoints::Column::Ordered)).and(has_earlier());
    Expr::col(("d", Column::EndpointId))
        .equals(("e", endpoints::Column::Id))
        .and(is_in("d", &OPEN))
        .and(Expr::col(("d", Column::NextAt)).lte(Millis::from(now)))
        .and(waits.not())
}

fn is_enabled() -> Expr {
    Expr::col(("e", endpoints::Column::State)).eq(text(EndpointState::Enabled.as_str()))
}

/// The attempts of deliveries that were never tried, and of those that were.
fn classes() -> [Expr; 2] {
    let attempts = || Expr::col(("d", Column::Attempts));
    [attempts().eq(0), attempts().gt(0)]
}

/// A delivery that was taken.
#[derive(Debug, FromQueryResult)]
pub(super) struct Taken {
    id: Id<DeliveryId>,
    endpoint_id: Id<EndpointId>,
    event_id: Id<EventId>,
    subject_id: Option<Id<ResourceId>>,
    sequence: i64,
    attempts: i32,
    token: i64,
}

/// Leases deliveries and returns them as [`Taken`].
pub(super) fn lease_them(lease: Lease<'_>, now: Timestamp) -> UpdateStatement {
    let until = Millis::from(lease.until);
    let taken = [
        Column::Id,
        Column::EndpointId,
        Column::EventId,
        Column::SubjectId,
        Column::Sequence,
        Column::Attempts,
        Column::Token,
    ];
    Query::update()
        .table(Entity)
        .value(Column::State, text(DeliveryState::Leased.as_str()))
        .value(Column::LeaseOwner, lease.owner)
        .values([Column::LeasedUntil, Column::NextAt].map(|column| (column, until.into())))
        .value(Column::Token, Expr::col((Entity, Column::Token)).add(1))
        .value(Column::UpdatedAt, Millis::from(now))
        .returning(Query::returning().columns(taken.map(|column| (Entity, column))))
        .take()
}

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
        static COLUMNS: LazyLock<Columns> = LazyLock::new(|| {
            Columns::default()
                .and("endpoint_id", ValueKind::Id)
                .and("firsts", ValueKind::BigInt)
                .and("retries", ValueKind::BigInt)
        });
        let mut rows = Rows::new(&COLUMNS);
        for room in rooms {
            let [firsts, retries] = [room.firsts, room.retries].map(|room| i64::from(room).into());
            rows.push([room.endpoint_id.uuid().into(), firsts, retries]);
        }
        let [firsts, retries] = classes().map(|class| {
            Query::select()
                .column(("d", Column::Id))
                .from_as(Entity, "d")
                .and_where(is_due(now))
                .and_where(class)
                .order_by(("d", Column::NextAt), Order::Asc)
                .order_by(("d", Column::Id), Order::Asc)
                .lock_with_behavior(LockType::Update, LockBehavior::SkipLocked)
                .take()
        });
        let some = |query: SelectStatement, limit: &'static str| {
            let limited = limited(Dialect::Postgres, query, Expr::col(("r", limit)), None);
            Query::select().column(Asterisk).from_function(limited, "o").take()
        };
        let mut of_each = some(firsts, "firsts");
        of_each.union(UnionType::All, some(retries, "retries"));
        let is_endpoint = Expr::col(("e", endpoints::Column::Id)).equals(("r", "endpoint_id"));
        let due = Query::select()
            .column(("x", "id"))
            .from(rows.table(Dialect::Postgres, "r"))
            .join_as(
                JoinType::InnerJoin,
                endpoints::Entity,
                "e",
                is_endpoint.and(is_enabled()),
            )
            .join_lateral(JoinType::InnerJoin, of_each, "x", truth(true))
            .take();
        // An array, because the planner takes a LIMIT that it cannot see for many rows and would read the whole table.
        let take = lease_them(lease, now)
            .and_where(is_found(Dialect::Postgres, due))
            .take();
        let taken: Vec<Taken> = fetch_all(&self.store.steady().claim, &take).await?;
        Ok(taken.into_iter().map(ClaimedDelivery::from).collect())
    }

    /// SQLite has no LATERAL, but statements cost no round trip: one for each endpoint that has something due. A
    /// reader finds those, so that the one writer is not disturbed for nothing.
    async fn claim_sqlite(
        &self,
        rooms: &[Room],
        lease: Lease<'_>,
        now: Timestamp,
    ) -> Result<Vec<ClaimedDelivery>, StoreError> {
        let ids = rooms.iter().map(|room| room.endpoint_id.uuid());
        let any = Query::select()
            .expr(number(1))
            .from_as(Entity, "d")
            .and_where(is_due(now))
            .take();
        let find = Query::select()
            .column(("e", endpoints::Column::Id))
            .from_as(endpoints::Entity, "e")
            .and_where(is_one_of_ids(
                Dialect::Sqlite,
                Expr::col(("e", endpoints::Column::Id)),
                ids,
            ))
            .and_where(is_enabled())
            .and_where(Expr::exists(any))
            .take();
        let due: Vec<DueEndpoint> = fetch_all(self.store.read(), &find).await?;
        if due.is_empty() {
            return Ok(Vec::new());
        }
        let rooms: HashMap<EndpointId, Room> = rooms.iter().map(|room| (room.endpoint_id, *room)).collect();
        let tx = self.store.begin().await?;
        let mut all = Vec::new();
        for DueEndpoint { id } in due {
            let room = rooms.get(&id.0);
            let counts = room.map_or([0, 0], |room| [room.firsts, room.retries]);
            for (class, most) in classes().into_iter().zip(counts) {
                let some = Query::select()
                    .column(("d", Column::Id))
                    .from_as(endpoints::Entity, "e")
                    .cross_join(TableRef::from(Entity.into_iden()).alias("d"))
                    .and_where(Expr::col(("e", endpoints::Column::Id)).eq(id.0.uuid()))
                    .and_where(is_enabled())
                    .and_where(is_due(now))
                    .and_where(class)
                    .order_by(("d", Column::NextAt), Order::Asc)
                    .order_by(("d", Column::Id), Order::Asc)
                    .limit(u64::from(most))
                    .take();
                let take = lease_them(lease, now).and_where(is_found(Dialect::Sqlite, some)).take();
                let taken: Vec<Taken> = fetch_all(&tx, &take).await?;
                all.extend(taken.into_iter().map(ClaimedDelivery::from));
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
        let mut wanted: Vec<_> = claimed.iter().map(|delivery| delivery.event_id.uuid()).collect();
        wanted.sort_unstable();
        wanted.dedup();
        let id = Expr::col((events::Entity, events::Column::Id));
        let these = Query::select()
            .columns([events::Column::Id, events::Column::Body, events::Column::Traceparent])
            .from(events::Entity)
            .and_where(is_one_of_ids(self.store.dialect(), id, wanted))
            .take();
        let rows: Vec<SentEvent> = fetch_all(&self.store.steady().look, &these).await?;
        let mut found: HashMap<EventId, (Arc<str>, Option<Arc<str>>)> = HashMap::with_capacity(rows.len());
        for row in rows {
            found.insert(row.id.0, (row.body.into(), row.traceparent.map(Arc::from)));
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

/// An endpoint of which something is due.
#[derive(Debug, FromQueryResult)]
struct DueEndpoint {
    id: Id<EndpointId>,
}

/// What is sent of an event.
#[derive(Debug, FromQueryResult)]
struct SentEvent {
    id: Id<EventId>,
    body: String,
    traceparent: Option<String>,
}

impl From<Taken> for ClaimedDelivery {
    fn from(row: Taken) -> Self {
        Self {
            id: row.id.0,
            endpoint_id: row.endpoint_id.0,
            event_id: row.event_id.0,
            subject_id: row.subject_id.map(|subject| subject.0),
            sequence: row.sequence,
            attempts: u32::try_from(row.attempts).unwrap_or_default(),
            token: row.token,
            body: None,
            traceparent: None,
        }
    }
}
