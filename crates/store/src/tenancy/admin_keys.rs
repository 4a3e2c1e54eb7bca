//! Admin keys: who may use the management API, for what, and for whom.

use super::credentials::token_hash;
use super::list::{List, ListPage, Listing};
use super::scope::{self, AdminScope};
use super::{AdminTx, TokenDigest};
use crate::operations::credential_ends::{CredentialKind, Owner};
use crate::{Store, StoreError};
use db::entity::admin_keys::{ActiveModel, Column, Entity, Model};
use db::entity::column::{Id, Millis};
use db::send::{execute, fetch_one};
use events::{AdminKeyId, OrganizationId, Timestamp};
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _, QuerySelect as _, QueryTrait as _, Set};
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
    pub token_hash: TokenDigest,
    /// What it may do.
    pub scopes: Vec<AdminScope>,
    /// The one organization that it is for; `None` for all.
    pub organization_id: Option<OrganizationId>,
    /// From when on it is no longer good.
    pub expires_at: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last used, give or take a minute.
    pub last_used_at: Option<Timestamp>,
}

impl AdminKey {
    /// Whether it opens anything at this time.
    #[must_use]
    pub fn is_good(&self, now: Timestamp) -> bool {
        self.expires_at.is_none_or(|at| now < at)
    }
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
    /// The key that a token names, also when it has expired.
    ///
    /// # Errors
    /// As any query.
    pub async fn by_id(&self, id: AdminKeyId) -> Result<Option<AdminKey>, StoreError> {
        let found = fetch_one(self.store.keys(), Entity::find_by_id(id).as_query()).await?;
        found.map(admin_key).transpose()
    }

    /// The keys, newest first; of one organization where one is given.
    ///
    /// # Errors
    /// As [`Organizations::list`](super::Organizations::list).
    pub async fn list(
        &self,
        organization: Option<OrganizationId>,
        page: &ListPage,
    ) -> Result<List<AdminKey>, StoreError> {
        let list: List<Model> = Listing::new("admin_keys", Entity::find())
            .with(Column::OrganizationId, organization.map(OrganizationId::uuid))
            .read(self.store.read(), page, self.store.page_bytes())
            .await?;
        list.try_map(admin_key)
    }

    /// Notes that a key was used, unless that was noted within the last minute.
    ///
    /// # Errors
    /// As any write.
    pub async fn note_use(&self, key: &AdminKey, now: Timestamp) -> Result<(), StoreError> {
        if key.last_used_at.is_some_and(|at| now.since(at) < NOTE_INTERVAL) {
            return Ok(());
        }
        let used = Entity::update_many()
            .col_expr(Column::LastUsedAt, Expr::value(Millis::from(now)))
            .filter(Column::Id.eq(Id(key.id)));
        execute(self.store.write(), used.as_query()).await?;
        Ok(())
    }
}

impl AdminTx {
    /// Makes an admin key.
    ///
    /// # Errors
    /// As any write.
    pub async fn create_admin_key(&self, key: &AdminKey) -> Result<(), StoreError> {
        let made = Entity::insert(ActiveModel {
            id: Set(key.id.into()),
            name: Set(key.name.clone()),
            token_hash: Set(key.token_hash.to_vec()),
            scopes: Set(scope::stored(&key.scopes)),
            organization_id: Set(key.organization_id.map(Id)),
            expires_at: Set(key.expires_at.map(Millis::from)),
            created_at: Set(key.created_at.into()),
            ..ActiveModel::default()
        });
        execute(&self.tx, made.as_query()).await?;
        let (owner, of) = (
            Owner::Organization(key.organization_id),
            (CredentialKind::AdminKey, key.id.uuid()),
        );
        self.note_end(of, owner, key.expires_at, key.created_at).await
    }

    /// One admin key, held until this change ends.
    ///
    /// # Errors
    /// As any query.
    pub async fn admin_key(&self, id: AdminKeyId) -> Result<Option<AdminKey>, StoreError> {
        let held = Entity::find_by_id(id).lock_exclusive();
        let found = fetch_one(&self.tx, held.as_query()).await?;
        found.map(admin_key).transpose()
    }

    /// Deletes an admin key: it opens nothing from now on.
    ///
    /// # Errors
    /// As any write.
    pub async fn delete_admin_key(&self, id: AdminKeyId) -> Result<(), StoreError> {
        let deleted = Entity::delete_many().filter(Column::Id.eq(Id(id)));
        execute(&self.tx, deleted.as_query()).await?;
        self.forget_end((CredentialKind::AdminKey, id.uuid())).await
    }
}

fn admin_key(key: Model) -> Result<AdminKey, StoreError> {
    Ok(AdminKey {
        id: key.id.0,
        name: key.name,
        token_hash: token_hash(key.token_hash)?,
        scopes: scope::read(&key.scopes)?,
        organization_id: key.organization_id.map(|id| id.0),
        expires_at: key.expires_at.map(Timestamp::from),
        created_at: key.created_at.into(),
        last_used_at: key.last_used_at.map(Timestamp::from),
    })
}
