//! Who works on which directory: leases that end by themselves, with a number that only grows.

use super::pulls::pull;
use super::{GraphPull, GraphPullState, GraphPulls, GraphWriteError};
use crate::{AdminTx, StoreError};
use db::entity::column::{Id, Millis};
use db::entity::graph_pulls::{Column, Entity, Model};
use db::expr::{checked, is_one_of_rows, text};
use db::rows::{Columns, Rows};
use db::send::{AnyRow, execute, fetch_all, fetch_one};
use events::{DirectoryId, Timestamp};
use sea_orm::sea_query::{Expr, ExprTrait as _, LockBehavior, LockType, Order, Query};
use sea_orm::{
    ColumnTrait as _, DatabaseTransaction, EntityTrait as _, FromQueryResult, Iterable as _, QueryFilter as _,
    QuerySelect as _, QueryTrait as _,
};
use std::sync::LazyLock;
use std::time::Duration;

/// The right to work on a directory. It ends when somebody else has a later one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct GraphLease {
    /// The directory.
    pub directory_id: DirectoryId,
    /// Only grows.
    pub epoch: i64,
}

/// A directory to be worked on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GraphClaim {
    /// The right to.
    pub lease: GraphLease,
    /// How it is pulled.
    pub pull: GraphPull,
}

const ROW: &str = "r";
static LEASES: LazyLock<Columns> = LazyLock::new(|| Columns::of([Column::DirectoryId, Column::Epoch]));

#[derive(FromQueryResult)]
struct Renewed {
    directory_id: Id<DirectoryId>,
    epoch: i64,
}

fn own(column: Column) -> Expr {
    Expr::col((Entity, column))
}

impl GraphPulls {
    /// Takes directories that are due and that nobody works on, those first that are due longest. One that is not renewed or
    /// given back within `lease` is due again then.
    ///
    /// # Errors
    /// As any write.
    pub async fn claim(
        &self,
        holder: &str,
        now: Timestamp,
        lease: Duration,
        most: u16,
    ) -> Result<Vec<GraphClaim>, StoreError> {
        let is_free = own(Column::HeldUntil)
            .is_null()
            .or(own(Column::HeldUntil).lte(Millis::from(now)));
        let due = Query::select()
            .column((Entity, Column::DirectoryId))
            .from(Entity)
            // Constants, as the index has them.
            .and_where(own(Column::State).is_in(GraphPullState::WORKED_ON.map(|state| text(state.as_str()))))
            .and_where(own(Column::DueAt).lte(Millis::from(now)))
            .and_where(checked(is_free))
            .order_by((Entity, Column::DueAt), Order::Asc)
            .order_by((Entity, Column::DirectoryId), Order::Asc)
            .limit(u64::from(most))
            .lock_with_behavior(LockType::Update, LockBehavior::SkipLocked)
            .take();
        let until = Millis::from(now.plus(lease));
        let take = Query::update()
            .table(Entity)
            .value(Column::Holder, holder)
            .value(Column::Epoch, own(Column::Epoch).add(1))
            .values([Column::HeldUntil, Column::DueAt].map(|column| (column, until.into())))
            .and_where(is_one_of_rows(self.store.dialect(), own(Column::DirectoryId), due))
            .returning(Query::returning().columns(Column::iter().map(|column| (Entity, column))))
            .take();
        let taken: Vec<Model> = fetch_all(self.store.write(), &take).await?;
        let claim = |row: Model| GraphClaim {
            lease: GraphLease {
                directory_id: row.directory_id.0,
                epoch: row.epoch,
            },
            pull: pull(row),
        };
        Ok(taken.into_iter().map(claim).collect())
    }

    /// Makes leases last until then, and returns those that are still held: of the others the work is somebody else's.
    ///
    /// # Errors
    /// As any write; the leases then last as long as they did.
    pub async fn renew(
        &self,
        holder: &str,
        held: &[GraphLease],
        until: Timestamp,
    ) -> Result<Vec<GraphLease>, StoreError> {
        if held.is_empty() {
            return Ok(Vec::new());
        }
        let mut rows = Rows::new(&LEASES);
        for lease in held {
            rows.push([lease.directory_id.uuid().into(), lease.epoch.into()]);
        }
        let until = Millis::from(until);
        let was_asked_for = own(Column::DueAt).lt(own(Column::HeldUntil));
        let due: Expr = Expr::case(was_asked_for, own(Column::DueAt)).finally(until).into();
        let renew = Query::update()
            .table(Entity)
            .value(Column::HeldUntil, until)
            .value(Column::DueAt, due)
            .from(rows.table(self.store.dialect(), ROW))
            .and_where(own(Column::DirectoryId).equals((ROW, Column::DirectoryId)))
            .and_where(own(Column::Epoch).equals((ROW, Column::Epoch)))
            .and_where(own(Column::Holder).eq(holder))
            .returning(Query::returning().columns([Column::DirectoryId, Column::Epoch].map(|column| (Entity, column))))
            .take();
        let renewed: Vec<Renewed> = fetch_all(self.store.write(), &renew).await?;
        let lease = |row: Renewed| GraphLease {
            directory_id: row.directory_id.0,
            epoch: row.epoch,
        };
        Ok(renewed.into_iter().map(lease).collect())
    }

    /// Has a directory worked on by then, if it is not due sooner: when Graph says that something changed. If somebody works
    /// on it at that time, it is done once more afterwards. Whether that changed anything.
    ///
    /// # Errors
    /// As any write.
    pub async fn ask(&self, directory: DirectoryId, at: Timestamp) -> Result<bool, StoreError> {
        ask(self.store.write(), directory, at).await
    }
}

impl AdminTx {
    /// The same, in a change.
    ///
    /// # Errors
    /// As any write.
    pub async fn ask_graph_pull(&self, directory: DirectoryId, at: Timestamp) -> Result<bool, StoreError> {
        ask(&self.tx, directory, at).await
    }

    /// Looks whether a lease is held, and keeps it so until this change ends: for events that come of that work.
    ///
    /// # Errors
    /// [`GraphWriteError::LeaseLost`]; otherwise as any query.
    pub async fn hold_graph_lease(&self, lease: GraphLease) -> Result<(), GraphWriteError> {
        hold(&self.tx, lease).await
    }
}

async fn ask<C: sea_orm::ConnectionTrait>(
    connection: &C,
    directory: DirectoryId,
    at: Timestamp,
) -> Result<bool, StoreError> {
    let at = Millis::from(at);
    // Before the end of the lease: so it is seen that somebody asked.
    let by = || -> Expr {
        Expr::case(own(Column::HeldUntil).lte(at), own(Column::HeldUntil).sub(1))
            .finally(at)
            .into()
    };
    let asked = Query::update()
        .table(Entity)
        .value(Column::DueAt, by())
        .and_where(own(Column::DirectoryId).eq(directory.uuid()))
        .and_where(own(Column::DueAt).gt(by()))
        .take();
    Ok(execute(connection, &asked).await? > 0)
}

/// Looks whether a lease is held, and keeps it so until the transaction ends.
pub(super) async fn hold(tx: &DatabaseTransaction, lease: GraphLease) -> Result<(), GraphWriteError> {
    let held = Entity::find_by_id(lease.directory_id)
        .select_only()
        .column(Column::Epoch)
        .filter(Column::Epoch.eq(lease.epoch))
        .lock_exclusive();
    let held: Option<AnyRow> = fetch_one(tx, held.as_query()).await?;
    held.map(|_| ()).ok_or(GraphWriteError::LeaseLost)
}
