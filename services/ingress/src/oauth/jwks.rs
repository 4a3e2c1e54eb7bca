//! The keys of Entra tenants, fetched when they are needed and remembered.
//!
//! They roll without notice and in any order, so an unknown key is looked for once more, but not as often as somebody
//! sends one. While a tenant's keys cannot be fetched the last ones stay good, for a day.

use super::answer::OauthError;
use super::keys::{self, KeySet, PublicKey};
use moka::future::Cache;
use reqwest::{Client, redirect};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::{Mutex, OnceCell};
use uuid::Uuid;

/// Keys older than this are fetched again.
const FRESH: Duration = Duration::from_secs(60 * 60);
/// Keys older than this are not used.
const USABLE: Duration = Duration::from_secs(24 * 60 * 60);
/// An unknown key makes us fetch at most this often.
const ROTATION: Duration = Duration::from_secs(5 * 60);
/// After a failure we wait this long.
const RETRY: Duration = Duration::from_secs(10);
/// How long fetching may take.
const TIMEOUT: Duration = Duration::from_secs(5);
/// The largest document.
const MOST_BYTES: usize = 1 << 20;
/// The most tenants remembered.
const REMEMBERED: u64 = 10_000;

/// The keys of every tenant.
#[derive(Debug)]
pub(crate) struct Jwks {
    authority: String,
    client: OnceCell<Client>,
    tenants: Cache<Uuid, Arc<Mutex<Tenant>>>,
}

/// What is known of one tenant. Held while its keys are fetched, so that many requests make one fetch.
#[derive(Debug, Default)]
struct Tenant {
    keys: Option<(KeySet, Instant)>,
    failed: Option<Instant>,
    searched: Option<Instant>,
}

/// Why keys are fetched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Why {
    /// There are none, or they are old.
    Stale,
    /// They are fresh, but one is not among them.
    Search,
}

