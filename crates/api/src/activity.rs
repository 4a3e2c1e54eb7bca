//! How much was done lately, over all.

use crate::Percentiles;
use events::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What was done in one minute.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(examples(json!({"at": "2026-11-20T12:00:00.000Z", "requests": 240, "events": 180, "deliveries": 360})))]
pub struct ActivityMinute {
    /// When it began.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// SCIM requests of callers who proved who they are.
    pub requests: u64,
    /// Events that were published.
    pub events: u64,
    /// Deliveries that a receiver took.
    pub deliveries: u64,
}

/// Who works in a lane. A change of a directory goes through the one lane that the directory has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(examples(json!({
    "lane": 0, "instance": "projector-1", "epoch": 3, "since": "2026-11-20T12:00:00.000Z"
})))]
pub struct Lane {
    /// Its number.
    pub lane: u16,
    /// The process that took it last.
    pub instance: String,
    /// How often it has changed hands.
    pub epoch: i64,
    /// Since when that process has it.
    #[schema(value_type = String, format = DateTime)]
    pub since: Timestamp,
}

/// Deliveries that are not at their end, over all endpoints, counted up to 100,000.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(examples(json!({"in_flight": 2, "pending": 0, "scheduled": 1, "held": 0})))]
pub struct WaitingDeliveries {
    /// Being sent now.
    pub in_flight: u64,
    /// Waiting for their first attempt.
    pub pending: u64,
    /// Waiting for another attempt.
    pub scheduled: u64,
    /// Held, because their endpoint is off.
    pub held: u64,
}

/// How much was done within the last hour, and what waits now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(examples(json!({
    "minutes": [{"at": "2026-11-20T12:00:00.000Z", "requests": 240, "events": 180, "deliveries": 360}],
    "latency_ms": {"p50": 8, "p99": 64},
    "waiting": {"in_flight": 2, "pending": 0, "scheduled": 1, "held": 0},
    "oldest_waiting_since": "2026-11-20T11:59:58.000Z",
    "lanes": [{"lane": 0, "instance": "projector-1", "epoch": 3, "since": "2026-11-20T12:00:00.000Z"}],
})))]
pub struct Activity {
    /// The last 60 minutes, the oldest first; the last one has only begun. What processes did is added every five seconds.
    pub minutes: Vec<ActivityMinute>,
    /// From a change to the answer that took its event, within the last five minutes, to a fifth; `null` where there was
    /// none.
    #[schema(required = true)]
    pub latency_ms: Option<Percentiles>,
    /// What waits now.
    pub waiting: WaitingDeliveries,
    /// When the oldest delivery that is due or scheduled was stored.
    #[schema(required = true, value_type = Option<String>, format = DateTime)]
    pub oldest_waiting_since: Option<Timestamp>,
    /// The lanes that a projector has taken.
    pub lanes: Vec<Lane>,
}
