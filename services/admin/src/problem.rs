//! Errors on the wire: RFC 9457 `application/problem+json`.
//!
//! One enum of kinds, one exhaustive map to status and title. Internal text is logged, never sent.

use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::{HttpResponse, ResponseError};
use api::Fault;
use store::StoreError;

/// Faults of one body that are told: each may be many times as long as what caused it.
const MOST_FAULTS: usize = 100;

/// What went wrong, as far as a program needs to tell the cases apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ProblemKind {
    /// No key, an unknown one, or one that is not an admin key.
    Unauthorized,
    /// The key does not allow it.
    Forbidden,
    /// No such resource.
    NotFound,
    /// The path exists, the method does not.
    MethodNotAllowed,
    /// The body is not JSON.
    MalformedBody,
    /// The body is announced as something else than JSON.
    UnsupportedMediaType,
    /// The body is larger than the API reads.
    BodyTooLarge,
    /// The body took longer than it may.
    BodyTooSlow,
    /// A header or a query parameter cannot be used.
    InvalidParameter,
    /// The body is JSON, but not what the operation takes.
    ValidationFailed,
    /// It was there and has been removed after its time.
    Gone,
    /// It contradicts what is stored.
    Conflict,
    /// The `Idempotency-Key` was used for another request before.
    IdempotencyKeyReused,
    /// The key sent more requests than it may in this time.
    RateExceeded,
    /// As many lists are being read as may be at a time.
    TooManyRequests,
    /// What is asked for takes longer to find than it may.
    TooSlow,
    /// The database is away for the moment.
    Unavailable,
    /// A fault of this program.
    Internal,
}

impl ProblemKind {
    const fn status(self) -> StatusCode {
        match self {
            Self::Unauthorized => StatusCode::UNAUTHORIZED,
            Self::Forbidden => StatusCode::FORBIDDEN,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::MalformedBody | Self::InvalidParameter => StatusCode::BAD_REQUEST,
            Self::UnsupportedMediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::BodyTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::BodyTooSlow => StatusCode::REQUEST_TIMEOUT,
            Self::ValidationFailed | Self::IdempotencyKeyReused => StatusCode::UNPROCESSABLE_ENTITY,
            Self::Gone => StatusCode::GONE,
            Self::Conflict => StatusCode::CONFLICT,
            Self::RateExceeded | Self::TooManyRequests => StatusCode::TOO_MANY_REQUESTS,
            Self::TooSlow => StatusCode::BAD_REQUEST,
            Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Unauthorized => "unauthorized",
            Self::Forbidden => "forbidden",
            Self::NotFound => "not-found",
            Self::MethodNotAllowed => "method-not-allowed",
            Self::MalformedBody => "malformed-body",
            Self::UnsupportedMediaType => "unsupported-media-type",
            Self::BodyTooLarge => "body-too-large",
            Self::BodyTooSlow => "body-too-slow",
            Self::InvalidParameter => "invalid-parameter",
            Self::ValidationFailed => "validation-failed",
            Self::Gone => "gone",
            Self::Conflict => "conflict",
            Self::IdempotencyKeyReused => "idempotency-key-reused",
            Self::RateExceeded => "rate-exceeded",
            Self::TooManyRequests => "too-many-requests",
            Self::TooSlow => "too-slow",
            Self::Unavailable => "unavailable",
            Self::Internal => "internal",
        }
    }

    const fn title(self) -> &'static str {
        match self {
            Self::Unauthorized => "An admin key is needed",
            Self::Forbidden => "The key does not allow this",
            Self::NotFound => "Not found",
            Self::MethodNotAllowed => "Method not allowed",
            Self::MalformedBody => "The body is not valid JSON",
            Self::UnsupportedMediaType => "The body must be JSON",
            Self::BodyTooLarge => "The body is too large",
            Self::BodyTooSlow => "The body is too slow",
            Self::InvalidParameter => "A parameter is not valid",
            Self::ValidationFailed => "The request is not valid",
            Self::Gone => "No longer kept",
            Self::Conflict => "Conflict with what is stored",
            Self::IdempotencyKeyReused => "The idempotency key was used for another request",
            Self::RateExceeded => "Too many requests of this key",
            Self::TooManyRequests => "Too many requests at a time",
            Self::TooSlow => "Takes too long",
            Self::Unavailable => "Not available for the moment",
            Self::Internal => "Internal error",
        }
    }
}

/// An error answer.
#[derive(Debug, thiserror::Error)]
#[error("{}: {}", .0.kind.title(), .0.detail)]
pub(crate) struct Problem(Box<ProblemParts>);

/// Boxed, because every result carries the room for it.
#[derive(Debug)]
struct ProblemParts {
    kind: ProblemKind,
    detail: String,
    errors: Vec<Fault>,
    is_refusal: bool,
    header: Option<(HeaderName, HeaderValue)>,
}

