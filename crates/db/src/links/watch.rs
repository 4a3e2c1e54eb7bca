//! An end for statements of SQLite, which has no timeout of its own: it asks now and then whether to go on.

use sea_orm::sqlx::sqlite::{SqliteConnection, SqlitePoolOptions};
use std::sync::Arc;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// How many steps of its virtual machine SQLite goes between two questions; tens of microseconds.
const STEPS: i32 = 1_000;
/// What times are counted from.
static START: LazyLock<Instant> = LazyLock::new(Instant::now);

/// Until when the statements of a connection may run.
#[derive(Clone, Debug)]
pub(super) struct Watch(Arc<AtomicU64>);

impl Watch {
    /// Watches a connection; until [`Watch::until`] is called, nothing is ended.
    pub(super) async fn of(connection: &mut SqliteConnection) -> sea_orm::sqlx::Result<Self> {
        LazyLock::force(&START);
        let until = Arc::new(AtomicU64::new(u64::MAX));
        let seen = Arc::clone(&until);
        connection
            .lock_handle()
            .await?
            .set_progress_handler(STEPS, move || micros(Instant::now()) < seen.load(Ordering::Relaxed));
        Ok(Self(until))
    }

    /// From now on statements end at this time.
    pub(super) fn until(&self, at: Instant) {
        self.0.store(micros(at), Ordering::Relaxed);
    }

    /// Ends the statement that runs.
    pub(super) fn stop(&self) {
        self.0.store(0, Ordering::Relaxed);
    }
}

fn micros(at: Instant) -> u64 {
    let since = at.saturating_duration_since(*START);
    u64::try_from(since.as_micros()).unwrap_or(u64::MAX)
}

/// Ends what a connection of a pool runs for longer than `limit` after it was taken from the pool. For pools whose
/// connections are taken for one statement each.
pub(crate) fn limit_pool(options: SqlitePoolOptions, limit: Duration) -> SqlitePoolOptions {
    options
        .after_connect(move |connection, _| Box::pin(async move { begin(connection, limit).await }))
        .before_acquire(move |connection, _| {
            Box::pin(async move {
                begin(connection, limit).await?;
                Ok(true)
            })
        })
}

async fn begin(connection: &mut SqliteConnection, limit: Duration) -> sea_orm::sqlx::Result<()> {
    // A pool does not tell which connection it gives out, so each time there is a new watch.
    Watch::of(connection).await?.until(Instant::now() + limit);
    Ok(())
}
