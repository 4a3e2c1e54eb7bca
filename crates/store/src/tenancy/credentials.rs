//! What directory keys and OAuth clients have in common: a row with the hash of a secret, which opens one directory until it
//! expires or is revoked.

use super::list::{List, ListPage, Listing};
use super::{Directory, TokenDigest};
use crate::{Store, StoreError};
use db::entity::column::{Id, Millis};
use db::entity::{directories, directory_keys, oauth_clients};
use db::send::fetch_one;
use events::{DirectoryId, KeyId, Timestamp};
use sea_orm::{
    ColumnTrait as _, DbErr, EntityTrait, FromQueryResult, PartialModelTrait, QueryFilter, QueryResult,
    QuerySelect as _, QueryTrait as _, Related, Select, UpdateMany,
};

/// A secret as it is needed to decide about a request: with its directory, and possibly no longer good.
#[derive(Clone, Debug)]
pub struct DirectoryKey {
    /// Its id, which is part of a token and the `client_id` of a client.
    pub id: KeyId,
    /// The one directory that it opens.
    pub directory: Directory,
    /// Hash of the secret; compare it in constant time.
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

/// A table of such secrets.
pub(super) trait CredentialTable: EntityTrait + Related<directories::Entity> {
    const ID: Self::Column;
    const DIRECTORY_ID: Self::Column;
    const SECRET_HASH: Self::Column;
    const EXPIRES_AT: Self::Column;
    const REVOKED_AT: Self::Column;
}

impl CredentialTable for directory_keys::Entity {
    const ID: Self::Column = directory_keys::Column::Id;
    const DIRECTORY_ID: Self::Column = directory_keys::Column::DirectoryId;
    const SECRET_HASH: Self::Column = directory_keys::Column::TokenHash;
    const EXPIRES_AT: Self::Column = directory_keys::Column::ExpiresAt;
    const REVOKED_AT: Self::Column = directory_keys::Column::RevokedAt;
}

impl CredentialTable for oauth_clients::Entity {
    const ID: Self::Column = oauth_clients::Column::Id;
    const DIRECTORY_ID: Self::Column = oauth_clients::Column::DirectoryId;
    const SECRET_HASH: Self::Column = oauth_clients::Column::SecretHash;
    const EXPIRES_AT: Self::Column = oauth_clients::Column::ExpiresAt;
    const REVOKED_AT: Self::Column = oauth_clients::Column::RevokedAt;
}

/// A secret with its directory.
struct Credential {
    id: Id<KeyId>,
    secret_hash: Vec<u8>,
    expires_at: Option<Millis>,
    revoked_at: Option<Millis>,
    directory: directories::Model,
}

/// The columns of the directory have names of their own, because both tables have an `id`.
const DIRECTORY_PREFIX: &str = "directory_";

impl FromQueryResult for Credential {
    fn from_query_result(row: &QueryResult, prefix: &str) -> Result<Self, DbErr> {
        Ok(Self {
            id: row.try_get(prefix, "id")?,
            secret_hash: row.try_get(prefix, "secret_hash")?,
            expires_at: row.try_get(prefix, "expires_at")?,
            revoked_at: row.try_get(prefix, "revoked_at")?,
            directory: directories::Model::from_query_result(row, &format!("{prefix}{DIRECTORY_PREFIX}"))?,
        })
    }
}

/// The secret with this id and its directory, also when it is revoked or expired.
pub(super) async fn find<E: CredentialTable>(store: &Store, id: KeyId) -> Result<Option<DirectoryKey>, StoreError> {
    let secret = E::find()
        .filter(E::ID.eq(Id(id)))
        .inner_join(directories::Entity)
        .select_only()
        .column_as(E::ID, "id")
        .column_as(E::SECRET_HASH, "secret_hash")
        .column_as(E::EXPIRES_AT, "expires_at")
        .column_as(E::REVOKED_AT, "revoked_at");
    let secret = directories::Model::select_cols_nested(secret, Some(DIRECTORY_PREFIX), None);
    let found: Option<Credential> = fetch_one(store.keys(), secret.as_query()).await?;
    found.map(DirectoryKey::try_from).transpose()
}

/// The secrets of a directory that are not revoked, newest first.
pub(super) async fn list<E: CredentialTable, M: PartialModelTrait>(
    store: &Store,
    directory: DirectoryId,
    page: &ListPage,
) -> Result<List<M>, StoreError> {
    let kept = E::find().filter(E::REVOKED_AT.is_null()).select_only();
    Listing::new(E::default().table_name(), M::select_cols(kept))
        .with(E::DIRECTORY_ID, Some(directory.uuid()))
        .read(store.read(), page, store.page_bytes())
        .await
}

/// One secret of a directory that is not revoked.
pub(super) fn kept<E: CredentialTable>(directory: DirectoryId, id: KeyId) -> Select<E> {
    of::<E, _>(E::find(), directory, id).filter(E::REVOKED_AT.is_null())
}

/// A change of one secret of a directory.
pub(super) fn change<E: CredentialTable>(directory: DirectoryId, id: KeyId) -> UpdateMany<E> {
    of::<E, _>(E::update_many(), directory, id)
}

fn of<E: CredentialTable, Q: QueryFilter>(query: Q, directory: DirectoryId, id: KeyId) -> Q {
    query.filter(E::ID.eq(Id(id))).filter(E::DIRECTORY_ID.eq(Id(directory)))
}

/// A hash column.
pub(super) fn token_hash(bytes: Vec<u8>) -> Result<TokenDigest, StoreError> {
    TokenDigest::try_from(bytes).map_err(|bytes| StoreError::corrupt(format!("a token hash has {} bytes", bytes.len())))
}

impl TryFrom<Credential> for DirectoryKey {
    type Error = StoreError;

    fn try_from(found: Credential) -> Result<Self, StoreError> {
        Ok(Self {
            id: found.id.0,
            directory: found.directory.into(),
            token_hash: token_hash(found.secret_hash)?,
            expires_at: found.expires_at.map(Timestamp::from),
            revoked_at: found.revoked_at.map(Timestamp::from),
        })
    }
}
