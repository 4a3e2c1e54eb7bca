//! How many requests per second a key may send, and how callers are told: `RateLimit` and `RateLimit-Policy` as in
//! draft-ietf-httpapi-ratelimit-headers-10, and `Retry-After` above the limit. Each process counts for itself.

use crate::principal::Principal;
use crate::problem::{Problem, ProblemKind};
use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue, RETRY_AFTER};
use api::CallerIdentity;
use runtime::http::{Allowance, BURST_TIME, Rates};
use std::num::NonZeroU32;
use std::time::Duration;

/// What is left.
pub(crate) const RATE_LIMIT: &str = "ratelimit";
/// What there is.
pub(crate) const RATE_LIMIT_POLICY: &str = "ratelimit-policy";

/// What the keys have sent lately.
#[derive(Debug)]
pub(crate) struct KeyRates {
    rates: Rates<CallerIdentity>,
    limit: NonZeroU32,
}

/// What a request left of the rate of its key.
#[derive(Clone, Copy, Debug)]
pub(crate) enum KeyUsage {
    /// Nobody knows whose request it is.
    Unknown,
    /// It may pass.
    Within(NonZeroU32, Allowance),
    /// It may not: when the next one may.
    Above(NonZeroU32, Duration),
}

impl KeyRates {
    /// All keys have this rate, in requests per second.
    pub(crate) fn new(limit: NonZeroU32) -> Self {
        Self {
            rates: Rates::default(),
            limit,
        }
    }

    /// Counts a request.
    pub(crate) fn pass(&self, principal: &Principal) -> KeyUsage {
        match self.rates.pass(principal.identity, self.limit) {
            Ok(allowance) => KeyUsage::Within(self.limit, allowance),
            Err(wait) => KeyUsage::Above(self.limit, wait),
        }
    }
}

impl KeyUsage {
    /// 429 for a request that may not pass.
    pub(crate) fn exceeded(&self) -> Option<Problem> {
        let Self::Above(limit, wait) = self else { return None };
        metrics::counter!("rollcall_admin_throttled_total").increment(1);
        let seconds = whole_seconds(*wait);
        let detail = format!(
            "This key may send {limit} requests per second, and {} at once. Nothing was done; send it again in {seconds} s.",
            at_once(*limit)
        );
        let problem = Problem::new(ProblemKind::RateExceeded, detail);
        Some(problem.with_header(RETRY_AFTER, HeaderValue::from(seconds)))
    }

    /// Adds to an answer what is left.
    pub(crate) fn tell(&self, headers: &mut HeaderMap) {
        let (limit, remaining, reset) = match self {
            Self::Unknown => return,
            Self::Within(limit, allowance) => (*limit, allowance.remaining, allowance.full_after),
            Self::Above(limit, wait) => (*limit, 0, *wait),
        };
        let policy = format!("\"key\";q={};w={}", at_once(limit), BURST_TIME.as_secs());
        let left = format!("\"key\";r={remaining};t={}", whole_seconds(reset));
        for (name, value) in [(RATE_LIMIT_POLICY, policy), (RATE_LIMIT, left)] {
            // Digits and quotes can stand in a header.
            if let Ok(value) = HeaderValue::try_from(value) {
                headers.insert(HeaderName::from_static(name), value);
            }
        }
    }
}

/// How many requests may come at once.
fn at_once(limit: NonZeroU32) -> u64 {
    u64::from(limit.get()) * BURST_TIME.as_secs()
}

fn whole_seconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis().div_ceil(1_000)).unwrap_or(u64::MAX)
}
