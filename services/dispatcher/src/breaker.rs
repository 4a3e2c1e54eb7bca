//! The circuit breaker of an endpoint: after a number of failures in a row nothing is sent to it for a while, then one
//! attempt is let through (half-open) to see how it fares. Pure: the time is given.

use std::time::{Duration, Instant};

/// When an endpoint is left alone, and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BreakerLimits {
    /// Failures in a row.
    pub failures: u32,
    /// The first pause; each probe that fails doubles it.
    pub first_pause: Duration,
    /// The longest pause.
    pub longest_pause: Duration,
}

impl Default for BreakerLimits {
    /// Ten failures; 5 s to a minute.
    fn default() -> Self {
        Self {
            failures: 10,
            first_pause: Duration::from_secs(5),
            longest_pause: Duration::from_secs(60),
        }
    }
}

/// Closed, open until a time, or half-open after that time.
#[derive(Debug)]
pub(crate) struct Breaker {
    patience: BreakerLimits,
    failures: u32,
    until: Option<Instant>,
    pause: Duration,
}

impl Breaker {
    pub(crate) const fn new(patience: BreakerLimits) -> Self {
        Self {
            pause: patience.first_pause,
            patience,
            failures: 0,
            until: None,
        }
    }

    /// The endpoint answered.
    pub(crate) const fn close(&mut self) {
        *self = Self::new(self.patience);
    }

    /// It did not, or said that it is in trouble. `true` when it is to be left alone from now on. What was in flight when
    /// that began changes nothing.
    pub(crate) fn fail(&mut self, now: Instant) -> bool {
        self.failures = self.failures.saturating_add(1);
        if self.is_open(now) || self.until.is_none() && self.failures < self.patience.failures.max(1) {
            return false;
        }
        self.until = Some(now + self.pause);
        self.pause = self.pause.saturating_mul(2).min(self.patience.longest_pause);
        true
    }

    /// Nothing may be sent.
    pub(crate) fn is_open(&self, now: Instant) -> bool {
        self.until.is_some_and(|until| until > now)
    }

    /// Half-open: one attempt may be made.
    pub(crate) fn is_probing(&self, now: Instant) -> bool {
        self.until.is_some_and(|until| until <= now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_opens_after_failures_in_a_row_and_its_pauses_double_until_an_answer_closes_it() {
        let (second, start) = (Duration::from_secs(1), Instant::now());
        let mut breaker = Breaker::new(BreakerLimits {
            failures: 3,
            first_pause: second,
            longest_pause: second * 3,
        });
        assert!(!breaker.fail(start) && !breaker.fail(start));
        breaker.close();
        assert!(!breaker.fail(start) && !breaker.fail(start) && breaker.fail(start));
        assert!(breaker.is_open(start) && !breaker.is_probing(start));
        assert!(!breaker.fail(start), "it was in flight already");
        let mut at = start;
        for pause in [1, 2, 3, 3] {
            assert!(breaker.is_open(at + second * pause - Duration::from_millis(1)));
            at += second * pause;
            assert!(breaker.is_probing(at) && !breaker.is_open(at));
            assert!(breaker.fail(at), "the probe failed");
        }
        breaker.close();
        assert!(!breaker.is_open(at) && !breaker.is_probing(at) && !breaker.fail(at));
    }
}
