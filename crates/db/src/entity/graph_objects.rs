//! The people and groups of a tenant of Microsoft Graph, and who they are in the directory.

use super::column::{Id, Millis};
use ::events::{DirectoryId, ResourceId};
use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "graph_objects")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub directory_id: Id<DirectoryId>,
    #[sea_orm(primary_key, auto_increment = false)]
    pub object_id: Uuid,
    pub kind: GraphObjectKind,
    /// Who it is in the directory.
    pub resource_id: Option<Id<ResourceId>>,
    /// For people who look at what was left out.
    #[sea_orm(column_type = "Text")]
    pub name: Option<String>,
    /// What the attribute map has to know of it when the next answer comes: JSON.
    #[sea_orm(column_type = "Text")]
    pub kept: Option<String>,
    /// The round that saw it last.
    pub round: i64,
    /// Why it does not come into the directory.
    #[sea_orm(column_type = "Text")]
    pub skipped: Option<String>,
    pub removed: Option<GraphRemoval>,
    pub removed_at: Option<Millis>,
    pub manager_object_id: Option<Uuid>,
    /// Whether the directory has that manager.
    pub is_manager_applied: bool,
}

/// What an object is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "i16", db_type = "SmallInteger")]
pub enum GraphObjectKind {
    /// A person.
    User = 0,
    /// A group.
    Group = 1,
    /// A device.
    Device = 2,
    /// A contact without an account.
    OrgContact = 3,
    /// An application in the tenant.
    ServicePrincipal = 4,
    /// Something else.
    Other = 5,
}

/// How an object is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "snake_case")]
pub enum GraphRemoval {
    /// Deleted, and for a while to be had back.
    Changed,
    /// Gone for good.
    Deleted,
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
