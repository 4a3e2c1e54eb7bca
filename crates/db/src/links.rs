//! Sets of connections of our own, beside the driver's pools.
//!
//! `deadpool` keeps them. The pools of the driver ask the server for a sign of life whenever a connection comes back, give connections out in the
//! order in which they are asked for, without regard to who asks, and cannot end a statement that nobody waits for any more. Here
//! - a connection comes back without a question, and a broken one is replaced and the question asked again;
//! - directories take turns ([`turns`]), so that none waits behind all that another one asks;
//! - every statement has an end: a time, or the moment when its caller goes away ([`lent`]). The place of a statement is free
//!   again when the statement has really ended, so what was abandoned never runs beside what comes after it.

mod lent;
mod link;
mod opener;
mod set;
mod stopper;
mod turns;
mod watch;

pub(crate) use lent::QueryFailure;
pub(crate) use link::Amount;
pub(crate) use set::Sizes;
pub(crate) use turns::Full;
pub use turns::Party;
pub(crate) use watch::limit_pool;

use crate::Dialect;
use lent::LentConnection;
use sea_orm::sqlx::postgres::PgConnectOptions;
use sea_orm::sqlx::sqlite::SqliteConnectOptions;
use sea_orm::sqlx::{PgConnection, SqlStr, SqliteConnection};
use sea_orm::{QueryResult, Value};
use set::Set;
use std::sync::Arc;
use std::time::Duration;

/// A set of connections that only read. They are made when needed. Cheap to clone; clones share them.
#[derive(Clone, Debug)]
pub(crate) struct Links(Arc<Sets>);

#[derive(Debug)]
enum Sets {
    Postgres(Set<PgConnection>),
    Sqlite(Set<SqliteConnection>),
}

/// A connection of a set, and how long it may be used: for one question after the other. Dropped in the middle of one, it
/// is ended.
#[derive(Debug)]
pub(crate) struct BorrowedConnection(Either);

#[derive(Debug)]
enum Either {
    Postgres(LentConnection<PgConnection>),
    Sqlite(LentConnection<SqliteConnection>),
}

/// How long somebody waits for a connection, and how long all that is asked over it may take.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Deadlines {
    pub(crate) wait: Duration,
    pub(crate) limit: Duration,
}

impl Links {
    /// To a PostgreSQL server.
    pub(crate) fn postgres(options: PgConnectOptions, sizes: Sizes) -> Self {
        Self(Arc::new(Sets::Postgres(Set::new(options, sizes))))
    }

    /// To a SQLite file.
    pub(crate) fn sqlite(options: SqliteConnectOptions, sizes: Sizes) -> Self {
        Self(Arc::new(Sets::Sqlite(Set::new(options, sizes))))
    }

    /// Which database they lead to.
    pub(crate) fn dialect(&self) -> Dialect {
        match &*self.0 {
            Sets::Postgres(_) => Dialect::Postgres,
            Sets::Sqlite(_) => Dialect::Sqlite,
        }
    }

    /// A connection, when it is this party's turn.
    ///
    /// # Errors
    /// Why it never was.
    pub(crate) async fn borrow(&self, party: Party, patience: Deadlines) -> Result<BorrowedConnection, Full> {
        Ok(BorrowedConnection(match &*self.0 {
            Sets::Postgres(set) => Either::Postgres(set.lend(party, patience).await?),
            Sets::Sqlite(set) => Either::Sqlite(set.lend(party, patience).await?),
        }))
    }

    /// Closes what is idle. What is in use is closed when it comes back, and later questions fail.
    pub(crate) async fn close(&self) {
        match &*self.0 {
            Sets::Postgres(set) => set.close().await,
            Sets::Sqlite(set) => set.close().await,
        }
    }
}

impl BorrowedConnection {
    /// The answer to a question that changes nothing.
    ///
    /// # Errors
    /// [`QueryFailure`].
    pub(crate) async fn ask(
        &mut self,
        sql: &SqlStr,
        values: &[Value],
        amount: Amount,
    ) -> Result<Vec<QueryResult>, QueryFailure> {
        match &mut self.0 {
            Either::Postgres(lent) => lent.ask(sql, values, amount).await,
            Either::Sqlite(lent) => lent.ask(sql, values, amount).await,
        }
    }
}
