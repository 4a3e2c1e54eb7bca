//! Requests of an identity provider that belong together.

use super::column::{Id, Millis};
use ::events::{CycleId, DirectoryId};
use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "sync_cycles")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Id<CycleId>,
    pub directory_id: Id<DirectoryId>,
    #[sea_orm(column_type = "Text")]
    pub kind: Option<String>,
    pub started_at: Millis,
    pub last_at: Millis,
    pub over_at: Millis,
    #[sea_orm(column_type = "Text")]
    pub counts: String,
    pub closed_at: Option<Millis>,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {
    #[sea_orm(
        belongs_to = "super::directories::Entity",
        from = "Column::DirectoryId",
        to = "super::directories::Column::Id"
    )]
    Directory,
}

impl Related<super::directories::Entity> for Entity {
    fn to() -> RelationDef {
        Relation::Directory.def()
    }
}

impl ActiveModelBehavior for ActiveModel {}
