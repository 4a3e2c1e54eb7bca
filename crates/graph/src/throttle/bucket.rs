//! A budget that fills evenly.

use events::Timestamp;
use std::time::Duration;

/// The part of a window's limit that may be used at once. The rest comes evenly, so that no window of Graph, wherever it
/// begins, has more than its limit.
const AT_ONCE: f64 = 0.1;

/// Resource units, filled evenly over time. It may be overdrawn by what is promised already.
#[derive(Clone, Debug)]
pub(super) struct Bucket {
    level: f64,
    limit: f64,
    window: Duration,
    at: Timestamp,
}

impl Bucket {
    /// A full one, of which no window gives more than `limit` units.
    pub(super) fn new(limit: f64, window: Duration, now: Timestamp) -> Self {
        Self {
            level: limit * AT_ONCE,
            limit,
            window,
            at: now,
        }
    }

    fn most(&self) -> f64 {
        self.limit * AT_ONCE
    }

    /// Units in a millisecond.
    fn rate(&self) -> f64 {
        self.limit * (1.0 - AT_ONCE) / (self.window.as_secs_f64() * 1_000.0)
    }

    fn fill(&mut self, now: Timestamp) {
        let gained = now.since(self.at).as_secs_f64() * 1_000.0 * self.rate();
        self.level = (self.level + gained).min(self.most());
        self.at = self.at.max(now);
    }

    pub(super) fn resize(&mut self, limit: f64) {
        self.limit = limit;
    }

    /// Takes so many units and says when they are there.
    pub(super) fn reserve(&mut self, now: Timestamp, cost: u32) -> Timestamp {
        let at = self.there_at(now, cost);
        self.level -= f64::from(cost);
        at
    }

    /// When so many units will be there. More than the bucket holds are there when it is full.
    pub(super) fn there_at(&mut self, now: Timestamp, cost: u32) -> Timestamp {
        self.fill(now);
        let missing = f64::from(cost).min(self.most()) - self.level;
        if missing <= 0.0 {
            return now;
        }
        now.plus(Duration::from_secs_f64((missing / self.rate()).ceil() / 1_000.0))
    }

    /// Puts back what was taken for a request that is not sent.
    pub(super) fn give_back(&mut self, cost: u32) {
        self.level = (self.level + f64::from(cost)).min(self.most());
    }

    /// Graph says that nothing is left.
    pub(super) fn drain(&mut self) {
        self.level = self.level.min(0.0);
    }

    pub(super) fn is_full(&mut self, now: Timestamp) -> bool {
        self.fill(now);
        self.level >= self.most()
    }
}
