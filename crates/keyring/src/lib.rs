//! The keys that sign for apps: made when the first is needed, replaced in time, published before they sign and after.
//!
//! Whoever signs for apps, or checks what was signed for them, has the keys from here.

use events::Timestamp;
use oidc::{KeyError, KeyKind, PublicKeys, SigningKey, generate_key};
use secrecy::ExposeSecret as _;
use secrets::{MasterKeys, OpenError};
use std::sync::Arc;
use std::time::{Duration, Instant};
use store::{SealedColumn, SsoKey, Store, StoreError};
use tokio::sync::Mutex;
use uuid::Uuid;

/// How long a process goes on with the keys that it knows.
const REMEMBERED: Duration = Duration::from_secs(60);
/// A key older than this is replaced.
const REPLACE_AFTER: Duration = Duration::from_hours(90 * 24);
/// For how long a new key is published before it signs: apps ask for the keys once a day.
const AHEAD: Duration = Duration::from_hours(48);
/// For how long an old key is published when another signs: longer than any token is good.
const BEHIND: Duration = Duration::from_hours(48);

/// Why there is no key.
#[derive(Debug, thiserror::Error)]
pub enum KeyRingError {
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A key cannot be made or read.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// A stored key cannot be opened.
    #[error(transparent)]
    Sealed(#[from] OpenError),
    /// The task that makes a key ended.
    #[error(transparent)]
    Task(#[from] tokio::task::JoinError),
}

/// The keys as they are now.
#[derive(Debug)]
pub struct Keys {
    /// The one that signs.
    pub signing: SigningKey,
    /// All that apps may meet, as JWK set.
    pub published: Vec<SigningKey>,
    /// The same for checking what comes back.
    pub public: PublicKeys,
    /// When the newest was made.
    newest_at: Timestamp,
}

/// Where the keys come from.
#[derive(Debug)]
pub struct KeyRing {
    store: Store,
    master_keys: MasterKeys,
    known: Mutex<Option<(Arc<Keys>, Instant)>>,
}

impl KeyRing {
    /// The keys of an installation. Nothing is read yet.
    #[must_use]
    pub fn new(store: Store, master_keys: MasterKeys) -> Self {
        Self {
            store,
            master_keys,
            known: Mutex::new(None),
        }
    }

    /// The keys; the first ones are made here.
    ///
    /// # Errors
    /// [`KeyRingError`].
    pub async fn get(&self, now: Timestamp) -> Result<Arc<Keys>, KeyRingError> {
        let mut known = self.known.lock().await;
        if let Some((keys, _)) = known.as_ref().filter(|(_, at)| at.elapsed() < REMEMBERED) {
            return Ok(Arc::clone(keys));
        }
        let keys = match self.read(now).await? {
            Some(keys) => keys,
            None => {
                self.add(now, now).await?;
                let read = self.read(now).await?;
                read.ok_or_else(|| StoreError::Defect("a key that was added is not there".to_owned()))?
            }
        };
        let keys = Arc::new(keys);
        *known = Some((Arc::clone(&keys), Instant::now()));
        Ok(keys)
    }

    /// Adds the next key when the newest is old.
    ///
    /// # Errors
    /// [`KeyRingError`].
    pub async fn replace_in_time(&self, now: Timestamp) -> Result<(), KeyRingError> {
        let newest = self.read(now).await?.map(|keys| keys.newest_at);
        if newest.is_some_and(|at| now.since(at) > REPLACE_AFTER) {
            self.add(now, now.plus(AHEAD)).await?;
            tracing::info!("a new key for tokens of apps is published, and signs in two days");
        }
        Ok(())
    }

    async fn read(&self, now: Timestamp) -> Result<Option<Keys>, KeyRingError> {
        let rows = self.store.sso_keys().published(now).await?;
        let newest_at = rows.iter().map(|row| row.created_at).max();
        let mut signing = None;
        let mut published = Vec::new();
        for row in rows {
            let sealed = SealedColumn::SsoKey.context(&row.id);
            let plain = self.master_keys.open(&row.sealed_key, &sealed)?;
            let key = SigningKey::from_pkcs8(&plain)?;
            // The newest come first.
            if signing.is_none() && row.signs_from <= now {
                signing = Some(key.clone());
            }
            published.push(key);
        }
        let signing = signing.zip(newest_at);
        Ok(signing.map(|(signing, newest_at)| Keys {
            signing,
            public: PublicKeys::of(&published),
            published,
            newest_at,
        }))
    }

    async fn add(&self, now: Timestamp, signs_from: Timestamp) -> Result<(), KeyRingError> {
        let made = tokio::task::spawn_blocking(|| generate_key(KeyKind::Rsa2048)).await??;
        let id = Uuid::now_v7();
        let sealed_key = self
            .master_keys
            .seal(made.expose_secret(), &SealedColumn::SsoKey.context(&id));
        let key = SsoKey {
            id,
            sealed_key,
            created_at: now,
            signs_from,
            published_until: None,
        };
        self.store.sso_keys().add(&key, signs_from.plus(BEHIND)).await?;
        Ok(())
    }
}
