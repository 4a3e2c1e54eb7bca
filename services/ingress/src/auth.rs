//! Who asks: directory keys, as a bearer token or as the password of HTTP Basic, and access tokens.

use crate::failure::Failure;
use crate::tenant::Tenant;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use events::{DirectoryId, KeyId, Timestamp};
use moka::future::Cache;
use ring::digest::{Context, SHA256};
use secrets::{ACCESS_TOKEN_PREFIX, AccessClaims, AccessTokens, GrantType, Token, TokenKind};
use std::sync::Arc;
use std::time::Duration;
use store::{Authentication, Directory, DirectoryKey, Domain, Federation, Store, StoreError};
use uuid::Uuid;

/// The most entries of each kind that are remembered.
const MOST_CACHED_ENTRIES: u64 = 10_000;

type LookupCache<K, V> = Cache<K, Option<Arc<V>>>;

/// Keys, clients and directories looked up a moment ago. A revoked one stays good for as long as it is remembered.
#[derive(Debug)]
pub(crate) struct KeyCache {
    store: Store,
    access_tokens: AccessTokens,
    keys: LookupCache<KeyId, DirectoryKey>,
    clients: LookupCache<KeyId, DirectoryKey>,
    federations: LookupCache<DirectoryId, Federation>,
    domains: LookupCache<String, Directory>,
    directories: LookupCache<DirectoryId, Directory>,
}

/// Who may use which directory.
#[derive(Clone, Debug)]
pub(crate) struct Access {
    /// The key or the OAuth client; for a federated workload the id of its directory.
    pub(crate) key_id: KeyId,
    pub(crate) directory: Directory,
}

/// A key of the directory that a request names was shown after its end: whoever holds it was the identity provider once.
#[derive(Clone, Copy, Debug)]
pub(crate) struct EndedKeyUse {
    pub(crate) directory_id: DirectoryId,
    /// When it expired or was revoked.
    pub(crate) ended_at: Timestamp,
}

impl KeyCache {
    pub(crate) fn new(store: Store, remember: Duration, access_tokens: AccessTokens) -> Self {
        Self {
            store,
            access_tokens,
            keys: remembered(remember),
            clients: remembered(remember),
            federations: remembered(remember),
            domains: remembered(remember),
            directories: remembered(remember),
        }
    }

    pub(crate) const fn access_tokens(&self) -> &AccessTokens {
        &self.access_tokens
    }

    /// The directory that a request may use. One answer for every kind of "no" (R62): no key, a malformed, unknown,
    /// revoked or expired one, one of another directory, a way that is switched off, and a directory that does not exist.
    pub(crate) async fn authorize(&self, header: Option<&[u8]>, tenant: &Tenant) -> Result<Access, Failure> {
        let access = self.holder(header).await?;
        if self.names(tenant, &access.directory).await? {
            Ok(access)
        } else {
            Err(Failure::Unauthorized)
        }
    }

    /// The directory that the key of a request opens, whichever its URL names.
    pub(crate) async fn holder(&self, header: Option<&[u8]>) -> Result<Access, Failure> {
        let (scheme, secret) = header.and_then(secret).ok_or(Failure::Unauthorized)?;
        let now = Timestamp::now();
        let (access, way) = if secret.starts_with(ACCESS_TOKEN_PREFIX) && scheme == Authentication::Bearer {
            let claims = self.access_tokens.verify(&secret, now.millis());
            self.token_holder(claims.ok_or(Failure::Unauthorized)?, now).await?
        } else {
            (self.key_holder(&secret, now).await?, scheme)
        };
        if access.directory.authentication()?.contains(&way) {
            Ok(access)
        } else {
            Err(Failure::Unauthorized)
        }
    }

    /// Whether a request that was refused has shown a key that was good once. For the directory's log: the answer is the
    /// same.
    pub(crate) async fn ended_key(&self, header: Option<&[u8]>, tenant: &Tenant) -> Option<EndedKeyUse> {
        let (_, secret) = header.and_then(secret)?;
        let token = Token::parse(&secret).filter(|token| token.kind() == TokenKind::Directory)?;
        let key = self.key(KeyId::from(token.id())).await.ok()??;
        let is_ended = token.matches(&key.token_hash) && !key.is_good(Timestamp::now());
        if !is_ended || !self.names(tenant, &key.directory).await.ok()? {
            return None;
        }
        Some(EndedKeyUse {
            directory_id: key.directory.id,
            ended_at: key.revoked_at.or(key.expires_at)?,
        })
    }

    async fn key_holder(&self, secret: &str, now: Timestamp) -> Result<Access, Failure> {
        let token = Token::parse(secret).filter(|token| token.kind() == TokenKind::Directory);
        let token = token.ok_or(Failure::Unauthorized)?;
        let key = self.key(KeyId::from(token.id())).await?.ok_or(Failure::Unauthorized)?;
        if !token.matches(&key.token_hash) || !key.is_good(now) {
            return Err(Failure::Unauthorized);
        }
        Ok(Access {
            key_id: key.id,
            directory: key.directory.clone(),
        })
    }

