//! The projector's own connection to PostgreSQL, and its transactions.
//!
//! A batch waits for every round trip of its transaction, so there are as few as can be: the transaction is opened and
//! its lanes are locked by one message, and the connection is kept between two batches instead of being given back to
//! a pool, which costs a round trip each time. A connection on which anything went wrong is thrown away.

mod postgres;

use crate::StoreError;
use sea_orm::sea_query::Values;
use sea_orm::sqlx::postgres::{PgConnection, PgPool, PgRow};
use sea_orm::sqlx::{self, AssertSqlSafe};
use sea_orm::{DbErr, QueryResult, RuntimeErr, Value};
use sea_query_sqlx::SqlxValues;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Plans are made again after this time, and sooner at first. Between two batches a plan is kept, which saves a quarter of
/// the server's work; but one that was made while a table was empty may take any index, and must not be kept while the
/// table grows.
const REPLAN_AFTER: Duration = Duration::from_secs(1);
const FIRST_REPLAN_AFTER: Duration = Duration::from_millis(30);
/// A connection is replaced after this time, as those of pools are.
const LIFETIME: Duration = Duration::from_mins(30);

/// How long a caller waits for a free connection; also how long a database that is away takes to be reported.
pub(crate) const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(2);
/// Connections idle for longer are pinged before use, so that a restart of the database costs no failed request.
pub(crate) const TEST_AFTER_IDLE: Duration = Duration::from_secs(1);
/// Settings of the projector's sessions, beside those of all.
pub(crate) const WRITER_SESSION: [(&str, &str); 1] = [("plan_cache_mode", "force_generic_plan")];

/// Settings of all sessions but those of searches. Row sets are small, and for every statement there is an index that finds
/// its rows in their order, whatever the statistics say of a table just filled: so a plan walks indexes, and goes through
/// a table or sorts only what cannot be had otherwise.
pub(crate) const WALKING: [(&str, &str); 5] = [
    ("enable_seqscan", "off"),
    ("enable_bitmapscan", "off"),
    ("enable_sort", "off"),
    ("enable_hashjoin", "off"),
    ("enable_mergejoin", "off"),
];

/// First key of the advisory locks that serialise the writers of a lane's log: the projector's batches take this one.
pub const LOG_LOCK: i32 = 7263;
/// The projector's commands that go apart from the batches take this one, so that neither waits for the other; that they
/// never meet in a directory is the projector's care, and should they all the same, the directory's counter tells.
/// Every other writer takes both, this one first: so a batch never waits for a writer that waits for a command.
pub const APART_LOCK: i32 = 7264;

/// Connections that are kept: one for batches, one for what goes apart from them.
const KEPT: usize = 2;
/// Milliseconds that a statement of a batch may take, before which others wait; others have as long as anybody's.
const BATCH_STATEMENT_MS: u32 = 2_000;

/// Which writers of a lane a transaction keeps out, besides those of its own kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hold {
    /// Batches and all who change directories.
    Batch,
    /// Commands that go apart, and all who change directories.
    Apart,
    /// Everybody.
    Whole,
}

/// Where the projector's connections come from, and where they wait for the next batch.
#[derive(Clone, Debug)]
pub struct Writers {
    pool: PgPool,
    idle: Arc<Mutex<Vec<WriterConnection>>>,
}

#[derive(Debug)]
struct WriterConnection {
    connection: PgConnection,
    opened: Instant,
    plans: Plans,
}

/// How old the plans of a connection are.
#[derive(Debug)]
pub(crate) struct Plans {
    made: Instant,
    keep: Duration,
}

impl Plans {
    /// Of a connection that is new.
    pub(crate) fn new() -> Self {
        Self {
            made: Instant::now(),
            keep: FIRST_REPLAN_AFTER,
        }
    }

    /// Whether they are too old; if so, from now on they are new.
    pub(crate) fn are_old(&mut self) -> bool {
        let old = self.made.elapsed() >= self.keep;
        if old {
            self.made = Instant::now();
            self.keep = (self.keep * 2).min(REPLAN_AFTER);
        }
        old
    }
}

