//! A stream as its app sees it (SSF 1.0 §8.1.1).

use super::body::url_of;
use super::delivery::{POLL, PUSH};
use super::fault::SsfFault;
use crate::state::Inner;
use directory::SIGNAL_URIS;
use events::SsfStreamId;
use serde_json::{Value, json};
use store::{SsfStream, StreamMethod};
use url::Url;

/// Where what is on a stream is fetched.
pub(super) fn poll_url(issuer: &str, stream: SsfStreamId) -> String {
    format!("{issuer}/ssf/poll/{stream}")
}

/// The stream, without the header that its deliveries carry.
pub(super) fn stream(state: &Inner, stream: &SsfStream) -> Result<Value, SsfFault> {
    let method = match stream.method {
        StreamMethod::Push => PUSH,
        StreamMethod::Poll => POLL,
    };
    let requested = &stream.events_requested;
    let delivered: Vec<_> = requested
        .iter()
        .filter(|uri| SIGNAL_URIS.contains(&uri.as_str()))
        .collect();
    let mut shown = json!({
        "stream_id": stream.id,
        "iss": state.issuer,
        "aud": [stream.client_id],
        "events_supported": SIGNAL_URIS,
        "events_requested": requested,
        "events_delivered": delivered,
        "delivery": { "method": method, "endpoint_url": url_of(state, stream)? },
        "min_verification_interval": state.config.verification_interval.as_secs(),
    });
    if let Some(description) = &stream.description {
        shown["description"] = json!(description);
    }
    Ok(shown)
}

/// The same for the audit log: of its URL no more than the origin, since path and query may be keys of the app.
pub(super) fn audited(shown: &Value) -> Value {
    let mut audited = shown.clone();
    let url = shown["delivery"]["endpoint_url"]
        .as_str()
        .and_then(|url| Url::parse(url).ok());
    audited["delivery"]["endpoint_url"] = json!(url.map(|url| url.origin().ascii_serialization()));
    audited
}

/// Its status (SSF 1.0 §8.1.2).
pub(super) fn status(stream: &SsfStream) -> Value {
    let (status, reason) = stream.standing();
    let mut shown = json!({ "stream_id": stream.id, "status": status.as_str() });
    if let Some(reason) = reason {
        shown["reason"] = json!(reason);
    }
    shown
}
