//! `/sso-sessions`: who is logged in to what.

use events::{ConnectionId, DirectoryId, OrganizationId, ResourceId, SsoClientId, SsoSessionId, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What somebody logs in to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum LoginChannel {
    /// An app on a device.
    App,
    /// A website.
    Web,
}

/// Why a session ended before its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SessionEnd {
    /// The person logged out.
    Logout,
    /// The person is not active any more.
    Deactivated,
    /// The person is not in the directory any more.
    Deleted,
    /// The person may not use the channel any more.
    AccessLost,
    /// The connection was paused, or leads to another identity provider now.
    ConnectionPaused,
    /// A code or a refresh token was used twice.
    Reuse,
    /// An administrator ended it.
    Revoked,
}

/// A session: somebody who is or was logged in to an app.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(examples(json!({
    "id": "0193b2f0-8f6e-7c3a-8d2f-0a1b2c3d4e73",
    "connection_id": "0193b2f0-8f6e-7c3a-8d2f-0a1b2c3d4e71",
    "client_id": "0193b2f0-8f6e-7c3a-8d2f-0a1b2c3d4e72",
    "organization_id": "0193b2f0-8f6e-7c3a-8d2f-0a1b2c3d4e5f",
    "directory_id": "0193b2f0-8f6e-7c3a-8d2f-0a1b2c3d4e5e",
    "user_id": "0193b2f0-8f6e-7c3a-8d2f-0a1b2c3d4e61",
    "channel": "web",
    "is_live": true,
    "created_at": "2026-11-20T12:00:00.000Z",
    "redeemed_at": "2026-11-20T12:00:01.000Z",
    "expires_at": "2026-11-20T20:00:00.000Z",
    "ended_at": null,
    "end_reason": null,
})))]
pub struct SsoSession {
    /// Its id.
    #[schema(value_type = Uuid)]
    pub id: SsoSessionId,
    /// The connection that the person came by.
    #[schema(value_type = Uuid)]
    pub connection_id: ConnectionId,
    /// The app.
    #[schema(value_type = Uuid)]
    pub client_id: SsoClientId,
    /// The organization.
    #[schema(value_type = Uuid)]
    pub organization_id: OrganizationId,
    /// The directory that the person is in.
    #[schema(value_type = Uuid)]
    pub directory_id: DirectoryId,
    /// The person.
    #[schema(value_type = Uuid)]
    pub user_id: ResourceId,
    /// What the person logged in to.
    pub channel: LoginChannel,
    /// Whether it goes on.
    pub is_live: bool,
    /// When the person logged in.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    /// When the app redeemed the code of the login; `null` where it did not.
    #[schema(required = true, value_type = Option<String>, format = DateTime)]
    pub redeemed_at: Option<Timestamp>,
    /// From when on it is over.
    #[schema(value_type = String, format = DateTime)]
    pub expires_at: Timestamp,
    /// When it ended before its time.
    #[schema(required = true, value_type = Option<String>, format = DateTime)]
    pub ended_at: Option<Timestamp>,
    /// Why.
    #[schema(required = true)]
    pub end_reason: Option<SessionEnd>,
}
