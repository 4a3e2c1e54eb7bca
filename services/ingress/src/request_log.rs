//! The log of requests: what each directory's identity provider asked, and how it was answered.
//!
//! Within a request nothing is done but to hand a record of it over a bounded channel. When the channel is full, or what
//! is in it has too many bytes, the record or its bodies are dropped and counted: no request ever waits for its log. Of a
//! directory that sends very many, only some a second are written and the others counted ([`shares`]). A task ([`writer`])
//! takes secrets out of the records and writes them in bulk.

mod clock;
mod dialect;
mod record;
mod redact;
mod shares;
mod strangers;
mod writer;

pub use clock::Clock;
pub(crate) use writer::run;

use crate::auth::EndedKeyUse;
use crate::state::State;
use crate::usage::UsedKey;
use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::http::header::USER_AGENT;
use actix_web::middleware::Next;
use actix_web::web::{self, Bytes};
use actix_web::{Error, HttpMessage as _, HttpRequest};
use directory::sync::Exchange;
use events::DirectoryId;
use record::Record;
use scim::leniency::Observed;
use shares::Shares;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};
use store::KeptRequests;
use strangers::StrangerRequests;
use tokio::sync::mpsc;

/// Entries that wait to be written.
const MOST_WAITING: usize = 16_384;
/// Bytes of bodies in them.
const MOST_WAITING_BYTES: usize = 16 << 20;
/// The longest name of a client that is kept, in bytes.
const LONGEST_USER_AGENT: usize = 200;

/// How the log of requests is kept.
#[derive(Clone, Copy, Debug)]
pub struct LogConfig {
    /// How much of it.
    pub kept: KeptRequests,
    /// The most bytes that are kept of a body.
    pub body: usize,
    /// Good requests of one directory that are written, in a second. A directory that sends more is in an initial cycle, or
    /// a test: one request is then like the others, and writing them all would cost every tenant a fifth of what the
    /// database can do. The others are counted in their cycle.
    pub good_a_second: u32,
    /// Refused requests of one directory that are written, in a second.
    pub refused_a_second: u32,
    /// Good requests of one directory whose bodies are kept, in a second. Bodies of refused requests are always kept.
    pub bodies_a_second: u32,
    /// How often records are written.
    pub every: Duration,
    /// The number of lanes on the bus.
    pub partitions: u16,
}

impl Default for LogConfig {
    fn default() -> Self {
        Self {
            kept: KeptRequests {
                age: Duration::from_hours(14 * 24),
                rows: 20_000,
                bytes: 64 << 20,
            },
            body: 16 << 10,
            good_a_second: 100,
            refused_a_second: 200,
            bodies_a_second: 50,
            every: Duration::from_secs(1),
            partitions: 1,
        }
    }
}

/// Where records go.
#[derive(Debug)]
pub(crate) struct RequestLog {
    clock: Clock,
    entries: mpsc::Sender<Box<Record>>,
    shares: Mutex<Shares>,
    waiting_bytes: AtomicUsize,
    strangers: Mutex<StrangerRequests>,
    receiver: Mutex<Option<mpsc::Receiver<Box<Record>>>>,
}

/// The body of a request as it came, as an extension of the request.
#[derive(Clone, Debug)]
pub(crate) struct SentBody(pub(crate) Bytes);

/// What was forgiven in a request, as an extension of the request.
#[derive(Clone, Debug, Default)]
struct Forgiven(Observed);

impl RequestLog {
    pub(crate) fn new(clock: Clock) -> Self {
        let (entries, receiver) = mpsc::channel(MOST_WAITING);
        Self {
            clock,
            entries,
            shares: Mutex::default(),
            waiting_bytes: AtomicUsize::new(0),
            strangers: Mutex::default(),
            receiver: Mutex::new(Some(receiver)),
        }
    }

    /// Hands a record over, or drops it.
    fn put(&self, mut record: Box<Record>) {
        if self.waiting_bytes.load(Ordering::Relaxed) + record.body_bytes() > MOST_WAITING_BYTES {
            metrics::counter!("rollcall_ingress_log_dropped_total", "what" => "bodies").increment(1);
            record.drop_bodies();
        }
        // Added before the record can be taken, so that the sum never goes below nothing.
        let bytes = record.body_bytes();
        self.waiting_bytes.fetch_add(bytes, Ordering::Relaxed);
        if self.entries.try_send(record).is_err() {
            dropped();
            self.waiting_bytes.fetch_sub(bytes, Ordering::Relaxed);
        }
    }

    /// Counts a request that is not written.
    fn count(&self, id: DirectoryId, exchange: Exchange) {
        if !self.shares().count(id, exchange) {
            dropped();
        }
    }

