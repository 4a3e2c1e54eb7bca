//! Changing and deleting organizations.

use super::owned::DirectoryIdRow;
use super::{AdminTx, Directory, Domain, Organization, TakenDomain};
use crate::operations::incidents::column_of;
use crate::{Dialect, StoreError};
use db::entity::column::{Id, Millis};
use db::entity::credentials::{self, CredentialKind};
use db::entity::{directories, organization_domains, organizations};
use db::expr::{call, number, text};
use db::send::{execute, fetch_all, fetch_one};
use events::{DirectoryId, OrganizationId, Timestamp};
use sea_orm::sea_query::{Expr, ExprTrait as _};
use sea_orm::{
    ColumnTrait as _, EntityTrait as _, PartialModelTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _,
    QueryTrait as _, Set,
};

/// How the settings of a directory say that it takes only people of verified domains.
const VERIFIED_ONLY: &str = "\"people_of\":\"verified_domains\"";

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

    /// Stores who is told when something is the matter with an organization that is held by this change, and who gets its
    /// digest, which is then due first at that time.
    ///
    /// # Errors
    /// As any write.
    pub async fn set_contacts(
        &self,
        id: OrganizationId,
        contacts: &[String],
        digest_contacts: &[String],
        digest_at: Timestamp,
    ) -> Result<(), StoreError> {
        let next = Some(digest_at).filter(|_| !digest_contacts.is_empty());
        let changed = organizations::ActiveModel {
            contacts: Set(column_of(contacts)?),
            digest_contacts: Set(column_of(digest_contacts)?),
            next_digest_at: Set(next.map(Millis::from)),
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
        let stay = domains.iter().map(Domain::as_str);
        let gone = organization_domains::Entity::delete_many()
            .filter(organization_domains::Column::OrganizationId.eq(Id(id)))
            .filter(organization_domains::Column::Domain.is_not_in(stay));
        execute(&self.tx, gone.as_query()).await?;
        for (position, domain) in domains.iter().enumerate() {
            if !self.claim_domain(id, domain, position).await? {
                return Ok(Some(TakenDomain(position)));
            }
        }
        self.tell_directories(id).await?;
        Ok(None)
    }

    /// Notes that an organization that is held by this change has proved that a domain of it is its own.
    ///
    /// # Errors
    /// As any write.
    pub async fn verify_domain(&self, id: OrganizationId, domain: &Domain, at: Timestamp) -> Result<(), StoreError> {
        let verified = organization_domains::ActiveModel {
            verified_at: Set(Some(Millis::from(at))),
            ..organization_domains::ActiveModel::default()
        };
        let noted = organization_domains::Entity::update_many()
            .set(verified)
            .filter(organization_domains::Column::Domain.eq(domain.as_str()))
            .filter(organization_domains::Column::OrganizationId.eq(Id(id)));
        execute(&self.tx, noted.as_query()).await?;
        self.tell_directories(id).await
    }

    /// Writes the verified domains into the settings of those directories that take only people of these: the rules read
    /// nothing else.
    async fn tell_directories(&self, id: OrganizationId) -> Result<(), StoreError> {
        let settings = Expr::col((directories::Entity, directories::Column::Settings));
        let position = match self.dialect {
            Dialect::Postgres => "strpos",
            Dialect::Sqlite => "instr",
        };
        let held = directories::Entity::find()
            .filter(directories::Column::OrganizationId.eq(Id(id)))
            .filter(call(position, [settings, text(VERIFIED_ONLY)]).gt(number(0)))
            .order_by_asc(directories::Column::OrganizationId)
            .order_by_asc(directories::Column::Id)
            .lock_exclusive();
        let held: Vec<directories::Model> = fetch_all(&self.tx, held.as_query()).await?;
        if held.is_empty() {
            return Ok(());
        }
        let domains = self.verified_domains(id).await?;
        for row in held {
            let mut directory = Directory::from(row);
            directory.set_verified_domains(&domains)?;
            self.save_directory(&directory).await?;
        }
        Ok(())
    }

    /// The domains that an organization has proved to be its own, as this change sees them.
    ///
    /// # Errors
    /// As any query.
    pub async fn verified_domains(&self, id: OrganizationId) -> Result<Vec<String>, StoreError> {
        let found = self.organization(id).await?;
        let verified = found.map(|found| found.verified).unwrap_or_default();
        Ok(verified.into_iter().map(|verified| verified.domain).collect())
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
        let found: Vec<DirectoryIdRow> =
            fetch_all(&self.tx, DirectoryIdRow::select_cols(some.select_only()).as_query()).await?;
        Ok(found.into_iter().map(|directory| directory.id.0).collect())
    }

    /// Deletes an organization that is held by this change and has no directory, with its domains, admin keys and portal
    /// links.
    ///
    /// # Errors
    /// As any write.
    pub async fn delete_organization(&self, id: OrganizationId) -> Result<(), StoreError> {
        let keys = credentials::Entity::delete_many()
            .filter(credentials::Column::OrganizationId.eq(Id(id)))
            .filter(credentials::Column::Kind.eq(CredentialKind::AdminKey));
        execute(&self.tx, keys.as_query()).await?;
        let deleted = organizations::Entity::delete_many().filter(organizations::Column::Id.eq(Id(id)));
        execute(&self.tx, deleted.as_query()).await?;
        Ok(())
    }
}
