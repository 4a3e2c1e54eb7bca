//! Cycles: requests of an identity provider that belong together. A directory has one that is open, and it is closed when
//! nothing has come for a while.

use crate::event_log::append::{append, lock_lane};
use crate::operations::contacts::{self, Known};
use crate::{Directory, EventDraft, List, ListPage, Store, StoreError};
use db::entity::column::{Id, Millis};
use db::entity::directories;
use db::entity::sync_cycles::{ActiveModel, Column, Entity, Model};
use db::send::{execute, fetch_all, fetch_one};
use directory::sync::{Counts, Cycle, CycleKind, MOST_STARTS};
use events::{CycleId, DirectoryId, EventId, EventType, Source, Timestamp, lane_of};
use sea_orm::sea_query::OnConflict;
use sea_orm::{
    ColumnTrait as _, DatabaseTransaction, EntityTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _,
    QueryTrait as _, Set,
};
use serde_json::json;
use std::collections::BTreeMap;
use uuid::Uuid;

/// Cycles closed in one go.
const AT_ONCE: u64 = 50;
/// Cycles that are looked at for the last regular ones.
const LOOKED_AT: u64 = 60;

/// A cycle as it is stored.
#[derive(Clone, Debug, PartialEq)]
pub struct SyncCycle {
    /// Its id, in the order of time.
    pub id: CycleId,
    /// What it was for; `None` while it is open.
    pub kind: Option<CycleKind>,
    /// When it began, when the last request came, and how many of each kind there were.
    pub cycle: Cycle,
    /// When it was found to be over.
    pub closed_at: Option<Timestamp>,
}

/// The cycles of one directory.
#[derive(Clone, Debug)]
pub struct Cycles {
    store: Store,
    directory_id: DirectoryId,
}

/// The id of a cycle that began then.
pub(crate) fn id_at(at: Timestamp) -> CycleId {
    let millis = u64::try_from(at.millis()).unwrap_or_default();
    let nanos = u32::try_from(millis % 1_000).unwrap_or_default() * 1_000_000;
    Uuid::new_v7(uuid::Timestamp::from_unix(uuid::NoContext, millis / 1_000, nanos)).into()
}

impl Store {
    /// The cycles of one directory.
    #[must_use]
    pub fn cycles(&self, directory_id: DirectoryId) -> Cycles {
        Cycles {
            store: self.clone(),
            directory_id,
        }
    }

    /// Closes cycles for which nothing came for a while, and announces each as `directory.sync_completed`, unless it only
    /// was a test of the connection. Whether there may be more.
    ///
    /// # Errors
    /// As any write; what was closed before stays closed.
    pub async fn close_cycles(&self, now: Timestamp, partitions: u16) -> Result<bool, StoreError> {
        let over = Entity::find()
            .filter(Column::ClosedAt.is_null())
            .filter(Column::OverAt.lte(Millis::from(now)))
            .order_by_asc(Column::OverAt)
            .limit(AT_ONCE);
        let over: Vec<Model> = fetch_all(self.read(), over.as_query()).await?;
        for cycle in &over {
            self.close_cycle(cycle, now, partitions).await?;
        }
        Ok(over.len() as u64 >= AT_ONCE)
    }

    async fn close_cycle(&self, found: &Model, now: Timestamp, partitions: u16) -> Result<(), StoreError> {
        let (id, directory_id) = (found.id.0, found.directory_id.0);
        let lane = lane_of(directory_id, partitions);
        let tx = self.begin().await?;
        // Before the first write, so that the log keeps its order.
        lock_lane(&tx, self.dialect(), lane).await?;
        let contact = contacts::hold_known(&tx, &[directory_id]).await?;
        let open = Entity::find_by_id(id)
            .filter(Column::ClosedAt.is_null())
            .filter(Column::OverAt.lte(Millis::from(now)));
        let open: Option<Model> = fetch_one(&tx, open.as_query()).await?;
        let of = directories::Entity::find_by_id(directory_id);
        let of: Option<directories::Model> = fetch_one(&tx, of.as_query()).await?;
        // Somebody else closed it, or it goes on, or the directory is gone.
        let (Some(contact), Some(open), Some(of)) = (contact.first(), open, of) else {
            return Ok(());
        };
        let (of, cycle) = (Directory::from(of), cycle(&open)?);
        let mut contact = contacts::contact(contact);
        let kind = cycle.kind(&contact.standing(&of.provider));
        let mut starts = vec![cycle.started_at];
        starts.extend(regular_starts(&tx, directory_id, id).await?);
        starts.truncate(MOST_STARTS);
        contact.close(&cycle, kind, &starts, &of.provider);
        let closed = Entity::update_many()
            .set(ActiveModel {
                kind: Set(Some(kind.as_str().to_owned())),
                closed_at: Set(Some(now.into())),
                ..ActiveModel::default()
            })
            .filter(Column::Id.eq(Id(id)));
        execute(&tx, closed.as_query()).await?;
        contacts::save_one(&tx, directory_id, &contact).await?;
        if kind != CycleKind::ConnectionTest {
            let completed = completed(&of, id, kind, &cycle, now);
            append(&tx, self.dialect(), lane, vec![completed]).await?;
        }
        tx.commit().await?;
        Ok(())
    }
}

