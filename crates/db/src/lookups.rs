//! The connections of the questions that are asked most: one resource by a unique key with what belongs to it, a page of a
//! whole directory, one directory by its id, and the rows that a login finds by a key.
//!
//! The sessions of the driver's pool plan each statement again, because some plans depend on the values. It is not worth it
//! here: every statement here has one sensible plan.

use crate::links::{Amount, Deadlines, Full, Links, Party, QueryFailure, Sizes};
use crate::sql::{Queryable, Sql, note};
use crate::{Dialect, Reads, StoreError};
use sea_orm::sqlx::postgres::PgConnectOptions;
use sea_orm::sqlx::sqlite::SqliteConnectOptions;
use sea_orm::sqlx::{AssertSqlSafe, SqlSafeStr as _, SqlStr};
use sea_orm::{QueryResult, Statement, Value};
use std::time::Duration;

/// How long a lookup may wait for its turn and for its answer.
const PATIENCE: Deadlines = Deadlines {
    wait: Duration::from_secs(2),
    limit: Duration::from_secs(5),
};
/// Lookups of one directory that may wait. More are refused at once.
const LINE: usize = 1_000;

/// A few connections for looking up. Cheap to clone; clones share them.
#[derive(Clone, Debug)]
pub struct Lookups {
    links: Links,
    share: u32,
}

/// The same for one directory.
#[derive(Clone, Copy, Debug)]
pub struct Lookup<'a> {
    lookups: &'a Lookups,
    party: Party,
}

impl Lookups {
    /// Over a PostgreSQL server; connects when first asked.
    pub(crate) fn postgres(options: PgConnectOptions, most: u32) -> Self {
        // Each statement has one sensible plan, whatever the values. Plans made while a table was empty go when the session
        // renews them.
        let options = options.options([("plan_cache_mode", "force_generic_plan")]);
        let sizes = sizes(most);
        Self {
            links: Links::postgres(options, sizes),
            share: sizes.share,
        }
    }

    /// Over a SQLite file.
    pub(crate) fn sqlite(options: SqliteConnectOptions, most: u32) -> Self {
        let sizes = sizes(most);
        Self {
            links: Links::sqlite(options, sizes),
            share: sizes.share,
        }
    }

    /// For questions of this party.
    pub const fn of(&self, party: Party) -> Lookup<'_> {
        Lookup { lookups: self, party }
    }

    /// Closes the idle connections. Those in use are closed when they come back, and later questions fail.
    pub(crate) async fn close(&self) {
        self.links.close().await;
    }
}

fn sizes(most: u32) -> Sizes {
    let most = most.max(1);
    Sizes {
        most,
        share: Sizes::most_of_one(most),
        line: LINE,
    }
}

impl Lookup<'_> {
    /// The first row of a query, if there is one.
    ///
    /// # Errors
    /// [`StoreError::Crowded`] when the party has as many lookups as it may, for longer than one waits;
    /// [`StoreError::Unavailable`] when the database is away for longer than it takes to connect, or does not answer in time.
    #[track_caller]
    pub fn one<'q>(
        &self,
        sql: impl Into<Sql<'q>>,
        values: Vec<Value>,
    ) -> impl Future<Output = Result<Option<QueryResult>, StoreError>> {
        let text = sql.into().text(self.lookups.links.dialect());
        note(self.lookups.links.dialect(), text);
        async move {
            let sql = AssertSqlSafe(text).into_sql_str();
            Ok(self.ask(&sql, &values, Amount::First).await?.pop())
        }
    }

    /// The first row of a query that sea-orm has built, if there is one.
    pub(crate) async fn first(&self, built: Statement) -> Result<Option<QueryResult>, StoreError> {
        let sql = AssertSqlSafe(built.sql).into_sql_str();
        let values = built.values.map(|values| values.0).unwrap_or_default();
        Ok(self.ask(&sql, &values, Amount::First).await?.pop())
    }

    async fn ask(&self, sql: &SqlStr, values: &[Value], amount: Amount) -> Result<Vec<QueryResult>, StoreError> {
        let borrowed = self.lookups.links.borrow(self.party, PATIENCE).await;
        let mut borrowed = borrowed.map_err(|full| match full {
            // To people who log in the share of all of them is no limit of theirs: what they ask succeeds in a moment.
            Full::Share if self.party == Party::SignOn => StoreError::no_connection(),
            Full::Share => StoreError::Crowded {
                what: Reads::Lookups,
                share: self.lookups.share,
            },
            Full::Everywhere => StoreError::no_connection(),
        })?;
        borrowed.ask(sql, values, amount).await.map_err(|error| match error {
            QueryFailure::OutOfTime => StoreError::no_connection(),
            QueryFailure::Failed(error) => error.into(),
        })
    }
}

impl Queryable for Lookup<'_> {
    fn dialect(&self) -> Dialect {
        self.lookups.links.dialect()
    }

    async fn rows(&self, sql: Sql<'_>, values: Vec<Value>) -> Result<Vec<QueryResult>, StoreError> {
        let sql = AssertSqlSafe(sql.text(self.lookups.links.dialect())).into_sql_str();
        self.ask(&sql, &values, Amount::All).await
    }
}
