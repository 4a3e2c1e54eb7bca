//! Counting in memory.

use super::{hour_of, minute_of};
use crate::Quantiles;
use db::entity::activity::ActivityKind;
use events::{EndpointId, Timestamp};
use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Latencies are counted by powers of two, in so many steps for each.
const STEPS: f64 = 4.0;
/// The longest latency that is told apart is 2^(this / [`STEPS`]) milliseconds: some six weeks.
const LAST_BUCKET: i32 = 127;
/// Endpoints that are counted between two writings; those beyond are counted in the sum only.
const MOST_ENDPOINTS: usize = 10_000;

/// What a process did and has not added to the database yet.
#[derive(Debug, Default)]
pub struct ActivityMeter(Mutex<Counts>);

/// Counts by minute and hour.
#[derive(Debug, Default)]
pub(super) struct Counts {
    pub(super) minutes: BTreeMap<(i64, ActivityKind, i32), i64>,
    pub(super) hours: HashMap<(EndpointId, i64), (i64, i64)>,
}

impl Counts {
    pub(super) fn is_empty(&self) -> bool {
        self.minutes.is_empty() && self.hours.is_empty()
    }

    fn add(&mut self, at: Timestamp, kind: ActivityKind, bucket: i32, count: i64) {
        let so_far = self.minutes.entry((minute_of(at), kind, bucket)).or_default();
        *so_far = so_far.saturating_add(count);
    }

    fn add_attempt(&mut self, endpoint: EndpointId, at: Timestamp, is_delivered: bool) {
        let key = (endpoint, hour_of(at));
        if self.hours.len() >= MOST_ENDPOINTS && !self.hours.contains_key(&key) {
            return;
        }
        let (delivered, failed) = self.hours.entry(key).or_default();
        let count = if is_delivered { delivered } else { failed };
        *count = count.saturating_add(1);
    }
}

impl ActivityMeter {
    /// Counts requests.
    pub fn requests(&self, count: usize, at: Timestamp) {
        self.counts().add(at, ActivityKind::Requests, 0, signed(count));
    }

    /// Counts events.
    pub fn events(&self, count: usize, at: Timestamp) {
        self.counts().add(at, ActivityKind::Events, 0, signed(count));
    }

    /// Counts an attempt of an endpoint that it did not take.
    pub fn failed(&self, endpoint: EndpointId, at: Timestamp) {
        self.counts().add_attempt(endpoint, at, false);
    }

    /// Counts an attempt that an endpoint took so long after the change.
    pub fn delivered(&self, endpoint: EndpointId, after: std::time::Duration, at: Timestamp) {
        let mut counts = self.counts();
        counts.add(at, ActivityKind::Deliveries, 0, 1);
        counts.add(at, ActivityKind::Latency, bucket(after), 1);
        counts.add_attempt(endpoint, at, true);
    }

    /// What was counted; from now on there is nothing.
    pub(super) fn take(&self) -> Counts {
        std::mem::take(&mut *self.counts())
    }

    /// Puts back what could not be added.
    pub(super) fn put_back(&self, counts: &Counts) {
        let mut now = self.counts();
        for ((minute, kind, bucket), count) in &counts.minutes {
            let so_far = now.minutes.entry((*minute, *kind, *bucket)).or_default();
            *so_far = so_far.saturating_add(*count);
        }
        for (key, (delivered, failed)) in &counts.hours {
            let so_far = now.hours.entry(*key).or_default();
            so_far.0 = so_far.0.saturating_add(*delivered);
            so_far.1 = so_far.1.saturating_add(*failed);
        }
    }

    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn signed(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// The first bucket whose bound a latency does not pass.
#[allow(
    clippy::cast_possible_truncation,
    reason = "a float becomes the nearest number that there is"
)]
fn bucket(latency: std::time::Duration) -> i32 {
    let millis = latency.as_secs_f64() * 1_000.0;
    if millis <= 1.0 {
        return 0;
    }
    ((millis.log2() * STEPS).ceil() as i32).clamp(0, LAST_BUCKET)
}

/// The bound of a bucket in milliseconds.
#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a float becomes the nearest number that there is"
)]
fn bound(bucket: i32) -> u64 {
    (f64::from(bucket) / STEPS).exp2().round() as u64
}

/// Median and 99 of 100, as the bounds of their buckets.
pub(super) fn quantiles(buckets: &BTreeMap<i32, u64>) -> Option<Quantiles> {
    let all: u64 = buckets.values().sum();
    let at = |percent: u64| {
        let wanted = (all * percent).div_ceil(100).max(1);
        let mut seen = 0;
        buckets.iter().find_map(|(bucket, count)| {
            seen += count;
            (seen >= wanted).then(|| bound(*bucket))
        })
    };
    Some(Quantiles {
        p50: at(50)?,
        p99: at(99)?,
    })
}

#[cfg(test)]
mod tests {
    use super::{bound, bucket, quantiles};
    use crate::Quantiles;
    use std::collections::BTreeMap;
    use std::time::Duration;

    #[test]
    fn a_latency_is_known_to_a_fifth() {
        for millis in [1_u64, 2, 3, 7, 10, 45, 99, 1_000, 60_000, 86_400_000] {
            let shown = bound(bucket(Duration::from_millis(millis)));
            assert!(
                shown >= millis && shown * 100 <= millis * 120 + 100,
                "{millis}: {shown}"
            );
        }
        assert_eq!(bound(bucket(Duration::from_micros(10))), 1);
    }

    #[test]
    fn quantiles_are_those_of_all_buckets() {
        assert_eq!(quantiles(&BTreeMap::new()), None);
        let buckets = BTreeMap::from([(0, 50), (8, 48), (40, 2)]);
        assert_eq!(quantiles(&buckets), Some(Quantiles { p50: 1, p99: 1_024 }));
        let buckets = BTreeMap::from([(0, 49), (8, 50), (40, 1)]);
        assert_eq!(quantiles(&buckets), Some(Quantiles { p50: 4, p99: 4 }));
    }
}
