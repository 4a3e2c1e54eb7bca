//! People whom an app took off a stream.

use super::column::{Id, Millis};
use ::events::{ResourceId, SsfStreamId};
use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "ssf_removed_subjects")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub stream_id: Id<SsfStreamId>,
    #[sea_orm(primary_key, auto_increment = false)]
    pub user_id: Id<ResourceId>,
    pub removed_at: Millis,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {
    #[sea_orm(
        belongs_to = "super::ssf_streams::Entity",
        from = "Column::StreamId",
        to = "super::ssf_streams::Column::Id"
    )]
    Stream,
}

impl Related<super::ssf_streams::Entity> for Entity {
    fn to() -> RelationDef {
        Relation::Stream.def()
    }
}

impl ActiveModelBehavior for ActiveModel {}
