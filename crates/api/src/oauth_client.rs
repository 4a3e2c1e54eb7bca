//! `/directories/{id}/oauth-clients`: ids and secrets that identity providers exchange for short-lived access tokens.

use crate::PlainSecret;
use events::{KeyId, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A new OAuth client of a directory.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({"name": "Okta"})))]
pub struct OauthClientCreate {
    /// What people call it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 100)]
    pub name: Option<String>,
    /// When it ends, a time in the future; never, where nothing is said.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub expires_at: Option<Timestamp>,
}

/// An OAuth client of a directory. Its secret is only in the answer to the request that made it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(examples(json!({
    "client_id": "0193b2f0-8f6e-7c3a-8d2f-0a1b2c3d4e5f",
    "token_url": "https://rollcall.example/directories/0193b2f0-8f6e-7c3a-8d2f-0a1b2c3d4e60/scim/v2/oauth/token",
    "name": "Okta",
    "expires_at": null,
    "last_used_at": null,
    "created_at": "2026-11-20T12:00:00.000Z",
})))]
pub struct OauthClient {
    /// Its id.
    #[schema(value_type = Uuid)]
    pub client_id: KeyId,
    /// Its secret, only in the answer to the request that made it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, nullable = false)]
    pub client_secret: Option<PlainSecret>,
    /// Where access tokens are asked for.
    pub token_url: String,
    /// What people call it.
    pub name: String,
    /// When it ends; `null` for never.
    #[schema(required = true, value_type = Option<String>, format = DateTime)]
    pub expires_at: Option<Timestamp>,
    /// When it was last used, to within a minute.
    #[schema(required = true, value_type = Option<String>, format = DateTime)]
    pub last_used_at: Option<Timestamp>,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
}
