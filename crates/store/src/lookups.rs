//! The connections of the questions that are asked most: one resource by a unique key.
//!
//! The pools of the driver ask the server for a sign of life whenever a connection comes back, so that each statement
//! costs two round trips; and their sessions plan each statement anew, because some plans depend on the values. Neither
//! is worth it here: a connection that was left in the middle of something is closed rather than kept, and every statement
//! here has one sensible plan.

mod lent;
mod link;

use crate::sql::Sql;
use crate::{Dialect, StoreError};
use lent::Set;
use sea_orm::QueryResult;
use sea_orm::sqlx::postgres::PgConnectOptions;
use sea_orm::sqlx::sqlite::SqliteConnectOptions;
use sea_orm::sqlx::{self, PgConnection, SqliteConnection};
use std::sync::Arc;
use std::time::Duration;
use uuid::Uuid;

/// How long a lookup may take, waiting for its turn included. Longer than the server lets a statement run.
const PATIENCE: Duration = Duration::from_secs(6);

/// A few connections for looking up. Cheap to clone; clones share them.
#[derive(Clone, Debug)]
pub(crate) struct Lookups(Arc<Shared>);

#[derive(Debug)]
enum Shared {
    Postgres(Set<PgConnection>),
    Sqlite(Set<SqliteConnection>),
}

/// A value for a placeholder.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Key<'a> {
    Id(Uuid),
    Text(&'a str),
}

impl Lookups {
    /// Over a PostgreSQL server; connects when first asked.
    pub(crate) fn postgres(options: PgConnectOptions, most: u32) -> Self {
        // Of a unique key no plan is better than its index, whatever the value. Plans made while a table was empty go
        // when the session renews them.
        let options = options.options([("plan_cache_mode", "force_generic_plan"), ("enable_seqscan", "off")]);
        Self(Arc::new(Shared::Postgres(Set::new(options, most))))
    }

    /// Over a SQLite file.
    pub(crate) fn sqlite(options: SqliteConnectOptions, most: u32) -> Self {
        Self(Arc::new(Shared::Sqlite(Set::new(options, most))))
    }

    /// The first row of a query, if there is one.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when the database is away for longer than it takes to connect anew, or does not answer
    /// in time.
    pub(crate) async fn one(
        &self,
        sql: impl Into<Sql<'static>>,
        keys: &[Key<'_>],
    ) -> Result<Option<QueryResult>, StoreError> {
        let sql = sql.into();
        let asked = tokio::time::timeout(PATIENCE, async {
            match &*self.0 {
                Shared::Postgres(set) => ask_postgres(set, sql.text(Dialect::Postgres), keys).await,
                Shared::Sqlite(set) => ask_sqlite(set, sql.text(Dialect::Sqlite), keys).await,
            }
        });
        Ok(asked.await.unwrap_or(Err(sqlx::Error::PoolTimedOut))?)
    }

    /// Closes the idle connections. Those in use are closed when they come back, and later questions fail.
    pub(crate) async fn close(&self) {
        match &*self.0 {
            Shared::Postgres(set) => set.close().await,
            Shared::Sqlite(set) => set.close().await,
        }
    }
}

macro_rules! asking {
    ($name:ident, $connection:ty) => {
        async fn $name(
            set: &Set<$connection>,
            sql: &'static str,
            keys: &[Key<'_>],
        ) -> sqlx::Result<Option<QueryResult>> {
            loop {
                let mut lent = set.lend().await?;
                let mut query = sqlx::query(sql);
                for key in keys {
                    query = match key {
                        Key::Id(id) => query.bind(*id),
                        Key::Text(text) => query.bind(text.to_string()),
                    };
                }
                match query.fetch_optional(lent.connection()).await {
                    Ok(row) => {
                        lent.give_back();
                        return Ok(row.map(QueryResult::from));
                    }
                    // Reading again changes nothing, so a restart of the database costs no failed request.
                    Err(error) if lent.is_stale(&error) => set.forget_idle(),
                    Err(error) => return Err(error),
                }
            }
        }
    };
}

asking!(ask_postgres, PgConnection);
asking!(ask_sqlite, SqliteConnection);
