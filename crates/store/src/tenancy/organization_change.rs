//! Changing and deleting organizations.

use super::owned::Named;
use super::{AdminTx, Domain, Organization, TakenDomain};
use crate::StoreError;
use db::entity::column::{Id, Millis};
use db::entity::{directories, organization_domains, organizations};
use db::send::{execute, fetch_all, fetch_one};
use events::{DirectoryId, OrganizationId, Timestamp};
use sea_orm::{
    ColumnTrait as _, EntityTrait as _, PartialModelTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _,
    QueryTrait as _, Set,
};

impl AdminTx {
    /// One organization, held until this change ends: nobody makes a directory in it meanwhile.
    ///
    /// # Errors
    /// As any query.
    pub async fn held_organization(&self, id: OrganizationId) -> Result<Option<Organization>, StoreError> {
        let held = organizations::Entity::find_by_id(id).lock_exclusive();
        let found: Option<organizations::Model> = fetch_one(&self.tx, held.as_query()).await?;
        match found {
            Some(_) => self.organization(id).await,
            None => Ok(None),
        }
    }

    /// Stores the name of an organization that is held by this change.
    ///
    /// # Errors
    /// As any write.
    pub async fn rename_organization(&self, id: OrganizationId, name: &str, at: Timestamp) -> Result<(), StoreError> {
        let changed = organizations::ActiveModel {
            name: Set(name.to_owned()),
            updated_at: Set(Millis::from(at)),
            ..organizations::ActiveModel::default()
        };
        let saved = organizations::Entity::update_many()
            .set(changed)
            .filter(organizations::Column::Id.eq(Id(id)));
        execute(&self.tx, saved.as_query()).await?;
        Ok(())
    }

    /// Gives an organization that is held by this change these domains and no others. When one of them belongs to another
    /// organization, that domain's index is returned and the change must be dropped.
    ///
    /// # Errors
    /// As any write.
    #[must_use = "with a taken domain the change must not be committed"]
    pub async fn replace_domains(
        &self,
        id: OrganizationId,
        domains: &[Domain],
    ) -> Result<Option<TakenDomain>, StoreError> {
        let before =
            organization_domains::Entity::delete_many().filter(organization_domains::Column::OrganizationId.eq(Id(id)));
        execute(&self.tx, before.as_query()).await?;
        for (position, domain) in domains.iter().enumerate() {
            if !self.claim_domain(id, domain, position).await? {
                return Ok(Some(TakenDomain(position)));
            }
        }
        Ok(None)
    }

    /// Some directories of an organization, the oldest first.
    ///
    /// # Errors
    /// As any query.
    pub async fn some_directories(&self, id: OrganizationId, limit: u64) -> Result<Vec<DirectoryId>, StoreError> {
        let some = directories::Entity::find()
            .filter(directories::Column::OrganizationId.eq(Id(id)))
            .order_by_asc(directories::Column::OrganizationId)
            .order_by_asc(directories::Column::Id)
            .limit(limit);
        let found: Vec<Named> = fetch_all(&self.tx, Named::select_cols(some.select_only()).as_query()).await?;
        Ok(found.into_iter().map(|directory| directory.id.0).collect())
    }

    /// Deletes an organization that is held by this change and has no directory, with its domains, admin keys and portal
    /// links.
    ///
    /// # Errors
    /// As any write.
    pub async fn delete_organization(&self, id: OrganizationId) -> Result<(), StoreError> {
        let deleted = organizations::Entity::delete_many().filter(organizations::Column::Id.eq(Id(id)));
        execute(&self.tx, deleted.as_query()).await?;
        Ok(())
    }
}
