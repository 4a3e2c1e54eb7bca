//! Who asks: directory keys, as a bearer token or as the password of HTTP Basic.

use crate::address::Tenant;
use crate::answer::Failure;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use events::{KeyId, Timestamp};
use moka::future::Cache;
use secrets::{Token, TokenKind};
use std::sync::Arc;
use std::time::Duration;
use store::{Directory, DirectoryKey, Domain, Store, StoreError};

/// The most keys and domains remembered.
const REMEMBERED: u64 = 10_000;

/// Keys and domains looked up a moment ago. A revoked key stays good for as long as it is remembered.
#[derive(Debug)]
pub(crate) struct Keys {
    store: Store,
    keys: Cache<KeyId, Option<Arc<DirectoryKey>>>,
    domains: Cache<String, Option<Arc<Directory>>>,
}

/// Who may use which directory.
#[derive(Clone, Debug)]
pub(crate) struct Access {
    pub(crate) key_id: KeyId,
    pub(crate) directory: Directory,
}

impl Keys {
    pub(crate) fn new(store: Store, remember: Duration) -> Self {
        Self {
            store,
            keys: Cache::builder().max_capacity(REMEMBERED).time_to_live(remember).build(),
            domains: Cache::builder().max_capacity(REMEMBERED).time_to_live(remember).build(),
        }
    }

    /// The directory that a request may use. One answer for every kind of "no" (R62): no key, a malformed, unknown,
    /// revoked or expired one, one of another directory, and a directory that does not exist.
    pub(crate) async fn authorize(&self, header: Option<&[u8]>, tenant: &Tenant) -> Result<Access, Failure> {
        let secret = header.and_then(secret).ok_or(Failure::Unauthorized)?;
        let token = Token::parse(&secret).filter(|token| token.kind() == TokenKind::Directory);
        let token = token.ok_or(Failure::Unauthorized)?;
        let key = self.key(KeyId::from(token.id())).await?.ok_or(Failure::Unauthorized)?;
        let now = Timestamp::now();
        let expired = key.expires_at.is_some_and(|at| at <= now);
        if !token.matches(&key.token_hash) || key.revoked_at.is_some() || expired {
            return Err(Failure::Unauthorized);
        }
        let named = match tenant {
            Tenant::Directory(id) => *id == key.directory.id,
            Tenant::Domain(domain) => self
                .domain(domain)
                .await?
                .is_some_and(|named| named.id == key.directory.id),
        };
        if !named {
            return Err(Failure::Unauthorized);
        }
        Ok(Access {
            key_id: key.id,
            directory: key.directory.clone(),
        })
    }

    async fn key(&self, id: KeyId) -> Result<Option<Arc<DirectoryKey>>, Failure> {
        let found = self
            .keys
            .try_get_with(id, async { Ok(self.store.find_directory_key(id).await?.map(Arc::new)) });
        found.await.map_err(|error: Arc<StoreError>| lookup_failed(&error))
    }

    async fn domain(&self, domain: &str) -> Result<Option<Arc<Directory>>, Failure> {
        let Ok(parsed) = domain.parse::<Domain>() else {
            return Ok(None);
        };
        let found = self.domains.try_get_with(domain.to_owned(), async {
            Ok(self.store.directories().by_domain(&parsed).await?.map(Arc::new))
        });
        found.await.map_err(|error: Arc<StoreError>| lookup_failed(&error))
    }
}

/// An error that several waiting requests share.
fn lookup_failed(error: &StoreError) -> Failure {
    tracing::warn!(error = %telemetry::chain(error), "a key could not be looked up");
    Failure::unavailable("keys cannot be checked at the moment; nothing was changed")
}

/// The secret of an `Authorization` header (RFC 6750 §2.1, RFC 7617): schemes are case-insensitive.
fn secret(header: &[u8]) -> Option<String> {
    let header = std::str::from_utf8(header).ok()?.trim();
    let (scheme, credentials) = header.split_once(' ')?;
    let credentials = credentials.trim();
    if scheme.eq_ignore_ascii_case("bearer") {
        return Some(credentials.to_owned());
    }
    if scheme.eq_ignore_ascii_case("basic") {
        let decoded = String::from_utf8(STANDARD.decode(credentials).ok()?).ok()?;
        return decoded.split_once(':').map(|(_, password)| password.to_owned());
    }
    None
}

#[cfg(test)]
mod tests {
    use super::secret;

    #[test]
    fn a_key_is_taken_from_bearer_and_from_the_password_of_basic() {
        assert_eq!(secret(b"Bearer abc").as_deref(), Some("abc"));
        assert_eq!(secret(b"bearer  abc ").as_deref(), Some("abc"));
        assert_eq!(secret(b"Basic YW55b25lOmE6Yg==").as_deref(), Some("a:b"));
        for other in [
            &b"abc"[..],
            b"Bearer",
            b"Digest abc",
            b"Basic !!!",
            b"Basic YWJj",
            b"\xff\xfe x",
        ] {
            assert_eq!(secret(other), None);
        }
    }
}
