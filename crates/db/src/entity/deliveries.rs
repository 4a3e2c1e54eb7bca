//! Deliveries: one event for one endpoint.

use super::column::{Id, Millis};
use ::events::{AttemptId, DeliveryId, DirectoryId, EndpointId, EventId, ResourceId};
use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "deliveries")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Id<DeliveryId>,
    pub endpoint_id: Id<EndpointId>,
    pub event_id: Id<EventId>,
    pub directory_id: Id<DirectoryId>,
    pub subject_id: Option<Id<ResourceId>>,
    pub sequence: i64,
    #[sea_orm(column_type = "Text")]
    pub event_type: String,
    pub state: DeliveryState,
    pub attempts: i32,
    /// When it may be taken; the greatest number for one that waits in line.
    pub next_at: Millis,
    #[sea_orm(column_type = "Text")]
    pub lease_owner: Option<String>,
    pub leased_until: Option<Millis>,
    pub last_status: Option<i32>,
    #[sea_orm(column_type = "Text")]
    pub last_error: Option<String>,
    pub created_at: Millis,
    pub updated_at: Millis,
    pub delivered_at: Option<Millis>,
    /// Counts the leases: the fencing token.
    pub token: i64,
    #[sea_orm(column_type = "Text")]
    pub reason: Option<String>,
    /// The attempt that succeeded, which has no row of its own; so have the next four columns.
    pub attempt_id: Option<Id<AttemptId>>,
    pub started_at: Option<Millis>,
    pub duration_ms: Option<i32>,
    #[sea_orm(column_type = "Text")]
    pub response_head: Option<String>,
    #[sea_orm(column_type = "Text")]
    pub trace_id: Option<String>,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {
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

/// Where a delivery stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "snake_case")]
pub enum DeliveryState {
    /// Waits for its first attempt, or for one that an operator asked for.
    Pending,
    /// In the hands of a dispatcher.
    Leased,
    /// Waits for its next attempt.
    Scheduled,
    /// Taken by the receiver.
    Delivered,
    /// Given up after the last attempt.
    Exhausted,
    /// Not sent: an operator said so, a newer event superseded it, or it was held for too long.
    Cancelled,
    /// Waits for its endpoint to be switched on again.
    Held,
}

impl DeliveryState {
    /// Every state.
    pub const ALL: [Self; 7] = [
        Self::Pending,
        Self::Leased,
        Self::Scheduled,
        Self::Delivered,
        Self::Exhausted,
        Self::Cancelled,
        Self::Held,
    ];

    /// The name on the wire and in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Leased => "leased",
            Self::Scheduled => "scheduled",
            Self::Delivered => "delivered",
            Self::Exhausted => "exhausted",
            Self::Cancelled => "cancelled",
            Self::Held => "held",
        }
    }

    /// Reads the name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == name)
    }
}
