//! A set of connections, and one of them while it is used.

use super::link::Link;
use sea_orm::sqlx::{self, ConnectOptions as _, Connection};
use std::io::ErrorKind;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::{Semaphore, SemaphorePermit};

/// How long a plan is kept: not for much longer than it takes a table to grow out of it.
const RENEW_AFTER: Duration = Duration::from_secs(5);
/// How old a connection gets.
const LIFETIME: Duration = Duration::from_secs(30 * 60);
/// How long connecting is tried while the database takes no connections, as in a restart.
const CONNECT: Duration = Duration::from_secs(2);
const CONNECT_AGAIN: Duration = Duration::from_millis(50);

/// At most so many connections, made when there is none idle.
pub(super) struct Set<C: Connection> {
    options: C::Options,
    places: Semaphore,
    idle: Mutex<Vec<Kept<C>>>,
    is_closed: AtomicBool,
}

struct Kept<C> {
    connection: C,
    opened: Instant,
    renewed: Instant,
}

/// A connection in use. Dropped without [`Lent::give_back`] it is closed: nobody knows what it is in the middle of.
pub(super) struct Lent<'a, C: Connection> {
    set: &'a Set<C>,
    kept: Kept<C>,
    /// Whether it was used before, so that the database may have gone away since.
    is_used: bool,
    _place: SemaphorePermit<'a>,
}

impl<C: Connection> std::fmt::Debug for Set<C> {
    /// Without the options, which may hold a password.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Set")
            .field("places", &self.places)
            .finish_non_exhaustive()
    }
}

impl<C: Link> Set<C> {
    pub(super) fn new(options: C::Options, most: u32) -> Self {
        Self {
            options,
            places: Semaphore::new(usize::try_from(most.max(1)).unwrap_or(1)),
            idle: Mutex::default(),
            is_closed: AtomicBool::new(false),
        }
    }

    /// A connection, when one of the places is free.
    pub(super) async fn lend(&self) -> sqlx::Result<Lent<'_, C>> {
        let place = self.places.acquire().await.map_err(|_| sqlx::Error::PoolClosed)?;
        if self.is_closed.load(Ordering::Acquire) {
            return Err(sqlx::Error::PoolClosed);
        }
        // Taken in a statement of its own, so that the lock is not held any longer.
        let kept = self.idle().pop();
        let mut lent = match kept.filter(|kept| kept.opened.elapsed() < LIFETIME) {
            Some(kept) => Lent {
                set: self,
                kept,
                is_used: true,
                _place: place,
            },
            None => Lent {
                set: self,
                kept: self.open().await?,
                is_used: false,
                _place: place,
            },
        };
        if lent.kept.renewed.elapsed() >= RENEW_AFTER {
            match lent.kept.connection.renew().await {
                Ok(()) => lent.kept.renewed = Instant::now(),
                Err(error) if lent.is_stale(&error) => {
                    self.forget_idle();
                    lent.kept = self.open().await?;
                    lent.is_used = false;
                }
                Err(error) => return Err(error),
            }
        }
        Ok(lent)
    }

    /// Drops the connections that nobody uses: where one is broken, so are the others.
    pub(super) fn forget_idle(&self) {
        drop(std::mem::take(&mut *self.idle()));
    }

    pub(super) async fn close(&self) {
        self.is_closed.store(true, Ordering::Release);
        let idle = std::mem::take(&mut *self.idle());
        for kept in idle {
            // It is gone either way.
            let _ = kept.connection.close().await;
        }
    }

    async fn open(&self) -> sqlx::Result<Kept<C>> {
        let began = Instant::now();
        loop {
            match self.options.connect().await {
                Ok(connection) => {
                    C::opened(&self.options);
                    return Ok(Kept {
                        connection,
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

impl<C: Link> Lent<'_, C> {
    pub(super) const fn connection(&mut self) -> &mut C {
        &mut self.kept.connection
    }

    /// Keeps the connection for the next question; its last one was answered to the end.
    pub(super) fn give_back(self) {
        if !self.set.is_closed.load(Ordering::Acquire) {
            self.set.idle().push(self.kept);
        }
    }

    /// Whether the error only says that a connection kept from before is broken.
    pub(super) fn is_stale(&self, error: &sqlx::Error) -> bool {
        let is_broken = match error {
            sqlx::Error::Io(_) | sqlx::Error::Tls(_) | sqlx::Error::Protocol(_) | sqlx::Error::WorkerCrashed => true,
            // Ended by an administrator, by a crash or by a shutdown.
            sqlx::Error::Database(error) => matches!(error.code().as_deref(), Some("57P01" | "57P02" | "57P05")),
            _ => false,
        };
        self.is_used && is_broken
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
