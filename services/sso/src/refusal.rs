//! Why somebody does not get in: a code for operators, an error for the app, a sentence for the person that tells nothing
//! about others.

use oidc::{EntraError, EntraErrorKind, IdTokenError, SetupStep};

/// Why somebody does not get in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// The identity provider answered with an error.
    Provider {
        /// Its OAuth error.
        error: String,
        /// What Entra ID says with it.
        entra: Option<EntraError>,
    },
    /// The code could not be redeemed at the identity provider.
    Redemption {
        /// The HTTP status; `None` where there was no answer.
        status: Option<u16>,
        /// What Entra ID says with it.
        entra: Option<EntraError>,
    },
    /// The connection has nothing to prove itself with, or it cannot be read.
    Credential,
    /// The ID token is not taken.
    IdToken(IdTokenError),
    /// The answer has no ID token.
    NoIdToken,
    /// The connection is not what it was when the login began.
    ConnectionInactive,
    /// The claim that names the person is not in the token.
    ClaimMissing(String),
    /// Nobody in the directory is called so.
    NotProvisioned,
    /// The person is not active.
    Inactive,
    /// The name belongs to somebody who is bound to another account.
    IdentityConflict,
    /// A guest, where guests may not log in.
    Guest,
    /// The person may not use the channel.
    ChannelDenied,
    /// The app meant another person.
    OtherPerson,
    /// Something that is ours to mend.
    Internal,
}

impl Refusal {
    /// The name in the audit log, in measurements and in the description for the app.
    pub(crate) fn code(&self) -> String {
        match self {
            Self::Provider { entra: Some(entra), .. } | Self::Redemption { entra: Some(entra), .. } => {
                entra.kind.as_str().to_owned()
            }
            Self::Provider { .. } => "provider_refused".to_owned(),
            Self::Redemption { .. } => "redemption_failed".to_owned(),
            Self::Credential => "credential_missing".to_owned(),
            Self::IdToken(error) => error.as_str().to_owned(),
            Self::NoIdToken => "id_token_missing".to_owned(),
            Self::ConnectionInactive => "connection_inactive".to_owned(),
            Self::ClaimMissing(_) => "required_claim_missing".to_owned(),
            Self::NotProvisioned => "user_not_provisioned".to_owned(),
            Self::Inactive => "user_inactive".to_owned(),
            Self::IdentityConflict => "identity_conflict".to_owned(),
            Self::Guest => "guest_not_allowed".to_owned(),
            Self::ChannelDenied => "web_access_denied".to_owned(),
            Self::OtherPerson => "other_person".to_owned(),
            Self::Internal => "internal_error".to_owned(),
        }
    }

    /// What it means and how it is mended, for operators.
    pub(crate) fn detail(&self) -> String {
        match self {
            Self::Provider { entra: Some(entra), .. } | Self::Redemption { entra: Some(entra), .. } => {
                let step = entra
                    .kind
                    .step()
                    .map(|step| format!(" See the step \"{}\".", step.as_str()));
                format!(
                    "AADSTS{}: {}{}",
                    entra.code,
                    entra.kind.meaning(),
                    step.unwrap_or_default()
                )
            }
            Self::Provider { error, .. } => format!("The identity provider answered {error}."),
            Self::Redemption {
                status: Some(status), ..
            } => {
                format!("The identity provider answered {status} when the code was redeemed.")
            }
            Self::Redemption { status: None, .. } => "The identity provider did not answer.".to_owned(),
            Self::Credential => {
                "The connection has no client secret and no key, or it cannot be opened. Enter a secret or make a key."
                    .to_owned()
            }
            Self::IdToken(error) => format!("The ID token was refused: {error}."),
            Self::NoIdToken => "The identity provider sent no ID token.".to_owned(),
            Self::ConnectionInactive => "The connection is paused, or was never tested.".to_owned(),
            Self::ClaimMissing(name) => format!(
                "The ID token has no claim {name}. In Entra ID, add the optional claim {name} to ID tokens under Token \
                 configuration."
            ),
            Self::NotProvisioned => {
                "Nobody in the directory has this user name. Assign the person to the provisioning application."
                    .to_owned()
            }
            Self::Inactive => "The person is deactivated in the directory.".to_owned(),
            Self::IdentityConflict => {
                "The user name belongs to somebody who has logged in with another account of the \
                 identity provider. Remove the binding if the name was given to a new person."
                    .to_owned()
            }
            Self::Guest => "The account is a guest of the tenant, and the connection allows none.".to_owned(),
            Self::ChannelDenied => "The role of the person does not include this kind of app.".to_owned(),
            Self::OtherPerson => {
                "The app asked for the person of its id_token_hint, and somebody else logged in.".to_owned()
            }
            Self::Internal => "Something is wrong with this installation; see its log.".to_owned(),
        }
    }

