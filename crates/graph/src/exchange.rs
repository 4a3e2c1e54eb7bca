//! One request to Graph and its answer, and when it is sent again.

mod refusal;
mod send;

pub(crate) use refusal::{kind_of, short_code};
pub use send::LONGEST_ANSWER;

use crate::cloud::Endpoints;
use crate::error::{GraphError, GraphErrorKind, Trace, Unreadable};
use crate::identity::Identity;
use crate::link::{DeltaLink, ForeignLink};
use crate::permission::AnyOf;
use crate::session::Session;
use crate::throttle::{Account, Failure, Refused};
use crate::token::{Bearer, TokenError};
use reqwest::Method;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use std::sync::Arc;

/// A request is sent so often at most.
pub(crate) const MOST_ATTEMPTS: u32 = 8;

/// A request.
#[derive(Clone)]
pub(crate) struct Ask {
    pub(crate) method: Method,
    pub(crate) url: String,
    pub(crate) body: Option<Value>,
    /// In resource units.
    pub(crate) cost: u32,
    /// By which permissions it is allowed.
    pub(crate) any_of: AnyOf,
    /// Asks Graph to search its index, which some queries need (`ConsistencyLevel: eventual`).
    pub(crate) eventual: bool,
    /// It follows a chain of delta queries, whose errors may mean that it is at its end.
    pub(crate) delta: bool,
    /// It makes something, so it is not sent again where the first one may have been carried out.
    pub(crate) once: bool,
    /// Its success says nothing of what is in it, as that of a batch.
    pub(crate) says_nothing: bool,
}

impl Ask {
    pub(crate) fn get(url: String, cost: u32, any_of: AnyOf) -> Self {
        Self {
            method: Method::GET,
            url,
            body: None,
            cost,
            any_of,
            eventual: false,
            delta: false,
            once: false,
            says_nothing: false,
        }
    }
}

/// The body of an answer, and what it is known by.
pub(crate) struct Answer {
    pub(crate) body: Vec<u8>,
    pub(crate) trace: Trace,
    /// Graph says that nothing is left of the tenant's budget.
    is_used_up: bool,
}

impl Answer {
    /// The body as this type.
    pub(crate) fn read<T: DeserializeOwned>(&self) -> Result<T, GraphError> {
        serde_json::from_slice(&self.body).map_err(|error| {
            use serde_json::error::Category;
            let why = match error.classify() {
                Category::Data => Unreadable::Shape("form that is documented"),
                Category::Io | Category::Syntax | Category::Eof => Unreadable::NotJson,
            };
            self.unreadable(why)
        })
    }

    pub(crate) fn unreadable(&self, why: Unreadable) -> GraphError {
        GraphError::new(GraphErrorKind::Unreadable(why), self.trace.clone())
    }

    pub(crate) fn foreign(&self, why: ForeignLink) -> GraphError {
        GraphError::new(GraphErrorKind::ForeignLink(why), self.trace.clone())
    }
}

/// A page of a list, as it came.
pub(crate) struct RawPage {
    pub(crate) items: Vec<Map<String, Value>>,
    pub(crate) next: Option<DeltaLink>,
    pub(crate) delta: Option<DeltaLink>,
}

impl RawPage {
    /// A page is an object with a list. Anything else is no page, and above all no empty one. Its links are not followed here,
    /// and still are looked at here: where one leads elsewhere, nothing of the page is taken.
    pub(crate) fn read(answer: &Answer, endpoints: &Endpoints, paths: &[String]) -> Result<Self, GraphError> {
        let mut members: Map<String, Value> = answer.read()?;
        let Some(Value::Array(values)) = members.remove("value") else {
            return Err(answer.unreadable(Unreadable::Shape("list of values")));
        };
        let object = |value| match value {
            Value::Object(members) => Ok(members),
            _ => Err(answer.unreadable(Unreadable::Shape("object where a value must be one"))),
        };
        let mut link = |name| match members.remove(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => {
                let link = DeltaLink::received(&text).map_err(|why| answer.foreign(why))?;
                endpoints.pin(&link, paths).map_err(|why| answer.foreign(why))?;
                Ok(Some(link))
            }
            Some(_) => Err(answer.unreadable(Unreadable::Shape("text where a link must be one"))),
        };
        Ok(Self {
            next: link("@odata.nextLink")?,
            delta: link("@odata.deltaLink")?,
            items: values.into_iter().map(object).collect::<Result<_, _>>()?,
        })
    }
}

/// How one attempt failed.
struct Failed {
    error: GraphError,
    failure: Failure,
    /// The token that it was sent with.
    bearer: Option<Box<Bearer>>,
}

impl From<GraphError> for Failed {
    fn from(error: GraphError) -> Self {
        Self {
            error,
            failure: Failure::default(),
            bearer: None,
        }
    }
}

