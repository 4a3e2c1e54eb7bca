//! The audit log: who did what in the management API, and who was refused.

use super::column::{Id, Millis};
use ::events::{AdminKeyId, AuditId, DirectoryId, OrganizationId};
use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "audit_log")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) id: Id<AuditId>,
    pub(crate) actor_kind: ActorKind,
    pub(crate) actor_id: Option<Id<AdminKeyId>>,
    #[sea_orm(column_type = "Text")]
    pub(crate) actor_name: Option<String>,
    #[sea_orm(column_type = "Text")]
    pub(crate) action: String,
    #[sea_orm(column_type = "Text")]
    pub(crate) object_kind: Option<String>,
    #[sea_orm(column_type = "Text")]
    pub(crate) object_id: Option<String>,
    pub(crate) organization_id: Option<Id<OrganizationId>>,
    pub(crate) directory_id: Option<Id<DirectoryId>>,
    /// The HTTP status of a refusal.
    pub(crate) status: Option<i32>,
    #[sea_orm(column_type = "Text")]
    pub(crate) detail: Option<String>,
    #[sea_orm(column_type = "Text")]
    pub(crate) operation: Option<String>,
    /// JSON.
    #[sea_orm(column_type = "Text")]
    pub(crate) before: Option<String>,
    /// JSON.
    #[sea_orm(column_type = "Text")]
    pub(crate) after: Option<String>,
    #[sea_orm(column_type = "Text")]
    pub(crate) trace_id: Option<String>,
    #[sea_orm(column_type = "Text")]
    pub(crate) client: Option<String>,
    pub(crate) count: i64,
    pub(crate) created_at: Millis,
}

/// What kind of actor did it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "snake_case")]
pub(crate) enum ActorKind {
    Key,
    Configured,
    System,
    Stranger,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
