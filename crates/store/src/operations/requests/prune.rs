//! Forgetting requests and cycles that are old, or more than a directory may have, a bounded number at a time.

use super::RequestLogSize;
use crate::{Store, StoreError};
use db::entity::column::{Id, Millis};
use db::entity::request_log::{Column, Entity};
use db::entity::sync_cycles;
use db::send::{execute, fetch_all};
use events::{DirectoryId, RequestId, Timestamp};
use sea_orm::sea_query::{Order, Query};
use sea_orm::{ColumnTrait as _, EntityTrait as _, FromQueryResult, QueryFilter as _, QueryTrait as _};
use std::collections::BTreeMap;
use std::time::Duration;
use uuid::Uuid;

/// Rows of one statement: a few milliseconds of work.
const AT_ONCE: u64 = 500;

/// How much of the log is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeptRequests {
    /// For how long.
    pub age: Duration,
    /// The most requests of a directory.
    pub rows: u64,
    /// The most bytes of a directory.
    pub bytes: u64,
}

impl KeptRequests {
    /// How many of the oldest requests are to go; they are taken to be of the average size.
    fn excess(&self, written: &RequestLogSize) -> u64 {
        let average = (written.bytes / written.rows.max(1)).max(1);
        let rows = written.rows.saturating_sub(self.rows);
        let bytes = written.bytes.saturating_sub(self.bytes).div_ceil(average);
        rows.max(bytes)
    }
}

/// A row that is gone.
#[derive(FromQueryResult)]
struct Gone {
    directory_id: Id<DirectoryId>,
    bytes: i32,
}

/// A row that is to go.
#[derive(FromQueryResult)]
struct Old {
    id: Id<RequestId>,
    directory_id: Id<DirectoryId>,
}

/// The smallest id that a row of this time can have: ids are UUID v7, so their order is that of time.
pub(super) fn first_id_of(at: Timestamp) -> Uuid {
    let millis = u64::try_from(at.millis()).unwrap_or_default();
    Uuid::from_u64_pair(millis << 16, 0)
}

impl Store {
    /// Forgets requests and cycles that are older than they are kept, one step; whether there may be more.
    ///
    /// # Errors
    /// As any write; nothing is forgotten then.
    pub async fn prune_requests(&self, kept: KeptRequests, now: Timestamp) -> Result<bool, StoreError> {
        let before = first_id_of(now.minus(kept.age));
        let old = Query::select()
            .columns([Column::Id, Column::DirectoryId])
            .from(Entity)
            .and_where(Column::Id.lt(before))
            .order_by(Column::Id, Order::Asc)
            .limit(AT_ONCE)
            .take();
        let requests = self.forget(old).await?;
        let old = Query::select()
            .column(sync_cycles::Column::Id)
            .from(sync_cycles::Entity)
            .and_where(sync_cycles::Column::Id.lt(before))
            .and_where(sync_cycles::Column::ClosedAt.is_not_null())
            .order_by(sync_cycles::Column::Id, Order::Asc)
            .limit(AT_ONCE)
            .take();
        let cycles = sync_cycles::Entity::delete_many()
            .filter(sync_cycles::Column::Id.in_subquery(old))
            .filter(sync_cycles::Column::LastAt.lt(Millis::from(now.minus(kept.age))));
        let cycles = execute(self.write(), cycles.as_query()).await?;
        Ok(requests.max(cycles) >= AT_ONCE)
    }

    /// Forgets the oldest requests of directories that have more than they may, one step of each.
    ///
    /// # Errors
    /// As any write; what was done before stays done.
    pub async fn trim_requests(&self, kept: KeptRequests, written: &[RequestLogSize]) -> Result<(), StoreError> {
        for written in written {
            let excess = kept.excess(written);
            if excess == 0 {
                continue;
            }
            let old = Query::select()
                .columns([Column::Id, Column::DirectoryId])
                .from(Entity)
                .and_where(Column::DirectoryId.eq(Id(written.directory_id)))
                .order_by(Column::DirectoryId, Order::Asc)
                .order_by(Column::Id, Order::Asc)
                .limit(excess.min(AT_ONCE))
                .take();
            self.forget(old).await?;
        }
        Ok(())
    }

    /// Deletes these requests, and counts down what their directories have.
    async fn forget(&self, old: sea_orm::sea_query::SelectStatement) -> Result<u64, StoreError> {
        let old: Vec<Old> = fetch_all(self.read(), &old).await?;
        if old.is_empty() {
            return Ok(0);
        }
        let tx = self.begin().await?;
        // As the writer does: contacts first, in the order of their ids.
        let mut directories: Vec<DirectoryId> = old.iter().map(|old| old.directory_id.0).collect();
        directories.sort_unstable();
        directories.dedup();
        crate::operations::contacts::hold_known(&tx, &directories).await?;
        let delete = Query::delete()
            .from_table(Entity)
            .and_where(Column::Id.is_in(old.iter().map(|old| old.id)))
            .returning(Query::returning().columns([Column::DirectoryId, Column::Bytes]))
            .take();
        let gone: Vec<Gone> = fetch_all(&tx, &delete).await?;
        let mut of: BTreeMap<DirectoryId, (i64, i64)> = BTreeMap::new();
        for gone in &gone {
            let (rows, bytes) = of.entry(gone.directory_id.0).or_default();
            *rows += 1;
            *bytes += i64::from(gone.bytes);
        }
        if !of.is_empty() {
            crate::operations::contacts::count_down(&tx, &of).await?;
        }
        tx.commit().await?;
        Ok(gone.len() as u64)
    }
}
