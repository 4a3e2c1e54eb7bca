//! Deliveries: one event for one endpoint.

use super::column::{Id, Millis};
use crate::DeliveryState;
use ::events::{AttemptId, DeliveryId, DirectoryId, EndpointId, EventId, ResourceId};
use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "deliveries")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) id: Id<DeliveryId>,
    pub(crate) endpoint_id: Id<EndpointId>,
    pub(crate) event_id: Id<EventId>,
    pub(crate) directory_id: Id<DirectoryId>,
    pub(crate) subject_id: Option<Id<ResourceId>>,
    pub(crate) sequence: i64,
    #[sea_orm(column_type = "Text")]
    pub(crate) event_type: String,
    pub(crate) state: DeliveryState,
    pub(crate) attempts: i32,
    /// When it may be taken; the greatest number for one that waits in line.
    pub(crate) next_at: Millis,
    #[sea_orm(column_type = "Text")]
    pub(crate) lease_owner: Option<String>,
    pub(crate) leased_until: Option<Millis>,
    pub(crate) last_status: Option<i32>,
    #[sea_orm(column_type = "Text")]
    pub(crate) last_error: Option<String>,
    pub(crate) created_at: Millis,
    pub(crate) updated_at: Millis,
    pub(crate) delivered_at: Option<Millis>,
    /// Counts the leases: the fencing token.
    pub(crate) token: i64,
    #[sea_orm(column_type = "Text")]
    pub(crate) reason: Option<String>,
    /// The attempt that succeeded, which has no row of its own; so have the next four columns.
    pub(crate) attempt_id: Option<Id<AttemptId>>,
    pub(crate) started_at: Option<Millis>,
    pub(crate) duration_ms: Option<i32>,
    #[sea_orm(column_type = "Text")]
    pub(crate) response_head: Option<String>,
    #[sea_orm(column_type = "Text")]
    pub(crate) trace_id: Option<String>,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {
    #[sea_orm(
        belongs_to = "super::endpoints::Entity",
        from = "Column::EndpointId",
        to = "super::endpoints::Column::Id"
    )]
    Endpoint,
    #[sea_orm(has_many = "super::attempts::Entity")]
    Attempts,
    #[sea_orm(has_one = "super::delivery_bodies::Entity")]
    Body,
}

impl Related<super::endpoints::Entity> for Entity {
    fn to() -> RelationDef {
        Relation::Endpoint.def()
    }
}

impl Related<super::attempts::Entity> for Entity {
    fn to() -> RelationDef {
        Relation::Attempts.def()
    }
}

impl Related<super::delivery_bodies::Entity> for Entity {
    fn to() -> RelationDef {
        Relation::Body.def()
    }
}

impl ActiveModelBehavior for ActiveModel {}
