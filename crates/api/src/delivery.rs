//! `/deliveries`: what was sent to the endpoints, and how it went.

use events::{AttemptId, DeliveryId, DirectoryId, EndpointId, EventId, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// How far a delivery is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryStatus {
    /// Waits for its first attempt, or for one that an operator asked for.
    Pending,
    /// An attempt is being made.
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

/// One event for one endpoint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(examples(json!({
    "id": "0193b2f0-8f6e-7c3a-8d2f-0a1b2c3d4e64",
    "endpoint_id": "0193b2f0-8f6e-7c3a-8d2f-0a1b2c3d4e63",
    "event_id": "0193b2f0-8f6e-7c3a-8d2f-0a1b2c3d4e65",
    "event_type": "user.created",
    "directory_id": "0193b2f0-8f6e-7c3a-8d2f-0a1b2c3d4e60",
    "sequence": 42,
    "status": "delivered",
    "attempt_count": 1,
    "next_attempt_at": null,
    "last_status": 204,
    "last_error": null,
    "reason": null,
    "created_at": "2026-11-20T12:00:00.000Z",
    "updated_at": "2026-11-20T12:00:00.080Z",
    "delivered_at": "2026-11-20T12:00:00.080Z",
})))]
pub struct Delivery {
    /// Its id.
    #[schema(value_type = Uuid)]
    pub id: DeliveryId,
    /// The endpoint.
    #[schema(value_type = Uuid)]
    pub endpoint_id: EndpointId,
    /// The event.
    #[schema(value_type = Uuid)]
    pub event_id: EventId,
    /// The type of the event.
    pub event_type: String,
    /// The directory of the event.
    #[schema(value_type = Uuid)]
    pub directory_id: DirectoryId,
    /// The number of the event within its directory; 0 for a test.
    #[schema(minimum = 0)]
    pub sequence: i64,
    /// How far it is.
    pub status: DeliveryStatus,
    /// Attempts so far.
    pub attempt_count: u32,
    /// When the next attempt is due.
    #[schema(required = true, value_type = Option<String>, format = DateTime)]
    pub next_attempt_at: Option<Timestamp>,
    /// The status of the last answer.
    #[schema(required = true)]
    pub last_status: Option<u16>,
    /// Why the last attempt failed.
    #[schema(required = true)]
    pub last_error: Option<String>,
    /// Why it was cancelled or given up.
    #[schema(required = true)]
    pub reason: Option<String>,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    /// When it last changed.
    #[schema(value_type = String, format = DateTime)]
    pub updated_at: Timestamp,
    /// When the receiver took it.
    #[schema(required = true, value_type = Option<String>, format = DateTime)]
    pub delivered_at: Option<Timestamp>,
    /// Its attempts, only where one delivery is asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub attempts: Option<Vec<Attempt>>,
}

/// One HTTP request of a delivery.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(examples(json!({
    "id": "0193b2f0-8f6e-7c3a-8d2f-0a1b2c3d4e66",
    "number": 1,
    "started_at": "2026-11-20T12:00:00.040Z",
    "duration_ms": 38,
    "status": 204,
    "error": null,
    "response_head": null,
    "trace_id": "4bf92f3577b34da6a3ce929d0e0e4736",
})))]
pub struct Attempt {
    /// Its id.
    #[schema(value_type = Uuid)]
    pub id: AttemptId,
    /// Counts from 1.
    #[schema(minimum = 1)]
    pub number: u32,
    /// When it began.
    #[schema(value_type = String, format = DateTime)]
    pub started_at: Timestamp,
    /// How long it took, in milliseconds.
    pub duration_ms: u32,
    /// The status of the answer, if one came.
    #[schema(required = true)]
    pub status: Option<u16>,
    /// Why it failed; `null` when it succeeded.
    #[schema(required = true)]
    pub error: Option<String>,
    /// The beginning of the answer.
    #[schema(required = true)]
    pub response_head: Option<String>,
    /// Its trace.
    #[schema(required = true)]
    pub trace_id: Option<String>,
}

/// A delivery that is due now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(examples(json!({"id": "0193b2f0-8f6e-7c3a-8d2f-0a1b2c3d4e64", "status": "pending"})))]
pub struct DeliveryQueued {
    /// The delivery.
    #[schema(value_type = Uuid)]
    pub id: DeliveryId,
    /// `pending`.
    pub status: DeliveryStatus,
}

/// A delivery that was given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(examples(json!({"id": "0193b2f0-8f6e-7c3a-8d2f-0a1b2c3d4e64", "status": "cancelled"})))]
pub struct DeliveryCancelled {
    /// The delivery.
    #[schema(value_type = Uuid)]
    pub id: DeliveryId,
    /// `cancelled`.
    pub status: DeliveryStatus,
}
