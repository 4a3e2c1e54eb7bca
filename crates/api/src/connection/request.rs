//! What can be asked of connections.

use crate::PlainSecret;
use crate::reading::named;
use events::{DirectoryId, OrganizationId, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What a connection is switched to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ConnectionSwitch {
    /// People log in.
    Active,
    /// Nobody logs in, and whoever is logged in is logged out.
    Paused,
}

/// A new connection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({
    "organization_id": "0193b2f0-8f6e-7c3a-8d2f-0a1b2c3d4e5f",
    "directory_id": "0193b2f0-8f6e-7c3a-8d2f-0a1b2c3d4e5e",
    "authority": "5f2c9a0e-7d41-4c1b-9a55-0b6d3f7e2c10",
    "client_id": "c1b7e6f4-2f0a-4e7b-8d33-9a1e5c7d0b42",
    "test_accounts": ["ada@contoso.com"],
})))]
pub struct ConnectionCreate {
    /// The organization whose people log in by it.
    #[schema(value_type = Uuid)]
    pub organization_id: OrganizationId,
    /// The directory of the organization that they must be in.
    #[schema(value_type = Uuid)]
    pub directory_id: DirectoryId,
    /// What people call it; the name of the organization, where nothing is said.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 100)]
    pub name: Option<String>,
    /// The identity provider: for Microsoft Entra ID the Directory (tenant) ID, a domain of the tenant, or its URL.
    #[schema(min_length = 1, max_length = 2000)]
    pub authority: String,
    /// The Application (client) ID at the identity provider.
    #[schema(min_length = 1, max_length = 200)]
    pub client_id: String,
    /// The value of a client secret. It is kept encrypted and never shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 500)]
    pub client_secret: Option<PlainSecret>,
    /// When the client secret ends, a time in the future.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub secret_expires_at: Option<Timestamp>,
    /// The claim that is compared with `userName` of the directory at the first login of a person; `upn`, where nothing is said.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 100)]
    pub user_name_claim: Option<String>,
    /// The `iss` of the tokens, where it does not follow from the authority, as with Azure AD B2C.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 500)]
    pub expected_issuer: Option<String>,
    /// Whether guests of the tenant may log in; `false`, where nothing is said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allows_guests: Option<bool>,
    /// The user names of those who may log in to test it, before it is active.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(min_items = 0, max_items = 20)]
    pub test_accounts: Option<Vec<String>>,
}

/// Changes of a connection. Named members are replaced; `null` takes away what may be missing.
///
/// Its secret has an operation of its own. The discovery document is read again where it is not known yet, and where
/// `authority`, `client_id` or `expected_issuer` are named.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({"state": "active"})))]
pub struct ConnectionPatch {
    /// What people call it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, min_length = 1, max_length = 100)]
    pub name: Option<String>,
    /// Whether people can log in. It becomes `active` once a test login succeeded, or with `force`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub state: Option<ConnectionSwitch>,
    /// Whether it becomes `active` without a test login; `false`, where nothing is said.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub force: Option<bool>,
    /// The identity provider. Another one makes the connection a `draft` again, and logs everybody out.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, min_length = 1, max_length = 2000)]
    pub authority: Option<String>,
    /// The Application (client) ID at the identity provider. Another one makes the connection a `draft` again, and logs everybody
    /// out.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, min_length = 1, max_length = 200)]
    pub client_id: Option<String>,
    /// The claim that is compared with `userName` of the directory at the first login of a person.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, min_length = 1, max_length = 100)]
    pub user_name_claim: Option<String>,
    /// The `iss` of the tokens; `null` where it follows from the authority. Another one makes the connection a `draft` again, and
    /// logs everybody out.
    #[serde(default, deserialize_with = "named", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 500)]
    pub expected_issuer: Option<Option<String>>,
    /// Whether guests of the tenant may log in.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub allows_guests: Option<bool>,
    /// The user names of those who may log in to test it, instead of those who may now.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, min_items = 0, max_items = 20)]
    pub test_accounts: Option<Vec<String>>,
}

/// A client secret of the identity provider.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({"client_secret": "abc8Q~…", "expires_at": "2030-01-31T12:00:00Z"})))]
pub struct ConnectionSecretSet {
    /// Its value. It is kept encrypted and never shown.
    #[schema(value_type = String, min_length = 1, max_length = 500)]
    pub client_secret: PlainSecret,
    /// When it ends, a time in the future.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub expires_at: Option<Timestamp>,
}
