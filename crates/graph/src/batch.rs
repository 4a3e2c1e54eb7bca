//! Up to twenty requests in one. What the whole answers says nothing of its parts: each has its own status, they come in any
//! order, and each is throttled by itself, so only those are sent again.
//!
//! Source: <https://learn.microsoft.com/graph/json-batching>.

use crate::error::{GraphError, GraphErrorKind, Trace, Unreadable};
use crate::exchange::{Answer, Ask, MOST_ATTEMPTS, kind_of, short_code};
use crate::permission::Permission;
use crate::session::Session;
use crate::throttle::Failure;
use events::Timestamp;
use reqwest::Method;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;
use webhooks::RetryAfter;

/// Graph takes so many requests in one.
pub const MOST_IN_BATCH: usize = 20;

/// A request of a batch, which reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BatchRequest {
    /// Path and query behind the version, such as `/users/8d0f6c11-…?$select=id`.
    pub path: String,
    /// In resource units.
    pub cost: u32,
    /// By which permissions it is allowed: what an error names.
    pub any_of: &'static [Permission],
    /// The request (by its index in the batch) that must be answered before this one.
    pub after: Option<usize>,
}

/// Why a batch is not sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidBatch {
    /// None, or more than [`MOST_IN_BATCH`].
    #[error("a batch has 1 to {MOST_IN_BATCH} requests")]
    Size,
    /// A request waits for one that does not stand before it.
    #[error("a request of a batch waits for one that does not stand before it")]
    Order,
}

/// What each request of a batch was answered, in the order of the requests.
pub type BatchAnswers = Vec<Result<Value, GraphError>>;

#[derive(Deserialize)]
struct Responses {
    responses: Vec<Response>,
}

#[derive(Deserialize)]
struct Response {
    id: String,
    status: u16,
    #[serde(default)]
    headers: Map<String, Value>,
    #[serde(default)]
    body: Value,
}

impl Response {
    fn header(&self, name: &str) -> Option<&str> {
        let found = self
            .headers
            .iter()
            .find(|(header, _)| header.eq_ignore_ascii_case(name));
        found.and_then(|(_, value)| value.as_str())
    }
}

/// A request's index, and what it was answered.
type Answered = (usize, Result<Value, GraphError>);

/// What one sending of a batch came to.
struct Sorted {
    answered: Vec<Answered>,
    /// To be sent again: what was throttled or refused with the old token, and what waits for such.
    again: BTreeSet<usize>,
    is_throttled: bool,
    is_refused: bool,
    /// The longest wait that is asked for.
    retry_after: Option<RetryAfter>,
}

impl Session {
    /// Sends requests as one. The outer error is of the batch as a whole; a request of it that was throttled longer than is
    /// waited for has its own.
    ///
    /// # Errors
    /// [`GraphError`]; [`GraphErrorKind::BadRequest`] for a batch that is none: [`check_batch`] says why.
    pub async fn batch(&self, requests: &[BatchRequest]) -> Result<BatchAnswers, GraphError> {
        if check_batch(requests).is_err() {
            return Err(GraphError::new(GraphErrorKind::BadRequest, Trace::default()));
        }
        let mut answers = Vec::with_capacity(requests.len());
        let mut pending: BTreeSet<usize> = (0..requests.len()).collect();
        let mut renewed = false;
        let mut attempts = 0;
        while !pending.is_empty() {
            attempts += 1;
            let ask = self.ask_of(requests, &pending);
            let (responses, trace) = self.ask(&ask, |answer| read(&answer, &pending)).await?;
            let sorted = sort(requests, responses, &trace, renewed, self.graph.clock.now());
            answers.extend(sorted.answered);
            pending = sorted.again;
            if sorted.is_refused {
                // A new consent shows only in a new token.
                renewed = true;
                self.drop_token().await;
            }
            if !sorted.is_throttled {
                self.succeeded();
                continue;
            }
            let failure = Failure {
                retry_after: sorted.retry_after,
                of_whole_app: false,
            };
            let because = GraphError::new(GraphErrorKind::Unavailable, trace);
            let again = self.again(because.clone(), failure);
            // As with every request, others may be answered meanwhile, and the connection not rest.
            let again = if attempts < MOST_ATTEMPTS {
                again
            } else {
                again.and(Err(because))
            };
            if let Err(error) = again {
                answers.extend(pending.iter().map(|at| (*at, Err(error.clone()))));
                break;
            }
        }
        // Each request was answered once, or is told why not.
        answers.sort_by_key(|(at, _)| *at);
        Ok(answers.into_iter().map(|(_, answer)| answer).collect())
    }

