//! Who is in which group of a tenant of Microsoft Graph, and what of it the directory has not yet.

use super::column::Id;
use super::graph_objects::GraphObjectKind;
use ::events::DirectoryId;
use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "graph_members")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub directory_id: Id<DirectoryId>,
    #[sea_orm(primary_key, auto_increment = false)]
    pub group_object_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    pub member_object_id: Uuid,
    pub member_kind: GraphObjectKind,
    /// The round that saw it last.
    pub round: i64,
    /// Whether it is a member there. One that is none any more is kept until the directory has it so.
    pub is_member: bool,
    /// Whether the directory has it so.
    pub is_applied: bool,
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
