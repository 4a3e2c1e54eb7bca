//! The event log, which is also the outbox. On PostgreSQL it has one column more, `tx`: the transaction that wrote a row.

use super::column::{Id, Millis};
use ::events::{DirectoryId, EventId, OrganizationId, ResourceId};
use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "events")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub position: i64,
    #[sea_orm(unique)]
    pub id: Id<EventId>,
    pub directory_id: Id<DirectoryId>,
    pub organization_id: Id<OrganizationId>,
    pub sequence: i64,
    #[sea_orm(column_name = "type", column_type = "Text")]
    pub event_type: String,
    pub subject_id: Option<Id<ResourceId>>,
    /// The event, as JSON.
    #[sea_orm(column_type = "Text")]
    pub body: String,
    #[sea_orm(column_type = "Text")]
    pub traceparent: Option<String>,
    pub created_at: Millis,
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
