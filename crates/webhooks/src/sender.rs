//! One attempt: sign, send, read a bounded answer within a bounded time, and report the outcome.

use crate::attempt::{AttemptFailure, AttemptResult, shorten};
use crate::clients::Clients;
use crate::guard::{Guard, Rules};
use crate::headers::CustomHeaders;
use crate::hidden::HiddenTexts;
use crate::identity::ClientIdentity;
use crate::resolver::{NameResolver, SystemLookup};
use crate::schedule::RetryAfter;
use crate::sign::{ID_HEADER, SIGNATURE_HEADER, Secret, TEST_HEADER, TIMESTAMP_HEADER, sign};
use events::{EventId, Timestamp};
use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER};
use reqwest::{Response, StatusCode};
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};
use telemetry::semconv;
use tracing::field::Empty;
use tracing::{Instrument, Span};
use url::Url;

const TRACEPARENT: &str = "traceparent";

/// How attempts are made.
#[derive(Clone, Debug)]
pub struct SenderOptions {
    /// Where requests may go.
    pub guard: Guard,
    /// Who is asked for the addresses of names.
    pub lookup: Arc<dyn NameResolver>,
    /// For the whole exchange: name look-up, connection, request and the answer with its body.
    pub timeout: Duration,
    /// Most bytes of an answer that are read and kept; what follows is cut off, and the answer counts all the same.
    pub max_response: usize,
}

impl Default for SenderOptions {
    /// Public `https` receivers only, 15 s, 16 KiB.
    fn default() -> Self {
        Self {
            guard: Guard::new(Rules::default()),
            lookup: Arc::new(SystemLookup),
            timeout: Duration::from_secs(15),
            max_response: 16 * 1024,
        }
    }
}

/// The HTTP client could not be set up: no TLS provider, or no trusted roots.
#[derive(Debug, thiserror::Error)]
#[error("could not set up the HTTP client of webhooks")]
pub struct SenderError(#[source] reqwest::Error);

/// One event for one endpoint. `Debug` shows neither URL nor headers, which may hold secrets of the receiver.
#[derive(Clone, Copy)]
pub struct Request<'a> {
    /// Where to; checked again before each attempt.
    pub url: &'a str,
    /// What the endpoint's owner adds.
    pub headers: &'a CustomHeaders,
    /// The event, the `webhook-id`.
    pub event_id: EventId,
    /// What is sent.
    pub content: Content<'a>,
    /// Counts from 1.
    pub attempt: u32,
    /// How the attempt's span relates to the change.
    pub trace: Trace<'a>,
    /// What we show a receiver that asks for a certificate.
    pub identity: Option<&'a ClientIdentity>,
    /// Sent for a test only; the request says so.
    pub test: bool,
}

impl fmt::Debug for Request<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("event_id", &self.event_id)
            .field("attempt", &self.attempt)
            .field("test", &self.test)
            .finish_non_exhaustive()
    }
}

/// What a request carries.
#[derive(Clone, Copy, Debug)]
pub enum Content<'a> {
    /// A webhook as Standard Webhooks says.
    Standard {
        /// The current secret, and the one before it while a rotation overlaps.
        secrets: &'a [Secret],
        /// The event's body, sent byte for byte.
        body: &'a str,
    },
    /// A Security Event Token in compact form, pushed as RFC 8935 §2.1 says. It carries its own signature.
    SecurityEvent(&'a str),
    /// A form with a logout token (OpenID Connect Back-Channel Logout 1.0 §2.5). It carries its own signature.
    Logout(&'a str),
}

impl<'a> Content<'a> {
    const fn body(&self) -> &'a str {
        match self {
            Self::Standard { body, .. } | Self::SecurityEvent(body) | Self::Logout(body) => body,
        }
    }

    /// Whether an answer says that it was taken. A logout is confirmed by 200 or 204 and by nothing else (§2.8).
    fn is_taken(&self, status: StatusCode) -> bool {
        match self {
            Self::Standard { .. } | Self::SecurityEvent(_) => status.is_success(),
            Self::Logout(_) => matches!(status, StatusCode::OK | StatusCode::NO_CONTENT),
        }
    }
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
    clients: Clients,
    guard: Guard,
    timeout: Duration,
    max_response: usize,
}

impl Sender {
    /// Sets up the HTTP client. The process must have installed a rustls crypto provider.
    ///
    /// # Errors
    /// [`SenderError`] when TLS cannot be set up.
    pub fn new(options: SenderOptions) -> Result<Self, SenderError> {
        let SenderOptions {
            guard,
            lookup,
            timeout,
            max_response,
        } = options;
        let clients = Clients::new(guard.clone(), lookup).map_err(SenderError)?;
        Ok(Self {
            clients,
            guard,
            timeout,
            max_response,
        })
    }

