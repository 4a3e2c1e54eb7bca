//! Why Graph did not answer what it was asked.

use crate::link::{DeltaLink, ForeignLink};
use crate::permission::Permission;
use crate::token::TokenError;
use events::Timestamp;
use std::fmt;
use std::sync::Arc;
use uuid::Uuid;

/// A request that was not answered as it should be. Nothing of the answer's own text is in it but its code: such texts name
/// people.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{kind}")]
pub struct GraphError {
    /// What happened.
    #[source]
    pub kind: Box<GraphErrorKind>,
    /// What Microsoft's support asks for, where a request was sent.
    pub trace: Trace,
}

/// What one request and its answer are known by.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trace {
    /// The status of the answer.
    pub status: Option<u16>,
    /// `error.code` of the answer, such as `Authorization_RequestDenied`.
    pub code: Option<String>,
    /// What Graph calls the request.
    pub request_id: Option<Uuid>,
    /// What we called it.
    pub client_request_id: Option<Uuid>,
    /// The `Date` of the answer.
    pub date: Option<Timestamp>,
}

/// What happened.
#[derive(Clone, Debug, thiserror::Error)]
pub enum GraphErrorKind {
    /// The tenant's budget is used up for longer than a request waits for; no request was sent, or none will be before `until`.
    #[error("Graph asks to wait until {until}")]
    Throttled {
        /// Not before.
        until: Timestamp,
    },
    /// Request after request failed, so the connection rests.
    #[error("the connection rests until {until}, since one request after another failed")]
    Parked {
        /// Not before.
        until: Timestamp,
        /// How the last request failed; `None` for requests that come while the connection rests.
        because: Option<Box<GraphError>>,
    },
    /// There is no token.
    #[error("Entra ID gives no token")]
    Token(#[source] Arc<TokenError>),
    /// A new token was refused, too.
    #[error("Graph does not take the token")]
    Unauthorized,
    /// A permission is missing.
    #[error("Graph allows this to none but applications with {}", names(any_of))]
    Forbidden {
        /// Any one of these would do, the least first. Empty where it is not known.
        any_of: &'static [Permission],
    },
    /// What was read before has expired: begin again, with the first link and the attributes selected now, and look for whom
    /// the new round does not mention.
    #[error("Graph has forgotten what was read before, and a round must begin again")]
    Resync {
        /// Where Graph says to begin, if that is where we would begin.
        location: Option<DeltaLink>,
    },
    /// There is no such object.
    #[error("there is no such object")]
    NotFound,
    /// The request is wrong: a fault of ours, or a link that is not of this tenant.
    #[error("Graph calls the request wrong")]
    BadRequest,
    /// An attribute or a query that Graph does not support here, or not in this cloud.
    #[error("Graph does not support this")]
    NotSupported,
    /// Graph is busy or broken.
    #[error("Graph cannot answer at the moment")]
    Unavailable,
    /// There is no answer, or its end did not come.
    #[error("Graph cannot be reached")]
    Unreachable(#[source] Arc<reqwest::Error>),
    /// The answer is not what was asked for. It is never taken for an empty list.
    #[error("the answer cannot be read")]
    Unreadable(#[source] Unreadable),
    /// A link of the answer leads elsewhere, and is not followed.
    #[error("a link leads elsewhere")]
    ForeignLink(#[source] ForeignLink),
    /// The address of Graph or of Entra ID is one that this installation does not go to.
    #[error("the address may not be asked")]
    Address(#[source] webhooks::RefusedUrl),
    /// The request of a batch that this one waits for failed.
    #[error("the request that this one waits for failed")]
    Dependency,
    /// Another status than any of these.
    #[error("Graph refuses the request")]
    Refused,
}

/// What is wrong with an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// It is longer than what one answer may have.
    #[error("the answer is longer than {limit} bytes")]
    TooLong {
        /// The limit, in bytes, after unpacking.
        limit: usize,
    },
    /// It is packed in a way that was not asked for, or broken.
    #[error("the answer cannot be unpacked")]
    Packed,
    /// It is no JSON: a page for people, or cut off.
    #[error("the answer is no JSON")]
    NotJson,
    /// It is JSON, and not of the expected shape.
    #[error("the answer has no {0}")]
    Shape(&'static str),
    /// A page must have a link to the next page or one for the next round, and not both.
    #[error("the page has not exactly one of nextLink and deltaLink")]
    Links,
    /// It leads elsewhere, which is never followed.
    #[error("the answer is a redirect")]
    Redirect,
    /// Not everything of a batch was answered, or something twice.
    #[error("the answers of a batch are not those of its requests")]
    Batch,
    /// There were more pages, or more groups inside a group, than are read; or a page leads to itself.
    #[error("the list does not end: more than {limit} pages or groups")]
    Endless {
        /// The limit.
        limit: usize,
    },
}

impl GraphError {
    pub(crate) fn new(kind: GraphErrorKind, trace: Trace) -> Self {
        Self {
            kind: Box::new(kind),
            trace,
        }
    }

    /// Whether the same request may succeed later without anybody doing anything.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        match &*self.kind {
            GraphErrorKind::Throttled { .. }
            | GraphErrorKind::Parked { .. }
            | GraphErrorKind::Unavailable
            | GraphErrorKind::Unreachable(_) => true,
            GraphErrorKind::Unreadable(why) => why.may_pass(),
            GraphErrorKind::Token(error) => error.is_transient(),
            GraphErrorKind::Unauthorized
            | GraphErrorKind::Forbidden { .. }
            | GraphErrorKind::Resync { .. }
            | GraphErrorKind::NotFound
            | GraphErrorKind::BadRequest
            | GraphErrorKind::NotSupported
            | GraphErrorKind::ForeignLink(_)
            | GraphErrorKind::Address(_)
            | GraphErrorKind::Dependency
            | GraphErrorKind::Refused => false,
        }
    }

    /// Whether a new token may be allowed what this one was not.
    pub(crate) fn is_about_token(&self) -> bool {
        matches!(
            *self.kind,
            GraphErrorKind::Unauthorized | GraphErrorKind::Forbidden { .. }
        )
    }

    /// Before when no request has a chance; `None` where that is not known.
    #[must_use]
    pub fn not_before(&self) -> Option<Timestamp> {
        match &*self.kind {
            GraphErrorKind::Throttled { until } | GraphErrorKind::Parked { until, .. } => Some(*until),
            _ => None,
        }
    }

    /// A name of the reason that stays the same.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match &*self.kind {
            GraphErrorKind::Throttled { .. } => "throttled",
            GraphErrorKind::Parked { .. } => "parked",
            GraphErrorKind::Token(error) => error.state.as_str(),
            GraphErrorKind::Unauthorized => "unauthorized",
            GraphErrorKind::Forbidden { .. } => "forbidden",
            GraphErrorKind::Resync { .. } => "resync",
            GraphErrorKind::NotFound => "not_found",
            GraphErrorKind::BadRequest => "bad_request",
            GraphErrorKind::NotSupported => "not_supported",
            GraphErrorKind::Unavailable => "unavailable",
            GraphErrorKind::Unreachable(_) => "unreachable",
            GraphErrorKind::Unreadable(_) => "unreadable",
            GraphErrorKind::ForeignLink(_) => "foreign_link",
            GraphErrorKind::Address(_) => "address_refused",
            GraphErrorKind::Dependency => "dependency",
            GraphErrorKind::Refused => "refused",
        }
    }
}

impl Unreadable {
    /// Whether the next answer may be whole. One that is too long stays too long, and whoever redirects goes on to.
    pub(crate) const fn may_pass(self) -> bool {
        match self {
            Self::Packed | Self::NotJson | Self::Shape(_) | Self::Links | Self::Batch => true,
            Self::TooLong { .. } | Self::Redirect | Self::Endless { .. } => false,
        }
    }
}

impl fmt::Display for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parts = Vec::new();
        parts.extend(self.status.map(|status| format!("status {status}")));
        parts.extend(self.code.as_ref().map(|code| format!("code {code}")));
        parts.extend(self.request_id.map(|id| format!("request-id {id}")));
        parts.extend(self.client_request_id.map(|id| format!("client-request-id {id}")));
        parts.extend(self.date.map(|date| format!("date {date}")));
        f.write_str(&parts.join(", "))
    }
}

fn names(any_of: &[Permission]) -> String {
    let names: Vec<_> = any_of.iter().map(|permission| permission.as_str()).collect();
    if names.is_empty() {
        "more permissions".to_owned()
    } else {
        names.join(" or ")
    }
}