impl Problem {
    /// A problem of this kind; `detail` is one sentence for the caller.
    pub(crate) fn new(kind: ProblemKind, detail: impl Into<String>) -> Self {
        Self(Box::new(ProblemParts {
            kind,
            detail: detail.into(),
            errors: Vec::new(),
            is_refusal: matches!(kind, ProblemKind::Unauthorized | ProblemKind::Forbidden),
            header: None,
        }))
    }

    /// What it says to the caller.
    pub(crate) fn detail(&self) -> &str {
        &self.0.detail
    }

    /// No such resource: names the kind of thing and the id asked for.
    pub(crate) fn not_found(what: &str, id: &str) -> Self {
        Self::new(
            ProblemKind::NotFound,
            format!("There is no {what} with the id \"{id}\"."),
        )
    }

    /// There is such a resource perhaps, but not for this key: the answer is the same as if there were none.
    pub(crate) fn hidden(what: &str, id: &str) -> Self {
        let mut problem = Self::not_found(what, id);
        problem.0.is_refusal = true;
        problem
    }

    /// Why access was refused; `None` for what went wrong otherwise.
    pub(crate) fn refusal(&self) -> Option<&str> {
        self.0.is_refusal.then_some(self.0.detail.as_str())
    }

    /// The body was read and has these faults.
    pub(crate) fn invalid(mut faults: Vec<Fault>) -> Self {
        let count = faults.len();
        faults.truncate(MOST_FAULTS);
        let detail = if count > MOST_FAULTS {
            format!("The body has {count} faults; the first {MOST_FAULTS} are in errors.")
        } else {
            "The body has faults; see errors.".to_owned()
        };
        Self::new(ProblemKind::ValidationFailed, detail).with_faults(faults)
    }

    /// One fault of the body that shows only against what is stored.
    pub(crate) fn invalid_at(pointer: &str, detail: impl Into<String>) -> Self {
        Self::invalid(vec![Fault::at(pointer, detail)])
    }

    /// The query string has these faults.
    pub(crate) fn bad_query(faults: Vec<Fault>) -> Self {
        Self::new(
            ProblemKind::InvalidParameter,
            "The query string has faults; see errors.",
        )
        .with_faults(faults)
    }

    /// What went wrong.
    pub(crate) fn kind(&self) -> ProblemKind {
        self.0.kind
    }

    /// Adds the one header that some kinds owe the caller.
    pub(crate) fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.0.header = Some((name, value));
        self
    }

    /// Adds where in the request it is.
    pub(crate) fn with_faults(mut self, faults: Vec<Fault>) -> Self {
        self.0.errors = faults;
        self
    }

    /// What is sent.
    pub(crate) fn body(&self) -> api::Problem {
        let ProblemParts {
            kind, detail, errors, ..
        } = &*self.0;
        api::Problem {
            r#type: format!("urn:rollcall:problem:{}", kind.name()),
            title: kind.title().to_owned(),
            status: kind.status().as_u16(),
            detail: detail.clone(),
            errors: errors.clone(),
        }
    }

    /// A fault of this program: the cause is logged, the caller learns only that there was one.
    pub(crate) fn internal(cause: &(dyn std::error::Error + 'static)) -> Self {
        tracing::error!(error = %telemetry::chain(cause), "a management API request failed by a fault of this program");
        Self::new(
            ProblemKind::Internal,
            "The request could not be carried out; the log of this server says why.",
        )
    }
}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        self.0.kind.status()
    }

    fn error_response(&self) -> HttpResponse {
        let ProblemParts { kind, header, .. } = &*self.0;
        let mut answer = HttpResponse::build(kind.status());
        if let Some((name, value)) = header {
            answer.insert_header((name.clone(), value.clone()));
        }
        if matches!(kind, ProblemKind::Unavailable | ProblemKind::TooManyRequests) && header.is_none() {
            answer.insert_header((header::RETRY_AFTER, "2"));
        }
        let mut answer = answer.json(self.body());
        answer.headers_mut().insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
        answer
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match &error {
            StoreError::Unavailable(_) => {
                tracing::warn!(error = %telemetry::chain(&error), "the database is away; answering 503");
                Self::new(
                    ProblemKind::Unavailable,
                    "The database cannot be reached; nothing was changed. Try again soon.",
                )
            }
            StoreError::Conflict(_) | StoreError::Missing(_) => {
                tracing::info!(error = %error, "a management API request met another one; answering 409");
                Self::new(
                    ProblemKind::Conflict,
                    "Another request changed the same thing at this moment. Try again.",
                )
            }
            StoreError::Gone(what) => Self::new(ProblemKind::Gone, what.clone()),
            StoreError::BadParameter { parameter, detail } => {
                Self::bad_query(vec![Fault::in_query(*parameter, detail.clone())])
            }
            StoreError::Crowded { share, .. } => Self::new(
                ProblemKind::TooManyRequests,
                format!("{share} lists are being read, as many as may be at a time. Try again soon."),
            ),
            StoreError::TooSlow => Self::new(
                ProblemKind::TooSlow,
                "Finding what matches takes longer than it may. Narrow the list.",
            ),
            StoreError::Misconfigured(_) | StoreError::Defect(_) | StoreError::Internal(_) => Self::internal(&error),
        }
    }
}
