//! What is noted of the work on a directory beside pages: who is who, and what the directory has by now.

use super::claim::hold;
use super::write::{AT_ONCE, ROW, Write, is_same};
use super::{GraphLease, GraphRemoval, GraphWriteError, SeenObject};
use crate::{Store, StoreError};
use db::entity::column::Millis;
use db::entity::graph_objects::{Column, Entity};
use db::entity::graph_pulls;
use db::expr::{checked, is_one_of_rows, truth};
use db::rows::{Columns, Rows};
use db::send::execute;
use events::{ResourceId, Timestamp};
use sea_orm::DatabaseTransaction;
use sea_orm::sea_query::{Expr, ExprTrait as _, Order, Query};
use std::sync::LazyLock;
use uuid::Uuid;

/// Objects that one statement forgets.
const FORGOTTEN_AT_ONCE: u64 = 1_000;

/// A membership.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GraphMembership {
    /// The group.
    pub group_object_id: Uuid,
    /// The member.
    pub member_object_id: Uuid,
}

/// Who an object is in the directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LinkedObject {
    /// The object.
    pub object_id: Uuid,
    /// The user or group; `None` for none any more.
    pub resource_id: Option<ResourceId>,
}

/// A manager whom the directory has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KnownManager {
    /// Whose manager it is.
    pub object_id: Uuid,
    /// The manager; `None` for none.
    pub manager_object_id: Option<Uuid>,
}

/// Writes for whoever works on a directory. Each is a transaction in which the lease is held, and fails as
/// [`GraphWriteError::LeaseLost`] where it is not.
#[derive(Clone, Debug)]
pub struct GraphWriter {
    pub(super) store: Store,
    pub(super) lease: GraphLease,
}

static LINKED: LazyLock<Columns> =
    LazyLock::new(|| Columns::of([Column::DirectoryId, Column::ObjectId, Column::ResourceId]));
static MANAGERS: LazyLock<Columns> =
    LazyLock::new(|| Columns::of([Column::DirectoryId, Column::ObjectId, Column::ManagerObjectId]));

impl Store {
    /// Writes for whoever holds this lease.
    #[must_use]
    pub fn graph_writer(&self, lease: GraphLease) -> GraphWriter {
        GraphWriter {
            store: self.clone(),
            lease,
        }
    }
}

impl GraphWriter {
    /// A transaction in which the lease is held.
    pub(super) async fn open(&self) -> Result<DatabaseTransaction, GraphWriteError> {
        let tx = self.store.begin().await?;
        hold(&tx, self.lease).await?;
        Ok(tx)
    }

