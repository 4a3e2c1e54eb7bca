//! The projector's transaction: load what a batch of commands touches, save what became of it, all or nothing.
//!
//! On PostgreSQL it takes five round trips: the transaction and its locks, what is known of lanes and directories, the
//! rows, everything that is written, the commit. Deletions and names set free go first, when there are any.

mod brake;
mod copies;
mod load;
mod open;
mod part;
mod save;
mod tables;

pub(crate) use brake::oldest_minute;
pub use copies::{LogCopies, RebuildReport};
pub use db::entity::log_copies::CopyName;

use crate::event_log::append::EventDraft;
use crate::event_log::inbox;
use crate::{Dialect, Store, StoreError};
use db::session::{Hold, Session};
use db::sql::{note, query_all};
use directory::{DirectoryRows, Needs, Policy, Reach, Writes};
use events::{CommandId, DirectoryId, Event, OrganizationId, Timestamp, Verdict};
use sea_orm::{DatabaseTransaction, QueryResult, Value};
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
    /// The sequence of the last event in its log.
    pub(crate) last: i64,
}

/// What a batch leaves to be written.
#[derive(Debug, Default)]
pub struct Batch<'a> {
    /// Rows, by directory.
    pub writes: Vec<(DirectoryId, Writes)>,
    /// What is appended to the logs of the directories, each one's in order.
    pub events: Vec<EventDraft>,
    /// The verdict of each command, once for each.
    pub verdicts: &'a [Verdict],
}

/// What became of a batch that was to be written.
#[derive(Debug)]
pub enum SaveOutcome {
    /// Written; here are the events with their sequences. To be committed.
    Written(Vec<Event>),
    /// Some of the commands have a verdict already: to be rolled back, and tried again without them.
    Settled,
}

/// Why a batch cannot be committed.
#[derive(Debug, thiserror::Error)]
pub enum BatchError {
    /// Another projector has taken these lanes over; nothing was written.
    #[error("lanes {0:?} have been taken over by another projector")]
    Fenced(Vec<u16>),
    /// The database says no.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What a transaction of the projector is about.
#[derive(Clone, Copy, Debug, Default)]
pub struct Opening<'a> {
    /// The lanes, each with the epoch under which it is held.
    pub held: &'a [(u16, i64)],
    /// The directories, all of which belong to the lanes.
    pub directories: &'a [DirectoryId],
    /// The commands, to be looked up in the inbox.
    pub commands: &'a [CommandId],
    /// Of which stored rows to count how many there are, up to [`directory::HEAVY_ROWS`] and one.
    pub reaches: &'a [Reach],
    /// Whether it goes beside the transactions of batches instead of taking turns with them: for a command that takes long,
    /// of a directory that is in no batch meanwhile. One goes at a time.
    pub apart: bool,
}

/// An open transaction over some lanes. Dropped without [`BatchTx::commit`], it leaves no trace.
///
/// On SQLite, where one transaction writes at a time, one that goes apart only reads until [`BatchTx::save`]: loading
/// and applying take long and hold up nobody. What it has read decides only if nothing was written to its directories
/// since.
#[derive(Debug)]
pub struct BatchTx {
    tx: Tx,
    /// What makes a reading transaction a writing one.
    reading: Option<Reading>,
    dialect: Dialect,
    apart: bool,
    directories: HashMap<DirectoryId, DirectoryFacts>,
    settled: Vec<Verdict>,
    reaches: HashMap<Reach, u64>,
}

/// Where a transaction that only reads yet will write, and what it was opened for.
#[derive(Debug)]
struct Reading {
    store: Store,
    held: Vec<(u16, i64)>,
    directories: Vec<DirectoryId>,
    commands: Vec<CommandId>,
}

/// How what is read and written is put into statements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    /// As few as can be.
    AtOnce,
    /// None with very many rows: each takes a fraction of a second, whatever the whole takes.
    InPortions,
}

impl Way {
    /// Rows of one statement.
    const fn most(self) -> usize {
        match self {
            Self::AtOnce => usize::MAX,
            Self::InPortions => 4_096,
        }
    }
}

#[derive(Debug)]
enum Tx {
    Postgres(Session),
    Sqlite(DatabaseTransaction),
}

impl Tx {
    /// All rows of a statement.
    #[track_caller]
    fn query(&mut self, sql: &str, values: Vec<Value>) -> impl Future<Output = Result<Vec<QueryResult>, StoreError>> {
        let dialect = match self {
            Self::Postgres(_) => Dialect::Postgres,
            Self::Sqlite(_) => Dialect::Sqlite,
        };
        note(dialect, sql);
        async move {
            match self {
                Self::Postgres(session) => session.query(sql, values).await,
                Self::Sqlite(tx) => query_all(tx, sql, values).await,
            }
        }
    }
}

