//! When the identity providers of directories were in contact, and what follows from it for the next time.

use crate::operations::cycles::{self, SyncCycle};
use crate::operations::requests::RequestLogSize;
use crate::{Store, StoreError};
use db::entity::column::{Id, Millis};
use db::entity::directory_contacts::{ActiveModel, Column, Entity, Model};
use db::entity::{directories, sync_cycles};
use db::send::{execute, fetch_all};
use directory::sync::{Contact, Cycle, EndedKey};
use events::{CycleId, DirectoryId, Timestamp};
use sea_orm::sea_query::{Expr, ExprTrait as _, OnConflict, Order, Query};
use sea_orm::{
    ColumnTrait as _, DatabaseTransaction, EntityTrait as _, FromQueryResult, QueryFilter as _, QuerySelect as _,
    QueryTrait as _, Set,
};
use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

/// What is known of the sync of a directory.
#[derive(Clone, Debug, PartialEq)]
pub struct SyncState {
    /// When its identity provider was in contact.
    pub contact: Contact,
    /// The dialect that was recognised last.
    pub dialect: Option<String>,
    /// The latest cycle.
    pub cycle: Option<SyncCycle>,
}

/// What is known of a directory while requests of it are written down.
#[derive(Debug)]
pub(crate) struct Known {
    pub(crate) provider: String,
    pub(crate) contact: Contact,
    pub(crate) dialect: Option<String>,
    pub(crate) log_rows: i64,
    pub(crate) log_bytes: i64,
    /// The latest cycle, where it is open, and those that began since.
    pub(crate) cycles: Vec<OpenCycle>,
    /// The latest cycle, open or not.
    pub(crate) latest: Option<CycleId>,
}

/// A cycle that is open.
#[derive(Debug)]
pub(crate) struct OpenCycle {
    pub(crate) id: CycleId,
    pub(crate) cycle: Cycle,
    pub(crate) is_changed: bool,
}

#[derive(FromQueryResult)]
struct Provider {
    id: Id<DirectoryId>,
    provider: String,
}

impl Known {
    /// How much the directory's log has.
    pub(crate) fn written(&self, directory_id: DirectoryId) -> RequestLogSize {
        RequestLogSize {
            directory_id,
            rows: u64::try_from(self.log_rows).unwrap_or_default(),
            bytes: u64::try_from(self.log_bytes).unwrap_or_default(),
        }
    }

    /// A cycle begins.
    pub(crate) fn begin(&mut self, cycle: Cycle) -> CycleId {
        let id = cycles::id_at(cycle.started_at);
        self.cycles.push(OpenCycle {
            id,
            cycle,
            is_changed: true,
        });
        self.latest = Some(id);
        id
    }
}

impl Store {
    /// What is known of the sync of each of these directories, where anything is.
    ///
    /// # Errors
    /// As any query.
    pub async fn sync_states(&self, ids: &[DirectoryId]) -> Result<HashMap<DirectoryId, SyncState>, StoreError> {
        if ids.is_empty() {
            return Ok(HashMap::new());
        }
        let contacts = Entity::find().filter(Column::DirectoryId.is_in(ids.iter().copied().map(Id)));
        let contacts: Vec<Model> = fetch_all(self.read(), contacts.as_query()).await?;
        let cycles: Vec<_> = contacts.iter().filter_map(|row| row.cycle_id).collect();
        let cycles = sync_cycles::Entity::find().filter(sync_cycles::Column::Id.is_in(cycles));
        let cycles: Vec<sync_cycles::Model> = fetch_all(self.read(), cycles.as_query()).await?;
        let mut cycles: HashMap<DirectoryId, SyncCycle> = cycles
            .into_iter()
            .map(|row| Ok((row.directory_id.0, SyncCycle::try_from(row)?)))
            .collect::<Result<_, StoreError>>()?;
        let state = |row: Model| {
            let id = row.directory_id.0;
            let state = SyncState {
                contact: contact(&row),
                dialect: row.dialect,
                cycle: cycles.remove(&id),
            };
            (id, state)
        };
        Ok(contacts.into_iter().map(state).collect())
    }
}

