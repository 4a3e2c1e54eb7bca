//! When a delivery is tried again: pure arithmetic over the number of attempts, the time and a random number.

use events::Timestamp;
use std::time::Duration;

const fn minutes(n: u64) -> Duration {
    Duration::from_secs(n * 60)
}

const fn hours(n: u64) -> Duration {
    Duration::from_secs(n * 3_600)
}

/// The waits between attempts: ten attempts over a little more than three days.
const STANDARD: [Duration; 9] = [
    Duration::from_secs(5),
    minutes(5),
    minutes(30),
    hours(2),
    hours(5),
    hours(10),
    hours(14),
    hours(20),
    hours(24),
];
/// Each wait is stretched or shortened by up to this share, so that deliveries that failed together do not come back
/// together.
const JITTER: f64 = 0.1;
/// A receiver cannot put a delivery off for longer than the longest wait of the standard schedule.
const LONGEST_RETRY_AFTER: Duration = hours(24);

/// The waits between the attempts of a delivery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RetrySchedule {
    waits: Vec<Duration>,
}

impl Default for RetrySchedule {
    fn default() -> Self {
        Self::standard()
    }
}

impl RetrySchedule {
    /// 5 s, 5 min, 30 min, 2 h, 5 h, 10 h, 14 h, 20 h, 24 h.
    #[must_use]
    pub fn standard() -> Self {
        Self::new(STANDARD)
    }

    /// Any waits; there is one attempt more than waits.
    #[must_use]
    pub fn new(waits: impl Into<Vec<Duration>>) -> Self {
        Self { waits: waits.into() }
    }

    /// When to try again after the `attempt`-th attempt (counted from 1) failed at `now`; `None` when the delivery is
    /// to be given up.
    ///
    /// `jitter` in `[0, 1)` moves the wait between 90 % and 110 %. A `Retry-After` of the receiver can only put the
    /// attempt off, never bring it forward (an overloaded receiver does not know that it also failed a minute ago),
    /// and by 24 hours at most. It adds no attempts: a delivery with none left is given up all the same.
    #[must_use]
    pub fn next_attempt(
        &self,
        attempt: u32,
        now: Timestamp,
        jitter: f64,
        retry_after: Option<RetryAfter>,
    ) -> Option<Timestamp> {
        let index = usize::try_from(attempt.checked_sub(1)?).ok()?;
        let wait = self.waits.get(index)?;
        let jitter = if jitter.is_finite() {
            jitter.clamp(0.0, 1.0)
        } else {
            0.5
        };
        let scheduled = now.plus(wait.mul_f64(1.0 - JITTER + 2.0 * JITTER * jitter));
        let asked = retry_after.map(|hint| hint.at(now).min(now.plus(LONGEST_RETRY_AFTER)));
        Some(asked.map_or(scheduled, |asked| asked.max(scheduled)))
    }
}

/// The `Retry-After` header of an answer (RFC 9110 §10.2.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RetryAfter {
    /// After a wait.
    Wait(Duration),
    /// Not before a point in time.
    At(Timestamp),
}

impl RetryAfter {
    /// Reads seconds or an HTTP date; `None` for anything else.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
            // More digits than fit mean "very long" all the same.
            return Some(Self::Wait(Duration::from_secs(text.parse().unwrap_or(u64::MAX))));
        }
        let at = httpdate::parse_http_date(text).ok()?;
        let since = at.duration_since(std::time::UNIX_EPOCH).ok()?;
        Some(Self::At(Timestamp::from_millis(i64::try_from(since.as_millis()).ok()?)))
    }

    /// The point in time, for an answer that came at `now`.
    #[must_use]
    pub fn at(self, now: Timestamp) -> Timestamp {
        match self {
            Self::Wait(wait) => now.plus(wait),
            Self::At(at) => at,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NOW: i64 = 1_795_000_000_000;

    fn now() -> Timestamp {
        Timestamp::from_millis(NOW)
    }

    fn wait(attempt: u32, jitter: f64, hint: Option<RetryAfter>) -> Option<Duration> {
        RetrySchedule::standard()
            .next_attempt(attempt, now(), jitter, hint)
            .map(|at| at.since(now()))
    }

    #[test]
    fn the_waits_are_the_published_ones() {
        let seconds: Vec<_> = (1..=10)
            .map(|attempt| wait(attempt, 0.5, None).map(|wait| wait.as_secs()))
            .collect();
        let published = [5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400];
        assert_eq!(seconds[..9], published.map(Some));
        assert_eq!(seconds[9], None);
    }

    #[test]
    fn retry_after_puts_an_attempt_off_but_never_brings_it_forward() {
        let after = |seconds| Some(RetryAfter::Wait(Duration::from_secs(seconds)));
        assert_eq!(wait(1, 0.5, after(60)), Some(Duration::from_secs(60)));
        assert_eq!(wait(2, 0.5, after(60)), Some(minutes(5)));
        assert_eq!(wait(1, 0.5, after(u64::MAX)), Some(hours(24)));
        assert_eq!(wait(10, 0.5, after(60)), None);
        let past = Some(RetryAfter::At(now().minus(hours(1))));
        assert_eq!(wait(1, 0.5, past), Some(Duration::from_secs(5)));
        let soon = Some(RetryAfter::At(now().plus(minutes(1))));
        assert_eq!(wait(1, 0.5, soon), Some(minutes(1)));
    }

    #[test]
    fn retry_after_is_read_as_seconds_or_as_a_date() {
        assert_eq!(
            RetryAfter::parse(" 120 "),
            Some(RetryAfter::Wait(Duration::from_secs(120)))
        );
        assert_eq!(
            RetryAfter::parse("99999999999999999999999"),
            Some(RetryAfter::Wait(Duration::from_secs(u64::MAX)))
        );
        let at: Timestamp = "2026-11-20T12:00:00Z".parse().unwrap();
        assert_eq!(
            RetryAfter::parse("Fri, 20 Nov 2026 12:00:00 GMT"),
            Some(RetryAfter::At(at))
        );
        for text in ["", "-1", "1.5", "soon", "Fri, 99 Nov 2026"] {
            assert_eq!(RetryAfter::parse(text), None, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn every_wait_stays_within_a_tenth_and_grows_with_the_attempts(jitter in 0.0f64..1.0, other in 0.0f64..1.0) {
            for (attempt, standard) in (1u32..).zip(STANDARD) {
                let this = wait(attempt, jitter, None).unwrap();
                prop_assert!(this >= standard.mul_f64(0.899) && this <= standard.mul_f64(1.101), "{this:?}");
                if let Some(next) = wait(attempt + 1, other, None) {
                    prop_assert!(next > this.mul_f64(0.97), "{this:?} then {next:?}");
                }
            }
        }

        #[test]
        fn no_input_panics_or_moves_an_attempt_into_the_past(
            attempt: u32, at: i64, jitter: f64, seconds: u64, dated: bool, date: i64,
        ) {
            let now = Timestamp::from_millis(at);
            let hint = if dated { RetryAfter::At(Timestamp::from_millis(date)) } else { RetryAfter::Wait(Duration::from_secs(seconds)) };
            for hint in [None, Some(hint)] {
                if let Some(next) = RetrySchedule::standard().next_attempt(attempt, now, jitter, hint) {
                    prop_assert!(next >= now);
                    prop_assert!(next.since(now) <= hours(27));
                }
            }
        }

        #[test]
        fn any_header_text_is_read_without_panic(text: String) {
            let _ = RetryAfter::parse(&text);
        }
    }
}