impl Store {
    /// Opens a transaction for a batch of commands.
    ///
    /// # Errors
    /// [`BatchError::Fenced`] when a lane has a newer holder.
    pub async fn project(&self, opening: Opening<'_>) -> Result<BatchTx, BatchError> {
        let mut lanes: Vec<u16> = opening.held.iter().map(|(lane, _)| *lane).collect();
        lanes.sort_unstable();
        let hold = if opening.apart { Hold::Apart } else { Hold::Batch };
        let reads_first = opening.apart && !opening.directories.is_empty();
        let (tx, reading) = match self.writers() {
            Some(writers) => (Tx::Postgres(writers.begin(&lanes, hold).await?), None),
            None if reads_first => (Tx::Sqlite(self.begin_reading().await?), Some(self.reading(&opening))),
            None => (Tx::Sqlite(self.begin().await?), None),
        };
        let mut projection = BatchTx::new(tx, self.dialect(), opening.apart);
        projection.reading = reading;
        let lost = projection.open(&opening).await?;
        if !lost.is_empty() {
            projection.rollback().await?;
            return Err(BatchError::Fenced(lost));
        }
        Ok(projection)
    }

    fn reading(&self, opening: &Opening<'_>) -> Reading {
        Reading {
            store: self.clone(),
            held: opening.held.to_vec(),
            directories: opening.directories.to_vec(),
            commands: opening.commands.to_vec(),
        }
    }

    /// The verdicts that exist among these commands: the answer to commands delivered again.
    ///
    /// # Errors
    /// What the database says.
    pub async fn verdicts(&self, commands: &[CommandId]) -> Result<Vec<Verdict>, StoreError> {
        inbox::verdicts(self.write(), self.dialect(), commands).await
    }
}

impl BatchTx {
    fn new(tx: Tx, dialect: Dialect, apart: bool) -> Self {
        Self {
            tx,
            reading: None,
            dialect,
            apart,
            directories: HashMap::new(),
            settled: Vec::new(),
            reaches: HashMap::new(),
        }
    }

    /// The verdicts that commands among those asked for have already: applied before, or given up by their sender. Given
    /// out once.
    pub fn take_settled(&mut self) -> Vec<Verdict> {
        std::mem::take(&mut self.settled)
    }

    /// How many stored rows this reaches, of those asked for; counted no further than one beyond [`directory::HEAVY_ROWS`].
    #[must_use]
    pub fn reached(&self, reach: Reach) -> u64 {
        self.reaches.get(&reach).copied().unwrap_or_default()
    }

    const fn way(&self) -> Way {
        if self.apart { Way::InPortions } else { Way::AtOnce }
    }

    /// The directories among those asked for that exist.
    #[must_use]
    pub const fn directories(&self) -> &HashMap<DirectoryId, DirectoryFacts> {
        &self.directories
    }

    /// Loads the rows that commands need, for all directories at once; those that do not exist are left out.
    ///
    /// # Errors
    /// What the database says.
    pub async fn load(
        &mut self,
        wanted: Vec<(DirectoryId, Needs)>,
    ) -> Result<HashMap<DirectoryId, DirectoryRows>, StoreError> {
        let way = (self.dialect, self.way());
        load::load(&mut self.tx, way, &self.directories, &wanted).await
    }

    /// Goes on in the transaction that writes, if this one only reads: it holds the one writing connection from here on.
    /// Whether the commands are still without verdicts.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] also when lanes or directories have moved on since they were read.
    async fn begin_writing(&mut self, reading: Reading) -> Result<bool, StoreError> {
        let tx = reading.store.begin().await?;
        if let Tx::Sqlite(read) = std::mem::replace(&mut self.tx, Tx::Sqlite(tx)) {
            read.rollback().await?;
        }
        let seen = std::mem::take(&mut self.directories);
        let opening = Opening {
            held: &reading.held,
            directories: &reading.directories,
            commands: &reading.commands,
            reaches: &[],
            apart: true,
        };
        let lost = self.open(&opening).await?;
        if !lost.is_empty() || self.directories != seen {
            return Err(StoreError::overtaken());
        }
        Ok(self.settled.is_empty())
    }

    /// Writes rows, events and verdicts.
    ///
    /// # Errors
    /// What the database says; [`StoreError::Conflict`] when a row breaks a unique index after all,
    /// [`StoreError::Defect`] for an event of a directory that does not exist. The transaction can then only be
    /// dropped.
    pub async fn save(&mut self, batch: Batch<'_>, now: Timestamp) -> Result<SaveOutcome, StoreError> {
        if let Some(reading) = self.reading.take()
            && !self.begin_writing(reading).await?
        {
            return Ok(SaveOutcome::Settled);
        }
        let way = (self.dialect, self.way());
        save::save(&mut self.tx, way, &mut self.directories, batch, now).await
    }

    /// Makes it all durable.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when the connection broke: whether it was committed is then unknown, and trying
    /// the batch again finds out.
    pub async fn commit(self) -> Result<(), StoreError> {
        match self.tx {
            Tx::Postgres(session) => session.commit().await,
            Tx::Sqlite(tx) => Ok(tx.commit().await?),
        }
    }

    /// Undoes it all.
    ///
    /// # Errors
    /// What the database says; the transaction is gone either way.
    pub async fn rollback(self) -> Result<(), StoreError> {
        match self.tx {
            Tx::Postgres(session) => session.rollback().await,
            Tx::Sqlite(tx) => Ok(tx.rollback().await?),
        }
    }
}
