//! One attempt: sign, send, read a bounded answer within a bounded time, and say what came of it.

use crate::attempt::{AttemptResult, Failure, shorten};
use crate::guard::Guard;
use crate::headers::CustomHeaders;
use crate::resolver::GuardedResolver;
use crate::schedule::RetryAfter;
use crate::sign::{ID_HEADER, SIGNATURE_HEADER, Secret, TIMESTAMP_HEADER, sign};
use events::{EventId, Timestamp};
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER};
use reqwest::{Client, Response};
use std::time::{Duration, Instant};
use telemetry::semconv;
use tracing::field::Empty;
use tracing::{Instrument, Span};
use url::Url;

const TRACEPARENT: &str = "traceparent";
/// Shorter than the keep-alive of common servers (5 s), so that the side which closes an idle connection is ours and
/// no request is written to a connection that the receiver is just closing.
const KEEP_IDLE: Duration = Duration::from_secs(4);
/// How much of an answer is kept for its owner to read, in bytes.
const KEPT: usize = 1_024;

/// How attempts are made.
#[derive(Clone, Copy, Debug)]
pub struct SenderOptions {
    /// Lets requests go to `http` URLs and to private and loopback addresses.
    pub allow_private: bool,
    /// For the whole exchange: name look-up, connection, request and the answer with its body.
    pub timeout: Duration,
    /// Most bytes of an answer that are read; what follows is cut off, and the answer counts all the same.
    pub max_response: usize,
}

impl Default for SenderOptions {
    /// Public `https` receivers only, 15 s, 16 KiB.
    fn default() -> Self {
        Self {
            allow_private: false,
            timeout: Duration::from_secs(15),
            max_response: 16 * 1024,
        }
    }
}

/// The HTTP client could not be set up: no TLS provider, or no trusted roots.
#[derive(Debug, thiserror::Error)]
#[error("could not set up the HTTP client of webhooks")]
pub struct SenderError(#[source] reqwest::Error);

/// One event for one endpoint.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// Where to; checked anew before each attempt.
    pub url: &'a str,
    /// What the endpoint's owner adds.
    pub headers: &'a CustomHeaders,
    /// The current secret, and the one before it while a rotation overlaps.
    pub secrets: &'a [Secret],
    /// The `webhook-id`.
    pub event_id: EventId,
    /// The event's body, sent byte for byte.
    pub body: &'a str,
    /// Counts from 1.
    pub attempt: u32,
    /// How the attempt's span relates to the change.
    pub trace: Trace<'a>,
}

