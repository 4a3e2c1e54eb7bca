//! How many requests per second a directory may send, where its administrator has set a limit.
//!
//! A token bucket for each directory, as the one number of the generic cell rate algorithm: the time at which the bucket
//! would be full again. Written here because the rate is a setting of the directory that may change with any request,
//! while the limiters of the `governor` crate have one quota for all their keys; and what is bounded here, the number of
//! directories remembered, is bounded by the cache that the ingress has anyway. Each ingress process counts for itself.

use crate::failure::Failure;
use events::DirectoryId;
use moka::sync::Cache;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// The most directories remembered. One that is forgotten starts with a full bucket.
const MOST_TRACKED_DIRECTORIES: u64 = 10_000;
/// What a bucket holds: so many seconds of its rate may come at once.
const BURST_TIME: Duration = Duration::from_secs(2);
/// A request that stands for many is paid for by those after it, but for no longer than this.
const LONGEST_DEBT: Duration = Duration::from_secs(30);

/// The buckets.
#[derive(Debug)]
pub(crate) struct Rates {
    buckets: Cache<DirectoryId, Arc<Mutex<Bucket>>>,
}

/// When the bucket will be full.
#[derive(Clone, Copy, Debug)]
struct Bucket {
    full_at: Instant,
}

impl Rates {
    pub(crate) fn new() -> Self {
        let buckets = Cache::builder()
            .max_capacity(MOST_TRACKED_DIRECTORIES)
            // A bucket that nobody has touched for this long is full.
            .time_to_idle(LONGEST_DEBT + BURST_TIME)
            .build();
        Self { buckets }
    }

    /// Lets one request through, or says when to come back.
    ///
    /// # Errors
    /// 429 above the limit.
    pub(crate) fn pass(&self, directory: DirectoryId, limit: Option<u32>) -> Result<(), Failure> {
        let Some(rate) = limit.filter(|rate| *rate > 0) else {
            return Ok(());
        };
        let now = Instant::now();
        self.with(directory, now, |bucket| bucket.take(rate, now)).map_err(|wait| {
            metrics::counter!("rollcall_ingress_throttled_total").increment(1);
            let detail = format!(
                "this directory takes {rate} requests per second, as its administrator has set; nothing was changed, try again"
            );
            Failure::Later {
                error: scim::Error::status(429, detail),
                retry_after: wait,
            }
        })
    }

    /// Charges what a request turned out to stand for beyond itself: the operations of a bulk request.
    pub(crate) fn charge(&self, directory: DirectoryId, limit: Option<u32>, more: usize) {
        if let Some(rate) = limit.filter(|rate| *rate > 0) {
            let now = Instant::now();
            self.with(directory, now, |bucket| bucket.charge(rate, more, now));
        }
    }

    fn with<T>(&self, directory: DirectoryId, now: Instant, work: impl FnOnce(&mut Bucket) -> T) -> T {
        let bucket = self
            .buckets
            .get_with(directory, || Arc::new(Mutex::new(Bucket { full_at: now })));
        work(&mut bucket.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Bucket {
    /// Takes one token; `Err` is the time until there is one.
    fn take(&mut self, rate: u32, now: Instant) -> Result<(), Duration> {
        let full_at = self.full_at.max(now) + Duration::from_secs(1) / rate;
        let over = (full_at - now).saturating_sub(BURST_TIME);
        if over.is_zero() {
            self.full_at = full_at;
            Ok(())
        } else {
            Err(over)
        }
    }

    fn charge(&mut self, rate: u32, more: usize, now: Instant) {
        let more = u32::try_from(more).unwrap_or(u32::MAX);
        let full_at = self.full_at.max(now) + (Duration::from_secs(1) / rate).saturating_mul(more);
        self.full_at = full_at.min(now + LONGEST_DEBT);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bucket(now: Instant) -> Bucket {
        Bucket { full_at: now }
    }

    #[test]
    fn a_burst_is_taken_and_then_the_rate() {
        let start = Instant::now();
        let mut bucket = bucket(start);
        let at_once = (0..1_000).filter(|_| bucket.take(25, start).is_ok()).count();
        assert_eq!(at_once, 50, "two seconds' worth");
        let wait = bucket.take(25, start).unwrap_err();
        assert_eq!(wait, Duration::from_millis(40));
        assert!(
            bucket.take(25, start + wait).is_ok(),
            "the wait that was told is long enough"
        );
        let mut taken = 0;
        for millis in 41..10_041 {
            taken += usize::from(bucket.take(25, start + Duration::from_millis(millis)).is_ok());
        }
        assert_eq!(taken, 250);
    }

    #[test]
    fn a_bulk_request_is_paid_for_afterwards_but_not_for_ever() {
        let start = Instant::now();
        let mut bucket = bucket(start);
        bucket.charge(25, 99, start);
        assert!(bucket.take(25, start).is_err());
        assert!(bucket.take(25, start + Duration::from_secs(4)).is_ok());
        bucket.charge(25, usize::MAX, start);
        assert!(bucket.take(25, start + LONGEST_DEBT).is_ok());
    }

    #[test]
    fn a_raised_limit_counts_at_once() {
        let start = Instant::now();
        let mut bucket = bucket(start);
        while bucket.take(25, start).is_ok() {}
        let later = start + Duration::from_millis(20);
        assert!(bucket.take(25, later).is_err());
        assert!(bucket.take(100, later).is_ok());
    }

    #[test]
    fn directories_have_buckets_of_their_own_and_no_limit_means_none() {
        let rates = Rates::new();
        let (first, second) = (DirectoryId::new(), DirectoryId::new());
        while rates.pass(first, Some(25)).is_ok() {}
        assert!(rates.pass(second, Some(25)).is_ok());
        assert!(rates.pass(first, None).is_ok());
    }
}
