//! The only way into the event log: gapless sequences, in the transaction of the change itself.

use crate::{Dialect, StoreError};
use db::entity::column::{Id, Millis};
use db::entity::{events as log, sequences};
use db::expr::{call, insert_from};
use db::rows::{Columns, Rows, ValueKind};
use db::send::{execute, fetch_all};
use db::session::{APART_LOCK, LOG_LOCK};
use events::{DirectoryId, Event, EventBody, EventId, EventType, OrganizationId, ResourceId, Source, Timestamp};
use sea_orm::sea_query::{Expr, ExprTrait as _, InsertStatement, Order, Query, TableRef};
use sea_orm::{DatabaseTransaction, Iterable as _};
use serde_json::Value;
use std::collections::{BTreeMap, HashMap};
use std::sync::LazyLock;

/// An event that has no sequence yet.
#[derive(Clone, Debug)]
pub struct EventDraft {
    /// The event's id.
    pub id: EventId,
    /// What happened.
    pub kind: EventType,
    /// The tenant.
    pub organization_id: OrganizationId,
    /// The directory whose log it joins.
    pub directory_id: DirectoryId,
    /// Who made the change.
    pub source: Source,
    /// The user or group it is about.
    pub subject_id: Option<ResourceId>,
    /// When it happened.
    pub timestamp: Timestamp,
    /// Trace context of the change.
    pub traceparent: Option<String>,
    /// The `data` of the body.
    pub data: Value,
}

/// Takes the log of a lane for the rest of the transaction. To be called before the transaction writes anything, so
/// that the order of transactions is the order of sequences and a reader of the log never skips one.
///
/// SQLite has one writer at a time, so there is nothing to lock.
pub(crate) async fn lock_lane(tx: &DatabaseTransaction, dialect: Dialect, lane: u16) -> Result<(), StoreError> {
    if dialect == Dialect::Postgres {
        let lock = |lock: i32| call("pg_advisory_xact_lock", [Expr::val(lock), Expr::val(i32::from(lane))]);
        let locks = Query::select().exprs([APART_LOCK, LOG_LOCK].map(lock)).take();
        execute(tx, &locks).await?;
    }
    Ok(())
}

/// Appends events of directories of one lane, each directory's in the order given, and returns them with their
/// sequences. Call [`lock_lane`] first when the transaction writes anything before this.
///
/// # Errors
/// [`StoreError::Defect`] for a directory that has no log; otherwise what the database says.
pub(crate) async fn append(
    tx: &DatabaseTransaction,
    dialect: Dialect,
    lane: u16,
    drafts: Vec<EventDraft>,
) -> Result<Vec<Event>, StoreError> {
    if drafts.is_empty() {
        return Ok(Vec::new());
    }
    lock_lane(tx, dialect, lane).await?;
    append_locked(tx, dialect, drafts).await
}

/// The same for a transaction that holds the locks of all lanes concerned.
pub(crate) async fn append_locked(
    tx: &DatabaseTransaction,
    dialect: Dialect,
    drafts: Vec<EventDraft>,
) -> Result<Vec<Event>, StoreError> {
    if drafts.is_empty() {
        return Ok(Vec::new());
    }
    let mut next = reserve(tx, dialect, &drafts).await?;
    let mut events = Vec::with_capacity(drafts.len());
    for draft in drafts {
        let sequence = next
            .get_mut(&draft.directory_id)
            .ok_or_else(|| no_log(draft.directory_id))?;
        events.push(numbered(draft, *sequence)?);
        *sequence += 1;
    }
    let written = insert(rows(&events).table(dialect, "r"));
    execute(tx, &written).await?;
    Ok(events.into_iter().map(|(_, event)| event).collect())
}

