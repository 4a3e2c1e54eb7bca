//! What an app says of a stream, and what becomes of it.

use super::delivery::{self, WantedDelivery, WantedHeader};
use super::fault::SsfFault;
use super::limits::{LONGEST_DESCRIPTION, LONGEST_EVENT, MOST_EVENTS};
use super::members::Members;
use super::shown;
use crate::state::Inner;
use directory::SIGNAL_URIS;
use events::Timestamp;
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use store::{Endpoint, EndpointUrl, KeptUrl, SsfStream, StreamMethod};

/// The members that an app supplies.
#[derive(Debug)]
pub(super) struct WantedStream {
    pub(super) events: Option<Vec<String>>,
    pub(super) delivery: Option<WantedDelivery>,
    /// The inner `None` where it is taken away.
    pub(super) description: Option<Option<String>>,
}

impl WantedStream {
    pub(super) fn read(state: &Inner, members: &Members) -> Result<Self, SsfFault> {
        let description = members.text("description", LONGEST_DESCRIPTION)?;
        Ok(Self {
            events: members.texts("events_requested", MOST_EVENTS, LONGEST_EVENT)?,
            delivery: delivery::read(state, members)?,
            description: members.any("description").map(|_| description),
        })
    }

    /// A replacement: what is not there is taken away. A stream cannot be without a way to the app.
    pub(super) fn whole(self) -> Result<Self, SsfFault> {
        if self.delivery.is_none() {
            return Err(SsfFault::request("delivery is missing: PUT replaces the whole stream"));
        }
        Ok(Self {
            events: Some(self.events.unwrap_or_default()),
            delivery: self.delivery,
            description: Some(self.description.flatten()),
        })
    }

    /// Changes a stream. Whether its deliveries go to another place now.
    pub(super) fn apply(self, state: &Inner, stream: &mut SsfStream, now: Timestamp) -> Result<bool, SsfFault> {
        stream.updated_at = now;
        stream.endpoint.updated_at = now;
        if let Some(events) = self.events {
            stream.events_requested = events;
        }
        if let Some(description) = self.description {
            stream.description = description;
        }
        let is_moved = match self.delivery {
            Some(delivery) => deliver(state, stream, delivery)?,
            None => false,
        };
        stream.tell(SIGNAL_URIS);
        Ok(is_moved)
    }
}

/// Gives a stream its way to the app; whether it is another one.
fn deliver(state: &Inner, stream: &mut SsfStream, wanted: WantedDelivery) -> Result<bool, SsfFault> {
    let method = wanted.method();
    let (url, header) = match wanted {
        WantedDelivery::Push { url, header } => (url, header),
        WantedDelivery::Poll => (shown::poll_url(&state.issuer, stream.id), WantedHeader::None),
    };
    let is_same = stream.method == method && url_of(state, stream)? == url;
    stream.method = method;
    match header {
        WantedHeader::Is(text) => {
            let headers = json!({ "authorization": text.expose_secret() }).to_string();
            let context = Endpoint::headers_context(stream.endpoint.id);
            stream.endpoint.sealed_headers = Some(state.master_keys.seal(headers.as_bytes(), &context));
        }
        // What was for one place is not for another.
        WantedHeader::Unsaid if is_same => {}
        WantedHeader::Unsaid | WantedHeader::None => stream.endpoint.sealed_headers = None,
    }
    if !is_same {
        stream.endpoint.url = sealed_url(state, stream, &url);
    }
    Ok(!is_same)
}

/// The URL of a stream, sealed for it.
pub(super) fn sealed_url(state: &Inner, stream: &SsfStream, url: &str) -> EndpointUrl {
    let context = Endpoint::url_context(stream.endpoint.id);
    EndpointUrl::sealed(url, state.master_keys.seal(url.as_bytes(), &context))
}

/// The URL of a stream.
pub(super) fn url_of(state: &Inner, stream: &SsfStream) -> Result<String, SsfFault> {
    if stream.method == StreamMethod::Poll {
        return Ok(shown::poll_url(&state.issuer, stream.id));
    }
    match &stream.endpoint.url.kept {
        KeptUrl::Sealed(sealed) => {
            let context = Endpoint::url_context(stream.endpoint.id);
            Ok(state
                .master_keys
                .open_text(sealed, &context)?
                .expose_secret()
                .to_owned())
        }
        KeptUrl::Plain(url) => Ok(url.clone()),
    }
}

/// What this installation supplies an app may send back, and it must be as it is (SSF 1.0 §8.1.1.3).
pub(super) fn check_supplied(members: &Members, shown: &Value) -> Result<(), SsfFault> {
    for name in [
        "iss",
        "aud",
        "events_supported",
        "events_delivered",
        "min_verification_interval",
    ] {
        let Some(said) = members.get(name) else { continue };
        let is_same = match (said, &shown[name]) {
            // One receiver may be said without an array (RFC 7519 §4.1.3).
            (Value::String(one), Value::Array(all)) => matches!(all.as_slice(), [only] if only == one),
            (Value::Array(said), Value::Array(all)) => {
                said.len() == all.len() && said.iter().all(|one| all.contains(one))
            }
            (said, is) => said == is,
        };
        if !is_same {
            return Err(SsfFault::request(format!(
                "{name} is supplied by the transmitter, and is another"
            )));
        }
    }
    Ok(())
}
