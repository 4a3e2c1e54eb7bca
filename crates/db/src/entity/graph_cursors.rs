//! How far a directory is with what Microsoft Graph has.

use super::column::{Id, Millis};
use ::events::DirectoryId;
use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "graph_cursors")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub directory_id: Id<DirectoryId>,
    #[sea_orm(primary_key, auto_increment = false)]
    pub collection: GraphCollection,
    /// That of the pull, when the round began.
    pub generation: i64,
    /// Rounds of a collection are numbered.
    pub round: i64,
    pub is_full: bool,
    /// Where to go on, character by character as Graph gave it.
    #[sea_orm(column_type = "Text")]
    pub link: String,
    /// The round is over, and the link begins the next one.
    pub is_complete: bool,
    pub pages: i64,
    /// Objects that the round has brought.
    pub seen: i64,
    /// Objects that were known when it began.
    pub known: i64,
    pub began_at: Millis,
    pub updated_at: Millis,
}

/// What rounds are about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "snake_case")]
pub enum GraphCollection {
    /// People.
    Users,
    /// Groups and their members.
    Groups,
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