/// The event of a draft, with its time.
pub(crate) fn numbered(draft: EventDraft, sequence: i64) -> Result<(Timestamp, Event), StoreError> {
    let body = EventBody {
        kind: draft.kind,
        timestamp: draft.timestamp,
        id: draft.id,
        sequence,
        organization_id: draft.organization_id,
        directory_id: draft.directory_id,
        source: draft.source,
        data: draft.data,
    };
    let event = Event::new(&body, draft.subject_id, draft.traceparent)
        .map_err(|error| StoreError::Defect(format!("an event's data cannot be written as JSON: {error}")))?;
    Ok((draft.timestamp, event))
}

/// Raises the counters and returns the first free sequence of each directory. The row locks are held to the end of
/// the transaction: two writers cannot hand out the same number, and a rollback leaves no gap.
async fn reserve(
    tx: &DatabaseTransaction,
    dialect: Dialect,
    drafts: &[EventDraft],
) -> Result<HashMap<DirectoryId, i64>, StoreError> {
    let mut counts: BTreeMap<DirectoryId, i64> = BTreeMap::new();
    for draft in drafts {
        *counts.entry(draft.directory_id).or_default() += 1;
    }
    static COLUMNS: LazyLock<Columns> =
        LazyLock::new(|| Columns::of([sequences::Column::DirectoryId]).and("n", ValueKind::BigInt));
    let mut rows = Rows::new(&COLUMNS);
    for (directory, count) in &counts {
        rows.push([Id(*directory).into(), (*count).into()]);
    }
    let column = |column| Expr::col((sequences::Entity, column));
    let raised = Query::update()
        .table(sequences::Entity)
        .value(
            sequences::Column::Last,
            column(sequences::Column::Last).add(Expr::col(("r", "n"))),
        )
        .from(rows.table(dialect, "r"))
        .and_where(column(sequences::Column::DirectoryId).eq(Expr::col(("r", sequences::Column::DirectoryId))))
        .returning(Query::returning().columns(sequences::Column::iter().map(|column| (sequences::Entity, column))))
        .take();
    let raised: Vec<sequences::Model> = fetch_all(tx, &raised).await?;
    let first = |log: sequences::Model| {
        let directory = log.directory_id.0;
        let count = counts.get(&directory).copied().unwrap_or_default();
        (directory, log.last - count + 1)
    };
    Ok(raised.into_iter().map(first).collect())
}

/// The place of an event among those that are written together.
const PLACE: &str = "n";
/// Columns of an event that are written: its position in the log is given by the database.
const WRITTEN: [log::Column; 9] = [
    log::Column::Id,
    log::Column::DirectoryId,
    log::Column::OrganizationId,
    log::Column::Sequence,
    log::Column::EventType,
    log::Column::SubjectId,
    log::Column::Body,
    log::Column::Traceparent,
    log::Column::CreatedAt,
];

/// Writes events, given as a table `r` of [`rows`], in their order.
pub(crate) fn insert(events: TableRef) -> InsertStatement {
    let rows = Query::select()
        .columns(WRITTEN.map(|column| ("r", column)))
        .from(events)
        .order_by(("r", PLACE), Order::Asc)
        .take();
    insert_from(log::Entity, WRITTEN, rows)
}

/// Events as they are written, for [`insert`].
pub(crate) fn rows(events: &[(Timestamp, Event)]) -> Rows {
    static COLUMNS: LazyLock<Columns> = LazyLock::new(|| Columns::of(WRITTEN).and(PLACE, ValueKind::BigInt));
    let mut rows = Rows::new(&COLUMNS);
    for (n, (at, event)) in (0_i64..).zip(events) {
        rows.push([
            Id(event.id).into(),
            Id(event.directory_id).into(),
            Id(event.organization_id).into(),
            event.sequence.into(),
            event.kind.as_str().into(),
            event.subject_id.map(Id).into(),
            event.body.as_str().into(),
            event.traceparent.as_deref().into(),
            Millis::from(*at).into(),
            n.into(),
        ]);
    }
    rows
}

pub(crate) fn no_log(directory: DirectoryId) -> StoreError {
    StoreError::Defect(format!(
        "directory {directory} has no event log; it may have been deleted"
    ))
}
