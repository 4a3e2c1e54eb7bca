//! OAuth clients: an id and a secret that an identity provider exchanges for short-lived access tokens (RFC 6749 §4.4).

use super::list::{List, ListPage};
use super::{AdminTx, DirectoryKey, TokenDigest, credentials};
use crate::operations::credential_ends::{CredentialKind, Owner};
use crate::{Store, StoreError};
use db::entity::column::{Id, Millis};
use db::entity::oauth_clients::{ActiveModel, Column, Entity};
use db::send::{execute, fetch_one};
use events::{DirectoryId, KeyId, Timestamp};
use sea_orm::sea_query::Expr;
use sea_orm::{DerivePartialModel, EntityTrait as _, PartialModelTrait as _, QuerySelect as _, QueryTrait as _, Set};

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
        credentials::find::<Entity>(self, id).await
    }
}

impl OauthClients {
    /// The clients, newest first.
    ///
    /// # Errors
    /// `BadParameter` for a foreign cursor; otherwise as any query.
    pub async fn list(&self, page: &ListPage) -> Result<List<OauthClient>, StoreError> {
        let list = credentials::list::<Entity, ListedClient>(&self.store, self.directory_id, page).await?;
        Ok(list.map(client))
    }
}

impl AdminTx {
    /// Makes a client.
    ///
    /// # Errors
    /// As any write.
    pub async fn create_oauth_client(&self, client: &OauthClient, secret_hash: &TokenDigest) -> Result<(), StoreError> {
        let made = Entity::insert(ActiveModel {
            id: Set(client.id.into()),
            directory_id: Set(client.directory_id.into()),
            name: Set(client.name.clone()),
            secret_hash: Set(secret_hash.to_vec()),
            expires_at: Set(client.expires_at.map(Millis::from)),
            created_at: Set(client.created_at.into()),
            ..ActiveModel::default()
        });
        execute(&self.tx, made.as_query()).await?;
        let (owner, of) = (
            Owner::Directory(client.directory_id),
            (CredentialKind::OauthClient, client.id.uuid()),
        );
        self.note_end(of, owner, client.expires_at, client.created_at).await
    }

    /// One client of a directory, held until this change ends.
    ///
    /// # Errors
    /// As any query.
    pub async fn oauth_client(&self, directory: DirectoryId, id: KeyId) -> Result<Option<OauthClient>, StoreError> {
        let held = credentials::kept::<Entity>(directory, id)
            .lock_exclusive()
            .select_only();
        let found = fetch_one(&self.tx, ListedClient::select_cols(held).as_query()).await?;
        Ok(found.map(client))
    }

    /// Revokes a client that was read in this change: neither its secret nor its access tokens are good from now on.
    ///
    /// # Errors
    /// As any write.
    pub async fn revoke_oauth_client(&self, client: &OauthClient, at: Timestamp) -> Result<(), StoreError> {
        let revoked = credentials::change::<Entity>(client.directory_id, client.id)
            .col_expr(Column::RevokedAt, Expr::value(Millis::from(at)));
        execute(&self.tx, revoked.as_query()).await?;
        self.forget_end((CredentialKind::OauthClient, client.id.uuid())).await
    }
}

/// What lists show of a client.
#[derive(DerivePartialModel)]
#[sea_orm(entity = "Entity")]
struct ListedClient {
    id: Id<KeyId>,
    directory_id: Id<DirectoryId>,
    name: String,
    expires_at: Option<Millis>,
    last_used_at: Option<Millis>,
    created_at: Millis,
}

fn client(shown: ListedClient) -> OauthClient {
    OauthClient {
        id: shown.id.0,
        directory_id: shown.directory_id.0,
        name: shown.name,
        expires_at: shown.expires_at.map(Timestamp::from),
        last_used_at: shown.last_used_at.map(Timestamp::from),
        created_at: shown.created_at.into(),
    }
}
