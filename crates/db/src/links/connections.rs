//! The connections of a set: those that are idle, and how one is opened, checked and given up.

use super::link::Link;
use super::turns::{Turn, Turns};
use sea_orm::sqlx::{self, ConnectOptions as _};
use std::io::ErrorKind;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How long a plan is kept: not for much longer than it takes a table to grow out of it.
const RENEW_AFTER: Duration = Duration::from_secs(5);
/// How old a connection gets.
const LIFETIME: Duration = Duration::from_mins(30);
/// How long connecting is tried while the database takes no connections, as in a restart.
const CONNECT: Duration = Duration::from_secs(2);
const CONNECT_AGAIN: Duration = Duration::from_millis(50);
/// For how long an abandoned statement is waited for: longer than the server lets it run.
const SETTLE: Duration = Duration::from_secs(6);
/// When it is told to stop once more, because it had not begun when it was told before.
const STOP_AGAIN: Duration = Duration::from_millis(100);

/// What the connections of a set share.
pub(super) struct Connections<C: Link> {
    options: C::Options,
    stopper: C::Stopper,
    turns: Arc<Turns>,
    idle: Mutex<Vec<OpenConnection<C>>>,
    is_closed: AtomicBool,
}

/// A connection that is kept between questions.
pub(super) struct OpenConnection<C: Link> {
    pub(super) connection: C,
    pub(super) handle: C::Handle,
    opened: Instant,
    renewed: Instant,
}

impl<C: Link> Connections<C> {
    pub(super) fn new(options: C::Options, turns: Arc<Turns>) -> Self {
        Self {
            stopper: C::stopper(&options),
            options,
            turns,
            idle: Mutex::default(),
            is_closed: AtomicBool::new(false),
        }
    }

    pub(super) const fn turns(&self) -> &Arc<Turns> {
        &self.turns
    }

    /// Closes what is idle, and what comes back from now on.
    pub(super) async fn close(&self) {
        self.is_closed.store(true, Ordering::Release);
        let idle = std::mem::take(&mut *self.idle());
        for kept in idle {
            // It is gone either way.
            let _ = kept.connection.close().await;
        }
        C::close_stopper(&self.stopper).await;
    }

    /// A connection that was idle, or a new one; and whether it was used before, so that the database may have gone
    /// away since.
    pub(super) async fn connection(&self) -> sqlx::Result<(OpenConnection<C>, bool)> {
        if self.is_closed.load(Ordering::Acquire) {
            return Err(sqlx::Error::PoolClosed);
        }
        // Taken in a statement of its own, so that the lock is not held any longer.
        let kept = self.idle().pop();
        let Some(mut kept) = kept.filter(|kept| kept.opened.elapsed() < LIFETIME) else {
            return Ok((self.open().await?, false));
        };
        if kept.renewed.elapsed() < RENEW_AFTER {
            return Ok((kept, true));
        }
        match kept.connection.renew().await {
            Ok(()) => {
                kept.renewed = Instant::now();
                Ok((kept, true))
            }
            Err(error) if is_broken(&error) => {
                self.forget_idle();
                Ok((self.open().await?, false))
            }
            Err(error) => Err(error),
        }
    }

    /// Keeps a connection for the next question; its last one was answered to the end.
    pub(super) fn keep(&self, kept: OpenConnection<C>) {
        if !self.is_closed.load(Ordering::Acquire) {
            self.idle().push(kept);
        }
    }

    /// Drops the connections that nobody uses: where one is broken, so are the others.
    pub(super) fn forget_idle(&self) {
        drop(std::mem::take(&mut *self.idle()));
    }

    /// Ends what a connection runs and nobody waits for, and keeps the connection when it has ended. The place goes back
    /// only then, so that nobody can have more run than its share by asking and leaving. Says whether it has ended.
    pub(super) async fn settle(self: Arc<Self>, mut kept: OpenConnection<C>, turn: Turn) -> bool {
        let settled = tokio::time::timeout(SETTLE, async {
            loop {
                C::stop(&kept.handle, &self.stopper).await;
                match tokio::time::timeout(STOP_AGAIN, kept.connection.ping()).await {
                    Ok(Ok(())) => return true,
                    // What the statement ended with.
                    Ok(Err(sqlx::Error::Database(_))) | Err(_) => {}
                    Ok(Err(_)) => return false,
                }
            }
        });
        let has_ended = settled.await.unwrap_or(false);
        if has_ended {
            self.keep(kept);
        }
        drop(turn);
        has_ended
    }

    async fn open(&self) -> sqlx::Result<OpenConnection<C>> {
        let began = Instant::now();
        loop {
            let connected = async {
                let mut connection = self.options.connect().await?;
                let handle = connection.opened(&self.options).await?;
                Ok((connection, handle))
            };
            match connected.await {
                Ok((connection, handle)) => {
                    return Ok(OpenConnection {
                        connection,
                        handle,
                        opened: Instant::now(),
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

    fn idle(&self) -> MutexGuard<'_, Vec<OpenConnection<C>>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether the error says that there is no connection any more.
pub(super) fn is_broken(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_) | sqlx::Error::Tls(_) | sqlx::Error::Protocol(_) | sqlx::Error::WorkerCrashed => true,
        // Ended by an administrator, by a crash or by a shutdown.
        sqlx::Error::Database(error) => matches!(error.code().as_deref(), Some("57P01" | "57P02" | "57P05")),
        _ => false,
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
