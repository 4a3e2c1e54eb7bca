//! Tokens verified with keys that are fetched when they are needed, and remembered.

use crate::fetch::{FetchError, Fetcher};
use crate::known_keys::KnownKeys;
use crate::{ExpectedClaims, Issuer, Jwt, KeySet, TokenError, VerifyingKey};
use events::Timestamp;
use moka::future::Cache;
use std::sync::Arc;
use std::time::Instant;
use tokio::sync::Mutex;

/// The most issuers remembered.
const MAX_ISSUERS: u64 = 10_000;

/// Verifies tokens of any issuer.
#[derive(Debug)]
pub struct Verifier {
    fetcher: Fetcher,
    /// By the URL of their keys. Locked while the keys are fetched, so that many requests make one fetch.
    issuers: Cache<String, Arc<Mutex<KnownKeys>>>,
}

impl Default for Verifier {
    fn default() -> Self {
        Self {
            fetcher: Fetcher::default(),
            issuers: Cache::new(MAX_ISSUERS),
        }
    }
}

impl Verifier {
    /// Whether a token says what is expected, and a key of the issuer signed it. The keys are asked for only about a
    /// token that says what it must: so strangers cannot make this server fetch them.
    ///
    /// # Errors
    /// The first thing that is wrong, see [`TokenError`].
    pub async fn verify(
        &self,
        token: &Jwt<'_>,
        issuer: &Issuer,
        expected: &ExpectedClaims<'_>,
        now: Timestamp,
    ) -> Result<(), TokenError> {
        token.check(expected, now)?;
        let key = self.key(issuer, token.key_id()).await?;
        token.verify(&key)
    }

    async fn key(&self, issuer: &Issuer, id: &str) -> Result<Arc<VerifyingKey>, TokenError> {
        let none_known = async { Arc::default() };
        let known = self.issuers.get_with_by_ref(&issuer.keys_url, none_known).await;
        let mut known = known.lock().await;
        if let Some(why) = known.must_fetch(id, Instant::now()) {
            // Noted before the answer is there: a caller that goes away must not make room for another fetch.
            known.begin_fetch(Instant::now());
            match self.fetch(issuer).await {
                Ok(keys) => known.replace(keys, why, Instant::now()),
                Err(error) => {
                    tracing::warn!(issuer = %issuer.name, error = %telemetry::chain(&error), "the keys of an issuer were not refreshed");
                }
            }
        }
        let keys = known.usable(Instant::now()).ok_or(TokenError::KeysUnavailable)?;
        keys.get(id).cloned().ok_or(TokenError::UnknownKey)
    }

    async fn fetch(&self, issuer: &Issuer) -> Result<KeySet, FetchError> {
        let document = self.fetcher.document(&issuer.keys_url).await?;
        Ok(KeySet::read(&document, issuer)?)
    }
}
