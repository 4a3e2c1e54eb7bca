//! What became of one user or group, and which endpoints it was sent to.

use crate::DeliveryStatus;
use events::{DeliveryId, EndpointId, EventId, EventType, Source, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

/// A change of a user or group, or of a membership.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(examples(json!({
    "event_id": "0193b2f0-8f6e-7c3a-8d2f-0a1b2c3d4e65",
    "sequence": 42,
    "timestamp": "2026-11-20T12:00:00.000Z",
    "type": "user.deactivated",
    "source": "scim",
    "trace_id": "4bf92f3577b34da6a3ce929d0e0e4736",
    "changes": [{"path": "active", "before": true, "after": false}],
    "told": [{
        "endpoint_id": "0193b2f0-8f6e-7c3a-8d2f-0a1b2c3d4e63",
        "delivery_id": "0193b2f0-8f6e-7c3a-8d2f-0a1b2c3d4e64",
        "status": "delivered",
        "attempt_count": 1,
        "last_status": 204,
        "delivered_at": "2026-11-20T12:00:00.080Z",
    }],
})))]
pub struct HistoryEntry {
    /// The event that tells of it, also the `webhook-id`.
    #[schema(value_type = Uuid)]
    pub event_id: EventId,
    /// The number of the event within the directory.
    #[schema(minimum = 0)]
    pub sequence: i64,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub timestamp: Timestamp,
    /// What happened.
    #[schema(value_type = String, format = "event-type")]
    pub r#type: EventType,
    /// What brought it about.
    #[schema(value_type = String)]
    pub source: Source,
    /// The trace of the request that brought it about.
    #[schema(required = true)]
    pub trace_id: Option<String>,
    /// The paths that changed, each with its value before and after; empty for what was made or deleted.
    pub changes: Vec<HistoryChange>,
    /// The group that was joined or left, for a change of a membership.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Object, nullable = false)]
    pub group: Option<Value>,
    /// Who joined or left it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Object, nullable = false)]
    pub member: Option<Value>,
    /// The endpoints that it was sent to, of the newest 500 there are.
    pub told: Vec<HistoryDelivery>,
}

/// A value that changed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(examples(json!({"path": "active", "before": true, "after": false})))]
pub struct HistoryChange {
    /// The SCIM path, or the name of a computed member such as `role`.
    pub path: String,
    /// What it was; `null` where there was none.
    pub before: Value,
    /// What it became; `null` where there is none.
    pub after: Value,
}

/// How the event was sent to an endpoint, and when that answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(examples(json!({
    "endpoint_id": "0193b2f0-8f6e-7c3a-8d2f-0a1b2c3d4e63",
    "delivery_id": "0193b2f0-8f6e-7c3a-8d2f-0a1b2c3d4e64",
    "status": "delivered",
    "attempt_count": 1,
    "last_status": 204,
    "delivered_at": "2026-11-20T12:00:00.080Z",
})))]
pub struct HistoryDelivery {
    /// The endpoint.
    #[schema(value_type = Uuid)]
    pub endpoint_id: EndpointId,
    /// The delivery.
    #[schema(value_type = Uuid)]
    pub delivery_id: DeliveryId,
    /// How far it is.
    pub status: DeliveryStatus,
    /// Attempts so far.
    pub attempt_count: u32,
    /// The status of the last answer.
    #[schema(required = true)]
    pub last_status: Option<u16>,
    /// When the receiver took it.
    #[schema(required = true, value_type = Option<String>, format = DateTime)]
    pub delivered_at: Option<Timestamp>,
}
