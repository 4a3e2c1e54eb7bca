//! SCIM events (RFC 9967): the body of a webhook as a Security Event Token (RFC 8417), for endpoints that ask for it.
//!
//! A token is made of the stored event and nothing else, and Ed25519 signatures are deterministic: every attempt of a
//! delivery sends the same bytes. `txn` is the event's id, equal for all receivers (S2); `jti` is the delivery's.

mod key;
mod mapping;

pub use key::{SetKey, WellKnownKeys};
pub use mapping::{EVENT_URIS, carries};

use events::EventBody;
use serde_json::{Value, json};
use std::sync::Arc;

/// The media type of a token (RFC 8935 §2).
pub const MEDIA_TYPE: &str = "application/secevent+jwt";

/// Makes tokens. Cheap to clone; never shows its key.
#[derive(Clone, Debug)]
pub struct SetIssuer {
    key: Arc<SetKey>,
    issuer: Arc<str>,
}

/// Why an event has no token.
#[derive(Debug, thiserror::Error)]
pub enum NoSet {
    /// RFC 9967 knows no event of this kind.
    #[error("{0} has no form as a SCIM event (RFC 9967)")]
    Kind(events::EventType),
    /// What is stored is not the body of an event, or lacks its subject.
    #[error("the stored event cannot be read")]
    Unreadable(#[source] Option<serde_json::Error>),
}

impl SetIssuer {
    /// `issuer` is the public URL of the installation, under which the key is published.
    #[must_use]
    pub fn new(key: SetKey, issuer: &str) -> Self {
        Self {
            key: Arc::new(key),
            issuer: issuer.trim_end_matches('/').into(),
        }
    }

    /// The token of an event for one delivery, in compact form.
    ///
    /// `body` is the stored [`EventBody`] as JSON, `jti` names the delivery, `audience` the receivers (RFC 8417 §2.2).
    ///
    /// # Errors
    /// [`NoSet`] when the event has no such form.
    pub fn token(&self, body: &str, jti: &str, audience: &[String]) -> Result<String, NoSet> {
        let event: EventBody = serde_json::from_str(body).map_err(|error| NoSet::Unreadable(Some(error)))?;
        let claims = claims(&event, &self.issuer, jti, audience)?;
        Ok(self.key.compact(&json!({ "typ": "secevent+jwt" }), &claims))
    }
}

/// The claims of RFC 8417 §2.2 and RFC 9967 §2: no `sub`, but `sub_id` in the format `scim` (S1).
fn claims(event: &EventBody, issuer: &str, jti: &str, audience: &[String]) -> Result<Value, NoSet> {
    let mapped = mapping::map(event)?;
    Ok(json!({
        "iss": issuer,
        "iat": event.timestamp.millis() / 1000,
        "jti": jti,
        "aud": audience,
        "txn": event.id,
        "sub_id": mapped.subject,
        "events": mapped.events,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use events::{DirectoryId, EventId, EventType, OrganizationId, Source};
    use ring::signature::{ED25519, UnparsedPublicKey};

    fn body(kind: EventType) -> (EventId, String) {
        let event = EventBody {
            kind,
            timestamp: "2026-11-20T12:00:00Z".parse().unwrap(),
            id: EventId::new(),
            sequence: 1,
            organization_id: OrganizationId::new(),
            directory_id: DirectoryId::new(),
            source: Source::Scim,
            data: json!({ "user": { "id": "u" }, "changes": [] }),
        };
        (event.id, serde_json::to_string(&event).unwrap())
    }

    // Rules: S1, S2
    #[test]
    fn a_token_is_a_signed_set_without_sub_and_the_same_at_every_attempt() {
        let key = SetKey::from_seed(&[7; 32]);
        let published = serde_json::to_value(key.published()).unwrap();
        let issuer = SetIssuer::new(key, "https://sync.example.test/");
        let (id, body) = body(EventType::UserDeleted);
        let audience = ["https://app.example.test/feed".to_owned()];
        let token = issuer.token(&body, "delivery", &audience).unwrap();
        assert_eq!(token, issuer.token(&body, "delivery", &audience).unwrap());

        let (signed, signature) = token.rsplit_once('.').unwrap();
        let x = URL_SAFE_NO_PAD
            .decode(published["keys"][0]["x"].as_str().unwrap())
            .unwrap();
        UnparsedPublicKey::new(&ED25519, x)
            .verify(signed.as_bytes(), &URL_SAFE_NO_PAD.decode(signature).unwrap())
            .unwrap();
        let parts: Vec<Value> = signed
            .split('.')
            .map(|part| serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap())
            .collect();
        let kid = &published["keys"][0]["kid"];
        assert_eq!(parts[0], json!({ "typ": "secevent+jwt", "alg": "EdDSA", "kid": kid }));
        assert_eq!(parts[1]["iss"], "https://sync.example.test");
        assert_eq!(parts[1]["iat"], 1_795_176_000);
        assert_eq!(parts[1]["aud"], json!(audience));
        assert_eq!(parts[1]["txn"], json!(id));
        assert_eq!(parts[1]["jti"], "delivery");
        assert!(parts[1].get("sub").is_none());
    }

    #[test]
    fn what_is_no_scim_event_is_said_to_be_none() {
        let issuer = SetIssuer::new(SetKey::from_seed(&[7; 32]), "https://sync.example.test");
        let (_, body) = body(EventType::DirectoryUpdated);
        assert!(matches!(
            issuer.token(&body, "d", &[]),
            Err(NoSet::Kind(EventType::DirectoryUpdated))
        ));
        assert!(matches!(issuer.token("{}", "d", &[]), Err(NoSet::Unreadable(Some(_)))));
    }
}
