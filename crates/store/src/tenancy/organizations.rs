//! Organizations: the customer companies, found by id or by one of their domains.

use super::list::{List, ListPage, Listing};
use super::missing::missing;
use super::{AdminTx, Domain};
use crate::operations::incidents::addresses;
use crate::{Store, StoreError};
use db::entity::column::Id;
use db::entity::organization_domains as domains;
use db::entity::organizations::{ActiveModel, Column, Entity, Model};
use db::rows::is_one_of_ids;
use db::send::{execute, fetch_all, fetch_one};
use db::sql::dialect_of;
use events::{OrganizationId, Timestamp};
use sea_orm::sea_query::{Expr, ExprTrait as _, OnConflict};
use sea_orm::{
    ColumnTrait as _, ConnectionTrait, EntityTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _,
    QueryTrait as _, Set,
};
use std::collections::HashMap;

/// A customer company.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Organization {
    /// Its id.
    pub id: OrganizationId,
    /// What people call it.
    pub name: String,
    /// Its domains in the order they were given; each belongs to one organization only.
    pub domains: Vec<String>,
    /// Those of them that it has proved to be its own, and when.
    pub verified: Vec<VerifiedDomain>,
    /// The addresses of those who are told when something is the matter.
    pub contacts: Vec<String>,
    /// The addresses of those who want the daily digest.
    pub digest_contacts: Vec<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// A domain that an organization has proved to be its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedDomain {
    /// The domain.
    pub domain: String,
    /// When it was last proved.
    pub verified_at: Timestamp,
}

/// An organization to be made.
#[derive(Clone, Debug)]
pub struct NewOrganization {
    /// Its id.
    pub id: OrganizationId,
    /// What people call it.
    pub name: String,
    /// Its domains, each named once.
    pub domains: Vec<Domain>,
    /// When it is made.
    pub at: Timestamp,
}

/// Which of the domains of a new organization belongs to another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TakenDomain(pub usize);

/// The organizations, for reading.
#[derive(Clone, Debug)]
pub struct Organizations {
    store: Store,
}

impl Store {
    /// The organizations.
    #[must_use]
    pub fn organizations(&self) -> Organizations {
        Organizations { store: self.clone() }
    }
}

impl Organizations {
    /// Which of these ids name no organization.
    ///
    /// # Errors
    /// As any query.
    pub async fn missing(&self, ids: &[OrganizationId]) -> Result<Vec<OrganizationId>, StoreError> {
        missing::<Entity, _>(&self.store, Column::Id, ids).await
    }

    /// One organization.
    ///
    /// # Errors
    /// As any query.
    pub async fn by_id(&self, id: OrganizationId) -> Result<Option<Organization>, StoreError> {
        by_id(self.store.read(), id).await
    }

    /// The organization that a domain belongs to.
    ///
    /// # Errors
    /// As any query.
    pub async fn by_domain(&self, domain: &Domain) -> Result<Option<Organization>, StoreError> {
        match owner(self.store.read(), domain).await? {
            Some(id) => by_id(self.store.read(), id).await,
            None => Ok(None),
        }
    }

    /// All organizations, newest first.
    ///
    /// # Errors
    /// `BadParameter` for a foreign cursor; otherwise as any query.
    pub async fn list(&self, page: &ListPage) -> Result<List<Organization>, StoreError> {
        let connection = self.store.read();
        let list: List<Model> = Listing::new("organizations", Entity::find())
            .read(connection, page, self.store.page_bytes())
            .await?;
        let mut list = list.try_map(organization)?;
        add_domains(connection, &mut list.data).await?;
        Ok(list)
    }

    /// Whether there is none yet: the mark of a first start.
    ///
    /// # Errors
    /// As any query.
    pub async fn is_empty(&self) -> Result<bool, StoreError> {
        let any: Option<Model> = fetch_one(self.store.read(), Entity::find().limit(1).as_query()).await?;
        Ok(any.is_none())
    }
}

impl AdminTx {
    /// Makes an organization. When one of its domains belongs to another organization, that domain's index is
    /// returned and the change must be dropped.
    ///
    /// # Errors
    /// As any write.
    #[must_use = "with a taken domain the change must not be committed"]
    pub async fn create_organization(&self, new: &NewOrganization) -> Result<Option<TakenDomain>, StoreError> {
        self.insert_organization(new).await?;
        for (position, domain) in new.domains.iter().enumerate() {
            if !self.claim_domain(new.id, domain, position).await? {
                return Ok(Some(TakenDomain(position)));
            }
        }
        Ok(None)
    }

