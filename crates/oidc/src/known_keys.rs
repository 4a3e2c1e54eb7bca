//! When the keys of an issuer are fetched, and how long they are good: a state and no IO.
//!
//! Issuers replace their keys without notice and in any order, so an unknown key is looked for once more, but not as
//! often as somebody sends one. While the keys cannot be fetched the last ones stay good, for a day.

use crate::KeySet;
use std::time::{Duration, Instant};

/// Keys older than this are fetched again.
const REFETCH_AFTER: Duration = Duration::from_secs(60 * 60);
/// Keys older than this are not used.
const LONGEST_USE: Duration = Duration::from_secs(24 * 60 * 60);
/// An unknown key makes us fetch at most this often.
const UNKNOWN_KEY_INTERVAL: Duration = Duration::from_secs(5 * 60);
/// After a failure we wait this long.
const PAUSE_AFTER_FAILURE: Duration = Duration::from_secs(10);

/// What is known of the keys of one issuer.
#[derive(Debug, Default)]
pub(crate) struct KnownKeys {
    keys: Option<(KeySet, Instant)>,
    failed: Option<Instant>,
    searched: Option<Instant>,
}

/// Why keys are fetched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FetchReason {
    /// There are none, or they are old.
    Stale,
    /// They are fresh, but one is not among them.
    Search,
}

impl KnownKeys {
    /// Whether the keys must be fetched before this one can be used or refused.
    pub(crate) fn must_fetch(&self, id: &str, now: Instant) -> Option<FetchReason> {
        let age = |at: Instant| now.duration_since(at);
        if self.failed.is_some_and(|at| age(at) < PAUSE_AFTER_FAILURE) {
            return None;
        }
        match &self.keys {
            None => Some(FetchReason::Stale),
            Some((_, at)) if age(*at) >= REFETCH_AFTER => Some(FetchReason::Stale),
            Some((keys, _)) if keys.contains(id) => None,
            Some(_) => self
                .searched
                .is_none_or(|at| age(at) >= UNKNOWN_KEY_INTERVAL)
                .then_some(FetchReason::Search),
        }
    }

    /// A fetch begins; it counts as failed until it has succeeded.
    pub(crate) fn begin_fetch(&mut self, now: Instant) {
        self.failed = Some(now);
    }

    /// The fetch has succeeded.
    pub(crate) fn replace(&mut self, keys: KeySet, why: FetchReason, now: Instant) {
        self.keys = Some((keys, now));
        self.failed = None;
        if why == FetchReason::Search {
            self.searched = Some(now);
        }
    }

    /// The keys, unless they are too old.
    pub(crate) fn usable(&self, now: Instant) -> Option<&KeySet> {
        let (keys, at) = self.keys.as_ref()?;
        (now.duration_since(*at) < LONGEST_USE).then_some(keys)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Issuer;

    const DOCUMENT: &[u8] = br#"{"keys":[{"kty":"RSA","kid":"a","n":"AQAB","e":"AQAB"}]}"#;

    fn keys() -> KeySet {
        let issuer = Issuer {
            name: String::new(),
            keys_url: String::new(),
            tenant: None,
        };
        KeySet::read(DOCUMENT, &issuer).unwrap()
    }

    fn with_key_a(now: Instant) -> KnownKeys {
        let mut known = KnownKeys::default();
        known.begin_fetch(now);
        known.replace(keys(), FetchReason::Stale, now);
        known
    }

    // Rules: E4
    #[test]
    fn keys_are_fetched_when_there_are_none_and_once_an_hour() {
        let start = Instant::now();
        assert_eq!(KnownKeys::default().must_fetch("a", start), Some(FetchReason::Stale));
        let known = with_key_a(start);
        assert_eq!(known.must_fetch("a", start + REFETCH_AFTER - PAUSE_AFTER_FAILURE), None);
        assert_eq!(known.must_fetch("a", start + REFETCH_AFTER), Some(FetchReason::Stale));
    }

    // Rules: E4
    #[test]
    fn an_unknown_key_is_looked_for_at_most_every_five_minutes() {
        let start = Instant::now();
        let mut known = with_key_a(start);
        assert_eq!(known.must_fetch("b", start), Some(FetchReason::Search));
        known.begin_fetch(start);
        known.replace(keys(), FetchReason::Search, start);
        assert_eq!(known.must_fetch("c", start + UNKNOWN_KEY_INTERVAL / 2), None);
        assert_eq!(
            known.must_fetch("c", start + UNKNOWN_KEY_INTERVAL),
            Some(FetchReason::Search)
        );
    }

    // Rules: E4
    #[test]
    fn after_a_failure_the_last_keys_stay_good_for_a_day() {
        let start = Instant::now();
        let mut known = with_key_a(start);
        let later = start + REFETCH_AFTER;
        known.begin_fetch(later);
        assert_eq!(known.must_fetch("a", later + PAUSE_AFTER_FAILURE / 2), None);
        assert_eq!(
            known.must_fetch("a", later + PAUSE_AFTER_FAILURE),
            Some(FetchReason::Stale)
        );
        assert!(known.usable(start + LONGEST_USE / 2).is_some());
        assert!(known.usable(start + LONGEST_USE).is_none());
    }
}