impl Writers {
    pub(crate) fn new(pool: PgPool) -> Self {
        Self {
            pool,
            idle: Arc::default(),
        }
    }

    /// Opens a transaction that holds the logs of these lanes .
    pub async fn begin(&self, lanes: &[u16], hold: Hold) -> Result<Session, StoreError> {
        let kept = self.idle().pop().filter(|kept| kept.opened.elapsed() < LIFETIME);
        let mut kept = match kept {
            Some(kept) => kept,
            None => WriterConnection {
                connection: self.pool.acquire().await?.detach(),
                opened: Instant::now(),
                plans: Plans::new(),
            },
        };
        let locks: &[i32] = match hold {
            Hold::Batch => &[LOG_LOCK],
            Hold::Apart => &[APART_LOCK],
            Hold::Whole => &[APART_LOCK, LOG_LOCK],
        };
        // Numbers of our own, in the order in which everybody takes them.
        let locks = locks
            .iter()
            .flat_map(|lock| lanes.iter().map(move |lane| (*lock, *lane)));
        let sql = postgres::begin(kept.plans.are_old(), hold == Hold::Batch, locks);
        sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut kept.connection).await?;
        Ok(Session {
            kept,
            broken: false,
            home: self.clone(),
        })
    }

    pub(crate) async fn close(&self) {
        self.idle().clear();
        self.pool.close().await;
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<WriterConnection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An open transaction. Dropped, it closes its connection, by which the server rolls it back.
#[derive(Debug)]
pub struct Session {
    kept: WriterConnection,
    broken: bool,
    home: Writers,
}

impl Session {
    /// All rows of a statement.
    pub async fn query(&mut self, sql: &str, values: Vec<Value>) -> Result<Vec<QueryResult>, StoreError> {
        let query = sqlx::query_with(AssertSqlSafe(sql), SqlxValues(Values(values)));
        let rows: Vec<PgRow> = match query.fetch_all(&mut self.kept.connection).await {
            Ok(rows) => rows,
            Err(error) => {
                self.broken = true;
                return Err(refused(error));
            }
        };
        Ok(rows.into_iter().map(QueryResult::from).collect())
    }

    /// Makes it durable.
    pub async fn commit(self) -> Result<(), StoreError> {
        // The server would answer COMMIT after a failed statement by rolling back, without an error.
        if self.broken {
            return Err(StoreError::corrupt("a statement of this transaction failed before"));
        }
        self.end(postgres::COMMIT).await
    }

    /// Undoes it.
    pub async fn rollback(self) -> Result<(), StoreError> {
        self.end(postgres::ROLLBACK).await
    }

    async fn end(mut self, how: &'static str) -> Result<(), StoreError> {
        sqlx::raw_sql(how)
            .execute(&mut self.kept.connection)
            .await
            .map_err(refused)?;
        let Self { kept, home, .. } = self;
        // Of more transactions at once the connections are closed.
        let mut idle = home.idle();
        if idle.len() < KEPT {
            idle.push(kept);
        }
        drop(idle);
        Ok(())
    }
}

/// In the variant in which constraints are recognised.
fn refused(error: sqlx::Error) -> StoreError {
    StoreError::from(DbErr::Exec(RuntimeErr::SqlxError(error.into())))
}

#[cfg(test)]
mod tests {
    use super::{FIRST_REPLAN_AFTER, Plans, REPLAN_AFTER};
    use std::time::Instant;

    #[test]
    fn plans_are_made_again_soon_at_first_and_then_each_second() {
        let mut plans = Plans::new();
        assert!(!plans.are_old());
        let mut ages = Vec::new();
        for _ in 0..8 {
            ages.push(plans.keep);
            plans.made = Instant::now().checked_sub(plans.keep).unwrap();
            assert!(plans.are_old());
            assert!(!plans.are_old());
        }
        assert_eq!(ages.first(), Some(&FIRST_REPLAN_AFTER));
        assert_eq!(ages.last(), Some(&REPLAN_AFTER));
        assert!(ages.is_sorted());
    }
}
