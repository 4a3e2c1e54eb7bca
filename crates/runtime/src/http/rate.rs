//! How many requests per second somebody may send.
//!
//! A token bucket for each of them, as the one number of the generic cell rate algorithm: the time at which the bucket
//! would be full again. Written here because the rate may be another one with each request, as it is a setting of the
//! directory, while the limiters of the `governor` crate have one quota for all their keys. Each process counts for
//! itself.

use moka::sync::Cache;
use std::hash::Hash;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// The most buckets remembered. One that is forgotten is full again.
const MOST_BUCKETS: u64 = 10_000;
/// What a bucket holds: so many seconds of its rate may come at once.
pub const BURST_TIME: Duration = Duration::from_secs(2);
/// A request that stands for many is paid for by those after it, but for no longer than this.
const LONGEST_DEBT: Duration = Duration::from_secs(30);

/// The buckets, one for each `K`.
#[derive(Debug)]
pub struct Rates<K: Eq + Hash + Send + Sync + 'static> {
    buckets: Cache<K, Arc<Mutex<Bucket>>>,
}

/// What is left after a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allowance {
    /// So many more may come at once.
    pub remaining: u32,
    /// After so long without a request, the bucket is full.
    pub full_after: Duration,
}

/// When the bucket will be full.
#[derive(Clone, Copy, Debug)]
struct Bucket {
    full_at: Instant,
}

impl<K: Eq + Hash + Send + Sync + 'static> Default for Rates<K> {
    fn default() -> Self {
        let buckets = Cache::builder()
            .max_capacity(MOST_BUCKETS)
            // A bucket that nobody has touched for this long is full.
            .time_to_idle(LONGEST_DEBT + BURST_TIME)
            .build();
        Self { buckets }
    }
}

impl<K: Eq + Hash + Send + Sync + 'static> Rates<K> {
    /// Lets one request through at so many per second.
    ///
    /// # Errors
    /// Above the rate: how long to wait.
    pub fn pass(&self, key: K, rate: NonZeroU32) -> Result<Allowance, Duration> {
        let now = Instant::now();
        self.with(key, now, |bucket| bucket.take(rate.get(), now))
    }

    /// Charges what a request turned out to stand for beyond itself.
    pub fn charge(&self, key: K, rate: NonZeroU32, more: usize) {
        let now = Instant::now();
        self.with(key, now, |bucket| bucket.charge(rate.get(), more, now));
    }

    fn with<T>(&self, key: K, now: Instant, work: impl FnOnce(&mut Bucket) -> T) -> T {
        let bucket = self
            .buckets
            .get_with(key, || Arc::new(Mutex::new(Bucket { full_at: now })));
        work(&mut bucket.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Bucket {
    /// Takes one token; `Err` is the time until there is one.
    fn take(&mut self, rate: u32, now: Instant) -> Result<Allowance, Duration> {
        let each = Duration::from_secs(1) / rate;
        let full_at = self.full_at.max(now) + each;
        let full_after = full_at - now;
        let over = full_after.saturating_sub(BURST_TIME);
        if !over.is_zero() {
            return Err(over);
        }
        self.full_at = full_at;
        let room = (BURST_TIME - full_after).as_nanos() / each.as_nanos().max(1);
        Ok(Allowance {
            remaining: u32::try_from(room).unwrap_or(u32::MAX),
            full_after,
        })
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

    const TWENTY_FIVE: NonZeroU32 = NonZeroU32::new(25).unwrap();

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
    fn what_is_left_is_what_may_still_come_at_once() {
        let start = Instant::now();
        let mut bucket = bucket(start);
        for left in (0..50).rev() {
            let allowance = bucket.take(25, start).unwrap();
            assert_eq!(allowance.remaining, left);
            assert_eq!(allowance.full_after, Duration::from_millis(40) * (50 - left));
        }
        bucket.take(25, start).unwrap_err();
    }

    #[test]
    fn what_stands_for_many_is_paid_for_afterwards_but_not_for_ever() {
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
    fn each_has_a_bucket_of_its_own() {
        let rates = Rates::default();
        while rates.pass("first", TWENTY_FIVE).is_ok() {}
        assert!(rates.pass("second", TWENTY_FIVE).is_ok());
    }
}
