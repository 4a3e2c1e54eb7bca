//! Admin keys: who may use the management API.

use super::keys::token_hash;
use super::{Change, TokenHash};
use crate::sql::{Row, exec, query_one};
use crate::{Store, StoreError};
use events::{AdminKeyId, Timestamp};
use sea_orm::QueryResult;
use std::time::Duration;

/// `last_used_at` is written at most this often, so that reading the API does not mean writing.
const NOTE_INTERVAL: Duration = Duration::from_secs(60);

/// A key of the management API.
#[derive(Clone, Debug)]
pub struct AdminKey {
    /// Its id, which is part of the token.
    pub id: AdminKeyId,
    /// What people call it.
    pub name: String,
    /// Hash of the token's secret; compare it in constant time.
    pub token_hash: TokenHash,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last used, give or take a minute.
    pub last_used_at: Option<Timestamp>,
}

/// The admin keys, for reading and for noting their use.
#[derive(Clone, Debug)]
pub struct AdminKeys {
    store: Store,
}

impl Store {
    /// The admin keys.
    #[must_use]
    pub fn admin_keys(&self) -> AdminKeys {
        AdminKeys { store: self.clone() }
    }
}

impl AdminKeys {
    /// The key that a token names.
    ///
    /// # Errors
    /// As any query.
    pub async fn by_id(&self, id: AdminKeyId) -> Result<Option<AdminKey>, StoreError> {
        let sql = "SELECT id, name, token_hash, created_at, last_used_at FROM admin_keys WHERE id = $1";
        query_one(self.store.keys(), sql, vec![id.uuid().into()])
            .await?
            .as_ref()
            .map(admin_key)
            .transpose()
    }

    /// Notes that a key was used, unless that was noted within the last minute.
    ///
    /// # Errors
    /// As any write.
    pub async fn note_use(&self, key: &AdminKey, now: Timestamp) -> Result<(), StoreError> {
        if key.last_used_at.is_some_and(|at| now.since(at) < NOTE_INTERVAL) {
            return Ok(());
        }
        let sql = "UPDATE admin_keys SET last_used_at = $2 WHERE id = $1";
        exec(self.store.write(), sql, [key.id.uuid().into(), now.millis().into()])
            .await
            .map(|_| ())
    }
}

impl Change {
    /// Makes an admin key.
    ///
    /// # Errors
    /// As any write.
    pub async fn create_admin_key(&self, key: &AdminKey) -> Result<(), StoreError> {
        let sql = "INSERT INTO admin_keys (id, name, token_hash, created_at) VALUES ($1, $2, $3, $4)";
        let values = vec![
            key.id.uuid().into(),
            key.name.as_str().into(),
            key.token_hash.to_vec().into(),
            key.created_at.millis().into(),
        ];
        exec(&self.tx, sql, values).await.map(|_| ())
    }
}

fn admin_key(row: &QueryResult) -> Result<AdminKey, StoreError> {
    Ok(AdminKey {
        id: row.id("id")?,
        name: row.get("name")?,
        token_hash: token_hash(row)?,
        created_at: row.time("created_at")?,
        last_used_at: row.opt_time("last_used_at")?,
    })
}
