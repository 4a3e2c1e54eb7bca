//! Who asks: one connection, as an application in one tenant.

use crate::cloud::Endpoints;
use crate::throttle::TenantSize;
use events::ConnectionId;
use oidc::{AssertionForm, Certificate, SigningKey};
use secrecy::SecretString;
use std::fmt;
use uuid::Uuid;

/// What an application proves itself by.
#[derive(Clone)]
pub enum Credential {
    /// A client secret: its value, not its id.
    Secret(SecretString),
    /// The key of a certificate that was uploaded to the application.
    Certificate {
        /// The key, which must be RSA.
        key: SigningKey,
        /// The certificate, which names the key to Entra ID by its thumbprint.
        certificate: Box<Certificate>,
        /// The form of assertions that worked last. The other one is tried where Entra ID does not find the certificate.
        form: AssertionForm,
    },
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Secret(_) => f.write_str("Secret"),
            Self::Certificate { certificate, form, .. } => f
                .debug_struct("Certificate")
                .field("thumbprint", &certificate.sha1_thumbprint())
                .field("form", form)
                .finish_non_exhaustive(),
        }
    }
}

/// A connection as Graph sees it. What is remembered of one (tokens, budgets) is never used for another.
#[derive(Clone, Debug)]
pub struct Identity {
    /// The connection.
    pub connection: ConnectionId,
    /// The tenant's id, never its domain.
    pub tenant: Uuid,
    /// The application (client) id.
    pub client_id: Uuid,
    /// Where to log in and where Graph is.
    pub endpoints: Endpoints,
    /// What it proves itself by.
    pub credential: Credential,
    /// How many users the tenant has, of which Graph makes the budget.
    pub size: TenantSize,
}
