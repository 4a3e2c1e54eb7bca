//! How far an endpoint is with a directory whose past it asked for.

use super::column::{Id, Millis};
use ::events::{DirectoryId, EndpointId, ResourceId};
use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "catch_ups")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub endpoint_id: Id<EndpointId>,
    #[sea_orm(primary_key, auto_increment = false)]
    pub directory_id: Id<DirectoryId>,
    pub phase: CatchUpPhase,
    pub sequence: i64,
    /// The sequence that its snapshot is true at.
    pub snapshot_at: i64,
    pub after_id: Option<Id<ResourceId>>,
    pub after_member: Option<Id<ResourceId>>,
    pub users: i64,
    pub groups: i64,
    pub members: i64,
    pub updated_at: Millis,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {
    #[sea_orm(
        belongs_to = "super::endpoints::Entity",
        from = "Column::EndpointId",
        to = "super::endpoints::Column::Id"
    )]
    Endpoint,
    #[sea_orm(
        belongs_to = "super::directories::Entity",
        from = "Column::DirectoryId",
        to = "super::directories::Column::Id"
    )]
    Directory,
}

impl Related<super::endpoints::Entity> for Entity {
    fn to() -> RelationDef {
        Relation::Endpoint.def()
    }
}

impl Related<super::directories::Entity> for Entity {
    fn to() -> RelationDef {
        Relation::Directory.def()
    }
}

impl ActiveModelBehavior for ActiveModel {}

/// What comes next for an endpoint and a directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "snake_case")]
pub enum CatchUpPhase {
    /// The snapshot is to be begun.
    Start,
    /// Users as they were.
    Users,
    /// Groups as they were.
    Groups,
    /// Memberships as they were.
    Members,
    /// The end of the snapshot is to be sent.
    Completed,
    /// Events of the log.
    Log,
    /// Nothing: live events come by themselves.
    Done,
}
