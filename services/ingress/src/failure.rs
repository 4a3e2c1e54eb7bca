//! Failures: every one a SCIM error that says what to do.

use crate::answer;
use actix_web::http::Method;
use actix_web::http::header::{self, HeaderValue};
use actix_web::{HttpResponse, ResponseError};
use runtime::http::ACCEPTED_ENCODINGS;
use std::time::Duration;
use store::{Reads, StoreError};

/// A request that cannot be answered as asked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// The request is at fault.
    #[error(transparent)]
    Refused(#[from] scim::Error),
    /// The resource does not take this method (R3).
    #[error("{error}")]
    Method {
        /// 405.
        error: scim::Error,
        /// What it takes.
        allow: HeaderValue,
    },
    /// The body comes in an encoding that is not understood.
    #[error("{0}")]
    Encoding(scim::Error),
    /// No key, or not a good one for this directory; never says which (R62).
    #[error("unauthorized")]
    Unauthorized,
    /// Instead of a key came a token that Entra ID makes itself, and this directory does not take it (E5).
    #[error("a token of Entra ID's own")]
    EntraToken,
    /// Nothing was changed, and the same request may succeed later.
    #[error("unavailable: {detail}")]
    Unavailable {
        /// For people.
        detail: String,
        /// When to come back.
        retry_after: Duration,
    },
    /// Nothing was changed, and only this request is to be repeated later: others are taken meanwhile.
    #[error("later: {error}")]
    Later {
        /// With its status: 429 or 503.
        #[source]
        error: scim::Error,
        /// When to come back.
        retry_after: Duration,
    },
    /// The change may or may not have been made: the one ambiguous answer there is.
    #[error("outcome unknown")]
    Unknown,
    /// A defect of the server.
    #[error("internal error")]
    Internal(#[source] StoreError),
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        if error.is_transient() {
            tracing::warn!(error = %telemetry::chain(&error), "the database is not available");
            return Self::unavailable("the directory's database is not available at the moment; nothing was changed");
        }
        if let StoreError::Crowded { what, share } = error {
            return Self::crowded(what, share);
        }
        if matches!(error, StoreError::TooSlow) {
            return scim::Error::new(
                scim::ScimType::TooMany,
                "too much has to be read to find or count what matches; narrow the filter by userName, externalId, \
                 displayName, emails.value or meta.lastModified, or turn pages by cursor",
            )
            .into();
        }
        Self::Internal(error)
    }
}

impl Failure {
    /// 405, with what is taken instead.
    pub(crate) fn method(method: &Method, path: &str, allow: HeaderValue) -> Self {
        let taken = allow.to_str().unwrap_or_default();
        let detail = format!("{method} is not supported at {path}, which takes {taken}");
        Self::Method {
            error: scim::Error::status(405, detail),
            allow,
        }
    }

    /// 503, come back in a few seconds.
    pub(crate) fn unavailable(detail: impl Into<String>) -> Self {
        Self::Unavailable {
            detail: detail.into(),
            retry_after: Duration::from_secs(5),
        }
    }

    /// 429: this directory reads as much as it may.
    fn crowded(what: Reads, share: u32) -> Self {
        metrics::counter!("rollcall_ingress_searches_refused_total").increment(1);
        let detail = match what {
            Reads::Searches => format!(
                "this directory has {share} searches running, as many as it may have at a time \
                 (ROLLCALL_DIRECTORY_SEARCHES), and they take long; try again, and narrow them by userName, externalId, \
                 displayName, emails.value or meta.lastModified"
            ),
            Reads::Lookups => format!(
                "this directory has {share} reads running, as many as it may have at a time (a part of \
                 ROLLCALL_DATABASE_CONNECTIONS), and they take long; try again, with fewer requests at a time or smaller \
                 pages (count)"
            ),
        };
        Self::Later {
            error: scim::Error::status(429, detail),
            retry_after: Duration::from_secs(5),
        }
    }

    /// As a SCIM error.
    pub(crate) fn error(&self) -> scim::Error {
        match self {
            Self::Refused(error) => error.clone(),
            Self::Later { error, .. } | Self::Method { error, .. } | Self::Encoding(error) => error.clone(),
            Self::Unauthorized => scim::Error::status(
                401,
                "a valid key of this directory is required: send it as a bearer token, or as the password of HTTP Basic",
            ),
            Self::EntraToken => scim::Error::status(
                401,
                "this is the token that Entra ID makes itself when the field Secret Token is left empty: enter a key of \
                 this directory there; for tests, the directory's administrator can allow such tokens by naming \
                 entra_token in its setting authentication and the Entra tenant in its federation",
            ),
            Self::Unavailable { detail, .. } => scim::Error::status(503, detail.clone()),
            Self::Unknown => scim::Error::status(
                504,
                "the outcome is unknown: the change may or may not have been made; read the resource before trying again",
            ),
            Self::Internal(error) => {
                tracing::error!(error = %telemetry::chain(error), "a request failed by a defect");
                let trace = telemetry::trace_id(&tracing::Span::current()).unwrap_or_default();
                scim::Error::status(
                    500,
                    format!("the server failed; its operator finds the cause under trace {trace}"),
                )
            }
        }
    }
}

impl ResponseError for Failure {
    /// Asked for once for each request: a defect is logged here.
    fn error_response(&self) -> HttpResponse {
        let error = self.error();
        let mut response = answer::json(error.status, &error.to_json());
        let headers = response.headers_mut();
        match self {
            Self::Unauthorized | Self::EntraToken => {
                headers.append(
                    header::WWW_AUTHENTICATE,
                    HeaderValue::from_static("Bearer realm=\"rollcall\""),
                );
                headers.append(
                    header::WWW_AUTHENTICATE,
                    HeaderValue::from_static("Basic realm=\"rollcall\""),
                );
            }
            Self::Method { allow, .. } => {
                headers.insert(header::ALLOW, allow.clone());
            }
            Self::Encoding(_) => {
                headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static(ACCEPTED_ENCODINGS));
            }
            Self::Unavailable { retry_after, .. } | Self::Later { retry_after, .. } => {
                // Whole seconds, and never so few that the client would come back at once.
                let seconds = retry_after.as_millis().div_ceil(1_000).max(1);
                headers.insert(
                    header::RETRY_AFTER,
                    HeaderValue::from(u64::try_from(seconds).unwrap_or(u64::MAX)),
                );
            }
            _ => {}
        }
        response
    }
}
