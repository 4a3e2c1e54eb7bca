//! Deliveries as the management API shows them.

use super::{BLOCKED, Deliveries, DeliveryState};
use crate::links::Party;
use crate::sql::{Row, query_all, query_one};
use crate::tenancy::Listing;
use crate::{List, ListPage, StoreError};
use events::{AttemptId, DeliveryId, DirectoryId, EndpointId, EventId, ResourceId, Timestamp};
use sea_orm::QueryResult;

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

macro_rules! select {
    () => {
        "SELECT id, endpoint_id, event_id, event_type, directory_id, subject_id, sequence, state, attempts, next_at, \
         last_status, last_error, reason, created_at, updated_at, delivered_at FROM deliveries WHERE "
    };
    ($condition:literal) => {
        concat!(select!(), $condition)
    };
}

/// The state is part of the text, not a parameter: partial indexes are not considered for parameters. With the name that
/// cursors of the list carry.
macro_rules! in_state {
    ($state:literal) => {
        (
            concat!("deliveries/", $state),
            concat!(select!(), "state = '", $state, "'"),
            concat!("s.state = '", $state, "'"),
        )
    };
}

const fn in_state(state: DeliveryState) -> (&'static str, &'static str, &'static str) {
    match state {
        DeliveryState::Pending => in_state!("pending"),
        DeliveryState::Leased => in_state!("leased"),
        DeliveryState::Scheduled => in_state!("scheduled"),
        DeliveryState::Delivered => in_state!("delivered"),
        DeliveryState::Exhausted => in_state!("exhausted"),
        DeliveryState::Held => in_state!("held"),
        DeliveryState::Cancelled => in_state!("cancelled"),
    }
}

/// The list, by an index of the state where there is one; else through all deliveries, a stretch at a time.
fn listing(filter: DeliveryFilter) -> Listing {
    let all = select!("TRUE");
    let listing = match filter.state {
        None => Listing::new("deliveries", all),
        Some(state) => {
            let (name, by_state, shown) = in_state(state);
            match (state, filter.endpoint_id) {
                (DeliveryState::Scheduled | DeliveryState::Exhausted | DeliveryState::Cancelled, None)
                | (DeliveryState::Held, Some(_)) => Listing::new(name, by_state),
                _ => Listing::new(name, all).showing(shown),
            }
        }
    };
    listing
        .with_id("endpoint_id", filter.endpoint_id.map(EndpointId::uuid))
        .sized("COALESCE(octet_length(m.last_error), 0)")
}

impl Deliveries<'_> {
    /// The deliveries, newest first. Fewer than asked for do not mean that the list ends: of those in a state that is rare
    /// a part may have none.
    ///
    /// # Errors
    /// `Invalid` for a foreign cursor; otherwise as any query.
    pub async fn list(&self, filter: DeliveryFilter, page: &ListPage) -> Result<List<Delivery>, StoreError> {
        let most_bytes = self.store.page_bytes();
        listing(filter)
            .read(&self.store.lookups().of(Party::Management), page, most_bytes, delivery)
            .await
    }

    /// One delivery.
    ///
    /// # Errors
    /// As any query.
    pub async fn by_id(&self, id: DeliveryId) -> Result<Option<Delivery>, StoreError> {
        query_one(self.store.read(), select!("id = $1"), [id.uuid().into()])
            .await?
            .as_ref()
            .map(delivery)
            .transpose()
    }

    /// The attempts of a delivery, first to last.
    ///
    /// # Errors
    /// As any query.
    pub async fn attempts(&self, id: DeliveryId) -> Result<Vec<Attempt>, StoreError> {
        let sql = "SELECT id, number, started_at, duration_ms, status, error, response_head, trace_id \
                   FROM attempts WHERE delivery_id = $1 UNION ALL \
                   SELECT attempt_id AS id, attempts AS number, started_at, duration_ms, last_status AS status, \
                   NULL AS error, response_head, trace_id FROM deliveries WHERE id = $1 AND attempt_id IS NOT NULL \
                   ORDER BY number, id";
        query_all(self.store.read(), sql, [id.uuid().into()])
            .await?
            .iter()
            .map(attempt)
            .collect()
    }
}

fn delivery(row: &QueryResult) -> Result<Delivery, StoreError> {
    let state = DeliveryState::read(&row.get::<String>("state")?)?;
    let next_at = row.get::<i64>("next_at")?;
    let waits = matches!(state, DeliveryState::Pending | DeliveryState::Scheduled);
    Ok(Delivery {
        id: row.id("id")?,
        endpoint_id: row.id("endpoint_id")?,
        event_id: row.id("event_id")?,
        event_type: row.get("event_type")?,
        directory_id: row.id("directory_id")?,
        subject_id: row.opt_id("subject_id")?,
        sequence: row.get("sequence")?,
        state,
        attempts: count(row, "attempts")?,
        next_at: (waits && next_at != BLOCKED).then(|| Timestamp::from_millis(next_at)),
        last_status: status(row, "last_status")?,
        last_error: row.get("last_error")?,
        reason: row.get("reason")?,
        created_at: row.time("created_at")?,
        updated_at: row.time("updated_at")?,
        delivered_at: row.opt_time("delivered_at")?,
    })
}

fn attempt(row: &QueryResult) -> Result<Attempt, StoreError> {
    Ok(Attempt {
        id: row.id("id")?,
        number: count(row, "number")?,
        started_at: row.time("started_at")?,
        duration_ms: count(row, "duration_ms")?,
        status: status(row, "status")?,
        error: row.get("error")?,
        response_head: row.get("response_head")?,
        trace_id: row.get("trace_id")?,
    })
}

fn count(row: &QueryResult, column: &str) -> Result<u32, StoreError> {
    Ok(u32::try_from(row.get::<i32>(column)?).unwrap_or_default())
}

fn status(row: &QueryResult, column: &str) -> Result<Option<u16>, StoreError> {
    Ok(row
        .get::<Option<i32>>(column)?
        .and_then(|status| u16::try_from(status).ok()))
}
