//! What the two databases want done to a connection besides asking.

use sea_orm::sqlx::{Connection, Executor as _, PgConnection, Result, SqliteConnection};

/// A connection that can be kept for lookups.
pub(super) trait Link: Connection {
    /// Sees to a connection just made.
    fn opened(options: &Self::Options);

    /// Lets go of what the session made of the tables as they were.
    fn renew(&mut self) -> impl Future<Output = Result<()>> + Send;
}

impl Link for PgConnection {
    fn opened(options: &Self::Options) {
        crate::nodelay::set_nodelay(options.get_port());
    }

    async fn renew(&mut self) -> Result<()> {
        self.execute("DISCARD PLANS").await.map(|_| ())
    }
}

impl Link for SqliteConnection {
    fn opened(_options: &Self::Options) {}

    /// Plans there do not depend on what is in the tables.
    async fn renew(&mut self) -> Result<()> {
        Ok(())
    }
}
