//! Rounds in which a directory was pulled from Microsoft Graph, as they ended.

use super::column::{Id, Millis};
use ::events::{DirectoryId, GraphRoundId};
use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "graph_rounds")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Id<GraphRoundId>,
    pub directory_id: Id<DirectoryId>,
    pub is_full: bool,
    pub began_at: Millis,
    pub ended_at: Millis,
    #[sea_orm(column_type = "Text")]
    pub outcome: String,
    /// JSON.
    #[sea_orm(column_type = "Text")]
    pub counts: String,
    /// JSON.
    #[sea_orm(column_type = "Text")]
    pub error: Option<String>,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {
    #[sea_orm(
        belongs_to = "super::graph_pulls::Entity",
        from = "Column::DirectoryId",
        to = "super::graph_pulls::Column::DirectoryId"
    )]
    Pull,
}

impl Related<super::graph_pulls::Entity> for Entity {
    fn to() -> RelationDef {
        Relation::Pull.def()
    }
}

impl ActiveModelBehavior for ActiveModel {}
