//! What a test has a tenant do wrong: for the next so many requests of a path, or with a chance that goes by the seed.

use crate::clock::Moment;
use crate::graph::answer::Delivery;
use crate::login;
use crate::seed;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// What a 429 or 503 says about waiting.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RetryAfter {
    /// Nothing.
    #[default]
    None,
    /// So many seconds.
    Seconds(u64),
    /// The date that is so many seconds away.
    Date(u64),
}

/// What goes wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Action {
    /// 429.
    Throttle {
        /// How long to wait.
        #[serde(default)]
        retry_after: RetryAfter,
    },
    /// This status, such as 500, 503 or 504, with Graph's error body.
    Status {
        /// The status.
        status: u16,
        /// How long to wait.
        #[serde(default)]
        retry_after: RetryAfter,
    },
    /// The right answer, piece by piece.
    Slow {
        /// Bytes of a piece.
        bytes: usize,
        /// Milliseconds before each.
        pause: u64,
    },
    /// The right answer, until the connection is reset in the middle of it.
    Reset,
    /// The first half of the right answer, as if it were all.
    Truncate,
    /// A page of HTML, as proxies send it.
    Html {
        /// Its status.
        status: u16,
    },
    /// The right answer packed with gzip, whoever asked.
    Gzip,
    /// 302 to another place.
    Redirect {
        /// Where; the simulator's other host if it is left out, which notes what it is sent.
        #[serde(default)]
        location: Option<String>,
    },
    /// 410, with a `Location` to begin again at or without.
    Gone {
        /// With it.
        location: bool,
    },
    /// 410 with a `Location` at the simulator's other host.
    GoneElsewhere,
    /// The right answer, but its link leads to the simulator's other host.
    LinkElsewhere,
    /// 400: the sync must reach a steady state.
    SteadyState,
    /// 404.
    NotFound,
    /// 401: the token has ended.
    Unauthorized,
    /// 403.
    Forbidden,
    /// A refusal of the token endpoint, to which status, waiting and all kinds of delivery apply, too.
    Token {
        /// The number behind `AADSTS`.
        code: u32,
    },
}

impl Action {
    /// Whether it can happen to tokens, or else to Graph.
    const fn applies(&self, to_tokens: bool) -> bool {
        match self {
            Self::Token { .. } => to_tokens,
            Self::Redirect { .. }
            | Self::Gone { .. }
            | Self::GoneElsewhere
            | Self::LinkElsewhere
            | Self::SteadyState
            | Self::NotFound
            | Self::Unauthorized
            | Self::Forbidden => !to_tokens,
            _ => true,
        }
    }

    /// How the right answer is sent, where it is sent.
    pub(crate) fn delivery(&self) -> Option<Delivery> {
        match *self {
            Self::Slow { bytes, pause } => Some(Delivery::Slow { bytes, pause }),
            Self::Reset => Some(Delivery::Reset),
            Self::Truncate => Some(Delivery::Truncate),
            Self::Gzip => Some(Delivery::Gzip),
            _ => None,
        }
    }
}

impl RetryAfter {
    /// The header, and for how many seconds nobody may ask. A date has no fractions of a second.
    pub(crate) fn header(self, now: Moment) -> Option<(String, u64)> {
        match self {
            Self::None => None,
            Self::Seconds(seconds) => Some((seconds.to_string(), seconds)),
            Self::Date(seconds) => {
                let date = now.plus(Duration::from_secs(seconds)).http_date();
                Some((date, seconds.saturating_sub(1)))
            }
        }
    }
}

/// A fault, and when it happens. Without `next` and `chance` it happens always.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Fault {
    /// What happens.
    pub action: Action,
    /// The beginning of the path below `/v1.0`, such as `/users/delta`, or below the tenant, such as `/oauth2/`. Empty: every path.
    #[serde(default)]
    pub path: String,
    /// What the query must have in it, such as `deltatoken`.
    #[serde(default)]
    pub query: String,
    /// For so many requests.
    #[serde(default)]
    pub next: Option<u32>,
    /// With this chance, from 0 to 1.
    #[serde(default)]
    pub chance: Option<f64>,
}

impl Fault {
    /// Happens always, everywhere.
    #[must_use]
    pub const fn new(action: Action) -> Self {
        Self {
            action,
            path: String::new(),
            query: String::new(),
            next: None,
            chance: None,
        }
    }

    /// For paths that begin so.
    #[must_use]
    pub fn at(mut self, path: &str) -> Self {
        path.clone_into(&mut self.path);
        self
    }

    /// For queries that have this in them.
    #[must_use]
    pub fn asking(mut self, query: &str) -> Self {
        query.clone_into(&mut self.query);
        self
    }

    /// For the next so many requests.
    #[must_use]
    pub const fn next(mut self, requests: u32) -> Self {
        self.next = Some(requests);
        self
    }

    /// With this chance.
    #[must_use]
    pub const fn chance(mut self, chance: f64) -> Self {
        self.chance = Some(chance);
        self
    }
}

/// The faults of a tenant.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    list: Vec<Fault>,
}

impl Faults {
    pub(crate) fn add(&mut self, fault: Fault) {
        self.list.push(fault);
    }

    pub(crate) fn clear(&mut self) {
        self.list.clear();
    }

    pub(crate) fn list(&self) -> &[Fault] {
        &self.list
    }

    /// What happens to this request: the first that applies.
    pub(crate) fn strike(&mut self, path: &str, query: &str, dice: [u64; 2]) -> Option<Action> {
        let to_tokens = path == login::TOKEN;
        let chosen = self.list.iter().position(|fault| {
            if !fault.action.applies(to_tokens) {
                return false;
            }
            let happens = fault.chance.is_none_or(|chance| seed::happens(chance, &dice));
            path.starts_with(&fault.path) && query.contains(&fault.query) && fault.next != Some(0) && happens
        })?;
        let fault = &mut self.list[chosen];
        let action = fault.action.clone();
        if let Some(left) = &mut fault.next {
            *left -= 1;
            if *left == 0 {
                self.list.remove(chosen);
            }
        }
        Some(action)
    }
}
