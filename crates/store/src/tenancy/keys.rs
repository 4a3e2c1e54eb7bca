//! Directory keys: the bearer tokens that identity providers carry.

use super::list::{List, ListPage, Listing};
use super::{AdminTx, Directory, TokenDigest};
use crate::entity::column::{Id, Millis};
use crate::entity::directories;
use crate::entity::directory_keys::{ActiveModel, Column, Entity};
use crate::send::{execute, fetch_one};
use crate::{Store, StoreError};
use events::{DirectoryId, KeyId, Timestamp};
use sea_orm::{
    ColumnTrait as _, DerivePartialModel, EntityTrait as _, FromQueryResult as _, PartialModelTrait as _,
    QueryFilter as _, QueryResult, QuerySelect as _, QueryTrait as _, Select, Set,
};

const SELECT: &str = "SELECT id, directory_id, name, description, sealed_token, expires_at, last_used_at, created_at \
                      FROM directory_keys WHERE revoked_at IS NULL";

/// A key as it is needed to decide about a request: with its directory, and possibly no longer good.
#[derive(Clone, Debug)]
pub struct DirectoryKey {
    /// Its id, which is part of the token.
    pub id: KeyId,
    /// The one directory that it opens.
    pub directory: Directory,
    /// Hash of the token's secret; compare it in constant time.
    pub token_hash: TokenDigest,
    /// From when on it is no longer good.
    pub expires_at: Option<Timestamp>,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
}

impl DirectoryKey {
    /// Whether it opens anything at this time: it is neither revoked nor expired.
    #[must_use]
    pub fn is_good(&self, now: Timestamp) -> bool {
        self.revoked_at.is_none() && self.expires_at.is_none_or(|at| now < at)
    }
}

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
        let key = Entity::find_by_id(id).inner_join(directories::Entity).select_only();
        let found = fetch_one(self.keys(), Credential::select_cols(key).as_query()).await?;
        found.map(directory_key).transpose()
    }
}

impl DirectoryKeys {
    /// One key.
    ///
    /// # Errors
    /// As any query.
    pub async fn by_id(&self, id: KeyId) -> Result<Option<KeyRecord>, StoreError> {
        let key = Shown::select_cols(kept(self.directory_id, id).select_only());
        let found = fetch_one(self.store.read(), key.as_query()).await?;
        Ok(found.map(record))
    }

    /// The keys, newest first.
    ///
    /// # Errors
    /// `Invalid` for a foreign cursor; otherwise as any query.
    pub async fn list(&self, page: &ListPage) -> Result<List<KeyRecord>, StoreError> {
        Listing::new("directory_keys", SELECT)
            .with_id("directory_id", Some(self.directory_id.uuid()))
            .read(self.store.read(), page, self.store.page_bytes(), listed)
            .await
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
        let held = Shown::select_cols(kept(directory, id).lock_exclusive().select_only());
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
        let saved = Entity::update_many()
            .set(changed)
            .filter(Column::Id.eq(Id(key.id)))
            .filter(Column::DirectoryId.eq(Id(key.directory_id)));
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
        let revoked = Entity::update_many()
            .set(changed)
            .filter(Column::Id.eq(Id(key.id)))
            .filter(Column::DirectoryId.eq(Id(key.directory_id)));
        execute(&self.tx, revoked.as_query()).await?;
        Ok(())
    }
}

/// One key of a directory that is not revoked.
fn kept(directory: DirectoryId, id: KeyId) -> Select<Entity> {
    Entity::find_by_id(id)
        .filter(Column::DirectoryId.eq(Id(directory)))
        .filter(Column::RevokedAt.is_null())
}

/// A key with its directory.
#[derive(DerivePartialModel)]
#[sea_orm(entity = "Entity")]
struct Credential {
    id: Id<KeyId>,
    token_hash: Vec<u8>,
    expires_at: Option<Millis>,
    revoked_at: Option<Millis>,
    #[sea_orm(nested)]
    directory: directories::Model,
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

/// A hash column.
pub(super) fn token_hash(bytes: Vec<u8>) -> Result<TokenDigest, StoreError> {
    TokenDigest::try_from(bytes).map_err(|bytes| StoreError::corrupt(format!("a token hash has {} bytes", bytes.len())))
}

fn directory_key(found: Credential) -> Result<DirectoryKey, StoreError> {
    Ok(DirectoryKey {
        id: found.id.0,
        directory: found.directory.into(),
        token_hash: token_hash(found.token_hash)?,
        expires_at: found.expires_at.map(Timestamp::from),
        revoked_at: found.revoked_at.map(Timestamp::from),
    })
}

fn listed(row: &QueryResult) -> Result<KeyRecord, StoreError> {
    Ok(record(Shown::from_query_result(row, "")?))
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
