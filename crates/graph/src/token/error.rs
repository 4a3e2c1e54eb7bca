//! Why there is no token, and what that makes of the connection.

use events::Timestamp;
use oidc::{EntraError, EntraErrorKind};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use webhooks::RetryAfter;

/// What a refused token makes of its connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TokenState {
    /// The secret is wrong, or the certificate is not among those of the application: stop, and tell an administrator.
    CredentialInvalid,
    /// The credential has expired: stop, and tell an administrator.
    CredentialExpired,
    /// Application, tenant or cloud are not what was entered.
    ConfigInvalid,
    /// An administrator has not consented.
    ConsentRequired,
    /// It may work later.
    Transient,
    /// The request is wrong.
    OurBug,
    /// The clock of this machine, or of Entra ID, is wrong.
    Clock,
}

impl TokenState {
    /// Each of them.
    pub const ALL: [Self; 7] = [
        Self::CredentialInvalid,
        Self::CredentialExpired,
        Self::ConfigInvalid,
        Self::ConsentRequired,
        Self::Transient,
        Self::OurBug,
        Self::Clock,
    ];

    /// A name that stays the same.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::CredentialInvalid => "credential_invalid",
            Self::CredentialExpired => "credential_expired",
            Self::ConfigInvalid => "config_invalid",
            Self::ConsentRequired => "consent_required",
            Self::Transient => "transient",
            Self::OurBug => "our_bug",
            Self::Clock => "clock",
        }
    }

    /// The state of a refusal. Microsoft lets programs act on the status and on `error`, and on codes only to say more.
    pub(crate) fn of(status: u16, entra: Option<&EntraError>, error: Option<&str>) -> Self {
        if status >= 500 || status == 429 || matches!(error, Some("temporarily_unavailable" | "server_error")) {
            return Self::Transient;
        }
        let by_code = entra.and_then(|entra| Self::of_kind(entra.kind));
        by_code.unwrap_or(match error {
            Some("invalid_client") => Self::CredentialInvalid,
            Some("invalid_request" | "invalid_scope" | "unsupported_grant_type") => Self::OurBug,
            _ => Self::ConfigInvalid,
        })
    }

    fn of_kind(kind: EntraErrorKind) -> Option<Self> {
        use EntraErrorKind as Kind;
        Some(match kind {
            Kind::SecretWrong | Kind::CertificateUnknown => Self::CredentialInvalid,
            Kind::SecretExpired => Self::CredentialExpired,
            Kind::CredentialMissing | Kind::RequestMalformed => Self::OurBug,
            Kind::ConsentMissing | Kind::AdminConsentRequired => Self::ConsentRequired,
            Kind::AssertionTime => Self::Clock,
            Kind::Transient => Self::Transient,
            Kind::ApplicationUnknown
            | Kind::ApplicationDisabled
            | Kind::TenantUnknown
            | Kind::AudienceOfApplication
            | Kind::WrongCloud
            | Kind::CredentialUnwanted
            | Kind::ConditionalAccess
            | Kind::CrossTenantForbidden => Self::ConfigInvalid,
            _ => return None,
        })
    }
}

/// Why Entra ID gave no token.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{why}")]
pub struct TokenError {
    /// What it makes of the connection.
    pub state: TokenState,
    /// What happened.
    #[source]
    pub why: TokenFailure,
    /// What Entra ID says about it: the code, and the ids that Microsoft's support asks for.
    pub entra: Option<Box<EntraError>>,
    /// The thumbprint (SHA-1) of the certificate that was shown, as the portal shows it.
    pub thumbprint: Option<String>,
    /// What time it was at Entra ID, by the `Date` of its answer.
    pub their_time: Option<Timestamp>,
    /// How long Entra ID asks to wait.
    pub retry_after: Option<RetryAfter>,
}

/// What happened to the request for a token.
#[derive(Clone, Debug, thiserror::Error)]
pub enum TokenFailure {
    /// Entra ID refused.
    #[error("Entra ID refused the request for a token with status {0}")]
    Refused(u16),
    /// There is no answer, or its end did not come.
    #[error("Entra ID cannot be reached")]
    Unreachable(#[source] Arc<reqwest::Error>),
    /// The answer is no token.
    #[error("the answer of Entra ID is no token")]
    Unreadable,
    /// The address is one that this installation does not go to.
    #[error("the address of Entra ID may not be asked")]
    Address(#[source] webhooks::RefusedUrl),
    /// The key does not sign.
    #[error("the assertion could not be signed")]
    Key,
}

impl TokenError {
    pub(crate) const fn new(state: TokenState, why: TokenFailure) -> Self {
        Self {
            state,
            why,
            entra: None,
            thumbprint: None,
            their_time: None,
            retry_after: None,
        }
    }

    /// Whether it may work later without anybody doing anything.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        self.state == TokenState::Transient
    }

    /// The number behind `AADSTS`, where Entra ID gave one.
    #[must_use]
    pub fn aadsts(&self) -> Option<u32> {
        self.entra.as_ref().map(|entra| entra.code)
    }
}
