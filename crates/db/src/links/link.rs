//! What the two databases want done to a connection.

use super::stopper::Stopper;
use super::watch::Watch;
use sea_orm::sea_query::Values;
use sea_orm::sqlx::postgres::PgConnectOptions;
use sea_orm::sqlx::sqlite::SqliteConnectOptions;
use sea_orm::sqlx::{self, Connection, Executor as _, PgConnection, Result, SqlStr, SqliteConnection};
use sea_orm::{QueryResult, Value};
use sea_query_sqlx::SqlxValues;
use std::time::Instant;

/// How much of an answer is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Amount {
    /// The first row, if there is one.
    First,
    /// All rows.
    All,
}

/// A connection that can be kept in a set.
pub(super) trait Link: Connection + Sized + 'static {
    /// By what a statement of one connection is ended from outside.
    type Handle: std::fmt::Debug + Send + Sync + 'static;
    /// What else is needed for that, once for a set.
    type Stopper: std::fmt::Debug + Send + Sync + 'static;
    /// The code of the error that a statement ends with when it is ended from outside.
    const ENDED: &'static str;

    /// What ends statements of connections with these options.
    fn stopper(options: &Self::Options) -> Self::Stopper;

    /// Sees to a connection just made.
    fn opened(&mut self, options: &Self::Options) -> impl Future<Output = Result<Self::Handle>> + Send;

    /// Lets go of what the session made of the tables as they were.
    fn renew(&mut self) -> impl Future<Output = Result<()>> + Send;

    /// Says when the next statement ends at the latest, where the database does not know by itself.
    fn limit(handle: &Self::Handle, until: Instant);

    /// Whether a question was ended because it took too long.
    fn is_out_of_time(error: &sqlx::Error) -> bool {
        let code = error.as_database_error().and_then(|error| error.code());
        code.is_some_and(|code| code == Self::ENDED)
    }

    /// Asks a question.
    fn ask(
        &mut self,
        sql: SqlStr,
        values: Vec<Value>,
        amount: Amount,
    ) -> impl Future<Output = Result<Vec<QueryResult>>> + Send;

    /// Has the database end what the connection runs. It may not have begun yet, so this may have to be said again.
    fn stop(handle: &Self::Handle, stopper: &Self::Stopper) -> impl Future<Output = ()> + Send;

    /// Lets go of what is needed to end statements.
    fn close_stopper(stopper: &Self::Stopper) -> impl Future<Output = ()> + Send;
}

impl Link for PgConnection {
    /// The process of the session.
    type Handle = i32;
    type Stopper = Stopper;
    const ENDED: &'static str = "57014";

    fn stopper(options: &PgConnectOptions) -> Stopper {
        Stopper::new(options.clone())
    }

    async fn opened(&mut self, options: &PgConnectOptions) -> Result<i32> {
        crate::nodelay::set_nodelay(options.get_port());
        sqlx::query_scalar("SELECT pg_backend_pid()").fetch_one(self).await
    }

    async fn renew(&mut self) -> Result<()> {
        self.execute("DISCARD PLANS").await.map(|_| ())
    }

    /// The session's `statement_timeout` does it.
    fn limit(_handle: &i32, _until: Instant) {}

    async fn ask(&mut self, sql: SqlStr, values: Vec<Value>, amount: Amount) -> Result<Vec<QueryResult>> {
        let query = sqlx::query_with(sql, SqlxValues(Values(values)));
        Ok(match amount {
            Amount::First => query
                .fetch_optional(self)
                .await?
                .into_iter()
                .map(QueryResult::from)
                .collect(),
            Amount::All => query
                .fetch_all(self)
                .await?
                .into_iter()
                .map(QueryResult::from)
                .collect(),
        })
    }

    async fn stop(process: &i32, stopper: &Stopper) {
        stopper.stop(*process).await;
    }

    async fn close_stopper(stopper: &Stopper) {
        stopper.close().await;
    }
}

impl Link for SqliteConnection {
    type Handle = Watch;
    type Stopper = ();
    /// `SQLITE_INTERRUPT`.
    const ENDED: &'static str = "9";

    fn stopper(_options: &SqliteConnectOptions) {}

    async fn opened(&mut self, _options: &SqliteConnectOptions) -> Result<Watch> {
        Watch::of(self).await
    }

    /// Plans there do not depend on what is in the tables.
    async fn renew(&mut self) -> Result<()> {
        Ok(())
    }

    fn limit(watch: &Watch, until: Instant) {
        watch.until(until);
    }

    async fn ask(&mut self, sql: SqlStr, values: Vec<Value>, amount: Amount) -> Result<Vec<QueryResult>> {
        let query = sqlx::query_with(sql, SqlxValues(Values(values)));
        Ok(match amount {
            Amount::First => query
                .fetch_optional(self)
                .await?
                .into_iter()
                .map(QueryResult::from)
                .collect(),
            Amount::All => query
                .fetch_all(self)
                .await?
                .into_iter()
                .map(QueryResult::from)
                .collect(),
        })
    }

    async fn stop(watch: &Watch, _stopper: &()) {
        watch.stop();
    }

    async fn close_stopper(_stopper: &()) {}
}
