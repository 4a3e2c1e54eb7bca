//! How often, and how long apart, a call is tried again.

use reqwest::header::{HeaderMap, RETRY_AFTER};
use std::time::{Duration, SystemTime};

/// The first pause, where the server names none.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
/// The longest pause, whatever the server says.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// How long a call is tried for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// Pauses together are no longer than this.
    pub total: Duration,
}

impl Patience {
    /// For a person who waits: half a minute.
    pub const PERSON: Self = Self {
        total: Duration::from_secs(30),
    };
    /// For work that runs by itself: ten minutes, which is a restart of anything.
    pub const WORK: Self = Self {
        total: Duration::from_secs(600),
    };
    /// None: the first answer counts.
    pub const NONE: Self = Self { total: Duration::ZERO };
}

/// The pauses of one call.
#[derive(Debug)]
pub(crate) struct Pauses {
    left: Duration,
    next: Duration,
}

impl Pauses {
    pub(crate) const fn of(patience: Patience) -> Self {
        Self {
            left: patience.total,
            next: FIRST_PAUSE,
        }
    }

    /// The next pause: what the server asked for, else twice the one before. `None` when patience is at its end.
    pub(crate) fn next(&mut self, asked: Option<Duration>) -> Option<Duration> {
        let pause = asked
            .unwrap_or(self.next)
            .clamp(Duration::from_millis(50), LONGEST_PAUSE);
        self.next = (self.next * 2).min(LONGEST_PAUSE);
        self.left = self.left.checked_sub(pause)?;
        Some(pause)
    }
}

/// `Retry-After`: seconds or a date (RFC 9110 §10.2.3).
pub(crate) fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    match text.parse() {
        Ok(seconds) => Some(Duration::from_secs(seconds)),
        Err(_) => Some(
            httpdate::parse_http_date(text)
                .ok()?
                .duration_since(now)
                .unwrap_or_default(),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_end_with_patience() {
        let mut pauses = Pauses::of(Patience {
            total: Duration::from_secs(4),
        });
        let taken: Vec<_> = std::iter::from_fn(|| pauses.next(None))
            .map(|pause| pause.as_millis())
            .collect();
        assert_eq!(taken, [500, 1_000, 2_000]);
        assert_eq!(Pauses::of(Patience::NONE).next(None), None);
    }

    #[test]
    fn what_the_server_asks_for_is_what_is_waited() {
        let mut pauses = Pauses::of(Patience::WORK);
        assert_eq!(pauses.next(Some(Duration::from_secs(7))), Some(Duration::from_secs(7)));
        assert_eq!(pauses.next(Some(Duration::from_secs(3_600))), Some(LONGEST_PAUSE));
    }

    #[test]
    fn retry_after_is_read_as_seconds_and_as_a_date() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777);
        let read = |text: &str| {
            let headers = HeaderMap::from_iter([(RETRY_AFTER, text.parse().unwrap())]);
            retry_after(&headers, now)
        };
        assert_eq!(read("12"), Some(Duration::from_secs(12)));
        assert_eq!(read("Sun, 06 Nov 1994 08:49:47 GMT"), Some(Duration::from_secs(10)));
        assert_eq!(read("Sun, 06 Nov 1994 08:49:27 GMT"), Some(Duration::ZERO));
        assert_eq!(read("soon"), None);
    }
}
