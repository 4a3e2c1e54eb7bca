//! The connections of searches: of lists by a filter or in another order, and of their totals.
//!
//! What a filter or an order costs is up to its sender. So searches have connections of their own, and nothing else
//! waits for them; a directory has a few at a time, and the others wait for a moment in a line of their own and are then asked
//! to come back; all statements of one search together have a time; and a search that nobody waits for any more is ended.

#[cfg(test)]
mod tests;

use crate::links::{Amount, BorrowedConnection, Deadlines, Full, Links, Party, QueryFailure, Sizes};
use crate::sql::{Queryable, Sql};
use crate::{Dialect, Reads, StoreError};
use sea_orm::sqlx::postgres::PgConnectOptions;
use sea_orm::sqlx::sqlite::SqliteConnectOptions;
use sea_orm::sqlx::{AssertSqlSafe, SqlSafeStr as _};
use sea_orm::{QueryResult, Value};
use std::time::Duration;
use tokio::sync::Mutex;

/// How long a search waits for its turn, and how long it may then take.
const PATIENCE: Deadlines = Deadlines {
    wait: Duration::from_secs(2),
    limit: Duration::from_secs(5),
};
/// Searches of one directory that may wait. More are refused at once.
const LINE: usize = 1_000;

/// Connections for searching. Cheap to clone; clones share them.
#[derive(Clone, Debug)]
pub struct Searches {
    links: Links,
    share: u32,
    patience: Deadlines,
}

/// One search: its statements, one after the other. It begins, and waits for its turn, with the first of them.
#[derive(Debug)]
pub struct Search<'a> {
    searches: &'a Searches,
    party: Party,
    borrowed: Mutex<Option<BorrowedConnection>>,
}

impl Searches {
    /// Over a PostgreSQL server; connects when first asked. Of `most` searches at a time, `share` may be one directory's.
    pub(crate) fn postgres(options: PgConnectOptions, most: u32, share: u32) -> Self {
        let sizes = sizes(most, share);
        Self {
            links: Links::postgres(options, sizes),
            share: sizes.share,
            patience: PATIENCE,
        }
    }

    /// Over a SQLite file.
    pub(crate) fn sqlite(options: SqliteConnectOptions, most: u32, share: u32) -> Self {
        let sizes = sizes(most, share);
        Self {
            links: Links::sqlite(options, sizes),
            share: sizes.share,
            patience: PATIENCE,
        }
    }

    /// A search of this party.
    pub fn of(&self, party: Party) -> Search<'_> {
        Search {
            searches: self,
            party,
            borrowed: Mutex::default(),
        }
    }

    /// Closes the idle connections. Those in use are closed when they come back, and later searches fail.
    pub(crate) async fn close(&self) {
        self.links.close().await;
    }
}

/// A share is never so large that nothing is left to others.
fn sizes(most: u32, share: u32) -> Sizes {
    let most = most.max(1);
    Sizes {
        most,
        share: share.min(Sizes::most_of_one(most)).max(1),
        line: LINE,
    }
}

impl Search<'_> {
    async fn begin(&self) -> Result<BorrowedConnection, StoreError> {
        let borrowed = self.searches.links.borrow(self.party, self.searches.patience).await;
        borrowed.map_err(|full| match full {
            Full::Share => StoreError::Crowded {
                what: Reads::Searches,
                share: self.searches.share,
            },
            Full::Everywhere => StoreError::no_connection(),
        })
    }
}

impl Queryable for Search<'_> {
    fn dialect(&self) -> Dialect {
        self.searches.links.dialect()
    }

    /// # Errors
    /// [`StoreError::Crowded`] when the party has as many searches as it may, for longer than one waits;
    /// [`StoreError::Unavailable`] when all connections are taken by others; [`StoreError::TooSlow`] when the time of the
    /// search is over.
    async fn rows(&self, sql: Sql<'_>, values: Vec<Value>) -> Result<Vec<QueryResult>, StoreError> {
        let sql = AssertSqlSafe(sql.text(self.searches.links.dialect())).into_sql_str();
        let mut borrowed = self.borrowed.lock().await;
        let borrowed = match &mut *borrowed {
            Some(borrowed) => borrowed,
            none => none.insert(self.begin().await?),
        };
        let answer = borrowed.ask(&sql, &values, Amount::All).await;
        answer.map_err(|error| match error {
            QueryFailure::OutOfTime => StoreError::TooSlow,
            QueryFailure::Failed(error) => error.into(),
        })
    }
}