impl Session {
    /// Sends a request until it is answered and the answer can be read, with the waits that Graph asks for in between. A token
    /// that is refused is dropped and the request sent once more, since a new consent shows only in a new token.
    pub(crate) async fn ask<T>(
        &self,
        ask: &Ask,
        read: impl Fn(Answer) -> Result<T, GraphError>,
    ) -> Result<T, GraphError> {
        let (mut attempts, mut renewed) = (0, false);
        loop {
            attempts += 1;
            let account = account(&self.identity);
            let admitted = self
                .graph
                .throttle
                .admit(&account, self.identity.size, ask.cost, self.priority);
            admitted.await.map_err(|refused| held_back(refused, None))?;
            let Failed { error, failure, bearer } = match self.attempt(ask, &read).await {
                Ok(value) => return Ok(value),
                Err(failed) => failed,
            };
            if let Some(bearer) = bearer.filter(|_| error.is_about_token() && !renewed) {
                renewed = true;
                self.graph.tokens.forget(&self.identity, &bearer).await;
                continue;
            }
            if !error.is_transient() {
                // An answer, if not the one that was hoped for; only one without a token is none.
                if !matches!(*error.kind, GraphErrorKind::Token(_)) {
                    self.succeeded();
                }
                return Err(error);
            }
            let was_refused = matches!(error.trace.status, Some(429 | 503));
            // The connection need not rest where other requests are answered; this one is told all the same.
            if attempts >= MOST_ATTEMPTS || ask.once && !was_refused {
                return Err(error);
            }
            self.again(error, failure)?;
        }
    }

    /// A token and an answer, once.
    async fn attempt<T>(&self, ask: &Ask, read: impl Fn(Answer) -> Result<T, GraphError>) -> Result<T, Failed> {
        let bearer = self.graph.tokens.get(&self.identity).await.map_err(no_token)?;
        let sent = self.graph.send(&self.identity, ask, self.priority, &bearer).await;
        if sent.as_ref().is_ok_and(|answer| answer.is_used_up) {
            let account = account(&self.identity);
            self.graph.throttle.used_up(&account, self.identity.size);
        }
        let answer = sent.and_then(|answer| read(answer).map_err(Failed::from));
        let outcome = answer
            .as_ref()
            .map_or_else(|failed| failed.error.code(), |_| "answered");
        metrics::counter!("rollcall_graph_requests_total", "outcome" => outcome).increment(1);
        match answer {
            Ok(value) => {
                if !ask.says_nothing {
                    self.succeeded();
                }
                self.keep_form(&bearer);
                Ok(value)
            }
            Err(failed) => Err(Failed {
                bearer: Some(Box::new(bearer)),
                ..failed
            }),
        }
    }

    /// The URL of a link that leads to one of these paths of Graph, and nowhere else.
    pub(crate) fn pinned(&self, link: &DeltaLink, paths: &[String]) -> Result<String, GraphError> {
        let pinned = self.identity.endpoints.pin(link, paths);
        let foreign = |why| GraphError::new(GraphErrorKind::ForeignLink(why), Trace::default());
        pinned.map(String::from).map_err(foreign)
    }

    /// Graph answers this connection.
    pub(crate) fn succeeded(&self) {
        let account = account(&self.identity);
        self.graph.throttle.succeeded(&account, self.identity.size);
    }

    /// Whether a request that failed is sent again. Failures are counted for the connection and not for the request.
    pub(crate) fn again(&self, error: GraphError, failure: Failure) -> Result<(), GraphError> {
        let account = account(&self.identity);
        let again = self.graph.throttle.failed(&account, self.identity.size, failure);
        again.map_err(|refused| held_back(refused, Some(error)))
    }

    /// Drops the token that is kept, whichever it is.
    pub(crate) async fn drop_token(&self) {
        if let Ok(bearer) = self.graph.tokens.get(&self.identity).await {
            self.graph.tokens.forget(&self.identity, &bearer).await;
        }
    }

    pub(crate) fn keep_form(&self, bearer: &Bearer) {
        if let Some(form) = bearer.form {
            let mut kept = self.form.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            *kept = Some(form);
        }
    }
}

fn account(identity: &Identity) -> Account {
    Account {
        root: identity.endpoints.root().to_owned(),
        client_id: identity.client_id,
        tenant: identity.tenant,
    }
}

fn no_token(error: Arc<TokenError>) -> Failed {
    let failure = Failure {
        retry_after: error.retry_after,
        of_whole_app: false,
    };
    Failed {
        failure,
        ..GraphError::new(GraphErrorKind::Token(error), Trace::default()).into()
    }
}

fn held_back(refused: Refused, because: Option<GraphError>) -> GraphError {
    let until = refused.until;
    let trace = because.as_ref().map(|error| error.trace.clone()).unwrap_or_default();
    let kind = if refused.parked {
        let because = because.map(Box::new);
        GraphErrorKind::Parked { until, because }
    } else {
        GraphErrorKind::Throttled { until }
    };
    GraphError::new(kind, trace)
}
