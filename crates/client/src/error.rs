//! Why a call failed.

use api::Problem;
use std::fmt;

/// Why a call failed.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The URL of the server is none.
    #[error(
        "\"{0}\" is not the URL of a server: it must be http:// or https://, for example https://rollcall.example.com"
    )]
    BadUrl(String),
    /// The key cannot be sent.
    #[error("the admin key has characters that no header can carry")]
    BadKey,
    /// No request can be sent at all.
    #[error("no HTTP client can be made")]
    Setup(#[source] reqwest::Error),
    /// The server does not answer.
    #[error("{url} cannot be reached")]
    Unreachable {
        /// The server.
        url: String,
        /// Why.
        #[source]
        source: reqwest::Error,
    },
    /// The server takes the request and says nothing.
    #[error("{0} does not answer in time")]
    Silent(String),
    /// The server says no.
    #[error("{0}")]
    Refused(Box<Refusal>),
    /// The answer is not one of this API.
    #[error("the answer of {url} is not one of this API ({reason}); is it the URL of Rollcall?")]
    Unreadable {
        /// What was asked.
        url: String,
        /// What is wrong with it.
        reason: String,
    },
}

/// An answer that says no.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Its status.
    pub status: u16,
    /// What it says, where it is one of this API.
    pub problem: Option<Problem>,
}

impl fmt::Display for Refusal {
    /// The title, the status and the detail, then a line for each fault.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(problem) = &self.problem else {
            return write!(f, "the server answered {}", self.status);
        };
        write!(f, "{} ({}): {}", problem.title, self.status, problem.detail)?;
        for fault in &problem.errors {
            let place = fault.pointer.as_deref().or(fault.parameter.as_deref()).unwrap_or("#");
            write!(f, "\n  {place}: {}", fault.detail)?;
        }
        Ok(())
    }
}

impl ClientError {
    /// The status of the refusal, where it is one.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Refused(refusal) => Some(refusal.status),
            _ => None,
        }
    }

    /// What the refusal says, where it is one of this API.
    #[must_use]
    pub fn problem(&self) -> Option<&Problem> {
        match self {
            Self::Refused(refusal) => refusal.problem.as_ref(),
            _ => None,
        }
    }

    /// Whether it may go well later with nothing changed: the server is away, stops or has too much to do.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Unreachable { .. } | Self::Silent(_) => true,
            Self::Refused(refusal) => matches!(refusal.status, 429 | 500 | 502..=504),
            _ => false,
        }
    }
}