    /// Makes one attempt. Never fails: what went wrong is in the result.
    ///
    /// The attempt is a CLIENT span `POST <host>` whose context travels in the `traceparent` header. Path and query of
    /// the URL stay out of it, because receivers put secrets there.
    pub async fn send(&self, request: &Request<'_>) -> AttemptResult {
        let started_at = Timestamp::now();
        let clock = Instant::now();
        let (answer, trace_id) = match self.guard.check(request.url) {
            Err(refused) => (ReceiverResponse::failed(AttemptFailure::Refused(refused)), None),
            Ok(url) => {
                let span = span_of(&url, request);
                let headers = headers(request, started_at, &span);
                let answer = self.exchange(url, headers, request).instrument(span.clone()).await;
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

    async fn exchange(&self, url: Url, headers: HeaderMap, request: &Request<'_>) -> ReceiverResponse {
        let deadline = tokio::time::Instant::now() + self.timeout;
        let Ok(client) = self.clients.of(request.identity).await else {
            return ReceiverResponse::failed(AttemptFailure::Connect(
                "the client certificate cannot be used".to_owned(),
            ));
        };
        let body = request.content.body().to_owned();
        let sent = client.post(url).headers(headers).body(body).send();
        let mut response = match tokio::time::timeout_at(deadline, sent).await {
            Ok(Ok(response)) => response,
            Ok(Err(error)) => return ReceiverResponse::failed(AttemptFailure::of(error)),
            Err(_) => return ReceiverResponse::failed(AttemptFailure::Timeout),
        };
        let status = response.status();
        let retry_after = response
            .headers()
            .get(RETRY_AFTER)
            .and_then(|value| RetryAfter::parse(value.to_str().ok()?));
        let mut head = Vec::new();
        let read = read_bounded(&mut response, self.max_response, &mut head);
        let broken = match tokio::time::timeout_at(deadline, read).await {
            Ok(Ok(())) => None,
            Ok(Err(error)) => Some(AttemptFailure::of(error)),
            Err(_) => Some(AttemptFailure::Timeout),
        };
        let failure = if request.content.is_taken(status) {
            broken
        } else {
            Some(AttemptFailure::Status(status.as_u16()))
        };
        ReceiverResponse {
            status: Some(status.as_u16()),
            retry_after: retry_after.filter(|_| failure.is_some()),
            failure,
            head: (!head.is_empty()).then(|| {
                let text = HiddenTexts::of(request.url).without(&String::from_utf8_lossy(&head));
                shorten(&text, self.max_response)
            }),
        }
    }
}

struct ReceiverResponse {
    status: Option<u16>,
    failure: Option<AttemptFailure>,
    head: Option<String>,
    retry_after: Option<RetryAfter>,
}

impl ReceiverResponse {
    const fn failed(failure: AttemptFailure) -> Self {
        Self {
            status: None,
            failure: Some(failure),
            head: None,
            retry_after: None,
        }
    }
}

/// Reads the answer to its end, so that the connection can be used again, or to the limit.
async fn read_bounded(response: &mut Response, limit: usize, head: &mut Vec<u8>) -> Result<(), reqwest::Error> {
    while let Some(chunk) = response.chunk().await? {
        let wanted = limit.saturating_sub(head.len()).min(chunk.len());
        head.extend_from_slice(chunk.get(..wanted).unwrap_or_default());
        if head.len() >= limit {
            break;
        }
    }
    Ok(())
}

fn headers(request: &Request<'_>, at: Timestamp, span: &Span) -> HeaderMap {
    // What the owner adds comes first: ours replace it.
    let mut map = request.headers.to_map();
    if request.test {
        map.insert(HeaderName::from_static(TEST_HEADER), HeaderValue::from_static("true"));
    }
    match request.content {
        Content::Standard { secrets, body } => {
            let seconds = at.millis() / 1000;
            let id = request.event_id.to_string();
            let signature = sign(secrets, &id, seconds, body);
            map.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
            map.insert(HeaderName::from_static(TIMESTAMP_HEADER), HeaderValue::from(seconds));
            insert(&mut map, ID_HEADER, &id);
            insert(&mut map, SIGNATURE_HEADER, &signature);
        }
        Content::SecurityEvent(_) => {
            map.insert(CONTENT_TYPE, HeaderValue::from_static(crate::set::MEDIA_TYPE));
            map.insert(ACCEPT, HeaderValue::from_static("application/json"));
        }
        Content::Logout(_) => {
            map.insert(
                CONTENT_TYPE,
                HeaderValue::from_static("application/x-www-form-urlencoded"),
            );
        }
    }
    let context = telemetry::traceparent_of(span).or_else(|| match request.trace {
        Trace::ChildOf(parent) | Trace::LinkedTo(parent) => Some(parent.to_owned()),
        Trace::Root => None,
    });
    if let Some(context) = context {
        insert(&mut map, TRACEPARENT, &context);
    }
    map
}

fn insert(map: &mut HeaderMap, name: &'static str, text: &str) {
    if let Ok(value) = HeaderValue::from_str(text) {
        map.insert(HeaderName::from_static(name), value);
    }
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

fn record(span: &Span, answer: &ReceiverResponse) {
    if let Some(status) = answer.status {
        span.record(semconv::HTTP_RESPONSE_STATUS_CODE, i64::from(status));
    }
    if let Some(failure) = &answer.failure {
        span.record(semconv::OTEL_STATUS_CODE, "ERROR");
        match failure {
            AttemptFailure::Status(status) => span.record(semconv::ERROR_TYPE, status.to_string()),
            other => span.record(semconv::ERROR_TYPE, other.class()),
        };
    }
}
