//! Directory keys: the bearer tokens that identity providers carry.

use super::directories::directory_columns;
use super::list::{List, ListPage, Listing};
use super::{Change, Directory, TokenHash};
use crate::sql::{Row, exec, query_one};
use crate::{Store, StoreError};
use events::{DirectoryId, KeyId, Timestamp};
use sea_orm::{QueryResult, Value};

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
    pub token_hash: TokenHash,
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
    pub token_hash: TokenHash,
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
        let sql = "SELECT k.id, k.token_hash, k.expires_at, k.revoked_at, d.id AS d_id, \
                   d.organization_id AS d_organization_id, d.name AS d_name, d.provider AS d_provider, \
                   d.state AS d_state, d.settings AS d_settings, d.last_request_at AS d_last_request_at, \
                   d.last_error AS d_last_error, d.created_at AS d_created_at, d.updated_at AS d_updated_at, \
                   d.held_at AS d_held_at, d.released_until AS d_released_until \
                   FROM directory_keys k JOIN directories d ON d.id = k.directory_id WHERE k.id = $1";
        query_one(self.keys(), sql, vec![id.uuid().into()])
            .await?
            .as_ref()
            .map(directory_key)
            .transpose()
    }
}

impl DirectoryKeys {
    /// One key.
    ///
    /// # Errors
    /// As any query.
    pub async fn by_id(&self, id: KeyId) -> Result<Option<KeyRecord>, StoreError> {
        let sql = format!("{SELECT} AND directory_id = $1 AND id = $2");
        query_one(
            self.store.read(),
            &sql,
            vec![self.directory_id.uuid().into(), id.uuid().into()],
        )
        .await?
        .as_ref()
        .map(record)
        .transpose()
    }

    /// The keys, newest first.
    ///
    /// # Errors
    /// `Invalid` for a foreign cursor; otherwise as any query.
    pub async fn list(&self, page: &ListPage) -> Result<List<KeyRecord>, StoreError> {
        Listing::new("directory_keys", SELECT)
            .with_id("directory_id", Some(self.directory_id.uuid()))
            .read(self.store.read(), page, self.store.page_bytes(), record)
            .await
    }
}

impl Change {
    /// Makes a key.
    ///
    /// # Errors
    /// As any write.
    pub async fn create_key(&self, new: &NewKey) -> Result<(), StoreError> {
        let sql = "INSERT INTO directory_keys \
                   (id, directory_id, name, description, token_hash, sealed_token, expires_at, created_at) \
                   VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
        let record = &new.record;
        let values = vec![
            record.id.uuid().into(),
            record.directory_id.uuid().into(),
            record.name.as_str().into(),
            record.description.clone().into(),
            new.token_hash.to_vec().into(),
            record.sealed_token.clone().into(),
            millis(record.expires_at),
            record.created_at.millis().into(),
        ];
        exec(&self.tx, sql, values).await.map(|_| ())
    }

    /// One key of a directory, held until this change ends.
    ///
    /// # Errors
    /// As any query.
    pub async fn key(&self, directory: DirectoryId, id: KeyId) -> Result<Option<KeyRecord>, StoreError> {
        let sql = format!("{SELECT} AND directory_id = $1 AND id = $2{}", self.for_update());
        query_one(&self.tx, &sql, vec![directory.uuid().into(), id.uuid().into()])
            .await?
            .as_ref()
            .map(record)
            .transpose()
    }

    /// Stores name, description and expiry of a key that was read in this change.
    ///
    /// # Errors
    /// As any write.
    pub async fn save_key(&self, key: &KeyRecord) -> Result<(), StoreError> {
        let sql = "UPDATE directory_keys SET name = $3, description = $4, expires_at = $5 \
                   WHERE directory_id = $1 AND id = $2";
        let values = vec![
            key.directory_id.uuid().into(),
            key.id.uuid().into(),
            key.name.as_str().into(),
            key.description.clone().into(),
            millis(key.expires_at),
        ];
        exec(&self.tx, sql, values).await.map(|_| ())
    }

    /// Revokes a key that was read in this change: it opens nothing from now on.
    ///
    /// # Errors
    /// As any write.
    pub async fn revoke_key(&self, key: &KeyRecord, at: Timestamp) -> Result<(), StoreError> {
        let sql = "UPDATE directory_keys SET revoked_at = $3, sealed_token = NULL WHERE directory_id = $1 AND id = $2";
        let values = vec![key.directory_id.uuid().into(), key.id.uuid().into(), at.millis().into()];
        exec(&self.tx, sql, values).await.map(|_| ())
    }
}

/// A nullable time column.
pub(super) fn millis(at: Option<Timestamp>) -> Value {
    at.map(Timestamp::millis).into()
}

/// Reads a hash column.
pub(super) fn token_hash(row: &QueryResult) -> Result<TokenHash, StoreError> {
    hash_column(row, "token_hash")
}

/// Reads a hash column of another name.
pub(super) fn hash_column(row: &QueryResult, column: &str) -> Result<TokenHash, StoreError> {
    let bytes: Vec<u8> = row.get(column)?;
    TokenHash::try_from(bytes).map_err(|bytes| StoreError::corrupt(format!("a token hash has {} bytes", bytes.len())))
}

fn directory_key(row: &QueryResult) -> Result<DirectoryKey, StoreError> {
    Ok(DirectoryKey {
        id: row.id("id")?,
        directory: directory_columns(row, "d_")?,
        token_hash: token_hash(row)?,
        expires_at: row.opt_time("expires_at")?,
        revoked_at: row.opt_time("revoked_at")?,
    })
}

fn record(row: &QueryResult) -> Result<KeyRecord, StoreError> {
    Ok(KeyRecord {
        id: row.id("id")?,
        directory_id: row.id("directory_id")?,
        name: row.get("name")?,
        description: row.get("description")?,
        sealed_token: row.get("sealed_token")?,
        expires_at: row.opt_time("expires_at")?,
        last_used_at: row.opt_time("last_used_at")?,
        created_at: row.time("created_at")?,
    })
}
