//! Why an app is not given what it asks for, as it is told.

use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, RETRY_AFTER, WWW_AUTHENTICATE};
use actix_web::{HttpResponse, ResponseError};
use directory::NoSignal;
use keyring::KeyRingError;
use oidc::KeyError;
use secrets::OpenError;
use serde_json::json;
use std::time::Duration;
use store::StoreError;

/// Why an app is not given what it asks for.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SsfFault {
    /// There is no token.
    #[error("no access token was sent")]
    Missing,
    /// The token is not one of an app, or its time is over.
    #[error("the access token is not good: ask for one by client_credentials")]
    Token,
    /// The token does not go so far.
    #[error("the access token lacks the scope {0}")]
    Scope(&'static str),
    /// The request cannot be read, or asks for what is not.
    #[error("{0}")]
    Request(String),
    /// The app has no such stream.
    #[error("there is no such stream")]
    NoStream,
    /// The app has as many streams as it may.
    #[error("an app has at most {0} streams: delete one first")]
    Streams(u64),
    /// As many people are off the stream as may be.
    #[error("at most {0} people can be off a stream")]
    Removed(u64),
    /// The next request may come after this time.
    #[error("too many requests: the next may come in {} seconds", .0.as_secs().saturating_add(1))]
    TooMany(Duration),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Keys(#[from] KeyRingError),
    #[error(transparent)]
    Sign(#[from] KeyError),
    #[error(transparent)]
    Sealed(#[from] OpenError),
    #[error(transparent)]
    Signal(#[from] NoSignal),
}

impl SsfFault {
    pub(super) fn request(detail: impl Into<String>) -> Self {
        Self::Request(detail.into())
    }

    const fn code(&self) -> &'static str {
        match self {
            Self::Missing | Self::Token => "invalid_token",
            Self::Scope(_) => "insufficient_scope",
            Self::Request(_) => "invalid_request",
            Self::NoStream => "not_found",
            Self::Streams(_) | Self::Removed(_) => "limit_reached",
            Self::TooMany(_) => "too_many_requests",
            Self::Store(error) if error.is_transient() => "temporarily_unavailable",
            _ => "server_error",
        }
    }
}

impl ResponseError for SsfFault {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::Missing | Self::Token => StatusCode::UNAUTHORIZED,
            Self::Scope(_) | Self::Removed(_) => StatusCode::FORBIDDEN,
            Self::Request(_) => StatusCode::BAD_REQUEST,
            Self::NoStream => StatusCode::NOT_FOUND,
            Self::Streams(_) => StatusCode::CONFLICT,
            Self::TooMany(_) => StatusCode::TOO_MANY_REQUESTS,
            Self::Store(error) if error.is_transient() => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// As RFC 6750 §3 where it is about the token, and in the same shape elsewhere.
    fn error_response(&self) -> HttpResponse {
        let status = self.status_code();
        let mut answer = HttpResponse::build(status);
        answer.insert_header((CACHE_CONTROL, "no-store"));
        metrics::counter!("rollcall_ssf_refused_total", "error" => self.code()).increment(1);
        match self {
            Self::Missing => drop(answer.insert_header((WWW_AUTHENTICATE, "Bearer"))),
            Self::Token => drop(answer.insert_header((WWW_AUTHENTICATE, "Bearer error=\"invalid_token\""))),
            Self::Scope(scope) => {
                let challenge = format!("Bearer error=\"insufficient_scope\", scope=\"{scope}\"");
                answer.insert_header((WWW_AUTHENTICATE, challenge));
            }
            Self::TooMany(wait) => drop(answer.insert_header((RETRY_AFTER, wait.as_secs().saturating_add(1)))),
            _ => {}
        }
        let description = if status.is_server_error() {
            tracing::error!(error = %telemetry::chain(self), "an app was not answered about its streams");
            "try again in a moment".to_owned()
        } else {
            self.to_string()
        };
        answer.json(json!({ "error": self.code(), "error_description": description }))
    }
}
