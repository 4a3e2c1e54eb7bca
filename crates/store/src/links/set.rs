//! A set of connections, and how many of them there are.

use super::Deadlines;
use super::lent::LentConnection;
use super::link::Link;
use super::turns::{Full, Party, Turn, Turns};
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

/// How many connections a set has.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sizes {
    /// All of them.
    pub(crate) most: u32,
    /// How many one party may use at a time.
    pub(crate) share: u32,
    /// How many of one party may wait for theirs.
    pub(crate) line: usize,
}

impl Sizes {
    /// How many of so many connections one party may use, so that a quarter is left to others.
    pub(crate) fn most_of_one(most: u32) -> u32 {
        most.saturating_sub(most.div_ceil(4)).max(1)
    }
}

/// At most so many connections, made when there is none idle.
pub(super) struct Set<C: Link>(Arc<Shared<C>>);

pub(super) struct Shared<C: Link> {
    options: C::Options,
    stopper: C::Stopper,
    turns: Arc<Turns>,
    idle: Mutex<Vec<Kept<C>>>,
    is_closed: AtomicBool,
}

pub(super) struct Kept<C: Link> {
    pub(super) connection: C,
    pub(super) handle: C::Handle,
    opened: Instant,
    renewed: Instant,
}

impl<C: Link> std::fmt::Debug for Set<C> {
    /// Without the options, which may hold a password.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Set")
            .field("turns", &self.0.turns)
            .finish_non_exhaustive()
    }
}

impl<C: Link> Set<C> {
    pub(super) fn new(options: C::Options, sizes: Sizes) -> Self {
        let places = |number: u32| usize::try_from(number).unwrap_or(usize::MAX);
        Self(Arc::new(Shared {
            stopper: C::stopper(&options),
            options,
            turns: Turns::new(places(sizes.most), places(sizes.share), sizes.line),
            idle: Mutex::default(),
            is_closed: AtomicBool::new(false),
        }))
    }

    /// A connection, when it is this party's turn.
    ///
    /// # Errors
    /// Why it never was.
    pub(super) async fn lend(&self, party: Party, patience: Deadlines) -> Result<LentConnection<C>, Full> {
        let turns = &self.0.turns;
        let turn = match tokio::time::timeout(patience.wait, turns.take(party)).await {
            Ok(turn) => turn?,
            Err(_) => return Err(turns.full_for(party)),
        };
        Ok(LentConnection::new(
            Arc::clone(&self.0),
            turn,
            Instant::now() + patience.limit,
        ))
    }

    /// Closes what is idle. What is in use is closed when it comes back, and later questions fail.
    pub(super) async fn close(&self) {
        self.0.is_closed.store(true, Ordering::Release);
        let idle = std::mem::take(&mut *self.0.idle());
        for kept in idle {
            // It is gone either way.
            let _ = kept.connection.close().await;
        }
        C::close_stopper(&self.0.stopper).await;
    }
}

impl<C: Link> Shared<C> {
    /// A connection that was idle, or a new one; and whether it was used before, so that the database may have gone
    /// away since.
    pub(super) async fn connection(&self) -> sqlx::Result<(Kept<C>, bool)> {
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
    pub(super) fn keep(&self, kept: Kept<C>) {
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
    pub(super) async fn settle(self: Arc<Self>, mut kept: Kept<C>, turn: Turn) -> bool {
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

    async fn open(&self) -> sqlx::Result<Kept<C>> {
        let began = Instant::now();
        loop {
            let connected = async {
                let mut connection = self.options.connect().await?;
                let handle = connection.opened(&self.options).await?;
                Ok((connection, handle))
            };
            match connected.await {
                Ok((connection, handle)) => {
                    return Ok(Kept {
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

    fn idle(&self) -> MutexGuard<'_, Vec<Kept<C>>> {
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
