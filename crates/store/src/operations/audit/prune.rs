//! Forgetting old entries, a bounded number at a time.

use super::AuditLog;
use crate::StoreError;
use db::entity::audit_log::{Column, Entity};
use db::entity::column::Id;
use db::send::execute;
use events::{AuditId, Timestamp};
use sea_orm::{
    ColumnTrait as _, EntityTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _, QueryTrait as _,
};
use uuid::Uuid;

/// Rows in one statement: a few milliseconds of work.
const AT_ONCE: u64 = 1_000;

/// The smallest id that an entry made at this time can have: ids are UUID v7, so their order is that of time.
pub(super) fn first_id_of(at: Timestamp) -> Id<AuditId> {
    let millis = u64::try_from(at.millis()).unwrap_or_default();
    Id(Uuid::from_u64_pair(millis << 16, 0).into())
}

impl AuditLog {
    /// One step: forgets entries made before a time. Whether there may be more.
    ///
    /// # Errors
    /// As any write.
    pub async fn prune(&self, before: Timestamp) -> Result<bool, StoreError> {
        let old = Entity::find()
            .select_only()
            .column(Column::Id)
            .filter(Column::Id.lt(first_id_of(before)))
            .order_by_asc(Column::Id)
            .limit(AT_ONCE)
            .into_query();
        let pruned = Entity::delete_many().filter(Column::Id.in_subquery(old));
        Ok(execute(self.store.write(), pruned.as_query()).await? >= AT_ONCE)
    }
}
