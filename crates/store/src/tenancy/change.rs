//! One transaction of the management API: the change, its events and its idempotency mark commit together.

use crate::event_log::append::{self, EventDraft};
use crate::{Dialect, Store, StoreError};
use db::Database;
use events::Event;
use sea_orm::DatabaseTransaction;

/// An open change. Dropping it without [`AdminTx::commit`] takes everything back.
///
/// It holds the only write connection of SQLite, so nothing else may be written through the store meanwhile.
#[derive(Debug)]
pub struct AdminTx {
    pub(crate) tx: DatabaseTransaction,
    pub(crate) dialect: Dialect,
}

impl Store {
    /// Opens a change. One that will append events names the lane of their directory, because the lane must be held
    /// before the first write: transaction order, sequence order and commit order within a lane are then the same.
    ///
    /// # Errors
    /// `Unavailable` when the database cannot be reached or is held by somebody else for too long.
    pub async fn change(&self, lane: Option<u16>) -> Result<AdminTx, StoreError> {
        AdminTx::open(self.database(), lane).await
    }
}

impl AdminTx {
    pub(crate) async fn open(database: &Database, lane: Option<u16>) -> Result<Self, StoreError> {
        let change = Self {
            tx: database.begin().await?,
            dialect: database.dialect(),
        };
        if let Some(lane) = lane {
            append::lock_lane(&change.tx, change.dialect, lane).await?;
        }
        Ok(change)
    }

    /// Appends events to the log of a directory; `lane` must be the one the change was opened with.
    ///
    /// # Errors
    /// As any write.
    pub async fn append(&self, lane: u16, drafts: Vec<EventDraft>) -> Result<Vec<Event>, StoreError> {
        append::append(&self.tx, self.dialect, lane, drafts).await
    }

    /// Makes it so.
    ///
    /// # Errors
    /// As any write; when the connection breaks in this moment, the outcome is unknown.
    pub async fn commit(self) -> Result<(), StoreError> {
        self.tx.commit().await?;
        Ok(())
    }
}
