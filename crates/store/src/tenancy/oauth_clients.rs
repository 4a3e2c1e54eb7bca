//! OAuth clients: an id and a secret that an identity provider exchanges for short-lived access tokens (RFC 6749 §4.4).

use super::directories::directory_columns;
use super::keys::{DirectoryKey, hash_column, millis};
use super::list::{List, ListPage, Listing};
use super::{Change, TokenHash};
use crate::sql::{Row, exec, query_one};
use crate::{Store, StoreError};
use events::{DirectoryId, KeyId, Timestamp};
use sea_orm::QueryResult;

const SELECT: &str = "SELECT id, directory_id, name, expires_at, last_used_at, created_at \
                      FROM oauth_clients WHERE revoked_at IS NULL";

/// A client as the management API shows it. Revoked clients are not shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OauthClient {
    /// Its `client_id`.
    pub id: KeyId,
    /// The one directory that its access tokens open.
    pub directory_id: DirectoryId,
    /// What people call it.
    pub name: String,
    /// From when on neither its secret nor the access tokens made with it are good.
    pub expires_at: Option<Timestamp>,
    /// When it was last used, give or take the interval of the notes.
    pub last_used_at: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
}

/// The OAuth clients of one directory, for reading.
#[derive(Clone, Debug)]
pub struct OauthClients {
    store: Store,
    directory_id: DirectoryId,
}

impl Store {
    /// The OAuth clients of one directory.
    #[must_use]
    pub fn oauth_clients(&self, directory_id: DirectoryId) -> OauthClients {
        OauthClients {
            store: self.clone(),
            directory_id,
        }
    }

    /// The client with this id and its directory, also when it is revoked or expired; its secret's hash stands where that
    /// of a key's token does. Like [`Store::find_directory_key`] it is how a request finds out which directory it may use.
    ///
    /// # Errors
    /// As any query.
    pub async fn find_oauth_client(&self, id: KeyId) -> Result<Option<DirectoryKey>, StoreError> {
        let sql = "SELECT c.id, c.secret_hash, c.expires_at, c.revoked_at, d.id AS d_id, \
                   d.organization_id AS d_organization_id, d.name AS d_name, d.provider AS d_provider, \
                   d.state AS d_state, d.settings AS d_settings, d.last_request_at AS d_last_request_at, \
                   d.last_error AS d_last_error, d.created_at AS d_created_at, d.updated_at AS d_updated_at, \
                   d.held_at AS d_held_at, d.released_until AS d_released_until \
                   FROM oauth_clients c JOIN directories d ON d.id = c.directory_id WHERE c.id = $1";
        query_one(self.keys(), sql, vec![id.uuid().into()])
            .await?
            .as_ref()
            .map(credential)
            .transpose()
    }
}

impl OauthClients {
    /// The clients, newest first.
    ///
    /// # Errors
    /// `Invalid` for a foreign cursor; otherwise as any query.
    pub async fn list(&self, page: &ListPage) -> Result<List<OauthClient>, StoreError> {
        Listing::new("oauth_clients", SELECT)
            .with_id("directory_id", Some(self.directory_id.uuid()))
            .read(self.store.read(), page, self.store.page_bytes(), client)
            .await
    }
}

impl Change {
    /// Makes a client.
    ///
    /// # Errors
    /// As any write.
    pub async fn create_oauth_client(&self, client: &OauthClient, secret_hash: &TokenHash) -> Result<(), StoreError> {
        let sql = "INSERT INTO oauth_clients (id, directory_id, name, secret_hash, expires_at, created_at) \
                   VALUES ($1, $2, $3, $4, $5, $6)";
        let values = vec![
            client.id.uuid().into(),
            client.directory_id.uuid().into(),
            client.name.as_str().into(),
            secret_hash.to_vec().into(),
            millis(client.expires_at),
            client.created_at.millis().into(),
        ];
        exec(&self.tx, sql, values).await.map(|_| ())
    }

    /// One client of a directory, held until this change ends.
    ///
    /// # Errors
    /// As any query.
    pub async fn oauth_client(&self, directory: DirectoryId, id: KeyId) -> Result<Option<OauthClient>, StoreError> {
        let sql = format!("{SELECT} AND directory_id = $1 AND id = $2{}", self.for_update());
        query_one(&self.tx, &sql, vec![directory.uuid().into(), id.uuid().into()])
            .await?
            .as_ref()
            .map(client)
            .transpose()
    }

    /// Revokes a client that was read in this change: neither its secret nor its access tokens are good from now on.
    ///
    /// # Errors
    /// As any write.
    pub async fn revoke_oauth_client(&self, client: &OauthClient, at: Timestamp) -> Result<(), StoreError> {
        let sql = "UPDATE oauth_clients SET revoked_at = $3 WHERE directory_id = $1 AND id = $2";
        let values = vec![
            client.directory_id.uuid().into(),
            client.id.uuid().into(),
            at.millis().into(),
        ];
        exec(&self.tx, sql, values).await.map(|_| ())
    }
}

fn credential(row: &QueryResult) -> Result<DirectoryKey, StoreError> {
    Ok(DirectoryKey {
        id: row.id("id")?,
        directory: directory_columns(row, "d_")?,
        token_hash: hash_column(row, "secret_hash")?,
        expires_at: row.opt_time("expires_at")?,
        revoked_at: row.opt_time("revoked_at")?,
    })
}

fn client(row: &QueryResult) -> Result<OauthClient, StoreError> {
    Ok(OauthClient {
        id: row.id("id")?,
        directory_id: row.id("directory_id")?,
        name: row.get("name")?,
        expires_at: row.opt_time("expires_at")?,
        last_used_at: row.opt_time("last_used_at")?,
        created_at: row.time("created_at")?,
    })
}
