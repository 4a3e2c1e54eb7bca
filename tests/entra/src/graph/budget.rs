//! Resource units: what a request costs, and when an app has used up what it may ask of a tenant.

use super::answer::Answer;
use super::query::Query;
use crate::clock::Moment;
use uuid::Uuid;

/// What flows into a bucket in a second is a tenth of it.
const SECONDS: f64 = 10.0;

/// The units that an app has left in a tenant.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bucket {
    used: f64,
    at: Moment,
}

/// What a request is charged.
pub(crate) struct Charge {
    pub(crate) units: u32,
    /// Of what may be used; over 1 it is refused.
    pub(crate) share: f64,
}

/// The units of a tenant with so many users in ten seconds, as Microsoft publishes them.
pub(crate) const fn limit(users: u32) -> u32 {
    match users {
        0..50 => 3_500,
        50..=500 => 5_000,
        _ => 8_000,
    }
}

/// What a request costs.
pub(crate) fn cost(method: &str, path: &str, query: &Query) -> u32 {
    let segments: Vec<&str> = path.trim_matches('/').split('/').collect();
    let base = match (method, segments.as_slice()) {
        ("GET", ["users"]) | (_, ["applications", ..]) => 2,
        ("GET", ["groups", _, "members", ..]) | ("POST", ["directoryObjects", "getByIds"]) => 3,
        ("GET", ["groups", _, "transitiveMembers", ..]) => 5,
        _ => 1,
    };
    let is_small = query
        .get("top")
        .and_then(|top| top.parse::<u32>().ok())
        .is_some_and(|top| top < 20);
    let less = u32::from(query.has("select")) + u32::from(is_small);
    (base + u32::from(query.has("expand"))).saturating_sub(less).max(1)
}

impl Bucket {
    pub(crate) const fn new(at: Moment) -> Self {
        Self { used: 0.0, at }
    }

    /// Charges a request. Refused ones count as well, but no debt grows beyond 1.8 of the limit.
    #[allow(clippy::cast_precision_loss, reason = "an interval of a test")]
    pub(crate) fn charge(&mut self, units: u32, limit: u32, now: Moment) -> Charge {
        let limit = f64::from(limit.max(1));
        let passed = now.0.saturating_sub(self.at.0) as f64 / 1_000.0;
        self.at = now;
        self.used = (self.used - passed * limit / SECONDS).max(0.0) + f64::from(units);
        self.used = self.used.min(1.8 * limit);
        Charge {
            units,
            share: self.used / limit,
        }
    }
}

impl Charge {
    /// Seconds until there is room again.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "at most nine")]
    fn wait(&self) -> u64 {
        ((self.share - 1.0) * SECONDS).ceil().max(1.0) as u64
    }

    /// The refusal, and how many seconds it lasts, if the units are used up.
    pub(crate) fn refusal(&self, app: Uuid, tenant: Uuid) -> Option<(Answer, u64)> {
        (self.share > 1.0).then(|| {
            let answer = throttled()
                .with("Retry-After", self.wait().to_string())
                .with(
                    "x-ms-throttle-scope",
                    format!("Tenant_Application/ReadWrite/{app}/{tenant}"),
                )
                .with("x-ms-throttle-information", "ResourceUnitLimitExceeded");
            (answer, self.wait())
        })
    }

    /// The headers that tell what was used.
    pub(crate) fn headers(&self, answer: Answer) -> Answer {
        let answer = answer.with("x-ms-resource-unit", self.units.to_string());
        if self.share > 0.8 {
            answer.with("x-ms-throttle-limit-percentage", format!("{:.2}", self.share.min(1.8)))
        } else {
            answer
        }
    }
}

pub(crate) fn throttled() -> Answer {
    Answer::error(
        429,
        "TooManyRequests",
        "Too many requests. Please retry after the time given.",
    )
}
