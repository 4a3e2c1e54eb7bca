//! What became of one user or group, backwards through the log of its directory, and which endpoints it was sent to.
//!
//! Changes of members are events about the group; an index over the member that they name leads to those of a user. Every
//! question here costs what it shows, however long the log is.

use crate::{DeliveryState, Dialect, Store, StoreError};
use ::events::{DeliveryId, DirectoryId, EndpointId, Event, EventId, EventType, ResourceId, Timestamp};
use db::entity::column::{Id, Millis};
use db::entity::{deliveries, endpoints, events, sequences};
use db::expr::{call, text};
use db::send::{fetch_all, fetch_one};
use sea_orm::sea_query::{BinOper, Expr, ExprTrait as _, Order};
use sea_orm::{
    ColumnTrait as _, Condition, DerivePartialModel, EntityTrait as _, FromQueryResult, PartialModelTrait as _,
    QueryFilter as _, QueryOrder as _, QuerySelect as _, QueryTrait as _,
};

/// Endpoints whose deliveries are looked for, the newest of all.
const MOST_ENDPOINTS: u64 = 500;
/// Changes of memberships that are read to tell which groups somebody was in, the latest of all.
const MOST_MEMBERSHIPS: u64 = 5_000;

/// The log of one directory, asked about one user or group.
#[derive(Clone, Copy, Debug)]
pub struct History<'a> {
    store: &'a Store,
    directory_id: DirectoryId,
}

/// A page of what became of a user or group, the latest first.
#[derive(Clone, Debug, Default)]
pub struct HistoryPage {
    /// The events.
    pub events: Vec<Event>,
    /// Before which sequence the next page begins; `None` at the beginning of what is kept.
    pub next: Option<i64>,
}

/// How an event was sent to an endpoint.
#[derive(Clone, Debug, DerivePartialModel)]
#[sea_orm(entity = "deliveries::Entity")]
struct HistoryDeliveryRow {
    id: Id<DeliveryId>,
    endpoint_id: Id<EndpointId>,
    event_id: Id<EventId>,
    state: DeliveryState,
    attempts: i32,
    last_status: Option<i32>,
    delivered_at: Option<Millis>,
}

/// The delivery of an event to an endpoint, as far as a history tells of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HistoryDelivery {
    /// The delivery.
    pub delivery_id: DeliveryId,
    /// The endpoint.
    pub endpoint_id: EndpointId,
    /// The event.
    pub event_id: EventId,
    /// Where it stands.
    pub state: DeliveryState,
    /// Attempts made.
    pub attempts: u32,
    /// The status of the last answer.
    pub last_status: Option<u16>,
    /// When the receiver took it.
    pub delivered_at: Option<Timestamp>,
}

/// A change of a membership of a user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MembershipChange {
    /// The group.
    pub group_id: ResourceId,
    /// Its place in the log.
    pub sequence: i64,
    /// Whether the user joined, or left.
    pub joined: bool,
}

/// A group that was deleted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deletion {
    /// The group.
    pub group_id: ResourceId,
    /// When, in the log.
    pub sequence: i64,
    /// What it was called.
    pub display_name: String,
}

/// Where an event stands, and how long it is.
#[derive(Clone, Copy, Debug, FromQueryResult)]
struct EventPlace {
    id: Id<EventId>,
    sequence: i64,
    size: i64,
}

#[derive(Clone, Debug, FromQueryResult)]
struct Joined {
    subject_id: Id<ResourceId>,
    sequence: i64,
    event_type: String,
}

#[derive(Clone, Copy, Debug, FromQueryResult)]
struct SequenceRow {
    sequence: i64,
}

#[derive(Clone, Copy, Debug, FromQueryResult)]
struct Moment {
    created_at: Millis,
}

#[derive(Clone, Copy, Debug, FromQueryResult)]
struct EndpointRow {
    id: Id<EndpointId>,
}

impl Store {
    /// What became of users and groups of a directory.
    #[must_use]
    pub const fn history(&self, directory_id: DirectoryId) -> History<'_> {
        History {
            store: self,
            directory_id,
        }
    }
}

