//! Organizations: the customers.

use super::column::{Id, Millis};
use ::events::OrganizationId;
use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "organizations")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Id<OrganizationId>,
    #[sea_orm(column_type = "Text")]
    pub name: String,
    pub created_at: Millis,
    pub updated_at: Millis,
    /// A JSON array of addresses.
    #[sea_orm(column_type = "Text")]
    pub contacts: Option<String>,
    /// A JSON array of addresses.
    #[sea_orm(column_type = "Text")]
    pub digest_contacts: Option<String>,
    pub next_digest_at: Option<Millis>,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {
    #[sea_orm(has_many = "super::organization_domains::Entity")]
    Domains,
    #[sea_orm(has_many = "super::directories::Entity")]
    Directories,
}

impl Related<super::organization_domains::Entity> for Entity {
    fn to() -> RelationDef {
        Relation::Domains.def()
    }
}

impl Related<super::directories::Entity> for Entity {
    fn to() -> RelationDef {
        Relation::Directories.def()
    }
}

impl ActiveModelBehavior for ActiveModel {}
