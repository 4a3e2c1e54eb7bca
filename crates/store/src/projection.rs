//! The projector's transaction: load what a batch of commands touches, save what became of it, all or nothing.

mod load;
mod save;

use crate::append::{EventDraft, append_locked, lock_lane};
use crate::sql::{Row, exec, query_all};
use crate::{Dialect, Store, StoreError, inbox, lanes};
use directory::{Directory, Needs, Policy, Writes};
use events::{CommandId, DirectoryId, Event, OrganizationId, Timestamp, Verdict};
use sea_orm::DatabaseTransaction;
use std::collections::HashMap;

/// The role under which projectors hold lanes.
pub const PROJECTOR: &str = "projector";

/// A directory as the projector needs it.
#[derive(Clone, Debug, PartialEq)]
pub struct DirectoryFacts {
    /// Its tenant.
    pub organization_id: OrganizationId,
    /// Roles and grants.
    pub policy: Policy,
}

/// Why a batch cannot be committed.
#[derive(Debug, thiserror::Error)]
pub enum ProjectionError {
    /// Another projector has taken these lanes over; nothing was written.
    #[error("lanes {0:?} have been taken over by another projector")]
    Fenced(Vec<u16>),
    /// The database says no.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// An open transaction over some lanes. Dropped without [`Projection::commit`], it leaves no trace.
#[derive(Debug)]
pub struct Projection {
    tx: DatabaseTransaction,
    dialect: Dialect,
}

impl Store {
    /// Opens a transaction for a batch of commands of these lanes, each with the epoch under which it is held.
    ///
    /// # Errors
    /// [`ProjectionError::Fenced`] when a lane has a newer holder.
    pub async fn project(&self, held: &[(u16, i64)]) -> Result<Projection, ProjectionError> {
        let dialect = self.dialect();
        let tx = self.begin().await?;
        if dialect == Dialect::Postgres {
            // The row sets joined here are small and the tables have the right indexes; a plan made while a table was
            // still empty would scan it for as long as the plan is cached.
            exec(&tx, "SELECT set_config('enable_hashjoin', 'off', true), set_config('enable_mergejoin', 'off', true), set_config('enable_seqscan', 'off', true)", [])
                .await?;
        }
        let mut lanes: Vec<u16> = held.iter().map(|(lane, _)| *lane).collect();
        lanes.sort_unstable();
        for lane in lanes {
            lock_lane(&tx, dialect, lane).await?;
        }
        let lost = lanes::lost(&tx, PROJECTOR, held).await?;
        if !lost.is_empty() {
            return Err(ProjectionError::Fenced(lost));
        }
        Ok(Projection { tx, dialect })
    }

    /// The verdicts that exist among these commands: the answer to commands delivered again.
    ///
    /// # Errors
    /// What the database says.
    pub async fn verdicts(&self, commands: &[CommandId]) -> Result<Vec<Verdict>, StoreError> {
        inbox::verdicts(self.write(), self.dialect(), commands).await
    }
}

impl Projection {
    /// The directories among these that exist.
    ///
    /// # Errors
    /// What the database says; [`StoreError::Internal`] for settings that cannot be read.
    pub async fn directories(&self, ids: &[DirectoryId]) -> Result<HashMap<DirectoryId, DirectoryFacts>, StoreError> {
        let (postgres, sqlite) = crate::sql::IDS;
        let columns = "SELECT id, organization_id, settings FROM directories WHERE id IN";
        let sql = match self.dialect {
            Dialect::Postgres => format!("{columns} ({postgres})"),
            Dialect::Sqlite => format!("{columns} ({sqlite})"),
        };
        let ids = crate::sql::json_ids(self.dialect, ids.iter().map(|id| id.uuid()));
        let mut found = HashMap::new();
        for row in query_all(&self.tx, &sql, [ids.into()]).await? {
            let settings: String = row.get("settings")?;
            let policy = Policy::from_settings(&settings).map_err(StoreError::corrupt)?;
            found.insert(
                row.id("id")?,
                DirectoryFacts {
                    organization_id: row.id("organization_id")?,
                    policy,
                },
            );
        }
        Ok(found)
    }

    /// Loads the rows that commands need, for all directories at once.
    ///
    /// # Errors
    /// What the database says.
    pub async fn load(
        &self,
        wanted: Vec<(DirectoryId, DirectoryFacts, Needs)>,
    ) -> Result<HashMap<DirectoryId, Directory>, StoreError> {
        load::load(&self.tx, self.dialect, wanted).await
    }

    /// Writes the rows that the commands left.
    ///
    /// # Errors
    /// What the database says; [`StoreError::Conflict`] when a row breaks a unique index after all.
    pub async fn save(&self, writes: &[(DirectoryId, Writes)], now: Timestamp) -> Result<(), StoreError> {
        save::save(&self.tx, self.dialect, writes, now).await
    }

    /// Appends events to the logs of their directories and gives them their sequences.
    ///
    /// # Errors
    /// [`StoreError::Invalid`] for a directory that has no log.
    pub async fn append(&self, drafts: Vec<EventDraft>) -> Result<Vec<Event>, StoreError> {
        append_locked(&self.tx, self.dialect, drafts).await
    }

    /// Writes the verdicts. Commands that come back had one before, so this transaction must be dropped and the batch
    /// tried again without them.
    ///
    /// # Errors
    /// What the database says.
    pub async fn claim(&self, verdicts: &[Verdict], now: Timestamp) -> Result<Vec<CommandId>, StoreError> {
        inbox::claim(&self.tx, self.dialect, verdicts, now).await
    }

    /// Makes it all durable.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when the connection broke: whether it was committed is then unknown, and trying
    /// the batch again finds out.
    pub async fn commit(self) -> Result<(), StoreError> {
        Ok(self.tx.commit().await?)
    }

    /// Undoes it all.
    ///
    /// # Errors
    /// What the database says; the transaction is gone either way.
    pub async fn rollback(self) -> Result<(), StoreError> {
        Ok(self.tx.rollback().await?)
    }
}
