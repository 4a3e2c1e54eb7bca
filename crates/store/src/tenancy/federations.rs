//! Federations: which workload of which Entra tenant may ask for access tokens with an assertion instead of a secret.

use super::AdminTx;
use crate::{Store, StoreError};
use db::entity::column::Id;
use db::entity::directory_federations::{ActiveModel, Column, Entity, Model};
use db::send::{execute, fetch_one};
use events::{DirectoryId, Timestamp};
use sea_orm::sea_query::OnConflict;
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _, QuerySelect as _, QueryTrait as _, Set};
use uuid::Uuid;

/// What an assertion must say to be taken. A directory has one federation or none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Federation {
    /// The directory that the workload may use.
    pub directory_id: DirectoryId,
    /// The tenant whose keys sign the assertions.
    pub tenant_id: Uuid,
    /// Their `aud`.
    pub audience: String,
    /// Their `sub`.
    pub subject: String,
    /// When it was first set.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

impl Store {
    /// The federation of a directory.
    ///
    /// # Errors
    /// As any query.
    pub async fn federation(&self, directory: DirectoryId) -> Result<Option<Federation>, StoreError> {
        let found = fetch_one(self.keys(), Entity::find_by_id(directory).as_query()).await?;
        Ok(found.map(federation))
    }
}

impl AdminTx {
    /// The federation of a directory, held until this change ends.
    ///
    /// # Errors
    /// As any query.
    pub async fn federation(&self, directory: DirectoryId) -> Result<Option<Federation>, StoreError> {
        let held = Entity::find_by_id(directory).lock_exclusive();
        let found = fetch_one(&self.tx, held.as_query()).await?;
        Ok(found.map(federation))
    }

    /// Sets the federation of a directory; the time at which it was first set stays.
    ///
    /// # Errors
    /// As any write.
    pub async fn save_federation(&self, federation: &Federation) -> Result<(), StoreError> {
        let set = [Column::TenantId, Column::Audience, Column::Subject, Column::UpdatedAt];
        let saved = Entity::insert(ActiveModel {
            directory_id: Set(federation.directory_id.into()),
            tenant_id: Set(federation.tenant_id),
            audience: Set(federation.audience.clone()),
            subject: Set(federation.subject.clone()),
            created_at: Set(federation.created_at.into()),
            updated_at: Set(federation.updated_at.into()),
        })
        .on_conflict(OnConflict::column(Column::DirectoryId).update_columns(set).to_owned());
        execute(&self.tx, saved.as_query()).await?;
        Ok(())
    }

    /// Ends the federation of a directory: access tokens that came of it are not good any more.
    ///
    /// # Errors
    /// As any write.
    pub async fn delete_federation(&self, directory: DirectoryId) -> Result<(), StoreError> {
        let ended = Entity::delete_many().filter(Column::DirectoryId.eq(Id(directory)));
        execute(&self.tx, ended.as_query()).await?;
        Ok(())
    }
}

fn federation(federation: Model) -> Federation {
    Federation {
        directory_id: federation.directory_id.0,
        tenant_id: federation.tenant_id,
        audience: federation.audience,
        subject: federation.subject,
        created_at: federation.created_at.into(),
        updated_at: federation.updated_at.into(),
    }
}