/// When the last regular cycles of a directory before this one began, the newest first.
async fn regular_starts(
    tx: &DatabaseTransaction,
    directory_id: DirectoryId,
    before: CycleId,
) -> Result<Vec<Timestamp>, StoreError> {
    let last = Entity::find()
        .filter(Column::DirectoryId.eq(Id(directory_id)))
        .filter(Column::Id.lt(Id(before)))
        .order_by_desc(Column::DirectoryId)
        .order_by_desc(Column::Id)
        .limit(LOOKED_AT);
    let last: Vec<Model> = fetch_all(tx, last.as_query()).await?;
    let kind = |row: &Model| row.kind.as_deref().and_then(CycleKind::from_name);
    let regular = last.iter().filter(|row| kind(row).is_some_and(CycleKind::is_regular));
    Ok(regular.map(|row| row.started_at.into()).collect())
}

fn completed(of: &Directory, id: CycleId, kind: CycleKind, cycle: &Cycle, now: Timestamp) -> EventDraft {
    EventDraft {
        id: EventId::new(),
        kind: EventType::DirectorySyncCompleted,
        organization_id: of.organization_id,
        directory_id: of.id,
        source: Source::System,
        subject_id: None,
        timestamp: now,
        traceparent: None,
        data: json!({
            "directory": of.about(),
            "cycle": {
                "id": id,
                "kind": kind,
                "started_at": cycle.started_at,
                "ended_at": cycle.last_at,
                "counts": cycle.counts,
            },
        }),
    }
}

/// Stores cycles that began or went on; the contacts of their directories are held.
pub(crate) async fn save(tx: &DatabaseTransaction, known: &BTreeMap<DirectoryId, Known>) -> Result<(), StoreError> {
    let of_each = known
        .iter()
        .flat_map(|(id, known)| known.cycles.iter().map(move |open| (*id, open)));
    let rows: Vec<ActiveModel> = of_each
        .filter(|(_, open)| open.is_changed)
        .map(|(directory_id, open)| {
            let counts = serde_json::to_string(&open.cycle.counts).map_err(StoreError::corrupt)?;
            Ok(ActiveModel {
                id: Set(open.id.into()),
                directory_id: Set(directory_id.into()),
                kind: Set(None),
                started_at: Set(open.cycle.started_at.into()),
                last_at: Set(open.cycle.last_at.into()),
                over_at: Set(open.cycle.over_at().into()),
                counts: Set(counts),
                closed_at: Set(None),
            })
        })
        .collect::<Result<_, StoreError>>()?;
    if rows.is_empty() {
        return Ok(());
    }
    let saved = Entity::insert_many(rows).on_conflict(
        OnConflict::column(Column::Id)
            .update_columns([Column::StartedAt, Column::LastAt, Column::OverAt, Column::Counts])
            .to_owned(),
    );
    execute(tx, saved.as_query()).await?;
    Ok(())
}

impl Cycles {
    /// The cycles, newest first; `cursor` is the id of the last one before.
    ///
    /// # Errors
    /// `BadParameter` for a cursor that is none; otherwise as any query.
    pub async fn list(&self, page: &ListPage) -> Result<List<SyncCycle>, StoreError> {
        let limit = page.limit.max(1);
        let mut cycles = Entity::find()
            .filter(Column::DirectoryId.eq(Id(self.directory_id)))
            .order_by_desc(Column::DirectoryId)
            .order_by_desc(Column::Id)
            .limit(u64::from(limit) + 1);
        if let Some(cursor) = page.cursor.as_deref() {
            let after: CycleId = cursor.parse().map_err(|_| StoreError::foreign_cursor())?;
            cycles = cycles.filter(Column::Id.lt(Id(after)));
        }
        let mut rows: Vec<Model> = fetch_all(self.store.read(), cycles.as_query()).await?;
        let goes_on = rows.len() > usize::from(limit);
        rows.truncate(limit.into());
        let next_cursor = rows.last().filter(|_| goes_on).map(|last| last.id.0.to_string());
        Ok(List {
            data: rows.into_iter().map(SyncCycle::try_from).collect::<Result<_, _>>()?,
            next_cursor,
        })
    }
}

/// The counts in a column.
pub(crate) fn counts(text: &str) -> Result<Counts, StoreError> {
    serde_json::from_str(text).map_err(StoreError::corrupt)
}

/// The cycle in a row.
pub(crate) fn cycle(row: &Model) -> Result<Cycle, StoreError> {
    let counts = counts(&row.counts)?;
    Ok(Cycle {
        started_at: row.started_at.into(),
        last_at: row.last_at.into(),
        counts,
    })
}

impl TryFrom<Model> for SyncCycle {
    type Error = StoreError;

    fn try_from(row: Model) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.id.0,
            kind: row.kind.as_deref().and_then(CycleKind::from_name),
            cycle: cycle(&row)?,
            closed_at: row.closed_at.map(Timestamp::from),
        })
    }
}
