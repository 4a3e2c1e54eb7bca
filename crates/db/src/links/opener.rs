//! How a connection of a set is opened, and looked at before it is used again.

use super::link::Link;
use deadpool::managed::{Manager, Metrics, RecycleError, RecycleResult};
use sea_orm::sqlx::{self, ConnectOptions as _};
use std::io::ErrorKind;
use std::time::{Duration, Instant};

/// How long a plan is kept: not for much longer than it takes a table to grow out of it.
const RENEW_AFTER: Duration = Duration::from_secs(5);
/// How old a connection gets.
const LIFETIME: Duration = Duration::from_mins(30);
/// How long connecting is tried while the database takes no connections, as in a restart.
const CONNECT: Duration = Duration::from_secs(2);
const CONNECT_AGAIN: Duration = Duration::from_millis(50);

/// Opens the connections of a set.
pub(super) struct Opener<C: Link>(pub(super) C::Options);

/// A connection that is kept between questions.
pub(super) struct OpenConnection<C: Link> {
    pub(super) connection: C,
    pub(super) handle: C::Handle,
    renewed: Instant,
}

impl<C: Link> Manager for Opener<C> {
    type Type = OpenConnection<C>;
    type Error = sqlx::Error;

    async fn create(&self) -> sqlx::Result<OpenConnection<C>> {
        let began = Instant::now();
        loop {
            let connected = async {
                let mut connection = self.0.connect().await?;
                let handle = connection.opened(&self.0).await?;
                Ok((connection, handle))
            };
            match connected.await {
                Ok((connection, handle)) => {
                    return Ok(OpenConnection {
                        connection,
                        handle,
                        renewed: Instant::now(),
                    });
                }
                Err(error) if takes_none_now(&error) && began.elapsed() < CONNECT => {
                    tokio::time::sleep(CONNECT_AGAIN).await;
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// Without a question to the database, but for every few seconds.
    async fn recycle(&self, kept: &mut OpenConnection<C>, metrics: &Metrics) -> RecycleResult<sqlx::Error> {
        if metrics.age() >= LIFETIME {
            return Err(RecycleError::message("it is old"));
        }
        if kept.renewed.elapsed() >= RENEW_AFTER {
            kept.connection.renew().await?;
            kept.renewed = Instant::now();
        }
        Ok(())
    }
}

/// Refused connections, and servers that are starting, stopping or full.
fn takes_none_now(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(error) => error.kind() == ErrorKind::ConnectionRefused,
        sqlx::Error::Database(error) => error.is_transient_in_connect_phase(),
        _ => false,
    }
}
