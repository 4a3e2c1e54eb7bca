//! Requests of identity providers and how they were answered.

use super::column::{Id, Millis};
use ::events::{CycleId, DirectoryId, RequestId};
use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "request_log")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) id: Id<RequestId>,
    pub(crate) directory_id: Id<DirectoryId>,
    pub(crate) cycle_id: Option<Id<CycleId>>,
    pub(crate) at: Millis,
    #[sea_orm(column_type = "Text")]
    pub(crate) method: String,
    #[sea_orm(column_type = "Text")]
    pub(crate) path: String,
    #[sea_orm(column_type = "Text")]
    pub(crate) query: Option<String>,
    pub(crate) status: i32,
    #[sea_orm(column_type = "Text")]
    pub(crate) scim_type: Option<String>,
    #[sea_orm(column_type = "Text")]
    pub(crate) detail: Option<String>,
    pub(crate) duration_us: i32,
    #[sea_orm(column_type = "Text")]
    pub(crate) trace_id: Option<String>,
    #[sea_orm(column_type = "Text")]
    pub(crate) user_agent: Option<String>,
    #[sea_orm(column_type = "Text")]
    pub(crate) dialect: Option<String>,
    #[sea_orm(column_type = "Text")]
    pub(crate) leniencies: String,
    #[sea_orm(column_type = "Text")]
    pub(crate) left_out: String,
    #[sea_orm(column_type = "Text")]
    pub(crate) request_body: Option<String>,
    pub(crate) request_size: Option<i32>,
    pub(crate) request_cut: bool,
    #[sea_orm(column_type = "Text")]
    pub(crate) response_body: Option<String>,
    pub(crate) response_size: Option<i32>,
    pub(crate) response_cut: bool,
    pub(crate) bytes: i32,
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
