//! Requests of an identity provider that belong together.

use super::column::{Id, Millis};
use ::events::{CycleId, DirectoryId};
use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "sync_cycles")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) id: Id<CycleId>,
    pub(crate) directory_id: Id<DirectoryId>,
    #[sea_orm(column_type = "Text")]
    pub(crate) kind: Option<String>,
    pub(crate) started_at: Millis,
    pub(crate) last_at: Millis,
    pub(crate) over_at: Millis,
    #[sea_orm(column_type = "Text")]
    pub(crate) counts: String,
    pub(crate) closed_at: Option<Millis>,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {
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
