//! What came of one attempt.

use crate::guard::RefusedUrl;
use crate::schedule::RetryAfter;
use events::Timestamp;
use std::error::Error;
use std::time::Duration;

/// Longest failure text that is kept, in bytes.
const LONGEST_TEXT: usize = 300;

/// The outcome of one HTTP exchange with an endpoint.
#[derive(Clone, Debug)]
pub struct AttemptResult {
    /// When it began.
    pub started_at: Timestamp,
    /// From the beginning to the end of the answer's body, or to the failure.
    pub duration: Duration,
    /// Status of the answer, if one came.
    pub status: Option<u16>,
    /// `None` when the delivery succeeded.
    pub failure: Option<AttemptFailure>,
    /// The beginning of the answer's body as text, if it had one.
    pub response_head: Option<String>,
    /// When the receiver asks to be tried again.
    pub retry_after: Option<RetryAfter>,
    /// The trace of the attempt.
    pub trace_id: Option<String>,
}

impl AttemptResult {
    /// Whether the receiver took the event: any 2xx whose body came within the time; of a logout, 200 or 204.
    #[must_use]
    pub const fn is_success(&self) -> bool {
        self.failure.is_none()
    }

    /// Whether the receiver says that it is gone for good (410).
    #[must_use]
    pub const fn is_gone(&self) -> bool {
        matches!(self.failure, Some(AttemptFailure::Status(410)))
    }

    /// Whether the receiver asks for less at a time: it did not answer in time, or said 429 or 503.
    #[must_use]
    pub const fn is_overload(&self) -> bool {
        matches!(
            self.failure,
            Some(AttemptFailure::Timeout | AttemptFailure::Status(429 | 503))
        )
    }

    /// Whether the failure speaks of the receiver's health rather than of this one event: no answer, overload, or a
    /// server error.
    #[must_use]
    pub const fn is_unhealthy(&self) -> bool {
        match self.failure {
            None | Some(AttemptFailure::Refused(_)) => false,
            Some(AttemptFailure::Timeout | AttemptFailure::Connect(_) | AttemptFailure::Exchange(_)) => true,
            Some(AttemptFailure::Status(status)) => matches!(status, 408 | 429 | 500..),
        }
    }
}

/// Why an attempt failed. The text is fit to be shown to the endpoint's owner: no URL, no secret, no body.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AttemptFailure {
    /// The URL, or the address that it resolves to, is not one that webhooks are sent to.
    #[error("not sent: {0}")]
    Refused(RefusedUrl),
    /// The exchange, with the answer's body, took too long.
    #[error("no complete answer in time")]
    Timeout,
    /// No connection: name not found, refused, TLS.
    #[error("could not connect: {0}")]
    Connect(String),
    /// The connection broke, or the answer was not HTTP.
    #[error("the exchange broke off: {0}")]
    Exchange(String),
    /// An answer other than 2xx; redirects are not followed.
    #[error("answered with status {0}")]
    Status(u16),
}

impl AttemptFailure {
    /// A short name for metrics and spans.
    #[must_use]
    pub const fn class(&self) -> &'static str {
        match self {
            Self::Refused(_) => "refused",
            Self::Timeout => "timeout",
            Self::Connect(_) => "connect",
            Self::Exchange(_) => "exchange",
            Self::Status(_) => "status",
        }
    }

    pub(crate) fn of(error: reqwest::Error) -> Self {
        let error = error.without_url();
        if let Some(refused) = causes(&error).find_map(|cause| cause.downcast_ref::<RefusedUrl>()) {
            return Self::Refused(refused.clone());
        }
        if error.is_timeout() {
            return Self::Timeout;
        }
        // The innermost cause says what happened; the ones around it say which layer noticed.
        let text = causes(&error)
            .last()
            .map_or_else(|| error.to_string(), ToString::to_string);
        let text = shorten(&text, LONGEST_TEXT);
        if error.is_connect() {
            Self::Connect(text)
        } else {
            Self::Exchange(text)
        }
    }
}

fn causes(error: &reqwest::Error) -> impl Iterator<Item = &(dyn Error + 'static)> {
    std::iter::successors(error.source(), |cause| (*cause).source())
}

/// The text without NUL, which databases refuse, cut at a character boundary.
pub(crate) fn shorten(text: &str, most: usize) -> String {
    let end = text.floor_char_boundary(most);
    text.get(..end).unwrap_or_default().replace('\0', "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_cut_between_characters_and_holds_no_nul() {
        assert_eq!(shorten("a\0b", 10), "ab");
        assert_eq!(shorten("aé", 2), "a");
        assert_eq!(shorten("aé", 3), "aé");
    }

    #[tokio::test]
    async fn an_address_refused_while_connecting_is_distinguished_from_a_failed_connection() {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let resolver = crate::resolver::GuardedResolver {
            guard: crate::Guard::new(crate::Rules::default()),
            lookup: std::sync::Arc::new(crate::SystemLookup),
        };
        let client = reqwest::Client::builder()
            .no_proxy()
            .dns_resolver(resolver)
            .build()
            .unwrap();
        let error = client.post("http://localhost:9/").send().await.unwrap_err();
        assert_eq!(AttemptFailure::of(error), AttemptFailure::Refused(RefusedUrl::Address));
    }
}