    /// The OAuth error for the app (RFC 6749 §4.1.2.1).
    pub(crate) fn oauth(&self) -> &'static str {
        match self {
            Self::Provider { error, entra } => match error.as_str() {
                "login_required" => "login_required",
                "interaction_required" => "interaction_required",
                "consent_required" => "consent_required",
                "temporarily_unavailable" => "temporarily_unavailable",
                "server_error" => "temporarily_unavailable",
                _ if entra.as_ref().is_some_and(|entra| entra.kind.is_transient()) => "temporarily_unavailable",
                _ => "access_denied",
            },
            Self::Redemption { status: None, .. } => "temporarily_unavailable",
            Self::Redemption { entra: Some(entra), .. } if entra.kind.is_transient() => "temporarily_unavailable",
            Self::IdToken(error) if error.is_retryable() => "temporarily_unavailable",
            Self::IdToken(IdTokenError::AuthenticatedTooLongAgo) => "login_required",
            Self::Redemption { .. } | Self::Credential | Self::IdToken(_) | Self::NoIdToken | Self::Internal => {
                "server_error"
            }
            // OpenID Connect Core §3.1.2.2.
            Self::OtherPerson => "login_required",
            Self::ConnectionInactive
            | Self::ClaimMissing(_)
            | Self::NotProvisioned
            | Self::Inactive
            | Self::IdentityConflict
            | Self::Guest
            | Self::ChannelDenied => "access_denied",
        }
    }

    /// The same for the description that the app gets, and may show. Whether somebody is unknown or deactivated is told to
    /// operators only.
    pub(crate) fn public_code(&self) -> String {
        match self {
            Self::Inactive | Self::NotProvisioned => "user_not_provisioned".to_owned(),
            other => other.code(),
        }
    }

    /// Whether it says that the connection itself does not work. What a code is to blame for says nothing of it: the code
    /// comes by the person's browser, where anybody can write another.
    pub(crate) fn is_of_connection(&self) -> bool {
        match self {
            Self::Redemption { entra: Some(entra), .. } => {
                matches!(
                    entra.kind.step(),
                    Some(
                        SetupStep::Register
                            | SetupStep::RedirectUris
                            | SetupStep::Credential
                            | SetupStep::TokenConfiguration
                    )
                ) || entra.kind == EntraErrorKind::AssertionTime
            }
            // RFC 6749 §5.2: 400 is about the request, above all about the code.
            Self::Redemption { entra: None, status } => *status != Some(400),
            Self::Credential => true,
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Refusal;
    use oidc::EntraError;

    fn redemption(status: Option<u16>, code: Option<u32>) -> Refusal {
        let entra = code.and_then(|code| EntraError::from_description(&format!("AADSTS{code}: no.")));
        Refusal::Redemption { status, entra }
    }

    #[test]
    fn a_code_that_anybody_can_make_up_does_not_say_that_the_connection_fails() {
        for code in [9_002_313, 70008, 54005, 70000, 501_481, 90033, 1] {
            assert!(!redemption(Some(400), Some(code)).is_of_connection(), "{code}");
        }
        assert!(!redemption(Some(400), None).is_of_connection());
        for code in [7_000_215, 7_000_222, 700_027, 700_016, 90002, 50011, 700_024] {
            assert!(redemption(Some(401), Some(code)).is_of_connection(), "{code}");
        }
        for status in [None, Some(401), Some(403), Some(500), Some(302)] {
            assert!(redemption(status, None).is_of_connection(), "{status:?}");
        }
    }
}