impl History<'_> {
    /// A page of the events about a user or group before a sequence, the latest first: its own changes, and those of
    /// memberships. A page ends before it has more bytes than it may, but has a first event.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] without a database.
    pub async fn page(&self, subject: ResourceId, before: Option<i64>, limit: u32) -> Result<HistoryPage, StoreError> {
        let before = before.unwrap_or(i64::MAX);
        let mut places = self.own(subject, before, limit).await?;
        places.extend(self.memberships(subject, before, limit).await?);
        places.sort_unstable_by_key(|place| std::cmp::Reverse(place.sequence));
        let (mut bytes, mut shown) = (0, Vec::new());
        for place in places.iter().take(usize::try_from(limit).unwrap_or(usize::MAX)) {
            bytes += u64::try_from(place.size).unwrap_or_default();
            if !shown.is_empty() && bytes > self.store.page_bytes() {
                break;
            }
            shown.push(*place);
        }
        let next = shown.last().map(|place| place.sequence);
        let next = next.filter(|_| places.len() > shown.len());
        let ids: Vec<EventId> = shown.iter().map(|place| place.id.0).collect();
        let mut events = self.events(&ids).await?;
        events.sort_unstable_by_key(|event| std::cmp::Reverse(event.sequence));
        Ok(HistoryPage { events, next })
    }

    /// One more than asked for tells whether it goes on.
    async fn own(&self, subject: ResourceId, before: i64, limit: u32) -> Result<Vec<EventPlace>, StoreError> {
        let about = events::Column::SubjectId.eq(Id(subject));
        let query = self.places(Condition::all().add(about), before, limit);
        fetch_all(self.store.read(), query.as_query()).await
    }

    async fn memberships(&self, member: ResourceId, before: i64, limit: u32) -> Result<Vec<EventPlace>, StoreError> {
        let query = self.places(names_member(self.store.dialect(), member), before, limit);
        fetch_all(self.store.read(), query.as_query()).await
    }

    fn places(&self, about: Condition, before: i64, limit: u32) -> sea_orm::Select<events::Entity> {
        use events::Column::{Body, DirectoryId as Directory, Id as EventIdColumn, Sequence};
        let size = call("octet_length", [Expr::col((events::Entity, Body))]).cast_as("bigint");
        events::Entity::find()
            .select_only()
            .columns([EventIdColumn, Sequence])
            .column_as(size, "size")
            .filter(Directory.eq(Id(self.directory_id)))
            .filter(about)
            .filter(Sequence.lt(before))
            .order_by(Sequence, Order::Desc)
            .limit(u64::from(limit) + 1)
    }

    async fn events(&self, ids: &[EventId]) -> Result<Vec<Event>, StoreError> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let query = events::Entity::find().filter(events::Column::Id.is_in(ids.iter().copied().map(Id)));
        let rows: Vec<events::Model> = fetch_all(self.store.read(), query.as_query()).await?;
        rows.into_iter().map(event).collect()
    }

    /// The deliveries of these events, as far as their endpoints still exist.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] without a database.
    pub async fn told(&self, events: &[EventId]) -> Result<Vec<HistoryDelivery>, StoreError> {
        if events.is_empty() {
            return Ok(Vec::new());
        }
        let newest = endpoints::Entity::find()
            .select_only()
            .column(endpoints::Column::Id)
            .order_by(endpoints::Column::Id, Order::Desc)
            .limit(MOST_ENDPOINTS);
        let endpoints: Vec<EndpointRow> = fetch_all(self.store.read(), newest.as_query()).await?;
        if endpoints.is_empty() {
            return Ok(Vec::new());
        }
        let told = HistoryDeliveryRow::select_cols(deliveries::Entity::find().select_only())
            .filter(deliveries::Column::EndpointId.is_in(endpoints.into_iter().map(|row| row.id)))
            .filter(deliveries::Column::EventId.is_in(events.iter().copied().map(Id)));
        let rows: Vec<HistoryDeliveryRow> = fetch_all(self.store.read(), told.as_query()).await?;
        Ok(rows.into_iter().map(HistoryDelivery::from).collect())
    }

    /// The first and the last sequence that the log has now; `None` for an empty log.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] without a database.
    pub async fn span(&self) -> Result<Option<(i64, i64)>, StoreError> {
        let last = sequences::Entity::find()
            .select_only()
            .column_as(sequences::Column::Last, "sequence")
            .filter(sequences::Column::DirectoryId.eq(Id(self.directory_id)));
        let last: Option<SequenceRow> = fetch_one(self.store.read(), last.as_query()).await?;
        let Some(SequenceRow { sequence: last }) = last else {
            return Ok(None);
        };
        let first = events::Entity::find()
            .select_only()
            .column(events::Column::Sequence)
            .filter(events::Column::DirectoryId.eq(Id(self.directory_id)))
            .order_by(events::Column::Sequence, Order::Asc)
            .limit(1);
        let first: Option<SequenceRow> = fetch_one(self.store.read(), first.as_query()).await?;
        Ok(first.map(|first| (first.sequence, last)))
    }

    /// The last sequence of a moment, within those that the log has: found by halving, as sequences and times grow
    /// together. One less than the first where the moment is before that.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] without a database.
    pub async fn sequence_at(&self, (first, last): (i64, i64), at: Timestamp) -> Result<i64, StoreError> {
        let (mut known, mut end) = (first - 1, last);
        while known < end {
            let middle = known + (end - known + 1) / 2;
            let query = events::Entity::find()
                .select_only()
                .column(events::Column::CreatedAt)
                .filter(events::Column::DirectoryId.eq(Id(self.directory_id)))
                .filter(events::Column::Sequence.eq(middle));
            let found: Option<Moment> = fetch_one(self.store.read(), query.as_query()).await?;
            match found {
                Some(moment) if Timestamp::from(moment.created_at) <= at => known = middle,
                _ => end = middle - 1,
            }
        }
        Ok(known)
    }

    /// The groups that a user joined and left, the latest change first, up to 5,000 changes.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] without a database.
    pub async fn membership_changes(&self, user: ResourceId) -> Result<Vec<MembershipChange>, StoreError> {
        use events::Column::{DirectoryId as Directory, EventType as Type, Sequence, SubjectId};
        let query = events::Entity::find()
            .select_only()
            .columns([SubjectId, Sequence])
            .column_as(Type, "event_type")
            .filter(Directory.eq(Id(self.directory_id)))
            .filter(names_member(self.store.dialect(), user))
            .order_by(Sequence, Order::Desc)
            .limit(MOST_MEMBERSHIPS);
        let rows: Vec<Joined> = fetch_all(self.store.read(), query.as_query()).await?;
        let changes = rows.into_iter().map(|row| MembershipChange {
            group_id: row.subject_id.0,
            sequence: row.sequence,
            joined: row.event_type == EventType::GroupMemberAdded.as_str(),
        });
        Ok(changes.collect())
    }

    /// Those of these groups that were deleted.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] without a database.
    pub async fn deletions(&self, groups: &[ResourceId]) -> Result<Vec<Deletion>, StoreError> {
        use events::Column::{DirectoryId as Directory, EventType as Type, SubjectId};
        if groups.is_empty() {
            return Ok(Vec::new());
        }
        let query = events::Entity::find()
            .filter(Directory.eq(Id(self.directory_id)))
            .filter(SubjectId.is_in(groups.iter().copied().map(Id)))
            .filter(Expr::col((events::Entity, Type)).eq(text(EventType::GroupDeleted.as_str())));
        let rows: Vec<events::Model> = fetch_all(self.store.read(), query.as_query()).await?;
        rows.iter().map(deletion).collect()
    }
}

