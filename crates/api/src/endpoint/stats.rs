//! How an endpoint fares.

use events::{EndpointId, EventId, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What was made in a window of time, and what waits now.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(examples(json!({
    "endpoint_id": "0193b2f0-8f6e-7c3a-8d2f-0a1b2c3d4e63",
    "window": "1h",
    "deliveries": 120,
    "complete": true,
    "delivered": 119,
    "exhausted": 0,
    "cancelled": 0,
    "attempts": 121,
    "success_rate": 1.0,
    "attempt_success_rate": 0.98,
    "duration_ms": {"p50": 35, "p99": 210},
    "lag_ms": {"p50": 60, "p99": 900},
    "in_flight": 1,
    "pending": 0,
    "scheduled": 0,
    "held": 0,
    "oldest_undelivered": null,
})))]
pub struct EndpointStats {
    /// The endpoint.
    #[schema(value_type = Uuid)]
    pub endpoint_id: EndpointId,
    /// The window, as it was asked for.
    pub window: String,
    /// Deliveries of the window that the figures are of: all of them if `complete`, else the newest.
    pub deliveries: usize,
    /// Whether the figures are of all deliveries of the window.
    pub complete: bool,
    /// Those that were taken.
    pub delivered: u64,
    /// Those that were given up.
    pub exhausted: u64,
    /// Those that were cancelled.
    pub cancelled: u64,
    /// Attempts at all of them.
    pub attempts: u64,
    /// Of the deliveries that came to an end by being sent, the part that was taken: 0 to 1.
    #[schema(required = true)]
    pub success_rate: Option<f64>,
    /// Of the attempts, the part that succeeded: 0 to 1.
    #[schema(required = true)]
    pub attempt_success_rate: Option<f64>,
    /// How long the attempts that succeeded took, in milliseconds.
    #[schema(required = true)]
    pub duration_ms: Option<Percentiles>,
    /// From the change to the answer that took it, in milliseconds.
    #[schema(required = true)]
    pub lag_ms: Option<Percentiles>,
    /// Deliveries that are being sent now.
    pub in_flight: u64,
    /// Deliveries that wait for their first attempt now.
    pub pending: u64,
    /// Deliveries that wait for another attempt now.
    pub scheduled: u64,
    /// Deliveries that wait for the endpoint to be switched on.
    pub held: u64,
    /// The oldest event that the endpoint has not got.
    #[schema(required = true)]
    pub oldest_undelivered: Option<Oldest>,
}

/// The middle and the high end of many values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(examples(json!({"p50": 35, "p99": 210})))]
pub struct Percentiles {
    /// Half of the values are no higher.
    pub p50: u64,
    /// 99 of a hundred values are no higher.
    pub p99: u64,
}

/// The oldest event that an endpoint has not got.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(examples(json!({
    "event_id": "0193b2f0-8f6e-7c3a-8d2f-0a1b2c3d4e65",
    "created_at": "2026-11-20T12:00:00.000Z",
    "age_ms": 1200,
})))]
pub struct Oldest {
    /// The event.
    #[schema(value_type = Uuid)]
    pub event_id: EventId,
    /// When its delivery was made.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    /// How long ago that is, in milliseconds.
    pub age_ms: u64,
}

/// How an endpoint did in the last 24 hours.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(examples(json!({"delivered": 119, "failed": 2, "hours": [{"delivered": 119, "failed": 2}]})))]
pub struct EndpointDay {
    /// Attempts that it took.
    pub delivered: u64,
    /// Attempts that it did not take.
    pub failed: u64,
    /// The same for each of the 24 hours, the oldest first; the last one has only begun.
    pub hours: Vec<EndpointHour>,
}

/// How an endpoint did in one hour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(examples(json!({"delivered": 119, "failed": 2})))]
pub struct EndpointHour {
    /// Attempts that it took.
    pub delivered: u64,
    /// Attempts that it did not take.
    pub failed: u64,
}
