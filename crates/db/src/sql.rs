//! Small helpers for statements written by hand in the two dialects.
//!
//! A statement is either one text for both databases (`"SELECT …"`) or a pair `(PostgreSQL, SQLite)`. Both accept
//! `$1`, `$2` … as placeholders. Values are always bound, never written into the text.
//!
//! ```text
//! exec(&tx, "DELETE FROM inbox WHERE created_at < $1", [millis.into()]).await?;
//! let rows = query_all(
//!     store.read(),
//!     ("SELECT … FROM jsonb_to_recordset($1::jsonb) AS r(id uuid)", "SELECT unhex(value->>'$.id') … FROM json_each($1)"),
//!     [json_text.into()],
//! ).await?;
//! ```

use crate::{Dialect, StoreError};
use events::Timestamp;
use sea_orm::{ConnectionTrait, DbBackend, QueryResult, Statement, TryGetable, Value};
use uuid::Uuid;

/// The text of a statement in both dialects.
#[derive(Clone, Copy, Debug)]
pub struct Sql<'a> {
    postgres: &'a str,
    sqlite: &'a str,
}

impl<'a> Sql<'a> {
    /// The text for one dialect.
    pub const fn text(self, dialect: Dialect) -> &'a str {
        match dialect {
            Dialect::Postgres => self.postgres,
            Dialect::Sqlite => self.sqlite,
        }
    }
}

impl<'a> From<&'a str> for Sql<'a> {
    fn from(both: &'a str) -> Self {
        Self {
            postgres: both,
            sqlite: both,
        }
    }
}

impl<'a> From<&'a String> for Sql<'a> {
    fn from(both: &'a String) -> Self {
        Self::from(both.as_str())
    }
}

impl<'a> From<&'a (String, String)> for Sql<'a> {
    fn from((postgres, sqlite): &'a (String, String)) -> Self {
        Self { postgres, sqlite }
    }
}

impl<'a> From<(&'a str, &'a str)> for Sql<'a> {
    fn from((postgres, sqlite): (&'a str, &'a str)) -> Self {
        Self { postgres, sqlite }
    }
}

fn statement<'a, C: ConnectionTrait>(
    connection: &C,
    sql: impl Into<Sql<'a>>,
    values: impl IntoIterator<Item = Value>,
) -> Statement {
    let backend = connection.get_database_backend();
    Statement::from_sql_and_values(backend, sql.into().text(dialect_of(backend)), values)
}

/// The database behind a connection of sea-orm.
pub fn dialect_of(backend: DbBackend) -> Dialect {
    if backend == DbBackend::Postgres {
        Dialect::Postgres
    } else {
        Dialect::Sqlite
    }
}

/// Runs a statement; the number of rows that it touched.
#[track_caller]
pub fn exec<'a, C: ConnectionTrait>(
    connection: &C,
    sql: impl Into<Sql<'a>>,
    values: impl IntoIterator<Item = Value>,
) -> impl Future<Output = Result<u64, StoreError>> {
    let statement = statement(connection, sql, values);
    note(dialect_of(connection.get_database_backend()), &statement.sql);
    async move { Ok(connection.execute_raw(statement).await?.rows_affected()) }
}

/// What can be asked for rows: the connections of the driver, and those of our own.
pub trait Queryable: Sync {
    /// Which database is asked.
    fn dialect(&self) -> Dialect;

    /// All rows of a query.
    fn rows(
        &self,
        sql: Sql<'_>,
        values: Vec<Value>,
    ) -> impl Future<Output = Result<Vec<QueryResult>, StoreError>> + Send;
}

impl<C: ConnectionTrait> Queryable for C {
    fn dialect(&self) -> Dialect {
        dialect_of(self.get_database_backend())
    }

    async fn rows(&self, sql: Sql<'_>, values: Vec<Value>) -> Result<Vec<QueryResult>, StoreError> {
        Ok(self.query_all_raw(statement(self, sql, values)).await?)
    }
}

/// All rows of a query (or of a statement with RETURNING).
#[track_caller]
pub fn query_all<'a, C: Queryable>(
    connection: &C,
    sql: impl Into<Sql<'a>>,
    values: impl IntoIterator<Item = Value>,
) -> impl Future<Output = Result<Vec<QueryResult>, StoreError>> {
    let sql = sql.into();
    let values = values.into_iter().collect();
    note(connection.dialect(), sql.text(connection.dialect()));
    async move { connection.rows(sql, values).await }
}

/// Tells the tests which statement is sent, and from which place in the source.
#[track_caller]
pub fn note(dialect: Dialect, text: &str) {
    #[cfg(any(test, feature = "testing"))]
    crate::testing::statements::note(std::panic::Location::caller(), dialect, text);
    #[cfg(not(any(test, feature = "testing")))]
    let _ = (dialect, text);
}

/// Reading columns by name with the types of this program.
pub trait ReadColumns {
    /// A column of any type that the driver knows (`Option<T>` for nullable ones).
    fn get<T: TryGetable>(&self, column: &str) -> Result<T, StoreError>;

    /// An id column.
    fn id<T: From<Uuid>>(&self, column: &str) -> Result<T, StoreError> {
        self.get::<Uuid>(column).map(T::from)
    }

    /// A nullable id column.
    fn opt_id<T: From<Uuid>>(&self, column: &str) -> Result<Option<T>, StoreError> {
        Ok(self.get::<Option<Uuid>>(column)?.map(T::from))
    }

    /// A column of milliseconds.
    fn time(&self, column: &str) -> Result<Timestamp, StoreError> {
        self.get::<i64>(column).map(Timestamp::from_millis)
    }

    /// A nullable column of milliseconds.
    fn opt_time(&self, column: &str) -> Result<Option<Timestamp>, StoreError> {
        Ok(self.get::<Option<i64>>(column)?.map(Timestamp::from_millis))
    }
}

impl ReadColumns for QueryResult {
    fn get<T: TryGetable>(&self, column: &str) -> Result<T, StoreError> {
        Ok(self.try_get("", column)?)
    }
}
