//! `/sso-clients/{id}/streams`: what apps hear of their people by Shared Signals.

use events::{SsfStreamId, SsoClientId, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// How what is on a stream reaches its app.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum StreamMethod {
    /// It is sent to the app (RFC 8935).
    Push,
    /// The app fetches it (RFC 8936).
    Poll,
}

/// Whether a stream is transmitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum StreamStatus {
    /// It is.
    Enabled,
    /// It is not; what happens is kept, as far as the limits go.
    Paused,
    /// It is not, and nothing is kept.
    Disabled,
}

/// A stream of Shared Signals, which an app of single sign-on made for itself. Its deliveries are those of the endpoint with the
/// same id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(examples(json!({
    "id": "0193b2f0-8f6e-7c3a-8d2f-0a1b2c3d4e74",
    "client_id": "0193b2f0-8f6e-7c3a-8d2f-0a1b2c3d4e72",
    "method": "push",
    "url_origin": "https://app.example",
    "description": "Sessions that ended",
    "events_requested": ["https://schemas.openid.net/secevent/caep/event-type/session-revoked"],
    "events_delivered": ["https://schemas.openid.net/secevent/caep/event-type/session-revoked"],
    "status": "enabled",
    "status_reason": null,
    "created_at": "2026-11-20T12:00:00.000Z",
    "updated_at": "2026-11-20T12:00:00.000Z",
})))]
pub struct SsoStream {
    /// Its id; also that of its endpoint.
    #[schema(value_type = Uuid)]
    pub id: SsfStreamId,
    /// The app.
    #[schema(value_type = Uuid)]
    pub client_id: SsoClientId,
    /// How what is on it reaches the app.
    pub method: StreamMethod,
    /// Scheme, host and port of where it is sent, or fetched.
    pub url_origin: String,
    /// What the app calls it.
    #[schema(required = true)]
    pub description: Option<String>,
    /// The events that the app asked for.
    pub events_requested: Vec<String>,
    /// Those of them that there are.
    pub events_delivered: Vec<String>,
    /// Whether it is transmitted.
    pub status: StreamStatus,
    /// Why.
    #[schema(required = true)]
    pub status_reason: Option<String>,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    /// When it was last changed.
    #[schema(value_type = String, format = DateTime)]
    pub updated_at: Timestamp,
}
