//! Portal links: what an IT administrator of a customer, or the team of an app, opens without an account.

use super::credentials::token_hash;
use super::list::{List, ListPage, Listing};
use super::{AdminTx, TokenDigest};
use crate::{Store, StoreError};
use db::entity::column::{Id, Millis};
use db::entity::portal_links::{ActiveModel, Column, Entity};
use db::send::{execute, fetch_one};
use events::{DirectoryId, OrganizationId, PortalLinkId, Timestamp};
use sea_orm::{
    ColumnTrait as _, DerivePartialModel, EntityTrait as _, PartialModelTrait as _, QueryFilter as _, QuerySelect as _,
    QueryTrait as _, Select, Set,
};

pub use db::entity::portal_links::LogoKind;

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

/// What a link to endpoints lets its holder do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PortalCapability {
    /// Looking at endpoints and their deliveries.
    View,
    /// URLs and secrets of endpoints.
    Reveal,
    /// Making, changing and deleting endpoints.
    Manage,
    /// Sending deliveries again, or giving them up.
    Resend,
}

impl PortalCapability {
    /// Each of them.
    pub const ALL: [Self; 4] = [Self::View, Self::Reveal, Self::Manage, Self::Resend];

    /// The name on the wire and in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::View => "view",
            Self::Reveal => "reveal",
            Self::Manage => "manage",
            Self::Resend => "resend",
        }
    }
}

/// In whose name the pages of a link are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PortalBrand {
    /// The name at the top.
    pub name: String,
    /// A colour as `#rrggbb`.
    pub colour: Option<String>,
    /// What its logo is; the logo itself is read apart.
    pub logo: Option<LogoKind>,
}

/// A picture before a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PortalLogo {
    /// What it is.
    pub kind: LogoKind,
    /// The file.
    pub content: Vec<u8>,
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
    /// What its holder may do with endpoints.
    pub capabilities: Vec<PortalCapability>,
    /// Where its holder goes when done.
    pub return_url: Option<String>,
    /// In whose name its pages are.
    pub brand: Option<PortalBrand>,
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
        let found = fetch_one(self.store.keys(), rows(Entity::find_by_id(id)).as_query()).await?;
        found.map(link).transpose()
    }

    /// The logo of a link, if it has one.
    ///
    /// # Errors
    /// As any query.
    pub async fn logo(&self, id: PortalLinkId) -> Result<Option<PortalLogo>, StoreError> {
        let of_link = Entity::find_by_id(id).select_only();
        let found: Option<LogoRow> = fetch_one(self.store.keys(), LogoRow::select_cols(of_link).as_query()).await?;
        Ok(found.and_then(|row| {
            let (kind, content) = row.logo_kind.zip(row.logo)?;
            Some(PortalLogo { kind, content })
        }))
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
        let list: List<Row> = Listing::new("portal_links", rows(Entity::find()))
            .with(Column::OrganizationId, organization.map(OrganizationId::uuid))
            .read(self.store.read(), page, self.store.page_bytes())
            .await?;
        list.try_map(link)
    }
}

impl AdminTx {
    /// Makes a link; with the logo that its brand says it has.
    ///
    /// # Errors
    /// As any write.
    pub async fn create_portal_link(&self, link: &PortalLink, logo: Option<&PortalLogo>) -> Result<(), StoreError> {
        let features: Vec<_> = link.features.iter().map(|feature| feature.as_str()).collect();
        let capabilities: Vec<_> = link.capabilities.iter().map(|one| one.as_str()).collect();
        let brand = link.brand.as_ref();
        let made = Entity::insert(ActiveModel {
            id: Set(link.id.into()),
            organization_id: Set(link.organization_id.into()),
            directory_id: Set(link.directory_id.map(Id)),
            features: Set(features.join(" ")),
            token_hash: Set(link.token_hash.to_vec()),
            expires_at: Set(link.expires_at.into()),
            created_at: Set(link.created_at.into()),
            capabilities: Set(capabilities.join(" ")),
            return_url: Set(link.return_url.clone()),
            brand_name: Set(brand.map(|brand| brand.name.clone())),
            brand_colour: Set(brand.and_then(|brand| brand.colour.clone())),
            logo_kind: Set(logo.map(|logo| logo.kind)),
            logo: Set(logo.map(|logo| logo.content.clone())),
        });
        execute(&self.tx, made.as_query()).await?;
        Ok(())
    }

    /// One link, held until this change ends.
    ///
    /// # Errors
    /// As any query.
    pub async fn portal_link(&self, id: PortalLinkId) -> Result<Option<PortalLink>, StoreError> {
        let held = rows(Entity::find_by_id(id)).lock_exclusive();
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

/// What is read of a link: everything but its logo, which only one page shows.
#[derive(DerivePartialModel)]
#[sea_orm(entity = "Entity")]
struct Row {
    id: Id<PortalLinkId>,
    organization_id: Id<OrganizationId>,
    directory_id: Option<Id<DirectoryId>>,
    features: String,
    token_hash: Vec<u8>,
    expires_at: Millis,
    created_at: Millis,
    capabilities: String,
    return_url: Option<String>,
    brand_name: Option<String>,
    brand_colour: Option<String>,
    logo_kind: Option<LogoKind>,
}

/// The logo of a link.
#[derive(DerivePartialModel)]
#[sea_orm(entity = "Entity")]
struct LogoRow {
    logo_kind: Option<LogoKind>,
    logo: Option<Vec<u8>>,
}

fn rows(of: Select<Entity>) -> Select<Entity> {
    Row::select_cols(of.select_only())
}

fn link(row: Row) -> Result<PortalLink, StoreError> {
    let feature = |name: &str| {
        let found = PortalFeature::ALL.into_iter().find(|feature| feature.as_str() == name);
        found.ok_or_else(|| StoreError::corrupt(format!("a portal link has the feature {name:?}")))
    };
    let capability = |name: &str| {
        let found = PortalCapability::ALL.into_iter().find(|one| one.as_str() == name);
        found.ok_or_else(|| StoreError::corrupt(format!("a portal link has the capability {name:?}")))
    };
    let (colour, logo) = (row.brand_colour, row.logo_kind);
    Ok(PortalLink {
        id: row.id.0,
        organization_id: row.organization_id.0,
        directory_id: row.directory_id.map(|id| id.0),
        features: row.features.split_whitespace().map(feature).collect::<Result<_, _>>()?,
        capabilities: row
            .capabilities
            .split_whitespace()
            .map(capability)
            .collect::<Result<_, _>>()?,
        return_url: row.return_url,
        brand: row.brand_name.map(|name| PortalBrand { name, colour, logo }),
        token_hash: token_hash(row.token_hash)?,
        expires_at: row.expires_at.into(),
        created_at: row.created_at.into(),
    })
}