/// How the span of an attempt relates to the change that caused it, given by its `traceparent`.
#[derive(Clone, Copy, Debug)]
pub enum Trace<'a> {
    /// Unknown: the attempt is a trace of its own.
    Root,
    /// A child: the first attempt, within moments of the change.
    ChildOf(&'a str),
    /// A trace of its own with a link: later attempts, so that no trace lasts for days.
    LinkedTo(&'a str),
}

/// Sends webhooks. Cheap to clone; clones share their connections.
#[derive(Clone, Debug)]
pub struct Sender {
    client: Client,
    guard: Guard,
    options: SenderOptions,
}

impl Sender {
    /// Sets up the HTTP client. The process must have installed a rustls crypto provider.
    ///
    /// # Errors
    /// [`SenderError`] when TLS cannot be set up.
    pub fn new(options: SenderOptions) -> Result<Self, SenderError> {
        let guard = Guard::new(options.allow_private);
        let client = Client::builder()
            .user_agent(concat!("Rollcall-Webhooks/", env!("CARGO_PKG_VERSION")))
            .dns_resolver(GuardedResolver(guard))
            // A proxy would connect on our behalf, past the guard.
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .referer(false)
            .pool_idle_timeout(KEEP_IDLE)
            .build()
            .map_err(SenderError)?;
        Ok(Self { client, guard, options })
    }

    /// Makes one attempt. Never fails: what went wrong is in the result.
    ///
    /// The attempt is a CLIENT span `POST <host>` whose context travels in the `traceparent` header. Path and query of
    /// the URL stay out of it, because receivers put secrets there.
    pub async fn send(&self, request: &Request<'_>) -> AttemptResult {
        let started_at = Timestamp::now();
        let clock = Instant::now();
        let (answer, trace_id) = match self.guard.check(request.url) {
            Err(refused) => (Answer::failed(Failure::Refused(refused)), None),
            Ok(url) => {
                let span = span_of(&url, request);
                let headers = headers(request, started_at, &span);
                let answer = self.exchange(url, headers, request.body).instrument(span.clone()).await;
                record(&span, &answer);
                (answer, telemetry::trace_id(&span))
            }
        };
        AttemptResult {
            started_at,
            duration: clock.elapsed(),
            status: answer.status,
            failure: answer.failure,
            response_head: answer.head,
            retry_after: answer.retry_after,
            trace_id,
        }
    }

    async fn exchange(&self, url: Url, headers: HeaderMap, body: &str) -> Answer {
        let deadline = tokio::time::Instant::now() + self.options.timeout;
        let sent = self.client.post(url).headers(headers).body(body.to_owned()).send();
        let mut response = match tokio::time::timeout_at(deadline, sent).await {
            Ok(Ok(response)) => response,
            Ok(Err(error)) => return Answer::failed(Failure::of(error)),
            Err(_) => return Answer::failed(Failure::Timeout),
        };
        let status = response.status();
        let retry_after = response
            .headers()
            .get(RETRY_AFTER)
            .and_then(|value| RetryAfter::parse(value.to_str().ok()?));
        let mut head = Vec::new();
        let read = read_bounded(&mut response, self.options.max_response, &mut head);
        let broken = match tokio::time::timeout_at(deadline, read).await {
            Ok(Ok(())) => None,
            Ok(Err(error)) => Some(Failure::of(error)),
            Err(_) => Some(Failure::Timeout),
        };
        let failure = if status.is_success() {
            broken
        } else {
            Some(Failure::Status(status.as_u16()))
        };
        Answer {
            status: Some(status.as_u16()),
            retry_after: retry_after.filter(|_| failure.is_some()),
            failure,
            head: (!head.is_empty()).then(|| shorten(&String::from_utf8_lossy(&head), KEPT)),
        }
    }
}

struct Answer {
    status: Option<u16>,
    failure: Option<Failure>,
    head: Option<String>,
    retry_after: Option<RetryAfter>,
}

impl Answer {
    const fn failed(failure: Failure) -> Self {
        Self {
            status: None,
            failure: Some(failure),
            head: None,
            retry_after: None,
        }
    }
}

/// Reads the answer to its end, so that the connection can be used again, or to the limit; keeps its beginning.
async fn read_bounded(response: &mut Response, limit: usize, head: &mut Vec<u8>) -> Result<(), reqwest::Error> {
    let mut read = 0usize;
    while let Some(chunk) = response.chunk().await? {
        let wanted = KEPT.saturating_sub(head.len()).min(chunk.len());
        head.extend(chunk.iter().take(wanted));
        read = read.saturating_add(chunk.len());
        if read >= limit {
            break;
        }
    }
    Ok(())
}

fn headers(request: &Request<'_>, at: Timestamp, span: &Span) -> HeaderMap {
    let seconds = at.millis() / 1000;
    let id = request.event_id.to_string();
    let signature = sign(request.secrets, &id, seconds, request.body);
    // What the owner adds comes first: ours replace it.
    let mut map = request.headers.to_map();
    map.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    map.insert(HeaderName::from_static(TIMESTAMP_HEADER), HeaderValue::from(seconds));
    let context = telemetry::traceparent_of(span).or_else(|| match request.trace {
        Trace::ChildOf(parent) | Trace::LinkedTo(parent) => Some(parent.to_owned()),
        Trace::Root => None,
    });
    let texts = [
        (ID_HEADER, Some(id)),
        (SIGNATURE_HEADER, Some(signature)),
        (TRACEPARENT, context),
    ];
    for (name, text) in texts {
        if let Some(value) = text.and_then(|text| HeaderValue::from_str(&text).ok()) {
            map.insert(HeaderName::from_static(name), value);
        }
    }
    map
}

fn span_of(url: &Url, request: &Request<'_>) -> Span {
    let host = url.host_str().unwrap_or_default();
    let span = tracing::info_span!(
        parent: None,
        "POST",
        { semconv::OTEL_NAME } = format!("POST {host}"),
        { semconv::OTEL_KIND } = "client",
        { semconv::OTEL_STATUS_CODE } = Empty,
        { semconv::HTTP_REQUEST_METHOD } = "POST",
        { semconv::HTTP_REQUEST_RESEND_COUNT } = (request.attempt > 1).then(|| i64::from(request.attempt) - 1),
        { semconv::HTTP_RESPONSE_STATUS_CODE } = Empty,
        { semconv::SERVER_ADDRESS } = host,
        { semconv::SERVER_PORT } = url.port_or_known_default().map(i64::from),
        { semconv::URL_SCHEME } = url.scheme(),
        { semconv::ERROR_TYPE } = Empty,
        event.id = %request.event_id,
    );
    match request.trace {
        Trace::Root => telemetry::set_parent(&span, None),
        Trace::ChildOf(parent) => telemetry::set_parent(&span, Some(parent)),
        Trace::LinkedTo(origin) => telemetry::link(&span, origin),
    }
    span
}

fn record(span: &Span, answer: &Answer) {
    if let Some(status) = answer.status {
        span.record(semconv::HTTP_RESPONSE_STATUS_CODE, i64::from(status));
    }
    if let Some(failure) = &answer.failure {
        span.record(semconv::OTEL_STATUS_CODE, "ERROR");
        match failure {
            Failure::Status(status) => span.record(semconv::ERROR_TYPE, status.to_string()),
            other => span.record(semconv::ERROR_TYPE, other.class()),
        };
    }
}
