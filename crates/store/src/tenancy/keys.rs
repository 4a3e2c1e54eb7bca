//! Directory keys: the bearer tokens that identity providers carry.

use super::list::{List, ListPage};
use super::{AdminTx, DirectoryKey, TokenDigest, credentials};
use crate::operations::credential_ends::{CredentialKind, Owner};
use crate::{Store, StoreError};
use db::entity::column::{Id, Millis};
use db::entity::directory_keys::{ActiveModel, Column, Entity};
use db::rows::is_one_of_ids;
use db::send::{execute, fetch_all, fetch_one};
use events::{DirectoryId, KeyId, Timestamp};
use sea_orm::sea_query::Expr;
use sea_orm::{
    ColumnTrait as _, DerivePartialModel, EntityTrait as _, PartialModelTrait as _, QueryFilter as _, QuerySelect as _,
    QueryTrait as _, Set,
};
use std::collections::HashMap;

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
    /// The key that it is to take the place of.
    pub replaces: Option<KeyId>,
    /// The key that is to take its place.
    pub replaced_by: Option<KeyId>,
}

/// What is to be known of the other key of a rotation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OtherKey {
    /// When it was last used.
    pub last_used_at: Option<Timestamp>,
    /// Whether it is revoked.
    pub is_revoked: bool,
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
        let key = ListedKey::select_cols(credentials::kept::<Entity>(self.directory_id, id).select_only());
        let found = fetch_one(self.store.read(), key.as_query()).await?;
        Ok(found.map(record))
    }

    /// The keys, newest first.
    ///
    /// # Errors
    /// `BadParameter` for a foreign cursor; otherwise as any query.
    pub async fn list(&self, page: &ListPage) -> Result<List<KeyRecord>, StoreError> {
        let list = credentials::list::<Entity, ListedKey>(&self.store, self.directory_id, page).await?;
        Ok(list.map(record))
    }
}

impl DirectoryKeys {
    /// The other keys of the rotations that these keys are part of, also those that are revoked.
    ///
    /// # Errors
    /// As any query.
    pub async fn others(&self, of: &[KeyRecord]) -> Result<HashMap<KeyId, OtherKey>, StoreError> {
        let ids: Vec<KeyId> = of
            .iter()
            .flat_map(|key| [key.replaces, key.replaced_by])
            .flatten()
            .collect();
        if ids.is_empty() {
            return Ok(HashMap::new());
        }
        let others = Entity::find()
            .filter(is_one_of_ids(self.store.dialect(), Expr::col(Column::Id), ids))
            .filter(Column::DirectoryId.eq(Id(self.directory_id)));
        let others = Other::select_cols(others.select_only());
        let others: Vec<Other> = fetch_all(self.store.read(), others.as_query()).await?;
        let known = |other: Other| {
            let about = OtherKey {
                last_used_at: other.last_used_at.map(Timestamp::from),
                is_revoked: other.revoked_at.is_some(),
            };
            (other.id.0, about)
        };
        Ok(others.into_iter().map(known).collect())
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
            replaces: Set(record.replaces.map(Id)),
            ..ActiveModel::default()
        });
        execute(&self.tx, made.as_query()).await?;
        if let Some(old) = record.replaces {
            self.set_replacement(record.directory_id, old, Some(record.id)).await?;
        }
        let owner = Owner::Directory(record.directory_id);
        let of = (CredentialKind::DirectoryKey, record.id.uuid());
        self.note_end(of, owner, record.expires_at, record.created_at).await
    }

    /// Says which key is to take the place of one.
    async fn set_replacement(&self, directory: DirectoryId, of: KeyId, by: Option<KeyId>) -> Result<(), StoreError> {
        let changed = ActiveModel {
            replaced_by: Set(by.map(Id)),
            ..ActiveModel::default()
        };
        let saved = credentials::change::<Entity>(directory, of).set(changed);
        execute(&self.tx, saved.as_query()).await?;
        Ok(())
    }

    /// One key of a directory, held until this change ends.
    ///
    /// # Errors
    /// As any query.
    pub async fn key(&self, directory: DirectoryId, id: KeyId) -> Result<Option<KeyRecord>, StoreError> {
        let key = credentials::kept::<Entity>(directory, id).lock_exclusive();
        let held = ListedKey::select_cols(key.select_only());
        let found = fetch_one(&self.tx, held.as_query()).await?;
        Ok(found.map(record))
    }

    /// Stores name, description and expiry of a key that was read in this change.
    ///
    /// # Errors
    /// As any write.
    pub async fn save_key(&self, key: &KeyRecord, at: Timestamp) -> Result<(), StoreError> {
        let changed = ActiveModel {
            name: Set(key.name.clone()),
            description: Set(key.description.clone()),
            expires_at: Set(key.expires_at.map(Millis::from)),
            ..ActiveModel::default()
        };
        let saved = credentials::change::<Entity>(key.directory_id, key.id).set(changed);
        execute(&self.tx, saved.as_query()).await?;
        let (owner, of) = (
            Owner::Directory(key.directory_id),
            (CredentialKind::DirectoryKey, key.id.uuid()),
        );
        self.note_end(of, owner, key.expires_at, at).await
    }

    /// Revokes a key that was read in this change: it opens nothing from now on. If it was to take the place of another, that
    /// one keeps its place.
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
        if let Some(old) = key.replaces {
            self.set_replacement(key.directory_id, old, None).await?;
        }
        self.forget_end((CredentialKind::DirectoryKey, key.id.uuid())).await
    }
}

/// What the management API may show of a key.
#[derive(DerivePartialModel)]
#[sea_orm(entity = "Entity")]
struct ListedKey {
    id: Id<KeyId>,
    directory_id: Id<DirectoryId>,
    name: String,
    description: Option<String>,
    sealed_token: Option<Vec<u8>>,
    expires_at: Option<Millis>,
    last_used_at: Option<Millis>,
    created_at: Millis,
    replaces: Option<Id<KeyId>>,
    replaced_by: Option<Id<KeyId>>,
}

/// What a rotation shows of its other key.
#[derive(DerivePartialModel)]
#[sea_orm(entity = "Entity")]
struct Other {
    id: Id<KeyId>,
    last_used_at: Option<Millis>,
    revoked_at: Option<Millis>,
}

fn record(shown: ListedKey) -> KeyRecord {
    KeyRecord {
        id: shown.id.0,
        directory_id: shown.directory_id.0,
        name: shown.name,
        description: shown.description,
        sealed_token: shown.sealed_token,
        expires_at: shown.expires_at.map(Timestamp::from),
        last_used_at: shown.last_used_at.map(Timestamp::from),
        created_at: shown.created_at.into(),
        replaces: shown.replaces.map(|id| id.0),
        replaced_by: shown.replaced_by.map(|id| id.0),
    }
}
