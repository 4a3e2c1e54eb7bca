//! Ending a statement of another PostgreSQL session.

use sea_orm::sqlx::postgres::{PgConnectOptions, PgConnection};
use sea_orm::sqlx::{self, ConnectOptions as _};
use tokio::sync::Mutex;

/// The connection over which others are told to stop. It connects when first needed.
///
/// Closing a connection does not end its statement: the server notices only when it wants to send something.
#[derive(Debug)]
pub(super) struct Stopper {
    options: PgConnectOptions,
    connection: Mutex<Option<PgConnection>>,
}

impl Stopper {
    pub(super) fn new(options: PgConnectOptions) -> Self {
        Self {
            options,
            connection: Mutex::default(),
        }
    }

    /// Has the server cancel what the session of this process id runs. Does nothing when it runs nothing.
    pub(super) async fn stop(&self, process: i32) {
        let mut kept = self.connection.lock().await;
        // A connection kept from before may be broken; a new one that fails too means that the server is away.
        for _ in 0..2 {
            let connection = match kept.take() {
                Some(connection) => Ok(connection),
                None => self.options.connect().await,
            };
            let Ok(mut connection) = connection else { return };
            let asked = sqlx::query("SELECT pg_cancel_backend($1)").bind(process);
            if asked.execute(&mut connection).await.is_ok() {
                *kept = Some(connection);
                return;
            }
        }
    }

    pub(super) async fn close(&self) {
        drop(self.connection.lock().await.take());
    }
}
