//! Requests of identity providers and how they were answered.

use super::column::{Id, Millis};
use ::events::{CycleId, DirectoryId, RequestId};
use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "request_log")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Id<RequestId>,
    pub directory_id: Id<DirectoryId>,
    pub cycle_id: Option<Id<CycleId>>,
    pub at: Millis,
    #[sea_orm(column_type = "Text")]
    pub method: String,
    #[sea_orm(column_type = "Text")]
    pub path: String,
    #[sea_orm(column_type = "Text")]
    pub query: Option<String>,
    pub status: i32,
    #[sea_orm(column_type = "Text")]
    pub scim_type: Option<String>,
    #[sea_orm(column_type = "Text")]
    pub detail: Option<String>,
    pub duration_us: i32,
    #[sea_orm(column_type = "Text")]
    pub trace_id: Option<String>,
    #[sea_orm(column_type = "Text")]
    pub user_agent: Option<String>,
    #[sea_orm(column_type = "Text")]
    pub dialect: Option<String>,
    #[sea_orm(column_type = "Text")]
    pub leniencies: String,
    #[sea_orm(column_type = "Text")]
    pub left_out: String,
    #[sea_orm(column_type = "Text")]
    pub request_body: Option<String>,
    pub request_size: Option<i32>,
    pub request_cut: bool,
    #[sea_orm(column_type = "Text")]
    pub response_body: Option<String>,
    pub response_size: Option<i32>,
    pub response_cut: bool,
    pub bytes: i32,
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
