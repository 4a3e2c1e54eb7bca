//! ID tokens that we issue to our clients.

use crate::{KeyError, SigningKey};
use serde::Serialize;
use serde_json::{Map, Value};

/// The claims of an ID token of ours (OpenID Connect Core 1.0 §2). Times are seconds since 1970.
#[derive(Clone, Debug, Serialize)]
pub struct IssuedIdToken<'c> {
    /// Our issuer.
    pub iss: &'c str,
    /// The person.
    pub sub: &'c str,
    /// The client.
    pub aud: &'c str,
    /// The client again, as who asked for the token.
    pub azp: &'c str,
    /// When it ends.
    pub exp: i64,
    /// When it was issued.
    pub iat: i64,
    /// When the person signed in.
    pub auth_time: i64,
    /// The nonce of the client's request, when it had one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nonce: Option<&'c str>,
    /// The session, by which it can be ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sid: Option<&'c str>,
    /// The hash of the access token that goes along, of [`crate::left_half_hash`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at_hash: Option<String>,
    /// What is said of the person besides; none of the names above.
    #[serde(flatten)]
    pub more: Map<String, Value>,
}

/// Names that no further claim may have.
const OWN: [&str; 10] = [
    "iss",
    "sub",
    "aud",
    "azp",
    "exp",
    "iat",
    "auth_time",
    "nonce",
    "sid",
    "at_hash",
];

impl IssuedIdToken<'_> {
    /// The signed token. Further claims with a name of the token's own are left out, since a name must not come twice.
    ///
    /// # Errors
    /// [`KeyError`].
    pub fn sign(&self, key: &SigningKey) -> Result<String, KeyError> {
        if !OWN.iter().any(|name| self.more.contains_key(*name)) {
            return key.sign_jwt("JWT", self);
        }
        let mut token = self.clone();
        token.more.retain(|name, _| !OWN.contains(&name.as_str()));
        key.sign_jwt("JWT", &token)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compact::Compact;
    use crate::{left_half_hash, test_keys};
    use serde_json::json;

    #[test]
    fn an_id_token_says_each_thing_once_and_nothing_that_is_not_there() {
        let key = test_keys::one();
        let mut token = IssuedIdToken {
            iss: "https://sso.example",
            sub: "user",
            aud: "app",
            azp: "app",
            exp: 1_800_000_300,
            iat: 1_800_000_000,
            auth_time: 1_799_999_990,
            nonce: Some("n"),
            sid: None,
            at_hash: Some(left_half_hash("token")),
            more: json!({ "name": "Dana", "sub": "somebody else", "sid": "x" })
                .as_object()
                .unwrap()
                .clone(),
        };
        let text = token.sign(&key).unwrap();
        let claims = Compact::parse(&text).unwrap().claims.0;
        assert_eq!(claims["sub"], "user");
        assert_eq!(claims["name"], "Dana");
        assert_eq!(claims["at_hash"], left_half_hash("token"));
        assert!(!claims.contains_key("sid"));
        token.sid = Some("session");
        token.more.clear();
        let text = token.sign(&key).unwrap();
        let claims = Compact::parse(&text).unwrap().claims.0;
        assert_eq!((&claims["sid"], claims.len()), (&json!("session"), OWN.len()));
    }
}