    /// A token is worth no more than what it was given for: client or federation must be there still, as they were then.
    async fn token_holder(&self, claims: AccessClaims, now: Timestamp) -> Result<(Access, Authentication), Failure> {
        let id = DirectoryId::from(claims.directory_id);
        let (key_id, directory, way) = match claims.grant {
            GrantType::ClientSecret => {
                let key_id = KeyId::from(claims.subject);
                let client = self.oauth_client(key_id).await?.filter(|client| client.is_good(now));
                let directory = client.map(|client| client.directory.clone());
                (key_id, directory, Authentication::OauthClientCredentials)
            }
            GrantType::Assertion => {
                let federation = self.federation(id).await?;
                let same = federation.is_some_and(|federation| fingerprint(&federation) == claims.subject);
                let directory = if same {
                    self.directory(&Tenant::Directory(id)).await?
                } else {
                    None
                };
                let directory = directory.map(|directory| directory.as_ref().clone());
                (
                    KeyId::from(claims.directory_id),
                    directory,
                    Authentication::WorkloadIdentity,
                )
            }
        };
        let directory = directory.filter(|directory| directory.id == id);
        let directory = directory.ok_or(Failure::Unauthorized)?;
        Ok((Access { key_id, directory }, way))
    }

    /// Whether a URL names this directory.
    pub(crate) async fn names(&self, tenant: &Tenant, directory: &Directory) -> Result<bool, Failure> {
        match tenant {
            Tenant::Directory(id) => Ok(*id == directory.id),
            Tenant::Domain(domain) => Ok(self.domain(domain).await?.is_some_and(|named| named.id == directory.id)),
        }
    }

    /// The directory that a URL names.
    pub(crate) async fn directory(&self, tenant: &Tenant) -> Result<Option<Arc<Directory>>, Failure> {
        let id = match tenant {
            Tenant::Directory(id) => *id,
            Tenant::Domain(domain) => return self.domain(domain).await,
        };
        look_up(&self.directories, id, async {
            self.store.directories().by_id(id).await
        })
        .await
    }

    /// An OAuth client, also a revoked or expired one.
    pub(crate) async fn oauth_client(&self, id: KeyId) -> Result<Option<Arc<DirectoryKey>>, Failure> {
        look_up(&self.clients, id, self.store.find_oauth_client(id)).await
    }

    /// The federation of a directory.
    pub(crate) async fn federation(&self, id: DirectoryId) -> Result<Option<Arc<Federation>>, Failure> {
        look_up(&self.federations, id, self.store.federation(id)).await
    }

    async fn key(&self, id: KeyId) -> Result<Option<Arc<DirectoryKey>>, Failure> {
        look_up(&self.keys, id, self.store.find_directory_key(id)).await
    }

    async fn domain(&self, domain: &str) -> Result<Option<Arc<Directory>>, Failure> {
        let Ok(parsed) = domain.parse::<Domain>() else {
            return Ok(None);
        };
        let find = async { self.store.directories().by_domain(&parsed).await };
        look_up(&self.domains, domain.to_owned(), find).await
    }
}

fn remembered<K, V>(remember: Duration) -> LookupCache<K, V>
where
    K: std::hash::Hash + Eq + Send + Sync + 'static,
    V: Send + Sync + 'static,
{
    Cache::builder()
        .max_capacity(MOST_CACHED_ENTRIES)
        .time_to_live(remember)
        .build()
}

async fn look_up<K, V>(
    remembered: &LookupCache<K, V>,
    id: K,
    find: impl Future<Output = Result<Option<V>, StoreError>>,
) -> Result<Option<Arc<V>>, Failure>
where
    K: std::hash::Hash + Eq + Send + Sync + 'static,
    V: Send + Sync + 'static,
{
    let found = remembered.try_get_with(id, async { Ok(find.await?.map(Arc::new)) });
    found.await.map_err(|error: Arc<StoreError>| lookup_failed(&error))
}

/// What an access token of a federation is bound to: it ends with any change of what the assertions must say.
pub(crate) fn fingerprint(federation: &Federation) -> Uuid {
    let mut digest = Context::new(&SHA256);
    digest.update(federation.tenant_id.as_bytes());
    for text in [&federation.audience, &federation.subject] {
        digest.update(&(text.len() as u64).to_be_bytes());
        digest.update(text.as_bytes());
    }
    let mut bytes = [0; 16];
    for (byte, digested) in bytes.iter_mut().zip(digest.finish().as_ref()) {
        *byte = *digested;
    }
    Uuid::from_bytes(bytes)
}

/// An error that several waiting requests share.
fn lookup_failed(error: &StoreError) -> Failure {
    tracing::warn!(error = %telemetry::chain(error), "a key could not be looked up");
    Failure::unavailable("keys cannot be checked at the moment; nothing was changed")
}

/// The secret of an `Authorization` header (RFC 6750 §2.1, RFC 7617): schemes are case-insensitive, and spaces around the
/// credentials are forgiven. `actix-web-httpauth` knows the schemes in one case only and keeps the spaces.
fn secret(header: &[u8]) -> Option<(Authentication, String)> {
    let header = std::str::from_utf8(header).ok()?.trim();
    let (scheme, credentials) = header.split_once(' ')?;
    let credentials = credentials.trim();
    if scheme.eq_ignore_ascii_case("bearer") {
        return Some((Authentication::Bearer, credentials.to_owned()));
    }
    if scheme.eq_ignore_ascii_case("basic") {
        let decoded = String::from_utf8(STANDARD.decode(credentials).ok()?).ok()?;
        let (_, password) = decoded.split_once(':')?;
        return Some((Authentication::Basic, password.to_owned()));
    }
    None
}

#[cfg(test)]
mod tests {
    use super::secret;
    use store::Authentication::{Basic, Bearer};

    #[test]
    fn a_key_is_taken_from_bearer_and_from_the_password_of_basic() {
        assert_eq!(secret(b"Bearer abc"), Some((Bearer, "abc".to_owned())));
        assert_eq!(secret(b"bearer  abc "), Some((Bearer, "abc".to_owned())));
        assert_eq!(secret(b"Basic YW55b25lOmE6Yg=="), Some((Basic, "a:b".to_owned())));
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
