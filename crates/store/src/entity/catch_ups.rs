//! How far an endpoint is with a directory whose past it asked for.

use super::column::{Id, Millis};
use crate::CatchUpPhase;
use ::events::{DirectoryId, EndpointId, ResourceId};
use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "catch_ups")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) endpoint_id: Id<EndpointId>,
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) directory_id: Id<DirectoryId>,
    pub(crate) phase: CatchUpPhase,
    pub(crate) sequence: i64,
    /// The sequence that its snapshot is true at.
    pub(crate) snapshot_at: i64,
    pub(crate) after_id: Option<Id<ResourceId>>,
    pub(crate) after_member: Option<Id<ResourceId>>,
    pub(crate) users: i64,
    pub(crate) groups: i64,
    pub(crate) members: i64,
    pub(crate) updated_at: Millis,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {
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
