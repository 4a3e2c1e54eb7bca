//! Organizations: the customers.

use super::column::{Id, Millis};
use ::events::OrganizationId;
use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "organizations")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) id: Id<OrganizationId>,
    #[sea_orm(column_type = "Text")]
    pub(crate) name: String,
    pub(crate) created_at: Millis,
    pub(crate) updated_at: Millis,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {
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
