//! Releasing a directory that is held, and forgetting counts that are too old to matter.

use super::{AdminTx, Directory};
use crate::directory::projection::oldest_minute;
use crate::{Store, StoreError};
use db::entity::column::Id;
use db::entity::directory_removals::{Column, Entity};
use db::send::execute;
use events::Timestamp;
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _, QueryTrait as _};

impl Directory {
    /// Ends a hold, and lets deactivations and deletions through until `until`; the counts start over then. To be stored
    /// with [`AdminTx::save_directory`] and [`AdminTx::forget_removals`].
    pub fn release(&mut self, until: Timestamp) {
        self.held_at = None;
        self.released_until = Some(until);
    }
}

impl AdminTx {
    /// Forgets who went: what an administrator has let through does not count against the next change.
    ///
    /// # Errors
    /// As any write.
    pub async fn forget_removals(&self, directory: &Directory) -> Result<(), StoreError> {
        let removals = Entity::delete_many().filter(Column::DirectoryId.eq(Id(directory.id)));
        execute(&self.tx, removals.as_query()).await.map(|_| ())
    }
}

impl Store {
    /// Removes counts of minutes that no window reaches back to.
    ///
    /// # Errors
    /// As any write.
    pub async fn prune_removals(&self, now: Timestamp) -> Result<u64, StoreError> {
        let old = Entity::delete_many().filter(Column::Minute.lt(oldest_minute(now)));
        execute(self.write(), old.as_query()).await
    }
}