    /// The organization that owns the one domain of `new`, or else `new` itself, made now.
    ///
    /// # Errors
    /// As any write; `Conflict` when the domain is being given away at this moment.
    pub async fn organization_of_domain(
        &self,
        new: &NewOrganization,
        domain: &Domain,
    ) -> Result<OrganizationId, StoreError> {
        if let Some(id) = owner(&self.tx, domain).await? {
            return Ok(id);
        }
        self.insert_organization(new).await?;
        if self.claim_domain(new.id, domain, 0).await? {
            return Ok(new.id);
        }
        // Somebody else made it between the two statements, and has committed by now.
        let made = Entity::delete_many().filter(Column::Id.eq(Id(new.id)));
        execute(&self.tx, made.as_query()).await?;
        owner(&self.tx, domain)
            .await?
            .ok_or_else(|| StoreError::Conflict(format!("the domain {domain} is being changed")))
    }

    /// One organization, as this change sees it.
    ///
    /// # Errors
    /// As any query.
    pub async fn organization(&self, id: OrganizationId) -> Result<Option<Organization>, StoreError> {
        by_id(&self.tx, id).await
    }

    async fn insert_organization(&self, new: &NewOrganization) -> Result<(), StoreError> {
        let made = Entity::insert(ActiveModel {
            id: Set(new.id.into()),
            name: Set(new.name.clone()),
            created_at: Set(new.at.into()),
            updated_at: Set(new.at.into()),
            contacts: Set(None),
            digest_contacts: Set(None),
            next_digest_at: Set(None),
        });
        execute(&self.tx, made.as_query()).await?;
        Ok(())
    }

    /// Whether the domain was free, or the organization's own: that one keeps what is known of it. On PostgreSQL this waits for a transaction that is just claiming it.
    pub(super) async fn claim_domain(
        &self,
        id: OrganizationId,
        domain: &Domain,
        position: usize,
    ) -> Result<bool, StoreError> {
        let claimed = domains::Entity::insert(domains::ActiveModel {
            domain: Set(domain.as_str().to_owned()),
            organization_id: Set(id.into()),
            position: Set(i32::try_from(position).unwrap_or(i32::MAX)),
            verified_at: Set(None),
        })
        .on_conflict(
            OnConflict::column(domains::Column::Domain)
                .update_column(domains::Column::Position)
                .action_and_where(Expr::col((domains::Entity, domains::Column::OrganizationId)).eq(Id(id)))
                .to_owned(),
        );
        Ok(execute(&self.tx, claimed.as_query()).await? == 1)
    }
}

async fn by_id<C: ConnectionTrait>(connection: &C, id: OrganizationId) -> Result<Option<Organization>, StoreError> {
    let found: Option<Model> = fetch_one(connection, Entity::find_by_id(id).as_query()).await?;
    let Some(mut found) = found.map(organization).transpose()? else {
        return Ok(None);
    };
    add_domains(connection, std::slice::from_mut(&mut found)).await?;
    Ok(Some(found))
}

async fn owner<C: ConnectionTrait>(connection: &C, domain: &Domain) -> Result<Option<OrganizationId>, StoreError> {
    let found = domains::Entity::find_by_id(domain.as_str());
    let found: Option<domains::Model> = fetch_one(connection, found.as_query()).await?;
    Ok(found.map(|domain| domain.organization_id.0))
}

/// Reads the domains of a part of a list with one query.
async fn add_domains<C: ConnectionTrait>(connection: &C, organizations: &mut [Organization]) -> Result<(), StoreError> {
    if organizations.is_empty() {
        return Ok(());
    }
    let dialect = dialect_of(connection.get_database_backend());
    let ids = organizations.iter().map(|organization| organization.id);
    let these = domains::Entity::find()
        .filter(is_one_of_ids(dialect, domains::Column::OrganizationId.into_expr(), ids))
        .order_by_asc(domains::Column::Position)
        .order_by_asc(domains::Column::Domain);
    let mut domains_of: HashMap<OrganizationId, Vec<domains::Model>> = HashMap::new();
    for row in fetch_all::<domains::Model, _>(connection, these.as_query()).await? {
        domains_of.entry(row.organization_id.0).or_default().push(row);
    }
    for organization in organizations {
        for row in domains_of.remove(&organization.id).unwrap_or_default() {
            organization.domains.push(row.domain.clone());
            organization.verified.extend(row.verified_at.map(|at| VerifiedDomain {
                domain: row.domain,
                verified_at: at.into(),
            }));
        }
    }
    Ok(())
}

/// The organization in a row, without its domains.
fn organization(row: Model) -> Result<Organization, StoreError> {
    Ok(Organization {
        id: row.id.0,
        name: row.name,
        domains: Vec::new(),
        verified: Vec::new(),
        contacts: addresses(row.contacts.as_deref())?,
        digest_contacts: addresses(row.digest_contacts.as_deref())?,
        created_at: row.created_at.into(),
        updated_at: row.updated_at.into(),
    })
}
