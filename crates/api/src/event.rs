//! `/events` and `/event-types`.

use crate::HistoryDelivery;
use events::{DirectoryId, EventId, EventType, OrganizationId, Source, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

/// What was committed: one body for webhooks, this API, its stream and the bus.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(examples(json!({
    "type": "user.deactivated",
    "timestamp": "2026-11-20T12:00:00.000Z",
    "id": "0193b2f0-8f6e-7c3a-8d2f-0a1b2c3d4e65",
    "sequence": 42,
    "organization_id": "0193b2f0-8f6e-7c3a-8d2f-0a1b2c3d4e5f",
    "directory_id": "0193b2f0-8f6e-7c3a-8d2f-0a1b2c3d4e60",
    "source": "scim",
    "data": {"changes": [{"path": "active", "before": true, "after": false}]},
})))]
pub struct Event {
    /// What happened.
    #[schema(value_type = String, format = "event-type")]
    pub r#type: EventType,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub timestamp: Timestamp,
    /// Its id, also the `webhook-id`.
    #[schema(value_type = Uuid)]
    pub id: EventId,
    /// Counts 1, 2, 3 … within a directory, with no gap.
    #[schema(minimum = 0)]
    pub sequence: i64,
    /// The organization.
    #[schema(value_type = Uuid)]
    pub organization_id: OrganizationId,
    /// The directory.
    #[schema(value_type = Uuid)]
    pub directory_id: DirectoryId,
    /// What brought it about.
    #[schema(value_type = String)]
    pub source: Source,
    /// What became of it; its shape goes by the type, see `/event-types`.
    #[schema(value_type = Object)]
    pub data: Value,
}

/// One event, and what became of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(examples(json!({
    "event": {
        "type": "user.deactivated",
        "timestamp": "2026-11-20T12:00:00.000Z",
        "id": "0193b2f0-8f6e-7c3a-8d2f-0a1b2c3d4e65",
        "sequence": 42,
        "organization_id": "0193b2f0-8f6e-7c3a-8d2f-0a1b2c3d4e5f",
        "directory_id": "0193b2f0-8f6e-7c3a-8d2f-0a1b2c3d4e60",
        "source": "scim",
        "data": {"changes": [{"path": "active", "before": true, "after": false}]},
    },
    "trace_id": "4bf92f3577b34da6a3ce929d0e0e4736",
    "told": [],
})))]
pub struct EventDetail {
    /// The event.
    pub event: Event,
    /// The trace of the request that brought it about.
    #[schema(required = true)]
    pub trace_id: Option<String>,
    /// The endpoints that it was sent to, of the newest 500 there are.
    pub told: Vec<HistoryDelivery>,
}

/// An entry of the catalogue of what can happen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(examples(json!({
    "type": "user.created",
    "description": "A user was created.",
    "schema": {"type": "object"},
    "example": {"type": "user.created"},
})))]
pub struct EventTypeEntry {
    /// Its name.
    #[schema(value_type = String, format = "event-type")]
    pub r#type: EventType,
    /// One sentence about it.
    pub description: String,
    /// JSON Schema (2020-12) of the body.
    #[schema(value_type = Object)]
    pub schema: Value,
    /// A body.
    #[schema(value_type = Object)]
    pub example: Value,
}
