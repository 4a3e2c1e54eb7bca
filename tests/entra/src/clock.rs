//! The time that the simulator goes by: that of the machine, and forward as far as a test has moved it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// A moment, in milliseconds since 1970.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct Moment(pub u64);

impl Moment {
    /// The moment this much later.
    #[must_use]
    pub fn plus(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(milliseconds(duration)))
    }

    /// The moment this much earlier.
    #[must_use]
    pub fn minus(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(milliseconds(duration)))
    }

    /// Whole seconds since 1970.
    #[must_use]
    pub const fn seconds(self) -> u64 {
        self.0 / 1_000
    }

    /// As Graph writes it (RFC 3339, UTC).
    #[must_use]
    pub fn text(self) -> String {
        let seconds = i64::try_from(self.seconds()).unwrap_or(i64::MAX);
        OffsetDateTime::from_unix_timestamp(seconds)
            .ok()
            .and_then(|time| time.format(&Rfc3339).ok())
            .unwrap_or_default()
    }

    /// As `Retry-After` has it (RFC 9110 §5.6.7).
    #[must_use]
    pub fn http_date(self) -> String {
        httpdate::fmt_http_date(SystemTime::UNIX_EPOCH + Duration::from_millis(self.0))
    }

    /// Reads RFC 3339; nothing before 1970.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let nanoseconds = OffsetDateTime::parse(text, &Rfc3339).ok()?.unix_timestamp_nanos();
        u64::try_from(nanoseconds / 1_000_000).ok().map(Self)
    }
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// Runs with the machine's clock, and can be moved forward.
#[derive(Debug, Default)]
pub(crate) struct Clock {
    ahead: AtomicU64,
}

impl Clock {
    /// The present moment.
    #[must_use]
    pub(crate) fn now(&self) -> Moment {
        let machine = SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default();
        Moment(milliseconds(machine).saturating_add(self.ahead.load(Ordering::SeqCst)))
    }

    /// Moves on. There is no way back: the log of a tenant is in order of time.
    pub(crate) fn advance(&self, by: Duration) {
        self.ahead.fetch_add(milliseconds(by), Ordering::SeqCst);
    }
}