/// Holds the contacts of these directories until the transaction ends, and makes those that there are not; with their
/// latest cycles. Directories that are gone are left out.
pub(crate) async fn hold(
    tx: &DatabaseTransaction,
    ids: &[DirectoryId],
) -> Result<BTreeMap<DirectoryId, Known>, StoreError> {
    let theirs = || ids.iter().copied().map(Id);
    let there = Query::select()
        .column(directories::Column::Id)
        .exprs([Expr::val(0_i64), Expr::val(0_i64), Expr::val(0_i64)])
        .from(directories::Entity)
        .and_where(directories::Column::Id.is_in(theirs()))
        .order_by(directories::Column::Id, Order::Asc)
        .take();
    let held = Query::insert()
        .into_table(Entity)
        .columns([
            Column::DirectoryId,
            Column::Strangers,
            Column::LogRows,
            Column::LogBytes,
        ])
        .select_from(there)
        .map_err(StoreError::corrupt)?
        .on_conflict(
            OnConflict::column(Column::DirectoryId)
                .value(Column::LogRows, Expr::col((Entity, Column::LogRows)))
                .to_owned(),
        )
        .take();
    execute(tx, &held).await?;
    let rows = Entity::find().filter(Column::DirectoryId.is_in(theirs()));
    let rows: Vec<Model> = fetch_all(tx, rows.as_query()).await?;
    let providers = Query::select()
        .columns([directories::Column::Id, directories::Column::Provider])
        .from(directories::Entity)
        .and_where(directories::Column::Id.is_in(theirs()))
        .take();
    let providers: Vec<Provider> = fetch_all(tx, &providers).await?;
    let mut providers: HashMap<DirectoryId, String> =
        providers.into_iter().map(|row| (row.id.0, row.provider)).collect();
    let latest: Vec<_> = rows.iter().filter_map(|row| row.cycle_id).collect();
    let open: Vec<sync_cycles::Model> = if latest.is_empty() {
        Vec::new()
    } else {
        let open = sync_cycles::Entity::find()
            .filter(sync_cycles::Column::Id.is_in(latest))
            .filter(sync_cycles::Column::ClosedAt.is_null());
        fetch_all(tx, open.as_query()).await?
    };
    let mut known = BTreeMap::new();
    for row in rows {
        let id = row.directory_id.0;
        known.insert(
            id,
            Known {
                provider: providers.remove(&id).unwrap_or_default(),
                contact: contact(&row),
                dialect: row.dialect,
                log_rows: row.log_rows,
                log_bytes: row.log_bytes,
                cycles: Vec::new(),
                latest: row.cycle_id.map(|id| id.0),
            },
        );
    }
    for row in open {
        if let Some(known) = known.get_mut(&row.directory_id.0) {
            known.cycles.push(OpenCycle {
                id: row.id.0,
                cycle: cycles::cycle(&row)?,
                is_changed: false,
            });
        }
    }
    Ok(known)
}

/// Holds the contacts of these directories, in the order of their ids, as [`hold`] does.
pub(crate) async fn hold_known(tx: &DatabaseTransaction, ids: &[DirectoryId]) -> Result<Vec<Model>, StoreError> {
    let held = Entity::find()
        .filter(Column::DirectoryId.is_in(ids.iter().copied().map(Id)))
        .lock_exclusive();
    let held = sea_orm::QueryOrder::order_by_asc(held, Column::DirectoryId);
    fetch_all(tx, held.as_query()).await
}

/// Stores what became of contacts that are held.
pub(crate) async fn save(tx: &DatabaseTransaction, known: &BTreeMap<DirectoryId, Known>) -> Result<(), StoreError> {
    if known.is_empty() {
        return Ok(());
    }
    let rows = known.iter().map(|(id, known)| ActiveModel {
        cycle_id: Set(known.latest.map(Id)),
        dialect: Set(known.dialect.clone()),
        log_rows: Set(known.log_rows),
        log_bytes: Set(known.log_bytes),
        ..changed(*id, &known.contact)
    });
    let saved = Entity::insert_many(rows).on_conflict(
        OnConflict::column(Column::DirectoryId)
            .update_columns([
                Column::CycleId,
                Column::LastAt,
                Column::GoodAt,
                Column::UsersAt,
                Column::GroupsAt,
                Column::InitialAt,
                Column::RegularAt,
                Column::OnDemandAt,
                Column::CadenceMs,
                Column::SilentAt,
                Column::SilencedAt,
                Column::KeyEndedAt,
                Column::KeySeenAt,
                Column::Strangers,
                Column::StrangerAt,
                Column::Dialect,
                Column::LogRows,
                Column::LogBytes,
            ])
            .to_owned(),
    );
    execute(tx, saved.as_query()).await?;
    Ok(())
}

