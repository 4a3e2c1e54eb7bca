//! A clock that tests move. `testing` is a feature that no service switches on.

use crate::clock::{Clock, Sleep};
use events::Timestamp;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::watch;

/// A clock that stands still until it is moved, or jumps to the end of each wait.
#[derive(Debug)]
pub struct ManualClock {
    now: watch::Sender<Timestamp>,
    jumps: bool,
    chance: f64,
    waits: Mutex<Vec<Duration>>,
}

impl ManualClock {
    /// A clock that [`ManualClock::advance`] alone moves.
    #[must_use]
    pub fn standing(at: Timestamp) -> Self {
        Self {
            now: watch::Sender::new(at),
            jumps: false,
            chance: 0.5,
            waits: Mutex::default(),
        }
    }

    /// A clock that is moved by every wait, so that nobody waits.
    #[must_use]
    pub fn jumping(at: Timestamp) -> Self {
        Self {
            jumps: true,
            ..Self::standing(at)
        }
    }

    /// The same with another random number.
    #[must_use]
    pub fn with_chance(mut self, chance: f64) -> Self {
        self.chance = chance;
        self
    }

    /// Moves the clock.
    pub fn advance(&self, by: Duration) {
        self.now.send_modify(|now| *now = now.plus(by));
    }

    /// How long was waited for until now, wait by wait.
    #[must_use]
    pub fn waits(&self) -> Vec<Duration> {
        self.waits.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        *self.now.borrow()
    }

    fn sleep_until(&self, at: Timestamp) -> Sleep<'_> {
        Box::pin(async move {
            let left = at.since(self.now());
            if left.is_zero() {
                return;
            }
            self.waits.lock().unwrap_or_else(PoisonError::into_inner).push(left);
            if self.jumps {
                self.now.send_modify(|now| *now = at.max(*now));
                tokio::task::yield_now().await;
                return;
            }
            // The sender is this clock, which outlives the wait.
            let _ = self.now.subscribe().wait_for(|now| *now >= at).await;
        })
    }

    fn chance(&self) -> f64 {
        self.chance
    }
}
