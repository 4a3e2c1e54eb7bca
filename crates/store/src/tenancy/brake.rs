//! Releasing a directory that is held, and forgetting counts that are too old to matter.

use super::{AdminTx, Directory};
use crate::projection::oldest_minute;
use crate::sql::exec;
use crate::{Store, StoreError};
use events::Timestamp;

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
        let sql = "DELETE FROM directory_removals WHERE directory_id = $1";
        exec(&self.tx, sql, [directory.id.uuid().into()]).await.map(|_| ())
    }
}

impl Store {
    /// Removes counts of minutes that no window reaches back to.
    ///
    /// # Errors
    /// As any write.
    pub async fn prune_removals(&self, now: Timestamp) -> Result<u64, StoreError> {
        let sql = "DELETE FROM directory_removals WHERE minute < $1";
        exec(self.write(), sql, [oldest_minute(now).into()]).await
    }
}
