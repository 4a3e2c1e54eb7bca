//! `/receivers/{token}`: where test receivers take webhooks. Nobody can use them as a store: only what is signed with the secret
//! of the endpoint is kept.

use crate::state::State;
use actix_web::dev::Payload;
use actix_web::http::StatusCode;
use actix_web::web::{self, Path, ServiceConfig};
use actix_web::{FromRequest, HttpRequest, HttpResponse};
use events::{DirectoryId, EndpointId, ResourceId, TestReceiptId, Timestamp};
use runtime::http::read_body;
use secrecy::ExposeSecret as _;
use secrets::{Token, TokenKind};
use serde_json::Value;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::time::Duration;
use store::{Endpoint, StoreError, TestReceipt};
use webhooks::{ID_HEADER, SIGNATURE_HEADER, Secret, SignedHeaders, TIMESTAMP_HEADER};

/// How long what came is kept.
pub(crate) const KEPT: Duration = Duration::from_hours(24);
/// The largest body that is read; the largest event is smaller.
const MOST_BYTES: usize = 4 * 1024 * 1024;
/// Bytes of it that are kept.
const KEPT_BYTES: usize = 64 * 1024;
/// Headers that are kept, and bytes of each.
const MOST_HEADERS: usize = 40;
/// Erased persons that are taken out of a body; of a body with more of them nothing is kept.
const MOST_ERASED: u64 = 16;
const LONGEST_HEADER: usize = 1_000;

/// Mounts it. Whoever knows the URL may send, and only what is signed is taken.
pub(crate) fn configure(state: State, config: &mut ServiceConfig) {
    let route = web::post().to(move |request: HttpRequest, token: Path<String>, body: Raw| {
        let state = state.clone();
        async move { receive(&state, &request, &token, body).await }
    });
    config.service(web::resource("/receivers/{token}").route(route));
}

/// A body that is read when it is known whose it is.
struct Raw(Payload);

impl FromRequest for Raw {
    type Error = actix_web::Error;
    type Future = std::future::Ready<Result<Self, actix_web::Error>>;

    fn from_request(_: &HttpRequest, payload: &mut Payload) -> Self::Future {
        std::future::ready(Ok(Self(payload.take())))
    }
}

async fn receive(state: &State, request: &HttpRequest, token: &str, Raw(payload): Raw) -> HttpResponse {
    match take(state, request, token, payload).await {
        Ok(status) => HttpResponse::build(status).finish(),
        Err(error) => {
            tracing::warn!(error = %telemetry::chain(&error), "a test receiver could not keep what came");
            HttpResponse::ServiceUnavailable().finish()
        }
    }
}

async fn take(state: &State, request: &HttpRequest, token: &str, payload: Payload) -> Result<StatusCode, StoreError> {
    let Some(token) = Token::parse(token).filter(|token| token.kind() == TokenKind::TestReceiver) else {
        return Ok(StatusCode::NOT_FOUND);
    };
    let id = EndpointId::from(token.id());
    let receivers = state.store().test_receivers();
    let known = receivers.by_id(id).await?;
    if !known.is_some_and(|receiver| token.matches(&receiver.token_hash)) {
        return Ok(StatusCode::NOT_FOUND);
    }
    let Some(endpoint) = state.store().endpoints().by_id(id).await? else {
        return Ok(StatusCode::NOT_FOUND);
    };
    let Ok(body) = read_body(request.headers(), payload, MOST_BYTES).await else {
        return Ok(StatusCode::PAYLOAD_TOO_LARGE);
    };
    if !is_signed(state, &endpoint, request, &body) {
        return Ok(StatusCode::UNAUTHORIZED);
    }
    let receipt = TestReceipt {
        id: TestReceiptId::new(),
        endpoint_id: id,
        at: Timestamp::now(),
        headers: headers(request),
        body: beginning(&without_the_erased(state, &body).await?),
        size: u32::try_from(body.len()).unwrap_or(u32::MAX),
    };
    receivers.receive(&receipt).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Whether a request is signed with a secret of its endpoint, as an app checks it.
fn is_signed(state: &State, endpoint: &Endpoint, request: &HttpRequest, body: &[u8]) -> bool {
    let header = |name: &str| {
        request
            .headers()
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    };
    let headers = SignedHeaders {
        id: header(ID_HEADER),
        timestamp: header(TIMESTAMP_HEADER),
        signature: header(SIGNATURE_HEADER),
    };
    let context = Endpoint::secret_context(endpoint.id);
    let is_current = |now: Timestamp| endpoint.previous_secret_until.is_some_and(|until| until > now);
    let previous = endpoint
        .sealed_previous_secret
        .as_ref()
        .filter(|_| is_current(Timestamp::now()));
    let mut sealed = std::iter::once(&endpoint.sealed_secret).chain(previous);
    sealed.any(|sealed| {
        let secret = state.master_keys().open_text(sealed, &context).ok();
        let secret = secret.and_then(|secret| Secret::parse(secret.expose_secret()).ok());
        secret.is_some_and(|secret| secret.verify(&headers, body).is_ok())
    })
}

fn headers(request: &HttpRequest) -> String {
    let kept = request.headers().iter().take(MOST_HEADERS).map(|(name, value)| {
        let value: String = value
            .to_str()
            .unwrap_or("(no text)")
            .chars()
            .take(LONGEST_HEADER)
            .collect();
        (name.as_str(), value)
    });
    serde_json::to_string(&kept.collect::<BTreeMap<_, _>>()).unwrap_or_default()
}

/// The body without the persons who were erased while it was on its way here.
async fn without_the_erased<'b>(state: &State, body: &'b [u8]) -> Result<Cow<'b, [u8]>, StoreError> {
    let Some(mentioned) = Mentioned::of(body) else {
        return Ok(Cow::Borrowed(body));
    };
    let erased = state
        .store()
        .erasures()
        .among(mentioned.directory, mentioned.ids, MOST_ERASED + 1)
        .await?;
    if erased.len() as u64 > MOST_ERASED {
        return Ok(Cow::Borrowed(b""));
    }
    let mut left = Cow::Borrowed(body);
    for person in erased {
        let text = String::from_utf8_lossy(&left);
        if let Ok(Some(erased)) = directory::erase(&text, person) {
            left = Cow::Owned(erased.body.into_bytes());
        }
    }
    Ok(left)
}

/// Whom an event may tell of: every id in it.
struct Mentioned {
    directory: DirectoryId,
    ids: Vec<ResourceId>,
}

impl Mentioned {
    /// `None` where the body is no event of a directory.
    fn of(body: &[u8]) -> Option<Self> {
        let event: Value = serde_json::from_slice(body).ok()?;
        let directory = event.get("directory_id")?.as_str()?.parse().ok()?;
        let mut ids = Vec::new();
        let mut open = vec![event.get("data")?];
        while let Some(value) = open.pop() {
            match value {
                Value::String(text) => ids.extend(text.parse::<ResourceId>().ok()),
                Value::Array(items) => open.extend(items),
                Value::Object(members) => open.extend(members.values()),
                _ => (),
            }
        }
        Some(Self { directory, ids })
    }
}

/// As text; PostgreSQL keeps no zero bytes.
fn beginning(body: &[u8]) -> String {
    let kept = body.get(..KEPT_BYTES).unwrap_or(body);
    String::from_utf8_lossy(kept).replace('\0', "\u{fffd}")
}
