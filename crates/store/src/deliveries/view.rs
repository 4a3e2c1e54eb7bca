//! Deliveries as the management API shows them.

use super::{BLOCKED, Deliveries, DeliveryState};
use crate::tenancy::{LISTED, Listing};
use crate::{List, ListPage, StoreError};
use db::Party;
use db::entity::attempts;
use db::entity::column::{Id, Millis};
use db::entity::deliveries::{Column, Entity};
use db::expr::text;
use db::send::{fetch_all, fetch_one};
use events::{AttemptId, DeliveryId, DirectoryId, EndpointId, EventId, ResourceId, Timestamp};
use sea_orm::sea_query::{Expr, ExprTrait as _, Order, Query, UnionType};
use sea_orm::{
    DerivePartialModel, EntityTrait as _, FromQueryResult, PartialModelTrait as _, QueryFilter as _, QuerySelect as _,
    QueryTrait as _,
};

/// A delivery.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// Its id.
    pub id: DeliveryId,
    /// Where it goes.
    pub endpoint_id: EndpointId,
    /// What is sent.
    pub event_id: EventId,
    /// The event's type; as text, because a newer version may have stored it.
    pub event_type: String,
    /// The event's directory.
    pub directory_id: DirectoryId,
    /// The user or group that the event is about.
    pub subject_id: Option<ResourceId>,
    /// The event's place in its directory.
    pub sequence: i64,
    /// Where it stands.
    pub state: DeliveryState,
    /// Attempts made.
    pub attempts: u32,
    /// When it is tried next, while it waits.
    pub next_at: Option<Timestamp>,
    /// The status of the last answer.
    pub last_status: Option<u16>,
    /// Why the last attempt failed.
    pub last_error: Option<String>,
    /// Why it was cancelled.
    pub reason: Option<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// When the receiver took it.
    pub delivered_at: Option<Timestamp>,
}

/// One attempt of a delivery.
#[derive(Clone, Debug)]
pub struct Attempt {
    /// Its id.
    pub id: AttemptId,
    /// Counts from 1.
    pub number: u32,
    /// When it began.
    pub started_at: Timestamp,
    /// How long it took, in milliseconds.
    pub duration_ms: u32,
    /// The status of the answer, if one came.
    pub status: Option<u16>,
    /// Why it failed; `None` when it succeeded.
    pub error: Option<String>,
    /// The beginning of the answer.
    pub response_head: Option<String>,
    /// Its trace.
    pub trace_id: Option<String>,
}

/// Which deliveries a list shows.
#[derive(Clone, Copy, Debug, Default)]
pub struct DeliveryFilter {
    /// Only to this endpoint.
    pub endpoint_id: Option<EndpointId>,
    /// Only in this state.
    pub state: Option<DeliveryState>,
}

/// The list, by an index of the state where there is one; else through all deliveries, a stretch at a time. The state is a
/// constant of the text and not a parameter: partial indexes are not considered for parameters.
fn listing(filter: DeliveryFilter) -> Listing {
    let all = || ListedDelivery::select_cols(Entity::find().select_only());
    let listing = match filter.state {
        None => Listing::new("deliveries", all()),
        Some(state) => {
            let name = format!("deliveries/{}", state.as_str());
            let is_in_it = |column: Expr| column.eq(text(state.as_str()));
            match (state, filter.endpoint_id) {
                (DeliveryState::Scheduled | DeliveryState::Exhausted | DeliveryState::Cancelled, None)
                | (DeliveryState::Held, Some(_)) => {
                    Listing::new(&name, all().filter(is_in_it(Expr::col((Entity, Column::State)))))
                }
                _ => Listing::new(&name, all()).showing(is_in_it(Expr::col((LISTED, Column::State)))),
            }
        }
    };
    listing
        .with(Column::EndpointId, filter.endpoint_id.map(EndpointId::uuid))
        .sized([Column::LastError])
}