    fn ask_of(&self, requests: &[BatchRequest], pending: &BTreeSet<usize>) -> Ask {
        let mut cost = 0;
        let mut listed = Vec::with_capacity(pending.len());
        for at in pending {
            let Some(request) = requests.get(*at) else { continue };
            cost += request.cost;
            let mut one = json!({ "id": at.to_string(), "method": "GET", "url": request.path });
            // One that was answered already is waited for no more.
            if let Some(parent) = request.after.filter(|parent| pending.contains(parent)) {
                one["dependsOn"] = json!([parent.to_string()]);
            }
            listed.push(one);
        }
        Ask {
            method: Method::POST,
            body: Some(json!({ "requests": listed })),
            says_nothing: true,
            ..Ask::get(self.identity.endpoints.url("/$batch"), cost, &[])
        }
    }
}

/// Whether these may be sent as one.
///
/// # Errors
/// [`InvalidBatch`].
pub fn check_batch(requests: &[BatchRequest]) -> Result<(), InvalidBatch> {
    if !(1..=MOST_IN_BATCH).contains(&requests.len()) {
        return Err(InvalidBatch::Size);
    }
    let stands_before = |(at, request): (usize, &BatchRequest)| request.after.is_none_or(|parent| parent < at);
    if requests.iter().enumerate().all(stands_before) {
        Ok(())
    } else {
        Err(InvalidBatch::Order)
    }
}

/// The answers by their requests, in their order: exactly one for each that was sent.
fn read(answer: &Answer, sent: &BTreeSet<usize>) -> Result<(Vec<(usize, Response)>, Trace), GraphError> {
    let Responses { responses } = answer.read()?;
    let mut found: Vec<(usize, Response)> = Vec::with_capacity(responses.len());
    for response in responses {
        let at = response.id.parse().ok().filter(|at| sent.contains(at));
        found.push((at.ok_or_else(|| answer.unreadable(Unreadable::Batch))?, response));
    }
    found.sort_by_key(|(at, _)| *at);
    if !found.iter().map(|(at, _)| at).eq(sent) {
        return Err(answer.unreadable(Unreadable::Batch));
    }
    Ok((found, answer.trace.clone()))
}

/// Tells what was answered from what is to be sent again. `renewed`: the token is new, and what it may not do is forbidden.
fn sort(
    requests: &[BatchRequest],
    responses: Vec<(usize, Response)>,
    trace: &Trace,
    renewed: bool,
    now: Timestamp,
) -> Sorted {
    let mut sorted = Sorted {
        answered: Vec::with_capacity(responses.len()),
        again: BTreeSet::new(),
        is_throttled: false,
        is_refused: false,
        retry_after: None,
    };
    for (at, response) in responses {
        let request = requests.get(at);
        let parent = request.and_then(|request| request.after);
        let is_throttled = matches!(response.status, 429 | 503 | 504);
        let is_refused = matches!(response.status, 401 | 403) && !renewed;
        let waits = response.status == 424 && parent.is_some_and(|parent| sorted.again.contains(&parent));
        if !(is_throttled || is_refused || waits) {
            let any_of = request.map_or(&[][..], |request| request.any_of);
            sorted.answered.push((at, outcome(response, any_of, trace)));
            continue;
        }
        sorted.is_throttled |= is_throttled;
        sorted.is_refused |= is_refused;
        let asked = response.header("retry-after").and_then(RetryAfter::parse);
        let all = sorted.retry_after.into_iter().chain(asked);
        sorted.retry_after = all.max_by_key(|asked| asked.at(now));
        sorted.again.insert(at);
    }
    sorted
}

fn outcome(response: Response, any_of: &'static [Permission], whole: &Trace) -> Result<Value, GraphError> {
    if (200..300).contains(&response.status) {
        return Ok(response.body);
    }
    let code = response.body.pointer("/error/code").and_then(Value::as_str);
    let trace = Trace {
        status: Some(response.status),
        code: code.and_then(short_code),
        ..whole.clone()
    };
    Err(GraphError::new(kind_of(response.status, any_of), trace))
}
