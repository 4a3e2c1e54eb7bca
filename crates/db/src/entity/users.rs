//! Users, in their present state.

use super::column::{Id, Millis};
use ::events::{DirectoryId, ResourceId};
use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "users")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Id<ResourceId>,
    pub directory_id: Id<DirectoryId>,
    #[sea_orm(column_type = "Text")]
    pub user_name: String,
    /// Folded: what is compared and sorted by.
    #[sea_orm(column_type = "Text")]
    pub user_name_key: String,
    #[sea_orm(column_type = "Text")]
    pub external_id: Option<String>,
    #[sea_orm(column_type = "Text")]
    pub display_name: Option<String>,
    #[sea_orm(column_type = "Text")]
    pub display_name_key: Option<String>,
    #[sea_orm(column_type = "Text")]
    pub email: Option<String>,
    pub active: bool,
    #[sea_orm(column_type = "Text")]
    pub manager_id: Option<String>,
    /// The SCIM resource, as JSON.
    #[sea_orm(column_type = "Text")]
    pub resource: String,
    /// The same, folded for filters.
    #[sea_orm(column_type = "JsonBinary")]
    pub search: Json,
    pub version: i64,
    pub created_at: Millis,
    pub updated_at: Millis,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {
    #[sea_orm(
        belongs_to = "super::directories::Entity",
        from = "Column::DirectoryId",
        to = "super::directories::Column::Id"
    )]
    Directory,
    #[sea_orm(has_many = "super::user_emails::Entity")]
    Emails,
}

impl Related<super::directories::Entity> for Entity {
    fn to() -> RelationDef {
        Relation::Directory.def()
    }
}

impl Related<super::user_emails::Entity> for Entity {
    fn to() -> RelationDef {
        Relation::Emails.def()
    }
}

impl ActiveModelBehavior for ActiveModel {}
