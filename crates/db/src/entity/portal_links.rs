//! Links that IT administrators and teams of apps open, as hashes.

use super::column::{Id, Millis};
use ::events::{DirectoryId, OrganizationId, PortalLinkId};
use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "portal_links")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Id<PortalLinkId>,
    pub organization_id: Id<OrganizationId>,
    pub directory_id: Option<Id<DirectoryId>>,
    /// Names, separated by spaces.
    #[sea_orm(column_type = "Text")]
    pub features: String,
    pub token_hash: Vec<u8>,
    pub expires_at: Millis,
    pub created_at: Millis,
    /// Names, separated by spaces.
    #[sea_orm(column_type = "Text")]
    pub capabilities: String,
    #[sea_orm(column_type = "Text")]
    pub return_url: Option<String>,
    #[sea_orm(column_type = "Text")]
    pub brand_name: Option<String>,
    #[sea_orm(column_type = "Text")]
    pub brand_colour: Option<String>,
    pub logo_kind: Option<LogoKind>,
    /// The last column: nothing but the page that shows it reads it.
    pub logo: Option<Vec<u8>>,
}

/// What a logo is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "snake_case")]
pub enum LogoKind {
    Png,
    Svg,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {
    #[sea_orm(
        belongs_to = "super::organizations::Entity",
        from = "Column::OrganizationId",
        to = "super::organizations::Column::Id"
    )]
    Organization,
    #[sea_orm(
        belongs_to = "super::directories::Entity",
        from = "Column::DirectoryId",
        to = "super::directories::Column::Id"
    )]
    Directory,
}

impl Related<super::organizations::Entity> for Entity {
    fn to() -> RelationDef {
        Relation::Organization.def()
    }
}

impl Related<super::directories::Entity> for Entity {
    fn to() -> RelationDef {
        Relation::Directory.def()
    }
}

impl ActiveModelBehavior for ActiveModel {}