#[derive(Debug, thiserror::Error)]
enum FetchError {
    #[error("the tenant's keys cannot be fetched")]
    Http(#[from] reqwest::Error),
    #[error("the tenant's keys are answered with status {0}")]
    Status(u16),
    #[error("the tenant's keys are larger than {MOST_BYTES} bytes")]
    TooLarge,
    #[error("the tenant's keys cannot be read")]
    Json(#[from] serde_json::Error),
}

impl Jwks {
    /// `authority` without a slash at the end.
    pub(crate) fn new(authority: &str) -> Self {
        Self {
            authority: authority.to_owned(),
            client: OnceCell::new(),
            tenants: Cache::new(REMEMBERED),
        }
    }

    /// The `iss` of a tenant's assertions.
    pub(super) fn issuer(&self, tenant: Uuid) -> String {
        format!("{}/{tenant}/v2.0", self.authority)
    }

    /// A key of a tenant.
    pub(super) async fn key(&self, tenant: Uuid, id: &str) -> Result<Arc<PublicKey>, OauthError> {
        let known = self.tenants.get_with(tenant, async { Arc::default() }).await;
        let mut known = known.lock().await;
        if let Some(why) = known.must_fetch(id, Instant::now()) {
            // Noted before the answer is there: a caller that goes away must not make room for another fetch.
            known.fetching(Instant::now());
            match self.fetch(tenant).await {
                Ok(keys) => known.fetched(keys, why, Instant::now()),
                Err(error) => {
                    tracing::warn!(tenant.id = %tenant, error = %telemetry::chain(&error), "the keys of a tenant were not refreshed");
                }
            }
        }
        match known.usable(Instant::now()) {
            None => Err(OauthError::InvalidClient(
                "the keys of the tenant cannot be fetched at the moment, so no assertion can be checked",
            )),
            Some(keys) => keys.get(id).cloned().ok_or(OauthError::InvalidClient(
                "the tenant has no such key as signed the assertion",
            )),
        }
    }

    async fn fetch(&self, tenant: Uuid) -> Result<KeySet, FetchError> {
        let client = self.client.get_or_try_init(async || client()).await?;
        let url = format!("{}/{tenant}/discovery/v2.0/keys", self.authority);
        let mut response = client.get(url).send().await?;
        if !response.status().is_success() {
            return Err(FetchError::Status(response.status().as_u16()));
        }
        let mut document = Vec::new();
        while let Some(chunk) = response.chunk().await? {
            if document.len() + chunk.len() > MOST_BYTES {
                return Err(FetchError::TooLarge);
            }
            document.extend_from_slice(&chunk);
        }
        Ok(keys::read(&document, &self.issuer(tenant), &tenant.to_string())?)
    }
}

fn client() -> reqwest::Result<Client> {
    Client::builder()
        .user_agent(concat!("Rollcall/", env!("CARGO_PKG_VERSION")))
        .redirect(redirect::Policy::none())
        .referer(false)
        .timeout(TIMEOUT)
        .build()
}

impl Tenant {
    fn must_fetch(&self, id: &str, now: Instant) -> Option<Why> {
        let age = |at: Instant| now.duration_since(at);
        if self.failed.is_some_and(|at| age(at) < RETRY) {
            return None;
        }
        match &self.keys {
            None => Some(Why::Stale),
            Some((_, at)) if age(*at) >= FRESH => Some(Why::Stale),
            Some((keys, _)) if keys.contains_key(id) => None,
            Some(_) => self
                .searched
                .is_none_or(|at| age(at) >= ROTATION)
                .then_some(Why::Search),
        }
    }

    /// Taken for failed until it succeeds.
    fn fetching(&mut self, now: Instant) {
        self.failed = Some(now);
    }

    fn fetched(&mut self, keys: KeySet, why: Why, now: Instant) {
        self.keys = Some((keys, now));
        self.failed = None;
        if why == Why::Search {
            self.searched = Some(now);
        }
    }

    fn usable(&self, now: Instant) -> Option<&KeySet> {
        let (keys, at) = self.keys.as_ref()?;
        (now.duration_since(*at) < USABLE).then_some(keys)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DOCUMENT: &[u8] = br#"{"keys":[{"kty":"RSA","kid":"a","n":"AQAB","e":"AQAB"}]}"#;

    fn keys() -> KeySet {
        keys::read(DOCUMENT, "", "").unwrap()
    }

    fn with_key_a(now: Instant) -> Tenant {
        let mut tenant = Tenant::default();
        tenant.fetching(now);
        tenant.fetched(keys(), Why::Stale, now);
        tenant
    }

    // Rules: E4
    #[test]
    fn keys_are_fetched_when_there_are_none_and_once_an_hour() {
        let start = Instant::now();
        assert_eq!(Tenant::default().must_fetch("a", start), Some(Why::Stale));
        let tenant = with_key_a(start);
        assert_eq!(tenant.must_fetch("a", start + FRESH - RETRY), None);
        assert_eq!(tenant.must_fetch("a", start + FRESH), Some(Why::Stale));
    }

    // Rules: E4
    #[test]
    fn an_unknown_key_is_looked_for_at_most_every_five_minutes() {
        let start = Instant::now();
        let mut tenant = with_key_a(start);
        assert_eq!(tenant.must_fetch("b", start), Some(Why::Search));
        tenant.fetching(start);
        tenant.fetched(keys(), Why::Search, start);
        assert_eq!(tenant.must_fetch("c", start + ROTATION / 2), None);
        assert_eq!(tenant.must_fetch("c", start + ROTATION), Some(Why::Search));
    }

    // Rules: E4
    #[test]
    fn after_a_failure_the_last_keys_stay_good_for_a_day() {
        let start = Instant::now();
        let mut tenant = with_key_a(start);
        let later = start + FRESH;
        tenant.fetching(later);
        assert_eq!(tenant.must_fetch("a", later + RETRY / 2), None);
        assert_eq!(tenant.must_fetch("a", later + RETRY), Some(Why::Stale));
        assert!(tenant.usable(start + USABLE / 2).is_some());
        assert!(tenant.usable(start + USABLE).is_none());
    }
}
