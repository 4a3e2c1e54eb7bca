//! What went wrong with a pull, as it is stored and told to administrators: a name, sentences, and the ids that Microsoft's
//! support asks for. Nothing of an answer's own text is in it.

use crate::error::{GraphError, GraphErrorKind};
use crate::permission::Permission;
use crate::token::{TokenError, TokenState};
use events::Timestamp;
use serde::{Deserialize, Serialize};

/// What went wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PullFault {
    /// A name of the reason that stays the same.
    pub code: String,
    /// What happened and how it is mended, in whole sentences.
    pub detail: String,
    /// When.
    #[serde(default)]
    pub at: Option<Timestamp>,
    /// The number behind `AADSTS`, where Entra ID gave one.
    #[serde(default)]
    pub aadsts: Option<u32>,
    /// Entra ID's own id of the refusal.
    #[serde(default)]
    pub trace_id: Option<String>,
    /// What the sign-in log of the tenant is searched by.
    #[serde(default)]
    pub correlation_id: Option<String>,
    /// What Graph calls the request.
    #[serde(default)]
    pub request_id: Option<String>,
    /// The permissions that are missing: any one of them would do, the least first.
    #[serde(default)]
    pub missing: Vec<Permission>,
    /// How many people would go, where a pull is held for that.
    #[serde(default)]
    pub would_go: Option<u64>,
    /// Of how many.
    #[serde(default)]
    pub known: Option<u64>,
}

impl PullFault {
    /// One with a name and sentences, and nothing more.
    #[must_use]
    pub fn new(code: impl Into<String>, detail: impl Into<String>, at: Timestamp) -> Self {
        Self {
            code: code.into(),
            detail: detail.into(),
            at: Some(at),
            aadsts: None,
            trace_id: None,
            correlation_id: None,
            request_id: None,
            missing: Vec::new(),
            would_go: None,
            known: None,
        }
    }

    /// Why Graph did not answer.
    #[must_use]
    pub fn of(error: &GraphError, at: Timestamp) -> Self {
        if let GraphErrorKind::Token(error) = &*error.kind {
            return Self::of_token(error, at);
        }
        let missing = match &*error.kind {
            GraphErrorKind::Forbidden { any_of } => any_of.to_vec(),
            _ => Vec::new(),
        };
        let id = |id: uuid::Uuid| id.to_string();
        Self {
            correlation_id: error.trace.client_request_id.map(id),
            request_id: error.trace.request_id.map(id),
            missing,
            ..Self::new(error.code(), detail(error), at)
        }
    }

    /// Why there is no token.
    #[must_use]
    pub fn of_token(error: &TokenError, at: Timestamp) -> Self {
        let entra = error.entra.as_deref();
        let said = entra.map(|entra| {
            let meaning = entra.kind.meaning();
            format!("Microsoft Entra ID says AADSTS{}: {meaning}", entra.code)
        });
        let mut detail = said.unwrap_or_else(|| format!("{} {}", sentence(&error.why.to_string()), next(error.state)));
        let is_about_key = error.state == TokenState::CredentialInvalid;
        if let Some(thumbprint) = error.thumbprint.as_deref().filter(|_| is_about_key) {
            detail = format!("{detail} The thumbprint of the certificate is {thumbprint}.");
        }
        Self {
            aadsts: error.aadsts(),
            trace_id: entra.and_then(|entra| entra.trace_id.clone()),
            correlation_id: entra.and_then(|entra| entra.correlation_id.clone()),
            ..Self::new(error.state.as_str(), detail, at)
        }
    }

    /// Reads one that was stored. What is of another form has been written by another version, and still says that something
    /// is wrong.
    #[must_use]
    pub fn read(text: &str) -> Self {
        serde_json::from_str(text).unwrap_or_else(|_| {
            let detail = "Something is wrong of which this version cannot tell more.";
            Self {
                at: None,
                ..Self::new("unknown", detail, Timestamp::from_millis(0))
            }
        })
    }
}

fn detail(error: &GraphError) -> String {
    let said = sentence(&error.to_string());
    let next = match &*error.kind {
        GraphErrorKind::Forbidden { .. } => {
            "Add the permission as an application permission (API permissions, Microsoft Graph), and grant admin consent."
        }
        GraphErrorKind::Throttled { .. } | GraphErrorKind::Parked { .. } | GraphErrorKind::Unavailable => {
            "Nothing has to be done: it is tried again."
        }
        GraphErrorKind::Unreachable(_) => {
            "It is tried again. If that goes on, look whether this installation may reach Microsoft Graph."
        }
        GraphErrorKind::NotSupported => {
            "Choose the cloud that the tenant is in, and map attributes that this cloud has."
        }
        GraphErrorKind::Address(_) => {
            "The rules for webhooks hold here, too: see the settings that begin with webhook_."
        }
        _ => "It is tried again. If that goes on, give the ids below to Microsoft's support.",
    };
    format!("{said} {next}")
}

const fn next(state: TokenState) -> &'static str {
    match state {
        TokenState::CredentialInvalid => {
            "Set the value of a client secret of this application, or upload the certificate to it."
        }
        TokenState::CredentialExpired => "Make a new secret or certificate.",
        TokenState::ConfigInvalid => "Compare the tenant, the application and the cloud with the app registration.",
        TokenState::ConsentRequired => "An administrator of the tenant has to grant admin consent.",
        TokenState::Transient => "It is tried again.",
        TokenState::OurBug => "The request was not as Entra ID wants it; the log of this installation says more.",
        TokenState::Clock => "Compare the clock of this machine with the real time.",
    }
}

/// A message of an error as a sentence of its own.
fn sentence(message: &str) -> String {
    let mut letters = message.chars();
    let first = letters.next().map(|first| first.to_uppercase().to_string());
    format!("{}{}.", first.unwrap_or_default(), letters.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Trace;

    fn now() -> Timestamp {
        "2026-11-30T12:00:00Z".parse().unwrap()
    }

    #[test]
    fn a_missing_permission_is_named_with_what_is_to_be_done() {
        let kind = GraphErrorKind::Forbidden {
            any_of: crate::permission::READ_USERS,
        };
        let id = uuid::Uuid::from_u128(9);
        let trace = Trace {
            request_id: Some(id),
            ..Trace::default()
        };
        let fault = PullFault::of(&GraphError::new(kind, trace), now());
        assert_eq!(
            (fault.code.as_str(), fault.request_id),
            ("forbidden", Some(id.to_string()))
        );
        assert_eq!(fault.missing[0], Permission::UserReadAll);
        assert!(fault.detail.contains("User.Read.All") && fault.detail.contains("admin consent"));
    }

    #[test]
    fn what_is_stored_is_read_again_and_what_cannot_be_read_still_says_that_something_is_wrong() {
        let mut fault = PullFault::new("held", "Many would go.", now());
        (fault.would_go, fault.known) = (Some(7), Some(9));
        assert_eq!(PullFault::read(&serde_json::to_string(&fault).unwrap()), fault);
        for text in ["", "{}", "7", "{\"code\":1}"] {
            assert_eq!(PullFault::read(text).code, "unknown", "{text}");
        }
    }
}
