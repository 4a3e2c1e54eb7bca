//! Logout tokens: that a session has ended, told to the client's server.

use crate::{KeyError, SigningKey};
use serde::Serialize;
use serde_json::json;

/// `typ` of the header (OpenID Connect Back-Channel Logout 1.0 §2.4).
const TYPE: &str = "logout+jwt";
/// The one event of such a token.
const EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";

/// The claims of a logout token (OpenID Connect Back-Channel Logout 1.0 §2.4). Times are seconds since 1970.
#[derive(Clone, Copy, Debug)]
pub struct LogoutToken<'c> {
    /// Our issuer.
    pub iss: &'c str,
    /// The client.
    pub aud: &'c str,
    /// The person, all of whose sessions have ended unless `sid` says which.
    pub sub: Option<&'c str>,
    /// The session.
    pub sid: Option<&'c str>,
    /// A name that no other token has.
    pub jti: &'c str,
    /// When it was issued.
    pub iat: i64,
    /// When it ends; the specification advises two minutes.
    pub exp: i64,
}

#[derive(Serialize)]
struct Claims<'c> {
    iss: &'c str,
    aud: &'c str,
    #[serde(skip_serializing_if = "Option::is_none")]
    sub: Option<&'c str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sid: Option<&'c str>,
    jti: &'c str,
    iat: i64,
    exp: i64,
    events: serde_json::Value,
}

impl LogoutToken<'_> {
    /// The signed token, which never has a nonce.
    ///
    /// # Errors
    /// [`KeyError::NoSubject`] with neither `sub` nor `sid`, and those of signing.
    pub fn sign(&self, key: &SigningKey) -> Result<String, KeyError> {
        if self.sub.is_none() && self.sid.is_none() {
            return Err(KeyError::NoSubject);
        }
        let claims = Claims {
            iss: self.iss,
            aud: self.aud,
            sub: self.sub,
            sid: self.sid,
            jti: self.jti,
            iat: self.iat,
            exp: self.exp,
            events: json!({ EVENT: {} }),
        };
        key.sign_jwt(TYPE, &claims)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compact::Compact;
    use crate::{Algorithm, test_keys};

    #[test]
    fn a_logout_token_names_the_event_and_the_session_or_the_person() {
        let key = test_keys::one();
        let mut token = LogoutToken {
            iss: "https://sso.example",
            aud: "app",
            sub: None,
            sid: Some("session"),
            jti: "1",
            iat: 1_800_000_000,
            exp: 1_800_000_120,
        };
        let text = token.sign(&key).unwrap();
        let parsed = Compact::parse(&text).unwrap();
        parsed.algorithm(&[Algorithm::Rs256], &["logout+jwt"]).unwrap();
        let expected = json!({
            "iss": "https://sso.example", "aud": "app", "sid": "session", "jti": "1", "iat": 1_800_000_000,
            "exp": 1_800_000_120, "events": { "http://schemas.openid.net/event/backchannel-logout": {} },
        });
        assert_eq!(serde_json::Value::Object(parsed.claims.0), expected);
        token.sid = None;
        assert!(matches!(token.sign(&key), Err(KeyError::NoSubject)));
        token.sub = Some("user");
        assert!(token.sign(&key).is_ok());
    }
}
