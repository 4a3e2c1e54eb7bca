//! The audit log: who did what in the management API, and who was refused.

use super::column::{Id, Millis};
use ::events::{AuditId, DirectoryId, OrganizationId};
use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "audit_log")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Id<AuditId>,
    pub actor_kind: ActorKind,
    /// An admin key, a portal link, or a user of a directory.
    pub actor_id: Option<Uuid>,
    #[sea_orm(column_type = "Text")]
    pub actor_name: Option<String>,
    #[sea_orm(column_type = "Text")]
    pub action: String,
    #[sea_orm(column_type = "Text")]
    pub object_kind: Option<String>,
    #[sea_orm(column_type = "Text")]
    pub object_id: Option<String>,
    pub organization_id: Option<Id<OrganizationId>>,
    pub directory_id: Option<Id<DirectoryId>>,
    /// The HTTP status of a refusal.
    pub status: Option<i32>,
    #[sea_orm(column_type = "Text")]
    pub detail: Option<String>,
    #[sea_orm(column_type = "Text")]
    pub operation: Option<String>,
    /// JSON.
    #[sea_orm(column_type = "Text")]
    pub before: Option<String>,
    /// JSON.
    #[sea_orm(column_type = "Text")]
    pub after: Option<String>,
    #[sea_orm(column_type = "Text")]
    pub trace_id: Option<String>,
    #[sea_orm(column_type = "Text")]
    pub client: Option<String>,
    pub count: i64,
    pub created_at: Millis,
}

/// What kind of actor did it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "snake_case")]
pub enum ActorKind {
    Key,
    PortalLink,
    Configured,
    System,
    Stranger,
    Person,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
