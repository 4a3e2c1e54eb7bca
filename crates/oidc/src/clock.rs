//! Times of tokens: whole seconds, and clocks that do not quite agree.

use events::Timestamp;
use std::time::Duration;

/// How far clocks may be apart.
pub(crate) const MOST_CLOCK_SKEW: Duration = Duration::from_secs(60);

/// Whole seconds since 1970.
pub(crate) fn seconds(at: Timestamp) -> i64 {
    at.millis().div_euclid(1000)
}

/// The time of these seconds; times outside the years 1970 to 9999 are moved to the nearest end.
pub(crate) fn time(seconds: i64) -> Timestamp {
    Timestamp::from_millis(seconds.saturating_mul(1000))
}
