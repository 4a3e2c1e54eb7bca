//! What a directory proves itself with to Microsoft Graph.

use crate::{Nothing, PlainSecret};
use events::{GraphCredentialId, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What a credential is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum GraphCredentialKind {
    /// A key that was made here, with its certificate.
    Certificate,
    /// A client secret.
    Secret,
}

/// Whether a credential is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum GraphCredentialState {
    /// It was never seen to work.
    Pending,
    /// It is the one that is used.
    Active,
    /// Another is used; it is kept until `retires_at`.
    Retiring,
}

/// A certificate of a key that was made here. It holds no secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(examples(json!({
    "credential_id": "0193b2f0-8f6e-7c3a-8d2f-0a1b2c3d4e81",
    "thumbprint_sha1": "3B0C44298FC1C149AFBF4C8996FB92427AE41E46",
    "thumbprint_sha256": "E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855",
    "not_after": "2028-11-20T12:00:00.000Z",
    "pem": "-----BEGIN CERTIFICATE-----\n…\n-----END CERTIFICATE-----\n",
})))]
pub struct GraphCertificate {
    /// The credential that it belongs to.
    #[schema(value_type = Uuid)]
    pub credential_id: GraphCredentialId,
    /// SHA-1 of the certificate, 40 hexadecimal digits: as the Entra admin center shows it.
    pub thumbprint_sha1: String,
    /// SHA-256 of the certificate, 64 hexadecimal digits.
    pub thumbprint_sha256: String,
    /// When it ends.
    #[schema(value_type = String, format = DateTime)]
    pub not_after: Timestamp,
    /// The certificate as PEM.
    pub pem: String,
}

/// A credential, without its secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(examples(json!({
    "id": "0193b2f0-8f6e-7c3a-8d2f-0a1b2c3d4e81",
    "kind": "secret",
    "state": "active",
    "hint": "abc…",
    "certificate": null,
    "expires_at": "2028-11-20T12:00:00.000Z",
    "created_at": "2026-11-20T12:00:00.000Z",
    "proved_at": "2026-11-20T12:00:00.000Z",
    "retires_at": null,
})))]
pub struct GraphCredential {
    /// Its id.
    #[schema(value_type = Uuid)]
    pub id: GraphCredentialId,
    /// What it is.
    pub kind: GraphCredentialKind,
    /// Whether it is used.
    pub state: GraphCredentialState,
    /// What people know it by: the beginning of a secret, as the Entra admin center shows it, or the thumbprint of a certificate.
    pub hint: String,
    /// The certificate; `null` for a secret.
    #[schema(required = true)]
    pub certificate: Option<GraphCertificate>,
    /// When it ends; `null` where that is not known.
    #[schema(required = true, value_type = Option<String>, format = DateTime)]
    pub expires_at: Option<Timestamp>,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    /// When it was seen to work; `null` for never.
    #[schema(required = true, value_type = Option<String>, format = DateTime)]
    pub proved_at: Option<Timestamp>,
    /// When it is forgotten, where another is used.
    #[schema(required = true, value_type = Option<String>, format = DateTime)]
    pub retires_at: Option<Timestamp>,
}

/// A new credential: either `certificate`, or `secret` with its end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({"certificate": {}}), json!({"secret": "abc8Q~…", "expires_at": "2030-01-31T12:00:00Z"})))]
pub struct GraphCredentialCreate {
    /// An empty object: a key is made here, with a certificate that is good for two years. The private key never leaves this
    /// installation.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub certificate: Option<Nothing>,
    /// The value of a client secret. It is kept encrypted and never shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, value_type = Option<String>, min_length = 1, max_length = 500)]
    pub secret: Option<PlainSecret>,
    /// When the secret ends, a time in the future.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, value_type = Option<String>, format = DateTime)]
    pub expires_at: Option<Timestamp>,
}
