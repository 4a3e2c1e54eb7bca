//! Deliveries as the management API shows them, and trying them again by hand.

use super::{Deliveries, DeliveryState};
use crate::sql::{Row, exec, query_all, query_one};
use crate::tenancy::Listing;
use crate::{Change, List, ListPage, StoreError};
use events::{AttemptId, DeliveryId, DirectoryId, EndpointId, EventId, ResourceId, Timestamp};
use sea_orm::{ConnectionTrait, QueryResult};

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

/// What came of asking for another attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retried {
    /// It is due now. Its endpoint must be enabled for it to be sent.
    Queued,
    /// A dispatcher has it in hand at this moment; nothing was changed.
    InFlight,
    /// There is no such delivery.
    NotFound,
}

/// Which deliveries of an endpoint are to be sent again, by the time at which they were made.
#[derive(Clone, Copy, Debug, Default)]
pub struct Replay {
    /// Not before.
    pub after: Option<Timestamp>,
    /// Before.
    pub before: Option<Timestamp>,
    /// Only those given up or cancelled; otherwise delivered ones too.
    pub only_failed: bool,
}

macro_rules! select {
    ($condition:literal) => {
        concat!(
            "SELECT id, endpoint_id, event_id, event_type, directory_id, subject_id, sequence, state, attempts, next_at, \
             last_status, last_error, created_at, updated_at, delivered_at FROM deliveries WHERE ",
            $condition
        )
    };
}

/// The state is part of the text, not a parameter: partial indexes are not considered for parameters.
const fn select_in(state: Option<DeliveryState>) -> (&'static str, &'static str) {
    match state {
        None => ("deliveries", select!("TRUE")),
        Some(DeliveryState::Pending) => ("deliveries/pending", select!("state = 'pending'")),
        Some(DeliveryState::Leased) => ("deliveries/leased", select!("state = 'leased'")),
        Some(DeliveryState::Scheduled) => ("deliveries/scheduled", select!("state = 'scheduled'")),
        Some(DeliveryState::Delivered) => ("deliveries/delivered", select!("state = 'delivered'")),
        Some(DeliveryState::Exhausted) => ("deliveries/exhausted", select!("state = 'exhausted'")),
        Some(DeliveryState::Cancelled) => ("deliveries/cancelled", select!("state = 'cancelled'")),
    }
}

/// Due at once. A delivery that was given up gets one more attempt.
const QUEUE: &str = "UPDATE deliveries SET state = 'pending', next_at = $2, delivered_at = NULL, updated_at = $2";

impl Deliveries<'_> {
    /// The deliveries, newest first.
    ///
    /// # Errors
    /// `Invalid` for a foreign cursor; otherwise as any query.
    pub async fn list(&self, filter: DeliveryFilter, page: &ListPage) -> Result<List<Delivery>, StoreError> {
        let (name, select) = select_in(filter.state);
        let listing = Listing::new(name, select).with_id("endpoint_id", filter.endpoint_id.map(EndpointId::uuid));
        listing.read(self.store.read(), page, delivery).await
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
                   FROM attempts WHERE delivery_id = $1 ORDER BY number, id";
        query_all(self.store.read(), sql, [id.uuid().into()])
            .await?
            .iter()
            .map(attempt)
            .collect()
    }

    /// Makes a delivery due now, whatever became of it.
    ///
    /// # Errors
    /// As any write.
    pub async fn retry(&self, id: DeliveryId, now: Timestamp) -> Result<Retried, StoreError> {
        retry(self.store.write(), id, now).await
    }

    /// Makes deliveries of an endpoint due now and returns how many.
    ///
    /// # Errors
    /// As any write.
    pub async fn replay(&self, endpoint_id: EndpointId, replay: Replay, now: Timestamp) -> Result<u64, StoreError> {
        requeue(self.store.write(), endpoint_id, replay, now).await
    }
}

impl Change {
    /// [`Deliveries::retry`] as part of this change.
    ///
    /// # Errors
    /// As any write.
    pub async fn retry_delivery(&self, id: DeliveryId, now: Timestamp) -> Result<Retried, StoreError> {
        retry(&self.tx, id, now).await
    }

    /// [`Deliveries::replay`] as part of this change.
    ///
    /// # Errors
    /// As any write.
    pub async fn replay_deliveries(
        &self,
        endpoint_id: EndpointId,
        replay: Replay,
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        requeue(&self.tx, endpoint_id, replay, now).await
    }
}

async fn retry<C: ConnectionTrait>(connection: &C, id: DeliveryId, now: Timestamp) -> Result<Retried, StoreError> {
    let sql = format!("{QUEUE} WHERE id = $1 AND state <> 'leased'");
    if exec(connection, &sql, [id.uuid().into(), now.millis().into()]).await? > 0 {
        return Ok(Retried::Queued);
    }
    let found = query_one(
        connection,
        "SELECT id FROM deliveries WHERE id = $1",
        [id.uuid().into()],
    )
    .await?;
    Ok(if found.is_some() {
        Retried::InFlight
    } else {
        Retried::NotFound
    })
}

async fn requeue<C: ConnectionTrait>(
    connection: &C,
    endpoint_id: EndpointId,
    replay: Replay,
    now: Timestamp,
) -> Result<u64, StoreError> {
    let states = if replay.only_failed {
        "'exhausted', 'cancelled'"
    } else {
        "'exhausted', 'cancelled', 'delivered'"
    };
    let sql =
        format!("{QUEUE} WHERE endpoint_id = $1 AND state IN ({states}) AND created_at >= $3 AND created_at < $4");
    let after = replay.after.map_or(0, Timestamp::millis);
    let before = replay.before.map_or(i64::MAX, Timestamp::millis);
    let values = [
        endpoint_id.uuid().into(),
        now.millis().into(),
        after.into(),
        before.into(),
    ];
    exec(connection, &sql, values).await
}

fn delivery(row: &QueryResult) -> Result<Delivery, StoreError> {
    let state = DeliveryState::read(&row.get::<String>("state")?)?;
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
        next_at: Some(row.time("next_at")?).filter(|_| waits),
        last_status: status(row, "last_status")?,
        last_error: row.get("last_error")?,
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
