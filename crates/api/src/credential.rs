//! `/credentials`: everything that ends.

use events::{DirectoryId, OrganizationId, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// What a credential is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CredentialKind {
    /// A directory key.
    DirectoryKey,
    /// The secret of an OAuth client.
    OauthClient,
    /// A key of this API.
    AdminKey,
    /// The certificate that requests to an endpoint show.
    ClientCertificate,
    /// The secret of an endpoint before the last rotation, which signs for a while as well.
    PreviousSecret,
    /// What a connection proves itself with to the identity provider: its client secret or its certificate.
    Connection,
    /// The certificate that a directory proves itself with to Microsoft Graph.
    GraphCertificate,
    /// The secret that it proves itself with there.
    GraphSecret,
}

impl CredentialKind {
    /// Each of them.
    pub const ALL: [Self; 8] = [
        Self::DirectoryKey,
        Self::OauthClient,
        Self::AdminKey,
        Self::ClientCertificate,
        Self::PreviousSecret,
        Self::Connection,
        Self::GraphCertificate,
        Self::GraphSecret,
    ];

    /// The name on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::DirectoryKey => "directory_key",
            Self::OauthClient => "oauth_client",
            Self::AdminKey => "admin_key",
            Self::ClientCertificate => "client_certificate",
            Self::PreviousSecret => "previous_secret",
            Self::Connection => "connection",
            Self::GraphCertificate => "graph_certificate",
            Self::GraphSecret => "graph_secret",
        }
    }
}

/// A credential that ends.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(examples(json!({
    "kind": "directory_key",
    "id": "0193b2f0-8f6e-7c3a-8d2f-0a1b2c3d4e60",
    "name": "Entra production",
    "organization_id": "0193b2f0-8f6e-7c3a-8d2f-0a1b2c3d4e5f",
    "directory_id": "0193b2f0-8f6e-7c3a-8d2f-0a1b2c3d4e5e",
    "ends_at": "2027-01-31T12:00:00.000Z",
    "has_ended": false,
    "last_used_at": "2026-11-20T12:00:00.000Z",
})))]
pub struct Credential {
    /// What it is.
    pub kind: CredentialKind,
    /// Its id: that of the key or client, and for `client_certificate` and `previous_secret` that of the endpoint.
    pub id: Uuid,
    /// What people call it; of an endpoint its origin.
    pub name: String,
    /// The organization that it is for; `null` for none in particular.
    #[schema(required = true, value_type = Option<Uuid>)]
    pub organization_id: Option<OrganizationId>,
    /// The directory that it opens; `null` for none.
    #[schema(required = true, value_type = Option<Uuid>)]
    pub directory_id: Option<DirectoryId>,
    /// When it ends.
    #[schema(value_type = String, format = DateTime)]
    pub ends_at: Timestamp,
    /// Whether it has ended by now.
    pub has_ended: bool,
    /// When it was last used, to within a minute; `null` for never, and for what an endpoint has.
    #[schema(required = true, value_type = Option<String>, format = DateTime)]
    pub last_used_at: Option<Timestamp>,
}