    /// Whether a request of the directory is among those of its second that are written.
    fn is_written(&self, id: DirectoryId, status: u16, config: &LogConfig) -> bool {
        let second = self.clock.now().millis() / 1_000;
        self.shares().take(id, second, status < 400, config)
    }

    fn shares(&self) -> std::sync::MutexGuard<'_, Shares> {
        self.shares.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn strangers(&self) -> std::sync::MutexGuard<'_, StrangerRequests> {
        self.strangers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A request is not in the log.
fn dropped() {
    metrics::counter!("rollcall_ingress_log_dropped_total", "what" => "requests").increment(1);
}

/// Adds to what was forgiven in a request.
pub(crate) fn forgive(request: &HttpRequest, observed: Observed) {
    if observed == Observed::default() {
        return;
    }
    let mut extensions = request.extensions_mut();
    match extensions.get_mut::<Forgiven>() {
        Some(forgiven) => forgiven.0.add(observed),
        None => {
            extensions.insert(Forgiven(observed));
        }
    }
}

/// Middleware: when a request is answered, hands a record of it over.
///
/// # Errors
/// Passes on those of the request.
pub(crate) async fn log<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let started = Instant::now();
    let state = request.app_data::<web::Data<State>>().cloned();
    let response = next.call(request).await?.map_into_boxed_body();
    let Some(state) = state else { return Ok(response) };
    let log = &state.inner().log;
    let mut body = None;
    let response = response.map_body(|_, answer| match answer.try_into_bytes() {
        Ok(bytes) => {
            body = Some(bytes.clone());
            bytes.boxed()
        }
        Err(answer) => answer,
    });
    let request = response.request();
    if request.method() == Method::OPTIONS {
        return Ok(response);
    }
    let answer = record::Answer {
        status: response.status().as_u16(),
        body,
        duration: started.elapsed(),
    };
    if request.extensions().contains::<UsedKey>() {
        state.inner().store.meter().requests(1, log.clock.now());
    }
    match record_of(request, answer, log, &state.inner().config.log) {
        Some(RequestOwner::Ours(record)) => log.put(record),
        Some(RequestOwner::Counted(id, exchange)) => log.count(id, exchange),
        Some(RequestOwner::Strangers(tenant, record)) => log.strangers().note(tenant, *record),
        None => {}
    }
    Ok(response)
}

/// Whose a request is.
enum RequestOwner {
    /// Of somebody who proved who they are, or did so once.
    Ours(Box<Record>),
    /// The same, one of so many that it is only counted.
    Counted(DirectoryId, Exchange),
    /// Of anybody, who wanted to get into this directory.
    Strangers(crate::tenant::Tenant, Box<Record>),
}

fn record_of(
    request: &HttpRequest,
    answer: record::Answer,
    log: &RequestLog,
    config: &LogConfig,
) -> Option<RequestOwner> {
    let mut extensions = request.extensions_mut();
    let used = extensions.get::<UsedKey>().copied();
    let ended = extensions.get::<EndedKeyUse>().copied();
    let sent = extensions.remove::<SentBody>();
    let forgiven = extensions.remove::<Forgiven>().unwrap_or_default().0;
    drop(extensions);
    let status = answer.status;
    if let Some(id) = used.map(|used| used.directory_id())
        && !log.is_written(id, status, config)
    {
        let at = log.clock.now().minus(answer.duration);
        let operation = record::operation(request.method().as_str(), request.path(), request.query_string());
        return Some(RequestOwner::Counted(id, Exchange { at, operation, status }));
    }
    let agent = request.headers().get(USER_AGENT).map(|value| {
        let text = value.to_str().unwrap_or_default();
        text.chars().take(LONGEST_USER_AGENT).collect()
    });
    let is_entra = request.headers().contains_key("adscimversion");
    let record = |caller| {
        Box::new(Record {
            caller,
            at: log.clock.now().minus(answer.duration),
            method: request.method().as_str().to_owned(),
            path: request.path().to_owned(),
            query: request.query_string().to_owned(),
            agent,
            is_entra,
            trace_id: telemetry::trace_id(&tracing::Span::current()),
            forgiven,
            sent: sent.map(|SentBody(bytes)| bytes),
            answer,
        })
    };
    match (used, ended) {
        (Some(used), _) => Some(RequestOwner::Ours(record(record::From::IdentityProvider(
            used.directory_id(),
        )))),
        (None, Some(ended)) => Some(RequestOwner::Ours(record(record::From::EndedKey(ended)))),
        // What is below no base URL is no request of a directory.
        (None, None) if status == 401 => {
            let tenant = crate::tenant::Tenant::of(request, "").ok()?;
            Some(RequestOwner::Strangers(tenant, record(record::From::Stranger)))
        }
        _ => None,
    }
}