/// Stores the contact of one directory that is held.
pub(crate) async fn save_one(tx: &DatabaseTransaction, id: DirectoryId, contact: &Contact) -> Result<(), StoreError> {
    let saved = Entity::update_many()
        .set(ActiveModel {
            directory_id: sea_orm::NotSet,
            ..changed(id, contact)
        })
        .filter(Column::DirectoryId.eq(Id(id)));
    execute(tx, saved.as_query()).await?;
    Ok(())
}

/// Takes rows and bytes off what directories have; their contacts are held.
pub(crate) async fn count_down(
    tx: &DatabaseTransaction,
    gone: &BTreeMap<DirectoryId, (i64, i64)>,
) -> Result<(), StoreError> {
    let less = |column: Column| {
        let (of, by) = (Expr::col((Entity, column)), Expr::col(("excluded", column)));
        (column, of.sub(by))
    };
    let rows = gone.iter().map(|(id, (rows, bytes))| ActiveModel {
        directory_id: Set(Id(*id)),
        strangers: Set(0),
        log_rows: Set(*rows),
        log_bytes: Set(*bytes),
        ..ActiveModel::default()
    });
    let counted = Entity::insert_many(rows).on_conflict(
        OnConflict::column(Column::DirectoryId)
            .values([less(Column::LogRows), less(Column::LogBytes)])
            .to_owned(),
    );
    execute(tx, counted.as_query()).await?;
    Ok(())
}

fn changed(id: DirectoryId, contact: &Contact) -> ActiveModel {
    let time = |at: Option<Timestamp>| Set(at.map(Millis::from));
    let cadence = contact
        .cadence
        .map(|cadence| i64::try_from(cadence.as_millis()).unwrap_or(i64::MAX));
    ActiveModel {
        directory_id: Set(Id(id)),
        last_at: time(contact.last_at),
        good_at: time(contact.good_at),
        users_at: time(contact.users_at),
        groups_at: time(contact.groups_at),
        initial_at: time(contact.initial_at),
        regular_at: time(contact.regular_at),
        on_demand_at: time(contact.on_demand_at),
        cadence_ms: Set(cadence),
        silent_at: time(contact.silent_at),
        silenced_at: time(contact.silenced_at),
        key_ended_at: time(contact.ended_key.map(|key| key.ended_at)),
        key_seen_at: time(contact.ended_key.map(|key| key.seen_at)),
        strangers: Set(contact.strangers.into()),
        stranger_at: time(contact.stranger_at),
        ..ActiveModel::default()
    }
}

/// The contact in a row.
pub(crate) fn contact(row: &Model) -> Contact {
    let time = |at: Option<Millis>| at.map(Timestamp::from);
    let key = row.key_ended_at.zip(row.key_seen_at);
    Contact {
        last_at: time(row.last_at),
        good_at: time(row.good_at),
        users_at: time(row.users_at),
        groups_at: time(row.groups_at),
        initial_at: time(row.initial_at),
        regular_at: time(row.regular_at),
        on_demand_at: time(row.on_demand_at),
        cadence: row
            .cadence_ms
            .map(|cadence| Duration::from_millis(u64::try_from(cadence).unwrap_or_default())),
        silent_at: time(row.silent_at),
        silenced_at: time(row.silenced_at),
        ended_key: key.map(|(ended_at, seen_at)| EndedKey {
            ended_at: ended_at.into(),
            seen_at: seen_at.into(),
        }),
        strangers: u32::try_from(row.strangers).unwrap_or(u32::MAX),
        stranger_at: time(row.stranger_at),
    }
}