fn deletion(row: &events::Model) -> Result<Deletion, StoreError> {
    let body: serde_json::Value = serde_json::from_str(&row.body).map_err(StoreError::corrupt)?;
    let name = body["data"]["group"]["display_name"].as_str().unwrap_or_default();
    let group_id = row
        .subject_id
        .ok_or_else(|| StoreError::corrupt("a deletion of nothing"))?;
    Ok(Deletion {
        group_id: group_id.0,
        sequence: row.sequence,
        display_name: name.to_owned(),
    })
}

/// Changes of memberships of a user or group, as the index `events_member` has them.
fn names_member(dialect: Dialect, member: ResourceId) -> Condition {
    let body = Expr::col((events::Entity, events::Column::Body));
    let named = match dialect {
        // Not `jsonb`, which would have to understand the whole text.
        Dialect::Postgres => body
            .cast_as("json")
            .binary(BinOper::Custom("#>>"), text("{data,user,id}")),
        Dialect::Sqlite => body.binary(BinOper::Custom("->>"), text("$.data.user.id")),
    };
    let kinds = [EventType::GroupMemberAdded, EventType::GroupMemberRemoved].map(|kind| text(kind.as_str()));
    Condition::all()
        .add(named.eq(member.to_string()))
        .add(Expr::col((events::Entity, events::Column::EventType)).is_in(kinds))
}

fn event(row: events::Model) -> Result<Event, StoreError> {
    Ok(Event {
        id: row.id.0,
        kind: row.event_type.parse().map_err(StoreError::corrupt)?,
        organization_id: row.organization_id.0,
        directory_id: row.directory_id.0,
        sequence: row.sequence,
        subject_id: row.subject_id.map(|id| id.0),
        traceparent: row.traceparent,
        body: row.body,
    })
}

impl From<HistoryDeliveryRow> for HistoryDelivery {
    fn from(row: HistoryDeliveryRow) -> Self {
        Self {
            delivery_id: row.id.0,
            endpoint_id: row.endpoint_id.0,
            event_id: row.event_id.0,
            state: row.state,
            attempts: u32::try_from(row.attempts).unwrap_or_default(),
            last_status: row.last_status.and_then(|status| u16::try_from(status).ok()),
            delivered_at: row.delivered_at.map(Timestamp::from),
        }
    }
}
