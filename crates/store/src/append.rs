//! The only way into the event log: gapless sequences, in the transaction of the change itself.

use crate::rows::{Cell, Column, RowSet, row_set};
use crate::sql::{Row, exec, json_id, query_all};
use crate::{Dialect, StoreError};
use events::{DirectoryId, Event, EventBody, EventId, EventType, OrganizationId, ResourceId, Source, Timestamp};
use sea_orm::DatabaseTransaction;
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashMap};

/// First key of the advisory locks that serialise the writers of a lane's log: the projector's batches take this one.
pub(crate) const LOG_LOCK: i32 = 7263;
/// The projector's commands that go apart from the batches take this one, so that neither waits for the other; that they
/// never meet in a directory is the projector's care, and should they all the same, the directory's counter tells.
/// Every other writer takes both, this one first: so a batch never waits for a writer that waits for a command.
pub(crate) const APART_LOCK: i32 = 7264;

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
        exec(
            tx,
            "SELECT pg_advisory_xact_lock($1, $3), pg_advisory_xact_lock($2, $3)",
            [APART_LOCK.into(), LOG_LOCK.into(), i32::from(lane).into()],
        )
        .await?;
    }
    Ok(())
}

/// Appends events of directories of one lane, each directory's in the order given, and returns them with their
/// sequences. Call [`lock_lane`] first when the transaction writes anything before this.
///
/// # Errors
/// [`StoreError::Invalid`] for a directory that has no log; otherwise what the database says.
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
    insert(tx, dialect, &events).await?;
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
        .map_err(|error| StoreError::Invalid(format!("an event's data cannot be written as JSON: {error}")))?;
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
    let rows: Vec<Value> = counts
        .iter()
        .map(|(directory, count)| json!({ "directory_id": json_id(dialect, directory.uuid()), "n": count }))
        .collect();
    let set = row_set(dialect, 1, "r", &[("directory_id", Column::Id), ("n", Column::Int)]);
    let sql = format!(
        "UPDATE sequences SET last = last + r.n FROM {set} WHERE sequences.directory_id = r.directory_id \
         RETURNING sequences.directory_id, sequences.last"
    );
    let mut next = HashMap::with_capacity(counts.len());
    for row in query_all(tx, &sql, [Value::Array(rows).to_string().into()]).await? {
        let directory = row.id::<DirectoryId>("directory_id")?;
        let last: i64 = row.get("last")?;
        next.insert(
            directory,
            last - counts.get(&directory).copied().unwrap_or_default() + 1,
        );
    }
    Ok(next)
}

async fn insert(tx: &DatabaseTransaction, dialect: Dialect, events: &[(Timestamp, Event)]) -> Result<(), StoreError> {
    let rows: Vec<Value> = events
        .iter()
        .enumerate()
        .map(|(n, (at, event))| {
            json!({
                "n": n,
                "id": json_id(dialect, event.id.uuid()),
                "directory_id": json_id(dialect, event.directory_id.uuid()),
                "organization_id": json_id(dialect, event.organization_id.uuid()),
                "sequence": event.sequence,
                "type": event.kind,
                "subject_id": event.subject_id.map(|subject| json_id(dialect, subject.uuid())),
                "body": event.body,
                "traceparent": event.traceparent,
                "created_at": at.millis(),
            })
        })
        .collect();
    let set = row_set(dialect, 1, "r", COLUMNS);
    let sql = INSERT.replace("{rows}", &set);
    exec(tx, &sql, [Value::Array(rows).to_string().into()]).await?;
    Ok(())
}

/// Columns of a row set of events.
const COLUMNS: &[(&str, Column)] = &[
    ("n", Column::Int),
    ("id", Column::Id),
    ("directory_id", Column::Id),
    ("organization_id", Column::Id),
    ("sequence", Column::Int),
    ("type", Column::Text),
    ("subject_id", Column::Id),
    ("body", Column::Text),
    ("traceparent", Column::Text),
    ("created_at", Column::Int),
];

/// Writes events in the order of `n`; `{rows}` stands for the row set `r`.
pub(crate) const INSERT: &str = "INSERT INTO events \
    (id, directory_id, organization_id, sequence, type, subject_id, body, traceparent, created_at) \
    SELECT r.id, r.directory_id, r.organization_id, r.sequence, r.type, r.subject_id, r.body, r.traceparent, r.created_at \
    FROM {rows} ORDER BY r.n";

/// Events as a row set for [`INSERT`].
pub(crate) fn rows(events: &[(Timestamp, Event)]) -> RowSet {
    let mut set = RowSet::new(COLUMNS);
    for (n, (at, event)) in (0_i64..).zip(events) {
        set.push(vec![
            n.into(),
            event.id.uuid().into(),
            event.directory_id.uuid().into(),
            event.organization_id.uuid().into(),
            event.sequence.into(),
            event.kind.as_str().into(),
            Cell::Id(event.subject_id.map(|subject| subject.uuid())),
            event.body.as_str().into(),
            event.traceparent.as_deref().into(),
            at.millis().into(),
        ]);
    }
    set
}

pub(crate) fn no_log(directory: DirectoryId) -> StoreError {
    StoreError::Invalid(format!(
        "directory {directory} has no event log; it may have been deleted"
    ))
}
