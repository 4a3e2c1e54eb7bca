//! Answers of the token endpoint (RFC 6749 §5.1, §5.2).

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderValue};
use oidc::TokenError;
use serde_json::json;
use std::time::Duration;

/// The answer to everybody who did not prove to be a client, whatever was wrong: a stranger must not learn which
/// directories exist, what they are set to, or how near a guess comes.
const UNPROVEN: &str = "the client is unknown here or did not prove who it is; \
                        the reason is in the log of the directory, which its administrator can see";

/// Why there is no access token. What it says never holds a credential, and is shown to the client, except why it did not
/// prove who it is.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum OauthError {
    /// Not a token request.
    #[error("{0}")]
    InvalidRequest(String),
    /// The client did not prove who it is; the reason is for the directory's log only.
    #[error("{0}")]
    InvalidClient(&'static str),
    /// Another grant.
    #[error("the grant_type must be client_credentials")]
    UnsupportedGrantType,
    /// Proved, but this way is switched off.
    #[error("this way of authentication is switched off for the directory")]
    UnauthorizedClient,
    /// Only POST is served; what the path takes, as `Allow` says it.
    #[error("the token endpoint takes POST only")]
    Method(HeaderValue),
    /// The same request may succeed later.
    #[error("{0}")]
    Unavailable(&'static str),
}

impl OauthError {
    pub(super) fn invalid_request(detail: impl Into<String>) -> Self {
        Self::InvalidRequest(detail.into())
    }

    pub(super) fn into_response(self) -> HttpResponse {
        let (status, code) = match &self {
            Self::InvalidRequest(_) => (StatusCode::BAD_REQUEST, "invalid_request"),
            Self::InvalidClient(_) => (StatusCode::UNAUTHORIZED, "invalid_client"),
            Self::UnsupportedGrantType => (StatusCode::BAD_REQUEST, "unsupported_grant_type"),
            Self::UnauthorizedClient => (StatusCode::BAD_REQUEST, "unauthorized_client"),
            Self::Method(_) => (StatusCode::METHOD_NOT_ALLOWED, "invalid_request"),
            Self::Unavailable(_) => (StatusCode::SERVICE_UNAVAILABLE, "temporarily_unavailable"),
        };
        let mut response = HttpResponse::build(status);
        match &self {
            Self::InvalidClient(_) => {
                response.insert_header((header::WWW_AUTHENTICATE, "Basic realm=\"rollcall\""));
            }
            Self::Method(allow) => {
                response.insert_header((header::ALLOW, allow.clone()));
            }
            Self::Unavailable(_) => {
                response.insert_header((header::RETRY_AFTER, "5"));
            }
            _ => {}
        }
        let description = match &self {
            Self::InvalidClient(_) => UNPROVEN.to_owned(),
            shown => shown.to_string(),
        };
        response.json(json!({ "error": code, "error_description": description }))
    }
}

/// Why an assertion, or a token of Entra ID's own, is refused: for the directory's log.
pub(super) const fn reason(error: TokenError) -> &'static str {
    match error {
        TokenError::Malformed => "the assertion is not a JWT signed with RS256",
        TokenError::Issuer => "the assertion is not one of the tenant configured",
        TokenError::Audience => "the audience of the assertion is not the one configured",
        TokenError::Subject => "the subject of the assertion is not the one configured",
        TokenError::Expired => "the assertion has expired",
        TokenError::NotYetGood => "the assertion is not good yet",
        TokenError::KeysUnavailable => {
            "the keys of the tenant cannot be fetched at the moment, so no assertion can be checked"
        }
        TokenError::UnknownKey => "the tenant has no such key as signed the assertion",
        TokenError::Signature => "the signature of the assertion is not right",
    }
}

impl From<TokenError> for OauthError {
    fn from(error: TokenError) -> Self {
        Self::InvalidClient(reason(error))
    }
}

/// An access token.
pub(super) fn token(token: &str, lifetime: Duration) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((header::PRAGMA, "no-cache"))
        .json(json!({
            "access_token": token,
            "token_type": "Bearer",
            "expires_in": lifetime.as_secs(),
        }))
}
