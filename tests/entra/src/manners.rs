//! Who asked for what, and what no good client does.

use crate::clock::Moment;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap, VecDeque};
use uuid::Uuid;

/// How many requests are kept with their paths.
const KEPT: usize = 10_000;

/// What a client must not do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rule {
    /// It asked before the time in `Retry-After` had passed.
    AskedTooEarly,
    /// It sent a bearer token to another host.
    BearerAtForeignHost,
    /// It sent an assertion with a `jti` that was there before.
    AssertionReused,
    /// It put more than 20 requests into a batch.
    BatchTooLarge,
    /// It used the link of one tenant with the token of another.
    LinkOfAnotherTenant,
    /// It asked one tenant for an object of another.
    ObjectOfAnotherTenant,
    /// It changed a link that it was given, or added to it.
    LinkChanged,
    /// It began a delta query without `$select`.
    NothingSelected,
    /// It used an option that delta queries do not have.
    UnsupportedOption,
    /// It asked for a page of more than 999.
    PageTooLarge,
    /// It used a token that had ended.
    TokenExpired,
    /// It had no `client-request-id`.
    NoRequestId,
    /// A notification was answered after more than 3 seconds, or not with success.
    NotificationUnanswered,
}

/// One request.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Request {
    /// When it came.
    pub at: Moment,
    /// The method.
    pub method: String,
    /// The path without the query, which may have secrets.
    pub path: String,
    /// The tenant, where that is known.
    pub tenant: Option<Uuid>,
    /// The app, where that is known.
    pub app: Option<Uuid>,
    /// How it was answered.
    pub status: u16,
}

/// Everything that was asked for since the last reset.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Requests {
    /// How many.
    pub total: u64,
    /// How many for each tenant's token endpoint were answered with a token.
    pub tokens: BTreeMap<Uuid, u64>,
    /// How many by status.
    pub statuses: BTreeMap<u16, u64>,
    /// How often a rule was broken.
    pub broken: BTreeMap<Rule, u64>,
    /// The last 10,000, the oldest first. A batch is one, and each request in it another.
    pub recent: VecDeque<Request>,
}

impl Requests {
    /// How many of the kept ones go to a path that begins so.
    #[must_use]
    pub fn at(&self, path: &str) -> usize {
        self.recent
            .iter()
            .filter(|request| request.path.starts_with(path))
            .count()
    }
}

/// Watches all clients.
#[derive(Debug, Default)]
pub(crate) struct Manners {
    pub(crate) requests: Requests,
    /// Until when somebody was asked to wait, by tenant, app and beginning of the path.
    waits: HashMap<(Uuid, Uuid), Vec<(String, Moment)>>,
}

impl Manners {
    pub(crate) fn note(&mut self, request: Request) {
        self.requests.total += 1;
        *self.requests.statuses.entry(request.status).or_default() += 1;
        if self.requests.recent.len() == KEPT {
            self.requests.recent.pop_front();
        }
        self.requests.recent.push_back(request);
    }

    pub(crate) fn token(&mut self, tenant: Uuid) {
        *self.requests.tokens.entry(tenant).or_default() += 1;
    }

    pub(crate) fn broke(&mut self, rule: Rule) {
        *self.requests.broken.entry(rule).or_default() += 1;
    }

    /// This app was asked to wait before it asks there again.
    pub(crate) fn wait(&mut self, tenant: Uuid, app: Uuid, path: &str, until: Moment) {
        self.waits
            .entry((tenant, app))
            .or_default()
            .push((path.to_owned(), until));
    }

    /// An app asks now.
    pub(crate) fn asked(&mut self, tenant: Uuid, app: Uuid, path: &str, now: Moment) {
        let Some(waits) = self.waits.get_mut(&(tenant, app)) else {
            return;
        };
        waits.retain(|(_, until)| *until > now);
        if waits.iter().any(|(prefix, _)| path.starts_with(prefix)) {
            self.broke(Rule::AskedTooEarly);
        }
    }

    pub(crate) fn reset(&mut self) {
        self.requests = Requests::default();
    }
}
