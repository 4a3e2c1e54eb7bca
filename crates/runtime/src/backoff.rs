//! Waiting longer after each failure, and never in step with the others.

use std::time::Duration;

/// Growing pauses between attempts: each is twice the one before, up to a limit, give or take a quarter.
///
/// The jitter of `backon` only lengthens a pause, up to twice the limit, and its pauses cannot start over after a success.
#[derive(Clone, Debug)]
pub struct Backoff {
    next: Duration,
    first: Duration,
    limit: Duration,
}

impl Backoff {
    /// Pauses from `first` to `limit`.
    #[must_use]
    pub const fn new(first: Duration, limit: Duration) -> Self {
        Self {
            next: first,
            first,
            limit,
        }
    }

    /// The pause before the next attempt.
    pub fn pause(&mut self) -> Duration {
        let base = self.next.min(self.limit);
        self.next = base.saturating_mul(2);
        let [dice] = secrets::random_bytes::<1>();
        base.mul_f64(0.75 + f64::from(dice) / 510.0)
    }

    /// Starts over after a success.
    pub const fn reset(&mut self) {
        self.next = self.first;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_the_limit_and_start_over_after_a_reset() {
        let mut backoff = Backoff::new(Duration::from_millis(100), Duration::from_millis(350));
        for expected in [100.0, 200.0, 350.0, 350.0] {
            let pause = backoff.pause().as_secs_f64() * 1000.0;
            assert!(
                (expected * 0.74..=expected * 1.26).contains(&pause),
                "{pause} for {expected}"
            );
        }
        backoff.reset();
        assert!(backoff.pause() < Duration::from_millis(130));
    }
}