impl Deliveries<'_> {
    /// The deliveries, newest first. Fewer than asked for do not mean that the list ends: of those in a state that is rare
    /// a part may have none.
    ///
    /// # Errors
    /// `BadParameter` for a foreign cursor; otherwise as any query.
    pub async fn list(&self, filter: DeliveryFilter, page: &ListPage) -> Result<List<Delivery>, StoreError> {
        let most_bytes = self.store.page_bytes();
        let list: List<ListedDelivery> = listing(filter)
            .read(&self.store.lookups().of(Party::Management), page, most_bytes)
            .await?;
        Ok(list.map(Delivery::from))
    }

    /// One delivery.
    ///
    /// # Errors
    /// As any query.
    pub async fn by_id(&self, id: DeliveryId) -> Result<Option<Delivery>, StoreError> {
        let one = ListedDelivery::select_cols(Entity::find_by_id(id).select_only());
        let found: Option<ListedDelivery> = fetch_one(self.store.read(), one.as_query()).await?;
        Ok(found.map(Delivery::from))
    }

    /// The attempts of a delivery, first to last.
    ///
    /// # Errors
    /// As any query.
    pub async fn attempts(&self, id: DeliveryId) -> Result<Vec<Attempt>, StoreError> {
        use attempts::Column as Made;
        let mut attempts = Query::select()
            .columns([
                Made::Id,
                Made::Number,
                Made::StartedAt,
                Made::DurationMs,
                Made::Status,
                Made::Error,
                Made::ResponseHead,
                Made::TraceId,
            ])
            .from(attempts::Entity)
            .and_where(Expr::col(Made::DeliveryId).eq(id.uuid()))
            .take();
        let success = Query::select()
            .columns([
                Column::AttemptId,
                Column::Attempts,
                Column::StartedAt,
                Column::DurationMs,
                Column::LastStatus,
            ])
            .expr(Expr::custom_keyword("NULL"))
            .columns([Column::ResponseHead, Column::TraceId])
            .from(Entity)
            .and_where(Expr::col(Column::Id).eq(id.uuid()))
            .and_where(Expr::col(Column::AttemptId).is_not_null())
            .take();
        attempts
            .union(UnionType::All, success)
            .order_by(Made::Number, Order::Asc)
            .order_by(Made::Id, Order::Asc);
        let made: Vec<AttemptRow> = fetch_all(self.store.read(), &attempts).await?;
        Ok(made.into_iter().map(Attempt::from).collect())
    }
}

/// What is shown of a delivery.
#[derive(Debug, DerivePartialModel)]
#[sea_orm(entity = "Entity")]
struct ListedDelivery {
    id: Id<DeliveryId>,
    endpoint_id: Id<EndpointId>,
    event_id: Id<EventId>,
    event_type: String,
    directory_id: Id<DirectoryId>,
    subject_id: Option<Id<ResourceId>>,
    sequence: i64,
    state: DeliveryState,
    attempts: i32,
    next_at: Millis,
    last_status: Option<i32>,
    last_error: Option<String>,
    reason: Option<String>,
    created_at: Millis,
    updated_at: Millis,
    delivered_at: Option<Millis>,
}

impl From<ListedDelivery> for Delivery {
    fn from(row: ListedDelivery) -> Self {
        let waits = matches!(row.state, DeliveryState::Pending | DeliveryState::Scheduled);
        Self {
            id: row.id.0,
            endpoint_id: row.endpoint_id.0,
            event_id: row.event_id.0,
            event_type: row.event_type,
            directory_id: row.directory_id.0,
            subject_id: row.subject_id.map(|subject| subject.0),
            sequence: row.sequence,
            state: row.state,
            attempts: count(row.attempts),
            next_at: (waits && row.next_at != Millis(BLOCKED)).then(|| row.next_at.into()),
            last_status: status(row.last_status),
            last_error: row.last_error,
            reason: row.reason,
            created_at: row.created_at.into(),
            updated_at: row.updated_at.into(),
            delivered_at: row.delivered_at.map(Timestamp::from),
        }
    }
}

/// An attempt, in a row of its own or in that of its delivery.
#[derive(Debug, FromQueryResult)]
struct AttemptRow {
    id: Id<AttemptId>,
    number: i32,
    started_at: Millis,
    duration_ms: i32,
    status: Option<i32>,
    error: Option<String>,
    response_head: Option<String>,
    trace_id: Option<String>,
}

impl From<AttemptRow> for Attempt {
    fn from(row: AttemptRow) -> Self {
        Self {
            id: row.id.0,
            number: count(row.number),
            started_at: row.started_at.into(),
            duration_ms: count(row.duration_ms),
            status: status(row.status),
            error: row.error,
            response_head: row.response_head,
            trace_id: row.trace_id,
        }
    }
}

fn count(number: i32) -> u32 {
    u32::try_from(number).unwrap_or_default()
}

fn status(status: Option<i32>) -> Option<u16> {
    status.and_then(|status| u16::try_from(status).ok())
}
