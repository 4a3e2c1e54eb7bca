//! Tokens verified with keys that are fetched when they are needed, and remembered.

use crate::fetch::{FetchError, Fetcher};
use crate::id_token::IdToken;
use crate::key_set::NoKey;
use crate::known_keys::KnownKeys;
use crate::{
    Authority, DiscoveryError, ExpectedClaims, IdTokenClaims, IdTokenError, IdTokenRules, Issuer, Jwt, KeySet,
    ProviderMetadata, TokenError, VerifyingKey,
};
use events::Timestamp;
use moka::future::Cache;
use reqwest::Client;
use std::sync::Arc;
use std::time::Instant;
use tokio::sync::Mutex;

/// The most issuers remembered.
const MAX_ISSUERS: u64 = 10_000;

/// Verifies tokens of any issuer.
#[derive(Debug)]
pub struct Verifier {
    fetcher: Fetcher,
    /// By the whole issuer: what its keys are good for depends on its name and tenant, too. Locked while the keys are
    /// fetched, so that many requests make one fetch.
    issuers: Cache<Issuer, Arc<Mutex<KnownKeys>>>,
}

impl Default for Verifier {
    /// With a client of its own, for issuers that only the operator names.
    fn default() -> Self {
        Self::new(Fetcher::default())
    }
}

impl Verifier {
    /// With this client, for issuers that customers name: it must refuse addresses that they may not reach, and should
    /// not follow redirects.
    #[must_use]
    pub fn with_client(client: Client) -> Self {
        Self::new(Fetcher::with_client(client))
    }

    fn new(fetcher: Fetcher) -> Self {
        Self {
            fetcher,
            issuers: Cache::new(MAX_ISSUERS),
        }
    }

    /// What a provider says about itself, asked now.
    ///
    /// # Errors
    /// [`DiscoveryError`].
    pub async fn fetch_metadata(&self, authority: &Authority) -> Result<ProviderMetadata, DiscoveryError> {
        let url = authority.discovery_url();
        let fetched = self.fetcher.document(url).await;
        let document = fetched.map_err(|source| DiscoveryError::Fetch {
            url: url.to_owned(),
            source,
        })?;
        Ok(ProviderMetadata::read(&document, authority)?)
    }

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

    /// What an ID token says, when it says what it must and a key of the issuer signed it; like [`Verifier::verify`],
    /// this asks for keys last.
    ///
    /// # Errors
    /// The first thing that is wrong, see [`IdTokenError`].
    pub async fn verify_id_token(
        &self,
        text: &str,
        issuer: &Issuer,
        rules: &IdTokenRules<'_>,
        now: Timestamp,
    ) -> Result<IdTokenClaims, IdTokenError> {
        let token = IdToken::parse(text)?;
        let claims = token.check(rules, now)?;
        let key = self.key(issuer, token.key_id()).await?;
        token.verify(&key)?;
        Ok(claims)
    }

    async fn key(&self, issuer: &Issuer, id: &str) -> Result<Arc<VerifyingKey>, NoKey> {
        let none_known = async { Arc::default() };
        let known = self.issuers.get_with_by_ref(issuer, none_known).await;
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
        let keys = known.usable(Instant::now()).ok_or(NoKey::Unavailable)?;
        keys.find(id).cloned()
    }

    async fn fetch(&self, issuer: &Issuer) -> Result<KeySet, FetchError> {
        let document = self.fetcher.document(&issuer.keys_url).await?;
        Ok(KeySet::read(&document, issuer)?)
    }
}