    pub(super) const fn write<'a>(&self, tx: &'a DatabaseTransaction, now: Timestamp) -> Write<'a> {
        Write {
            tx,
            dialect: self.store.dialect(),
            directory: self.lease.directory_id,
            now,
        }
    }

    /// Notes objects that were read otherwise than on a page: by their ids, or as assigned.
    ///
    /// # Errors
    /// As of [`GraphWriter`].
    pub async fn objects(&self, round: i64, objects: Vec<SeenObject>, now: Timestamp) -> Result<(), GraphWriteError> {
        let tx = self.open().await?;
        self.write(&tx, now).objects(round, objects).await?;
        commit(tx).await
    }

    /// Notes who objects are in the directory.
    ///
    /// # Errors
    /// As of [`GraphWriter`].
    pub async fn link(&self, linked: &[LinkedObject]) -> Result<(), GraphWriteError> {
        let mut rows = Rows::new(&LINKED);
        for one in linked {
            let here = self.lease.directory_id.uuid().into();
            rows.push([here, one.object_id.into(), one.resource_id.map(ResourceId::uuid).into()]);
        }
        let tx = self.open().await?;
        for rows in rows.portions(AT_ONCE) {
            let noted = Query::update()
                .table(Entity)
                .value(Column::ResourceId, Expr::col((ROW, Column::ResourceId)))
                .from(rows.table(self.store.dialect(), ROW))
                .and_where(is_row())
                .take();
            execute(&tx, &noted).await?;
        }
        commit(tx).await
    }

    /// Notes managers whom the directory has. One that changed meanwhile stays to be done.
    ///
    /// # Errors
    /// As of [`GraphWriter`].
    pub async fn managers_applied(&self, applied: &[KnownManager]) -> Result<(), GraphWriteError> {
        let mut rows = Rows::new(&MANAGERS);
        for one in applied {
            let here = self.lease.directory_id.uuid().into();
            rows.push([here, one.object_id.into(), one.manager_object_id.into()]);
        }
        let tx = self.open().await?;
        for rows in rows.portions(AT_ONCE) {
            let is_still = is_same(
                Expr::col((Entity, Column::ManagerObjectId)),
                Expr::col((ROW, Column::ManagerObjectId)),
            );
            let noted = Query::update()
                .table(Entity)
                .value(Column::IsManagerApplied, truth(true))
                .from(rows.table(self.store.dialect(), ROW))
                .and_where(is_row())
                .and_where(checked(is_still))
                .take();
            execute(&tx, &noted).await?;
        }
        commit(tx).await
    }

    /// Notes that the directory has members, or (`is_member` false) has them no longer.
    ///
    /// # Errors
    /// As of [`GraphWriter`].
    pub async fn members_applied(
        &self,
        is_member: bool,
        applied: &[GraphMembership],
        now: Timestamp,
    ) -> Result<(), GraphWriteError> {
        let tx = self.open().await?;
        self.write(&tx, now).members_applied(is_member, applied).await?;
        commit(tx).await
    }

    /// Notes that members are none any more, as a full round has shown. The directory is to follow.
    ///
    /// # Errors
    /// As of [`GraphWriter`].
    pub async fn members_gone(
        &self,
        round: i64,
        gone: &[GraphMembership],
        now: Timestamp,
    ) -> Result<(), GraphWriteError> {
        let tx = self.open().await?;
        self.write(&tx, now).members_gone(round, gone).await?;
        commit(tx).await
    }

    /// Notes that objects are gone, as a full round has shown. With those that are gone for good their memberships are
    /// forgotten.
    ///
    /// # Errors
    /// As of [`GraphWriter`].
    pub async fn removed(&self, gone: &[Uuid], removal: GraphRemoval, now: Timestamp) -> Result<(), GraphWriteError> {
        let tx = self.open().await?;
        self.write(&tx, now).removed(gone, removal).await?;
        commit(tx).await
    }

    /// Notes that the directory has nothing of what it had with some objects: their memberships, their members and their managers.
    /// When they come into it anew.
    ///
    /// # Errors
    /// As of [`GraphWriter`].
    pub async fn anew(&self, arrived: &[Uuid], now: Timestamp) -> Result<(), GraphWriteError> {
        let tx = self.open().await?;
        self.write(&tx, now).anew(arrived).await?;
        commit(tx).await
    }

    /// Notes how far the round is: JSON.
    ///
    /// # Errors
    /// As of [`GraphWriter`].
    pub async fn progress(&self, progress: &str, now: Timestamp) -> Result<(), GraphWriteError> {
        let tx = self.open().await?;
        self.write_progress(&tx, progress, now).await?;
        commit(tx).await
    }

    pub(super) async fn write_progress(
        &self,
        tx: &DatabaseTransaction,
        progress: &str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let noted = Query::update()
            .table(graph_pulls::Entity)
            .value(graph_pulls::Column::Progress, progress)
            .value(graph_pulls::Column::UpdatedAt, Millis::from(now))
            .and_where(Expr::col(graph_pulls::Column::DirectoryId).eq(self.lease.directory_id.uuid()))
            .take();
        execute(tx, &noted).await?;
        Ok(())
    }

    /// Forgets objects that are gone since before then, a bounded number of them. Whether there may be more.
    ///
    /// # Errors
    /// As of [`GraphWriter`].
    pub async fn forget_removed(&self, before: Timestamp) -> Result<bool, GraphWriteError> {
        let own = |column| Expr::col((Entity, column));
        let here = || own(Column::DirectoryId).eq(self.lease.directory_id.uuid());
        let old = Query::select()
            .column((Entity, Column::ObjectId))
            .from(Entity)
            .and_where(here())
            .and_where(own(Column::RemovedAt).lt(Millis::from(before)))
            .order_by((Entity, Column::RemovedAt), Order::Asc)
            .limit(FORGOTTEN_AT_ONCE)
            .take();
        let forgotten = Query::delete()
            .from_table(Entity)
            .and_where(here())
            .and_where(is_one_of_rows(self.store.dialect(), own(Column::ObjectId), old))
            .take();
        let tx = self.open().await?;
        let count = execute(&tx, &forgotten).await?;
        commit(tx).await?;
        Ok(count >= FORGOTTEN_AT_ONCE)
    }
}

/// The whole key, the directory too: beside a constant PostgreSQL goes through a directory of which nothing was counted yet.
fn is_row() -> Expr {
    let is = |column| Expr::col((Entity, column)).equals((ROW, column));
    is(Column::DirectoryId).and(is(Column::ObjectId))
}

pub(super) async fn commit(tx: DatabaseTransaction) -> Result<(), GraphWriteError> {
    tx.commit().await.map_err(StoreError::from)?;
    Ok(())
}
