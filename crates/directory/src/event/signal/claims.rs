//! Signals as they are sent: the claims of their Security Event Tokens (RFC 8417) but for those that name sender, receiver
//! and token.

use super::{
    CAEP, SCIM_ACTIVATE, SCIM_DEACTIVATE, SCIM_DELETE, SCIM_PATCH_NOTICE, SESSION_REVOKED, SIGNAL_URIS, STREAM_UPDATED,
    TOKEN_CLAIMS_CHANGE, VERIFICATION,
};
use ::events::{EventId, Timestamp};
use serde::Deserialize;
use serde_json::{Map, Value, json};

/// The claims that depend on what happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignalClaims {
    /// `iat`: when it happened, in seconds since 1970.
    pub iat: i64,
    /// `txn`: the event of the log; a stream's own events have none.
    pub txn: Option<String>,
    /// `sub_id` (RFC 9493).
    pub sub_id: Value,
    /// `events`: one.
    pub events: Map<String, Value>,
}

/// Why a stored signal cannot be sent.
#[derive(Debug, thiserror::Error)]
pub enum NoSignal {
    /// It told what the person was called, and the person was erased since.
    #[error("the person was erased")]
    Erased,
    /// What is stored is no signal.
    #[error("the stored signal cannot be read")]
    Unreadable(#[from] serde_json::Error),
    /// It is one that this version does not know.
    #[error("no signal is called so: {0}")]
    Unknown(String),
}

#[derive(Deserialize)]
struct Stored {
    id: Option<EventId>,
    timestamp: Timestamp,
    signal: String,
    data: Value,
}

impl SignalClaims {
    /// The claims of a stored signal, for the subjects of this issuer.
    ///
    /// # Errors
    /// [`NoSignal`].
    pub fn of(body: &str, issuer: &str) -> Result<Self, NoSignal> {
        let stored: Stored = serde_json::from_str(body)?;
        let uri = stored.signal.as_str();
        if stored.data["erased"] == true && matches!(uri, TOKEN_CLAIMS_CHANGE | SCIM_PATCH_NOTICE) {
            return Err(NoSignal::Erased);
        }
        let iat = stored.timestamp.millis().div_euclid(1_000);
        let mut told = told(uri, &stored.data).ok_or_else(|| NoSignal::Unknown(stored.signal.clone()))?;
        if uri.starts_with(CAEP) {
            told.insert("event_timestamp".to_owned(), iat.into());
        }
        Ok(Self {
            iat,
            txn: stored.id.map(|id| id.to_string()),
            sub_id: subject(uri, &stored.data, issuer),
            events: Map::from_iter([(stored.signal, Value::Object(told))]),
        })
    }
}

/// Whom it is about (RFC 9493 §3, SSF 1.0 §3; RFC 9967 §2.1 for the events of SCIM).
fn subject(uri: &str, data: &Value, issuer: &str) -> Value {
    let user = &data["user"]["id"];
    let person = || json!({ "format": "iss_sub", "iss": issuer, "sub": user });
    let opaque = |id: &Value| json!({ "format": "opaque", "id": id });
    match uri {
        VERIFICATION | STREAM_UPDATED => opaque(&data["stream"]["id"]),
        SESSION_REVOKED => json!({ "format": "complex", "session": opaque(&data["session"]["id"]), "user": person() }),
        SCIM_PATCH_NOTICE | SCIM_DELETE | SCIM_ACTIVATE | SCIM_DEACTIVATE => {
            let id = user.as_str().unwrap_or_default();
            json!({ "format": "scim", "uri": format!("/Users/{id}"), "id": id })
        }
        _ => person(),
    }
}

/// The payload of the event; `None` where there is no such event.
fn told(uri: &str, data: &Value) -> Option<Map<String, Value>> {
    let told = match uri {
        SESSION_REVOKED => {
            let (entity, reason) = why(data["session"]["reason"].as_str().unwrap_or_default());
            json!({ "initiating_entity": entity, "reason_admin": { "en": reason } })
        }
        TOKEN_CLAIMS_CHANGE => json!({
            "initiating_entity": "admin",
            "reason_admin": { "en": "The directory changed." },
            "claims": data["claims"],
        }),
        SCIM_PATCH_NOTICE => json!({ "attributes": data["attributes"] }),
        VERIFICATION => match data.get("state") {
            Some(state) => json!({ "state": state }),
            None => json!({}),
        },
        STREAM_UPDATED => json!({ "status": data["status"], "reason": data["reason"] }),
        known if SIGNAL_URIS.contains(&known) => json!({}),
        _ => return None,
    };
    match told {
        Value::Object(told) => Some(told),
        _ => None,
    }
}

/// Who ended a session, and why, by the reason in the log (CAEP 1.0 §2).
fn why(reason: &str) -> (&'static str, &'static str) {
    match reason {
        "logout" => ("user", "The person logged out."),
        "deactivated" => ("admin", "The person was deactivated in the directory."),
        "deleted" => ("admin", "The person was deleted from the directory."),
        "access_lost" => (
            "policy",
            "The person's role does not include this kind of app any more.",
        ),
        "connection_paused" => ("admin", "Single sign-on of the organization was paused."),
        "reuse" => ("policy", "A code or a refresh token was used twice."),
        "revoked" => ("admin", "An administrator ended the session."),
        _ => ("system", "The session ended."),
    }
}
