//! Portal links: what an IT administrator of a customer opens without an account.

use super::credentials::token_hash;
use super::list::{List, ListPage, Listing};
use super::{AdminTx, TokenDigest};
use crate::{Store, StoreError};
use db::entity::column::Id;
use db::entity::portal_links::{ActiveModel, Column, Entity, Model};
use db::send::{execute, fetch_one};
use events::{DirectoryId, OrganizationId, PortalLinkId, Timestamp};
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _, QuerySelect as _, QueryTrait as _, Set};

/// A part of the portal that a link opens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PortalFeature {
    /// Connecting the identity provider, and looking after what it syncs.
    DirectorySync,
    /// Single sign-on.
    Sso,
    /// Webhook endpoints and their deliveries.
    Webhooks,
}

impl PortalFeature {
    /// Each of them.
    pub const ALL: [Self; 3] = [Self::DirectorySync, Self::Sso, Self::Webhooks];

    /// The name on the wire and in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::DirectorySync => "directory_sync",
            Self::Sso => "sso",
            Self::Webhooks => "webhooks",
        }
    }
}

/// A link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PortalLink {
    /// Its id, which is part of the token.
    pub id: PortalLinkId,
    /// The organization that it is for.
    pub organization_id: OrganizationId,
    /// The one directory that it is about; `None` for all of the organization.
    pub directory_id: Option<DirectoryId>,
    /// What it opens.
    pub features: Vec<PortalFeature>,
    /// Hash of the token's secret; compare it in constant time.
    pub token_hash: TokenDigest,
    /// From when on it opens nothing.
    pub expires_at: Timestamp,
    /// When it was made.
    pub created_at: Timestamp,
}

/// The links, for reading.
#[derive(Clone, Debug)]
pub struct PortalLinks {
    store: Store,
}

impl Store {
    /// The portal links.
    #[must_use]
    pub fn portal_links(&self) -> PortalLinks {
        PortalLinks { store: self.clone() }
    }
}

impl PortalLinks {
    /// One link, also when it has expired.
    ///
    /// # Errors
    /// As any query.
    pub async fn by_id(&self, id: PortalLinkId) -> Result<Option<PortalLink>, StoreError> {
        let found = fetch_one(self.store.keys(), Entity::find_by_id(id).as_query()).await?;
        found.map(link).transpose()
    }

    /// The links, newest first; of one organization where one is given. Those that have expired are among them.
    ///
    /// # Errors
    /// As [`Organizations::list`](super::Organizations::list).
    pub async fn list(
        &self,
        organization: Option<OrganizationId>,
        page: &ListPage,
    ) -> Result<List<PortalLink>, StoreError> {
        let list: List<Model> = Listing::new("portal_links", Entity::find())
            .with(Column::OrganizationId, organization.map(OrganizationId::uuid))
            .read(self.store.read(), page, self.store.page_bytes())
            .await?;
        list.try_map(link)
    }
}

impl AdminTx {
    /// Makes a link.
    ///
    /// # Errors
    /// As any write.
    pub async fn create_portal_link(&self, link: &PortalLink) -> Result<(), StoreError> {
        let features: Vec<_> = link.features.iter().map(|feature| feature.as_str()).collect();
        let made = Entity::insert(ActiveModel {
            id: Set(link.id.into()),
            organization_id: Set(link.organization_id.into()),
            directory_id: Set(link.directory_id.map(Id)),
            features: Set(features.join(" ")),
            token_hash: Set(link.token_hash.to_vec()),
            expires_at: Set(link.expires_at.into()),
            created_at: Set(link.created_at.into()),
        });
        execute(&self.tx, made.as_query()).await?;
        Ok(())
    }

    /// One link, held until this change ends.
    ///
    /// # Errors
    /// As any query.
    pub async fn portal_link(&self, id: PortalLinkId) -> Result<Option<PortalLink>, StoreError> {
        let held = Entity::find_by_id(id).lock_exclusive();
        let found = fetch_one(&self.tx, held.as_query()).await?;
        found.map(link).transpose()
    }

    /// Deletes a link: it opens nothing from now on.
    ///
    /// # Errors
    /// As any write.
    pub async fn delete_portal_link(&self, id: PortalLinkId) -> Result<(), StoreError> {
        let deleted = Entity::delete_many().filter(Column::Id.eq(Id(id)));
        execute(&self.tx, deleted.as_query()).await?;
        Ok(())
    }
}

fn link(row: Model) -> Result<PortalLink, StoreError> {
    let feature = |name: &str| {
        let found = PortalFeature::ALL.into_iter().find(|feature| feature.as_str() == name);
        found.ok_or_else(|| StoreError::corrupt(format!("a portal link has the feature {name:?}")))
    };
    Ok(PortalLink {
        id: row.id.0,
        organization_id: row.organization_id.0,
        directory_id: row.directory_id.map(|id| id.0),
        features: row.features.split_whitespace().map(feature).collect::<Result<_, _>>()?,
        token_hash: token_hash(row.token_hash)?,
        expires_at: row.expires_at.into(),
        created_at: row.created_at.into(),
    })
}
