//! `/sso-clients`: the apps that people log in to.

use crate::PlainSecret;
use crate::reading::named;
use events::{OrganizationId, SsoClientId, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

/// How an app proves itself at the token endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ClientAuthentication {
    /// By a secret.
    ClientSecret,
    /// By assertions that a key of its JWK set signed (RFC 7523).
    PrivateKeyJwt,
    /// Not at all: an app on a device or in a browser, which can keep no secret. It must use PKCE (RFC 7636).
    None,
}

/// Where an app runs (OpenID Connect Dynamic Client Registration 1.0 §2). Whether people may use it, their role says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ApplicationType {
    /// On a server or in a browser: for people whose role grants `web`.
    Web,
    /// On people's own devices: for people whose role grants `app`.
    Native,
}

/// A new app.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({
    "name": "Time sheets",
    "authentication": "client_secret",
    "redirect_uris": ["https://app.example/callback"],
})))]
pub struct SsoClientCreate {
    /// What people call it.
    #[schema(min_length = 1, max_length = 100)]
    pub name: String,
    /// The one organization whose people log in to it; all, where nothing is said.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Uuid>)]
    pub organization_id: Option<OrganizationId>,
    /// How it proves itself. This cannot be changed later.
    pub authentication: ClientAuthentication,
    /// Where it runs; where nothing is said, on the web if all its redirect URIs are https, else on people's devices.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub application_type: Option<ApplicationType>,
    /// Where people may be sent back to: https, or http on a loopback address, whose port does not matter; for an app that does not
    /// prove itself also a private-use scheme such as `com.example.app:/callback` (RFC 8252 §7.1).
    #[schema(min_items = 1, max_items = 20)]
    pub redirect_uris: Vec<String>,
    /// Where people may be sent after they logged out; nowhere, where nothing is said.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(min_items = 0, max_items = 20)]
    pub post_logout_redirect_uris: Option<Vec<String>>,
    /// Where it is told that sessions ended (OpenID Connect Back-Channel Logout 1.0).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = "uri")]
    pub backchannel_logout_uri: Option<String>,
    /// Where a login begins that was not started by the app (OpenID Connect Core 1.0 §4).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = "uri")]
    pub initiate_login_uri: Option<String>,
    /// Its public keys as a JWK set (RFC 7517), for `private_key_jwt`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub jwks: Option<Map<String, Value>>,
}

/// Changes of an app. Named members are replaced; `null` takes away what may be missing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({"redirect_uris": ["https://app.example/callback", "https://staging.app.example/callback"]})))]
pub struct SsoClientPatch {
    /// What people call it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, min_length = 1, max_length = 100)]
    pub name: Option<String>,
    /// Where it runs. People who are logged in stay so.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub application_type: Option<ApplicationType>,
    /// Where people may be sent back to.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, min_items = 1, max_items = 20)]
    pub redirect_uris: Option<Vec<String>>,
    /// Where people may be sent after they logged out.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, min_items = 0, max_items = 20)]
    pub post_logout_redirect_uris: Option<Vec<String>>,
    /// Where it is told that sessions ended.
    #[serde(default, deserialize_with = "named", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = "uri")]
    pub backchannel_logout_uri: Option<Option<String>>,
    /// Where a login begins that was not started by the app.
    #[serde(default, deserialize_with = "named", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = "uri")]
    pub initiate_login_uri: Option<Option<String>>,
    /// Its public keys as a JWK set, of an app with `private_key_jwt`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, value_type = Option<Object>)]
    pub jwks: Option<Map<String, Value>>,
}

/// An app. Its secret is only in the answer to the request that made it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(examples(json!({
    "id": "0193b2f0-8f6e-7c3a-8d2f-0a1b2c3d4e72",
    "organization_id": null,
    "name": "Time sheets",
    "authentication": "client_secret",
    "application_type": "web",
    "redirect_uris": ["https://app.example/callback"],
    "post_logout_redirect_uris": [],
    "backchannel_logout_uri": null,
    "initiate_login_uri": null,
    "jwks": null,
    "created_at": "2026-11-20T12:00:00.000Z",
    "updated_at": "2026-11-20T12:00:00.000Z",
})))]
pub struct SsoClient {
    /// Its id, which is its `client_id` as well.
    #[schema(value_type = Uuid)]
    pub id: SsoClientId,
    /// The one organization whose people log in to it; `null` for all.
    #[schema(required = true, value_type = Option<Uuid>)]
    pub organization_id: Option<OrganizationId>,
    /// What people call it.
    pub name: String,
    /// How it proves itself.
    pub authentication: ClientAuthentication,
    /// Where it runs.
    pub application_type: ApplicationType,
    /// Where people may be sent back to.
    pub redirect_uris: Vec<String>,
    /// Where people may be sent after they logged out.
    pub post_logout_redirect_uris: Vec<String>,
    /// Where it is told that sessions ended.
    #[schema(required = true)]
    pub backchannel_logout_uri: Option<String>,
    /// Where a login begins that was not started by the app.
    #[schema(required = true)]
    pub initiate_login_uri: Option<String>,
    /// Its public keys as a JWK set.
    #[schema(required = true, value_type = Option<Object>)]
    pub jwks: Option<Map<String, Value>>,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    /// When it was last changed.
    #[schema(value_type = String, format = DateTime)]
    pub updated_at: Timestamp,
    /// Its secret, with `client_secret`, only in the answer to the request that made the app or the secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, nullable = false)]
    pub client_secret: Option<PlainSecret>,
}
