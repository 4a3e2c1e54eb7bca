//! Security Event Tokens of the Shared Signals Framework.

use crate::{KeyError, SigningKey};
use serde::Serialize;
use serde_json::{Map, Value};

/// `typ` of the header (RFC 8417 §2.3).
const TYPE: &str = "secevent+jwt";

/// The claims of a Security Event Token (RFC 8417 §2.2) as Shared Signals has them: the subject in `sub_id` (RFC 9493),
/// and neither `sub` nor `exp`, so that no such token can pass for an ID token.
#[derive(Clone, Debug, Serialize)]
pub struct SecurityEventToken<'c> {
    /// Our issuer.
    pub iss: &'c str,
    /// The receivers.
    pub aud: &'c [String],
    /// A name that no other token has.
    pub jti: &'c str,
    /// When it was issued, in seconds since 1970.
    pub iat: i64,
    /// What several tokens about one thing have in common.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub txn: Option<&'c str>,
    /// Whom it is about.
    pub sub_id: Value,
    /// What happened, by the URIs of the events.
    pub events: Map<String, Value>,
}

impl SecurityEventToken<'_> {
    /// The signed token.
    ///
    /// # Errors
    /// [`KeyError::NoSubject`] when `sub_id` is no object, and those of signing.
    pub fn sign(&self, key: &SigningKey) -> Result<String, KeyError> {
        if !self.sub_id.is_object() {
            return Err(KeyError::NoSubject);
        }
        key.sign_jwt(TYPE, self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compact::Compact;
    use crate::{Algorithm, test_keys};
    use serde_json::json;

    #[test]
    fn a_security_event_token_has_no_subject_and_no_end_that_others_would_take_for_a_login() {
        let events =
            json!({ "https://schemas.openid.net/secevent/caep/event-type/session-revoked": { "event_timestamp": 1 } });
        let mut token = SecurityEventToken {
            iss: "https://sso.example",
            aud: &["https://app.example".to_owned()],
            jti: "1",
            iat: 1_800_000_000,
            txn: None,
            sub_id: json!({ "format": "iss_sub", "iss": "https://sso.example", "sub": "user" }),
            events: events.as_object().unwrap().clone(),
        };
        let text = token.sign(&test_keys::p256()).unwrap();
        let parsed = Compact::parse(&text).unwrap();
        parsed.algorithm(&[Algorithm::Es256], &["secevent+jwt"]).unwrap();
        let claims = parsed.claims.0;
        let names: Vec<&str> = claims.keys().map(String::as_str).collect();
        assert_eq!(names, ["iss", "aud", "jti", "iat", "sub_id", "events"]);
        assert_eq!(claims["events"], events);
        token.sub_id = Value::Null;
        assert!(matches!(token.sign(&test_keys::one()), Err(KeyError::NoSubject)));
    }
}
