//! Directory keys: the bearer tokens that identity providers carry.

use super::list::{List, ListPage};
use super::{AdminTx, DirectoryKey, TokenDigest, credentials};
use crate::{Store, StoreError};
use db::entity::column::{Id, Millis};
use db::entity::directory_keys::{ActiveModel, Entity};
use db::send::{execute, fetch_one};
use events::{DirectoryId, KeyId, Timestamp};
use sea_orm::{DerivePartialModel, EntityTrait as _, PartialModelTrait as _, QuerySelect as _, QueryTrait as _, Set};

/// A key as the management API shows it. Revoked keys are not shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyRecord {
    /// Its id.
    pub id: KeyId,
    /// The directory that it opens.
    pub directory_id: DirectoryId,
    /// What people call it.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// The token, encrypted; only for a key that was made to be read back.
    pub sealed_token: Option<Vec<u8>>,
    /// From when on it is no longer good.
    pub expires_at: Option<Timestamp>,
    /// When it was last used, give or take the interval of the notes.
    pub last_used_at: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
}

/// A key to be made.
#[derive(Clone, Debug)]
pub struct NewKey {
    /// What is shown of it.
    pub record: KeyRecord,
    /// Hash of the token's secret.
    pub token_hash: TokenDigest,
}

/// The keys of one directory, for reading.
#[derive(Clone, Debug)]
pub struct DirectoryKeys {
    store: Store,
    directory_id: DirectoryId,
}

impl Store {
    /// The keys of one directory.
    #[must_use]
    pub fn directory_keys(&self, directory_id: DirectoryId) -> DirectoryKeys {
        DirectoryKeys {
            store: self.clone(),
            directory_id,
        }
    }

    /// The key that a token names, with its directory, also when it is revoked or expired. This is the one way to a
    /// key that does not start from its directory: it is how a request finds out which directory it may use.
    ///
    /// # Errors
    /// As any query.
    pub async fn find_directory_key(&self, id: KeyId) -> Result<Option<DirectoryKey>, StoreError> {
        credentials::find::<Entity>(self, id).await
    }
}

impl DirectoryKeys {
    /// One key.
    ///
    /// # Errors
    /// As any query.
    pub async fn by_id(&self, id: KeyId) -> Result<Option<KeyRecord>, StoreError> {
        let key = Shown::select_cols(credentials::kept::<Entity>(self.directory_id, id).select_only());
        let found = fetch_one(self.store.read(), key.as_query()).await?;
        Ok(found.map(record))
    }

    /// The keys, newest first.
    ///
    /// # Errors
    /// `BadParameter` for a foreign cursor; otherwise as any query.
    pub async fn list(&self, page: &ListPage) -> Result<List<KeyRecord>, StoreError> {
        let list = credentials::list::<Entity, Shown>(&self.store, self.directory_id, page).await?;
        Ok(list.map(record))
    }
}

impl AdminTx {
    /// Makes a key.
    ///
    /// # Errors
    /// As any write.
    pub async fn create_key(&self, new: &NewKey) -> Result<(), StoreError> {
        let record = new.record.clone();
        let made = Entity::insert(ActiveModel {
            id: Set(record.id.into()),
            directory_id: Set(record.directory_id.into()),
            name: Set(record.name),
            description: Set(record.description),
            token_hash: Set(new.token_hash.to_vec()),
            sealed_token: Set(record.sealed_token),
            expires_at: Set(record.expires_at.map(Millis::from)),
            created_at: Set(record.created_at.into()),
            ..ActiveModel::default()
        });
        execute(&self.tx, made.as_query()).await?;
        Ok(())
    }

    /// One key of a directory, held until this change ends.
    ///
    /// # Errors
    /// As any query.
    pub async fn key(&self, directory: DirectoryId, id: KeyId) -> Result<Option<KeyRecord>, StoreError> {
        let key = credentials::kept::<Entity>(directory, id).lock_exclusive();
        let held = Shown::select_cols(key.select_only());
        let found = fetch_one(&self.tx, held.as_query()).await?;
        Ok(found.map(record))
    }

    /// Stores name, description and expiry of a key that was read in this change.
    ///
    /// # Errors
    /// As any write.
    pub async fn save_key(&self, key: &KeyRecord) -> Result<(), StoreError> {
        let changed = ActiveModel {
            name: Set(key.name.clone()),
            description: Set(key.description.clone()),
            expires_at: Set(key.expires_at.map(Millis::from)),
            ..ActiveModel::default()
        };
        let saved = credentials::change::<Entity>(key.directory_id, key.id).set(changed);
        execute(&self.tx, saved.as_query()).await?;
        Ok(())
    }

    /// Revokes a key that was read in this change: it opens nothing from now on.
    ///
    /// # Errors
    /// As any write.
    pub async fn revoke_key(&self, key: &KeyRecord, at: Timestamp) -> Result<(), StoreError> {
        let changed = ActiveModel {
            revoked_at: Set(Some(at.into())),
            sealed_token: Set(None),
            ..ActiveModel::default()
        };
        let revoked = credentials::change::<Entity>(key.directory_id, key.id).set(changed);
        execute(&self.tx, revoked.as_query()).await?;
        Ok(())
    }
}

/// What the management API may show of a key.
#[derive(DerivePartialModel)]
#[sea_orm(entity = "Entity")]
struct Shown {
    id: Id<KeyId>,
    directory_id: Id<DirectoryId>,
    name: String,
    description: Option<String>,
    sealed_token: Option<Vec<u8>>,
    expires_at: Option<Millis>,
    last_used_at: Option<Millis>,
    created_at: Millis,
}

fn record(shown: Shown) -> KeyRecord {
    KeyRecord {
        id: shown.id.0,
        directory_id: shown.directory_id.0,
        name: shown.name,
        description: shown.description,
        sealed_token: shown.sealed_token,
        expires_at: shown.expires_at.map(Timestamp::from),
        last_used_at: shown.last_used_at.map(Timestamp::from),
        created_at: shown.created_at.into(),
    }
}
