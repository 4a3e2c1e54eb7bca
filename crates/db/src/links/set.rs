//! A set of connections: so many places, given out in turn, and a pool of what is open.

use super::Deadlines;
use super::lent::LentConnection;
use super::link::Link;
use super::opener::{OpenConnection, Opener};
use super::turns::{Full, Party, Turn, Turns};
use deadpool::managed::{Object, Pool, PoolError, QueueMode};
use sea_orm::sqlx;
use std::sync::Arc;
use std::time::{Duration, Instant};

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

/// At most so many connections, made when there is none idle. Cheap to clone; clones share them.
pub(super) struct Set<C: Link>(Arc<Shared<C>>);

struct Shared<C: Link> {
    /// Who may use one: the pool knows no parties. It never waits, because each turn is a place in it.
    turns: Arc<Turns>,
    pool: Pool<Opener<C>>,
    stopper: C::Stopper,
}

impl<C: Link> Clone for Set<C> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
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
        let stopper = C::stopper(&options);
        // The one that was used last goes first: it is still warm, and most often of the thread that asks. In turn, with fewer
        // questions than connections, a read cost an eighth more.
        let pool = Pool::builder(Opener(options))
            .max_size(places(sizes.most))
            .queue_mode(QueueMode::Lifo)
            .build();
        Self(Arc::new(Shared {
            turns: Turns::new(places(sizes.most), places(sizes.share), sizes.line),
            pool: pool.expect("a pool without times needs no runtime"),
            stopper,
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
        Ok(LentConnection::new(self.clone(), turn, Instant::now() + patience.limit))
    }

    /// A connection that was idle, or a new one.
    pub(super) async fn connection(&self) -> sqlx::Result<Object<Opener<C>>> {
        self.0.pool.get().await.map_err(|error| match error {
            PoolError::Backend(error) => error,
            PoolError::Closed => sqlx::Error::PoolClosed,
            // A pool without times and hooks has no other.
            PoolError::Timeout(_) | PoolError::NoRuntimeSpecified | PoolError::PostCreateHook(_) => {
                sqlx::Error::PoolTimedOut
            }
        })
    }

    /// Drops the connections that nobody uses: where one is broken, so are the others.
    pub(super) fn forget_idle(&self) {
        drop(self.0.pool.retain(|_, _| false));
    }

    /// Ends what a connection runs and nobody waits for, and gives the connection back when it has ended. The place is free
    /// only then, so that nobody can have more run than its share by asking and leaving. Says whether it has ended.
    pub(super) async fn settle(self, mut kept: Object<Opener<C>>, turn: Turn) -> bool {
        let settled = tokio::time::timeout(SETTLE, async {
            loop {
                C::stop(&kept.handle, &self.0.stopper).await;
                match tokio::time::timeout(STOP_AGAIN, kept.connection.ping()).await {
                    Ok(Ok(())) => return true,
                    // What the statement ended with.
                    Ok(Err(sqlx::Error::Database(_))) | Err(_) => {}
                    Ok(Err(_)) => return false,
                }
            }
        });
        let has_ended = settled.await.unwrap_or(false);
        match has_ended {
            true => drop(kept),
            false => drop(Object::take(kept)),
        }
        drop(turn);
        has_ended
    }

    /// Closes what is idle. What is in use is closed when it comes back, and later questions fail.
    pub(super) async fn close(&self) {
        let idle = self.0.pool.retain(|_, _| false).removed;
        self.0.pool.close();
        for OpenConnection { connection, .. } in idle {
            // It is gone either way.
            let _ = connection.close().await;
        }
        C::close_stopper(&self.0.stopper).await;
    }
}
