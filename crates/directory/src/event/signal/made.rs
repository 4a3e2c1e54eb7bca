//! Signals as they are stored.

use super::{SCIM_PATCH_NOTICE, SESSION_REVOKED, STREAM_UPDATED, TOKEN_CLAIMS_CHANGE, VERIFICATION, changes, told_as};
use crate::ParsedEvent;
use ::events::{EventBody, EventId, ResourceId, SsfStreamId, SsoClientId, Timestamp};
use serde_json::{Map, Value, json};

/// One thing that an app is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signal {
    /// The URI of its event.
    pub uri: &'static str,
    /// The event that a delivery of it is for: that of the log for the first thing that an event is told as, and another one,
    /// the same each time, for what it is told as besides.
    pub event_id: EventId,
    /// Whether it is the first.
    pub is_first: bool,
    /// What is stored.
    pub body: String,
}

impl Signal {
    /// Whom an event is about, if it is told to an app at all.
    #[must_use]
    pub fn subject(parsed: &ParsedEvent<'_>, app: SsoClientId) -> Option<ResourceId> {
        match told_as(parsed.event.kind) {
            [] => None,
            [SESSION_REVOKED] => parsed.member().filter(|_| parsed.app() == Some(app)),
            _ => parsed.event.subject_id,
        }
    }

    /// What an event is told as, of what is wanted, to an app that knows the claims of `scope`.
    #[must_use]
    pub fn all(parsed: &ParsedEvent<'_>, wanted: &[String], scope: &str) -> Vec<Self> {
        let Some(event) = parsed
            .body()
            .and_then(|body| serde_json::from_value::<EventBody>(body.clone()).ok())
        else {
            return Vec::new();
        };
        let uris = told_as(event.kind)
            .iter()
            .filter(|uri| wanted.iter().any(|one| one == *uri));
        let found = uris.filter_map(|uri| Some((*uri, data(&event, uri, scope)?)));
        let made = (0_u8..).zip(found).map(|(n, (uri, data))| Self {
            uri,
            event_id: beside(event.id, n),
            is_first: n == 0,
            body: json!({
                "type": event.kind,
                "id": event.id,
                "timestamp": event.timestamp,
                "signal": uri,
                "data": data,
            })
            .to_string(),
        });
        made.collect()
    }
}

/// What is said of the person; `None` where there is nothing to say.
fn data(event: &EventBody, uri: &str, scope: &str) -> Option<Value> {
    let id = &event.data["user"]["id"];
    let mut data = json!({ "user": { "id": id } });
    match uri {
        SESSION_REVOKED => {
            let session = &event.data["session"];
            data["session"] = json!({ "id": session["id"], "reason": session["reason"] });
        }
        TOKEN_CLAIMS_CHANGE => {
            let claims = changes::changed(&event.data, scope, event.timestamp);
            if claims.is_empty() {
                return None;
            }
            data["claims"] = Value::Object(claims);
        }
        SCIM_PATCH_NOTICE => {
            let attributes = attributes(event);
            if attributes.is_empty() {
                return None;
            }
            data["attributes"] = json!(attributes);
        }
        _ => {}
    }
    Some(data)
}

/// Names of what changed. That somebody is active or not is told by itself, and what follows from groups is no attribute.
fn attributes(event: &EventBody) -> Vec<&str> {
    let changes = event.data["changes"].as_array();
    let paths = changes
        .into_iter()
        .flatten()
        .filter_map(|change| change["path"].as_str());
    paths
        .filter(|path| !matches!(*path, "active" | "role" | "grants"))
        .collect()
}

/// The event's own id, or one beside it: with the same time, and no event's of the log.
fn beside(id: EventId, n: u8) -> EventId {
    let mut bytes = *id.uuid().as_bytes();
    if let Some(last) = bytes.last_mut() {
        *last ^= n;
    }
    if n > 0 {
        // Random bits of a UUID v7, far from those that the counter of the same millisecond moves.
        for (byte, mask) in bytes.iter_mut().skip(9).zip([0x5c, 0xa3, 0x96]) {
            *byte ^= mask;
        }
    }
    EventId::from(uuid::Uuid::from_bytes(bytes))
}

/// What is told on a stream of the stream itself.
#[derive(Clone, Copy, Debug)]
pub enum StreamNews<'n> {
    /// The answer to a request for verification, with the state that the app gave (SSF 1.0 §8.1.4.1).
    Verification(Option<&'n str>),
    /// The status was changed by others than the app (SSF 1.0 §8.1.5).
    Updated {
        /// The new one.
        status: &'n str,
        /// Why.
        reason: &'n str,
    },
}

impl StreamNews<'_> {
    /// What is stored.
    #[must_use]
    pub fn body(&self, stream: SsfStreamId, now: Timestamp) -> String {
        let (uri, more) = match self {
            Self::Verification(None) => (VERIFICATION, Map::new()),
            Self::Verification(Some(state)) => (VERIFICATION, Map::from_iter([("state".to_owned(), json!(state))])),
            Self::Updated { status, reason } => {
                let more = [("status", status), ("reason", reason)];
                let more = more.map(|(name, value)| (name.to_owned(), json!(value)));
                (STREAM_UPDATED, Map::from_iter(more))
            }
        };
        let mut data = Value::Object(more);
        data["stream"] = json!({ "id": stream });
        json!({ "timestamp": now, "signal": uri, "data": data }).to_string()
    }

    /// The name of its kind, where deliveries have the type of an event.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Verification(_) => "stream.verification",
            Self::Updated { .. } => "stream.updated",
        }
    }
}
