//! A set of connections: so many places, given out in turn.

use super::Deadlines;
use super::connections::Connections;
use super::lent::LentConnection;
use super::link::Link;
use super::turns::{Full, Party, Turns};
use std::sync::Arc;
use std::time::Instant;

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
pub(super) struct Set<C: Link>(Arc<Connections<C>>);

impl<C: Link> std::fmt::Debug for Set<C> {
    /// Without the options, which may hold a password.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Set")
            .field("turns", self.0.turns())
            .finish_non_exhaustive()
    }
}

impl<C: Link> Set<C> {
    pub(super) fn new(options: C::Options, sizes: Sizes) -> Self {
        let places = |number: u32| usize::try_from(number).unwrap_or(usize::MAX);
        let turns = Turns::new(places(sizes.most), places(sizes.share), sizes.line);
        Self(Arc::new(Connections::new(options, turns)))
    }

    /// A connection, when it is this party's turn.
    ///
    /// # Errors
    /// Why it never was.
    pub(super) async fn lend(&self, party: Party, patience: Deadlines) -> Result<LentConnection<C>, Full> {
        let turns = self.0.turns();
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
        self.0.close().await;
    }
}
