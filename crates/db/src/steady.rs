//! Connections that keep their plans, for the few statements that the dispatcher repeats all the time.
//!
//! To plan such a statement takes longer than to run it for a handful of rows. Each kind has a connection of its own,
//! since the dispatcher runs one of each at a time; so it is known of each connection when it last planned again.

use crate::session::{ACQUIRE_TIMEOUT, Plans, TEST_AFTER_IDLE};
use sea_orm::sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sea_orm::sqlx::{Connection as _, Executor as _};
use sea_orm::{DatabaseConnection, SqlxPostgresConnector};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A connection for each kind of statement. On SQLite all that write are the one writing connection.
#[derive(Clone, Debug)]
pub struct Steady {
    /// Stores new deliveries.
    pub insert: DatabaseConnection,
    /// Looks whether anything changed, just before. On SQLite these are the reading connections.
    pub glance: DatabaseConnection,
    /// Takes deliveries that are due, renews leases and gives them back.
    pub claim: DatabaseConnection,
    /// Reads what was taken. On SQLite these are the reading connections.
    pub look: DatabaseConnection,
    /// Records the outcomes of attempts.
    pub record: DatabaseConnection,
}

impl Steady {
    /// With the session settings of [`crate::session::WRITER_SESSION`]. Connects when first asked: only the dispatcher is.
    pub(crate) fn postgres(connect: &PgConnectOptions) -> Self {
        let (insert, claim) = (single(connect.clone()), single(connect.clone()));
        Self {
            glance: insert.clone(),
            insert,
            look: claim.clone(),
            claim,
            record: single(connect.clone()),
        }
    }

    pub(crate) fn sqlite(write: &DatabaseConnection, read: &DatabaseConnection) -> Self {
        Self {
            glance: read.clone(),
            look: read.clone(),
            insert: write.clone(),
            claim: write.clone(),
            record: write.clone(),
        }
    }

    pub(crate) async fn close(&self) {
        for connection in [&self.insert, &self.claim, &self.record] {
            // Closing a pool cannot fail; the result type is sea-orm's for other back ends.
            let _ = connection.close_by_ref().await;
        }
    }
}

/// A pool of one connection, which makes its plans again as [`Plans`] says.
fn single(connect: PgConnectOptions) -> DatabaseConnection {
    let port = connect.get_port();
    let plans = Arc::new(Mutex::new(Plans::new()));
    let of_new = Arc::clone(&plans);
    let pool = PgPoolOptions::new()
        .max_connections(1)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .test_before_acquire(false)
        .after_connect(move |_, _| {
            crate::nodelay::set_nodelay(port);
            *lock(&of_new) = Plans::new();
            Box::pin(std::future::ready(Ok(())))
        })
        .before_acquire(move |connection, meta| {
            let old = lock(&plans).are_old();
            Box::pin(async move {
                if old {
                    connection.execute("DISCARD PLANS").await?;
                } else if meta.idle_for >= TEST_AFTER_IDLE {
                    connection.ping().await?;
                }
                Ok(true)
            })
        })
        .connect_lazy_with(connect);
    SqlxPostgresConnector::from_sqlx_postgres_pool(pool)
}

fn lock(plans: &Mutex<Plans>) -> MutexGuard<'_, Plans> {
    plans.lock().unwrap_or_else(PoisonError::into_inner)
}
