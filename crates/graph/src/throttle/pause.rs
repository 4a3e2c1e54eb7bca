//! What failures make of a connection: a wait, a longer one, and rest. Only an answer starts over, never a new request.

use events::Timestamp;
use std::time::Duration;
use webhooks::RetryAfter;

/// Failures in a row after which the connection rests.
const STRIKES: u32 = 5;
/// The shortest wait after a failure.
const SHORTEST: Duration = Duration::from_secs(1);
/// The longest wait that is not asked for.
const LONGEST: Duration = Duration::from_secs(60);
/// How long a connection rests at first; twice as long after each further failure.
const REST: Duration = Duration::from_mins(5);
/// The longest rest that is not asked for.
const LONGEST_REST: Duration = Duration::from_hours(1);

#[derive(Clone, Copy, Debug)]
pub(super) struct Pause {
    strikes: u32,
    until: Timestamp,
}

impl Default for Pause {
    fn default() -> Self {
        Self {
            strikes: 0,
            until: Timestamp::from_millis(0),
        }
    }
}

impl Pause {
    /// Another failure. `chance` in `[0, 1)` spreads the waits that nobody asked for over their whole length.
    pub(super) fn strike(&mut self, now: Timestamp, asked: Option<RetryAfter>, chance: f64) {
        self.strikes = self.strikes.saturating_add(1);
        let rest = self.strikes.checked_sub(STRIKES).map(|more| {
            let doubled = REST.saturating_mul(1u32.checked_shl(more).unwrap_or(u32::MAX));
            now.plus(doubled.min(LONGEST_REST))
        });
        let wait = match asked {
            Some(asked) => asked.at(now).max(now.plus(SHORTEST)),
            None => now.plus(jittered(self.strikes, chance)),
        };
        self.until = self.until.max(wait).max(rest.unwrap_or(wait));
    }

    pub(super) fn reset(&mut self) {
        self.strikes = 0;
    }

    pub(super) const fn until(self) -> Timestamp {
        self.until
    }

    pub(super) fn holds(self, now: Timestamp) -> bool {
        self.until > now
    }

    pub(super) const fn is_parked(self) -> bool {
        self.strikes >= STRIKES
    }

    pub(super) fn is_over(self, now: Timestamp) -> bool {
        self.strikes == 0 && !self.holds(now)
    }
}

/// Between a second and twice as long after each failure, at most a minute.
fn jittered(strikes: u32, chance: f64) -> Duration {
    let most = SHORTEST.saturating_mul(1u32.checked_shl(strikes).unwrap_or(u32::MAX));
    let chance = if chance.is_finite() {
        chance.clamp(0.0, 1.0)
    } else {
        0.5
    };
    SHORTEST + (most.min(LONGEST) - SHORTEST).mul_f64(chance)
}
