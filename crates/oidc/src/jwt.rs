//! JSON Web Tokens signed with RS256 (RFC 7519, RFC 7515).

use crate::{TokenError, VerifyingKey};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use events::Timestamp;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::time::Duration;
use uuid::Uuid;

/// How far clocks may be apart.
const MOST_CLOCK_SKEW: Duration = Duration::from_secs(60);
/// The one algorithm: what the header says is compared with it and decides nothing.
const ALGORITHM: &str = "RS256";

/// What a token must say.
#[derive(Clone, Copy, Debug)]
pub struct ExpectedClaims<'e> {
    /// Its `iss`.
    pub issuer: &'e str,
    /// Its `tid`, if it has one; `None` for any.
    pub tenant: Option<Uuid>,
    /// Its only `aud`.
    pub audience: &'e str,
    /// Its `sub`; `None` for any.
    pub subject: Option<&'e str>,
}

/// A token, not verified yet. Members that come twice make it unreadable.
#[derive(Debug)]
pub struct Jwt<'t> {
    header: Header,
    claims: Claims,
    /// What was signed: header and claims as they came.
    signed: &'t str,
    signature: Vec<u8>,
}

#[derive(Debug, Deserialize)]
struct Header {
    alg: String,
    kid: Option<String>,
    typ: Option<String>,
    crit: Option<serde::de::IgnoredAny>,
    cty: Option<serde::de::IgnoredAny>,
}

#[derive(Debug, Deserialize)]
struct Claims {
    iss: String,
    sub: String,
    aud: AudienceClaim,
    /// Seconds since 1970.
    exp: i64,
    nbf: Option<i64>,
    tid: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum AudienceClaim {
    One(String),
    Several(Vec<String>),
}

impl AudienceClaim {
    /// With several audiences another service could pass the token on to us.
    fn is(&self, expected: &str) -> bool {
        match self {
            Self::One(one) => one == expected,
            Self::Several(several) => matches!(&several[..], [one] if one == expected),
        }
    }
}

impl<'t> Jwt<'t> {
    /// Takes a token apart and refuses every algorithm but RS256, `none` before all others.
    ///
    /// # Errors
    /// [`TokenError::Malformed`].
    pub fn parse(text: &'t str) -> Result<Self, TokenError> {
        Self::read(text).ok_or(TokenError::Malformed)
    }

    fn read(text: &'t str) -> Option<Self> {
        let (signed, signature) = text.rsplit_once('.')?;
        let (header, claims) = signed.split_once('.')?;
        let header: Header = part(header)?;
        let is_jwt = header.typ.as_deref().is_none_or(|typ| typ.eq_ignore_ascii_case("JWT"));
        if header.alg != ALGORITHM || !is_jwt || header.crit.is_some() || header.cty.is_some() {
            return None;
        }
        Some(Self {
            header,
            claims: part(claims)?,
            signed,
            signature: URL_SAFE_NO_PAD.decode(signature).ok()?,
        })
    }

    /// The key that signed it, as it claims.
    #[must_use]
    pub fn key_id(&self) -> &str {
        self.header.kid.as_deref().unwrap_or_default()
    }

    /// Whether it is meant for this audience and no other.
    #[must_use]
    pub fn is_for(&self, audience: &str) -> bool {
        self.claims.aud.is(audience)
    }

    /// Whether it says what is expected, and its time is now.
    ///
    /// # Errors
    /// What is different.
    pub fn check(&self, expected: &ExpectedClaims<'_>, now: Timestamp) -> Result<(), TokenError> {
        let claims = &self.claims;
        let is_of_tenant = match (expected.tenant, &claims.tid) {
            (Some(tenant), Some(tid)) => tid.eq_ignore_ascii_case(&tenant.to_string()),
            _ => true,
        };
        if claims.iss != expected.issuer || !is_of_tenant {
            return Err(TokenError::Issuer);
        }
        if !self.is_for(expected.audience) {
            return Err(TokenError::Audience);
        }
        if expected.subject.is_some_and(|subject| claims.sub != subject) {
            return Err(TokenError::Subject);
        }
        let seconds = |at: Timestamp| at.millis().div_euclid(1000);
        if claims.exp <= seconds(now.minus(MOST_CLOCK_SKEW)) {
            return Err(TokenError::Expired);
        }
        if claims.nbf.is_some_and(|nbf| nbf > seconds(now.plus(MOST_CLOCK_SKEW))) {
            return Err(TokenError::NotYetGood);
        }
        Ok(())
    }

    /// Whether this key signed it.
    ///
    /// # Errors
    /// [`TokenError::Signature`].
    pub fn verify(&self, key: &VerifyingKey) -> Result<(), TokenError> {
        if key.verifies(self.signed.as_bytes(), &self.signature) {
            return Ok(());
        }
        Err(TokenError::Signature)
    }
}

fn part<T: DeserializeOwned>(encoded: &str) -> Option<T> {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(encoded).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    const ISSUER: &str = "https://login.example/t/v2.0";
    const NOW: i64 = 1_800_000_000;

    fn jwt(header: &Value, claims: &Value) -> String {
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        format!("{}.{}.c2ln", part(header), part(claims))
    }

    fn claims(change: (&str, Value)) -> Value {
        let mut claims = json!({ "iss": ISSUER, "sub": "s", "aud": "api://a", "exp": NOW + 300, "nbf": NOW - 300 });
        claims[change.0] = change.1;
        claims
    }

    fn check(claims: &Value) -> Result<(), TokenError> {
        let at = Timestamp::from_millis(NOW * 1000);
        let expected = ExpectedClaims {
            issuer: ISSUER,
            tenant: Some(Uuid::nil()),
            audience: "api://a",
            subject: Some("s"),
        };
        let text = jwt(&json!({ "alg": "RS256", "kid": "k", "typ": "JWT" }), claims);
        Jwt::parse(&text)?.check(&expected, at)
    }

    // Rules: E4
    #[test]
    fn an_assertion_must_say_what_the_federation_demands() {
        assert_eq!(check(&claims(("aud", json!(["api://a"])))), Ok(()));
        assert_eq!(check(&claims(("tid", json!(Uuid::nil())))), Ok(()));
        for (name, value, reason) in [
            ("iss", json!("https://login.example/u/v2.0"), TokenError::Issuer),
            ("sub", json!("other"), TokenError::Subject),
            ("aud", json!("api://b"), TokenError::Audience),
            ("aud", json!(["api://a", "api://b"]), TokenError::Audience),
            ("aud", json!([]), TokenError::Audience),
            ("tid", json!(Uuid::max()), TokenError::Issuer),
            ("exp", json!("tomorrow"), TokenError::Malformed),
            ("exp", Value::Null, TokenError::Malformed),
        ] {
            assert_eq!(check(&claims((name, value.clone()))), Err(reason), "{name} {value}");
        }
    }

    // Rules: E4
    #[test]
    fn clocks_may_be_a_minute_apart_and_no_more() {
        assert_eq!(check(&claims(("exp", json!(NOW - 59)))), Ok(()));
        assert_eq!(check(&claims(("exp", json!(NOW - 60)))), Err(TokenError::Expired));
        assert_eq!(check(&claims(("nbf", json!(NOW + 60)))), Ok(()));
        assert_eq!(check(&claims(("nbf", json!(NOW + 61)))), Err(TokenError::NotYetGood));
    }

    // Rules: E4
    #[test]
    fn no_algorithm_but_rs256_and_no_critical_header_is_taken() {
        let claims = claims(("jti", json!("1")));
        for header in [
            json!({ "alg": "none", "kid": "k" }),
            json!({ "alg": "HS256", "kid": "k" }),
            json!({ "alg": "rs256", "kid": "k" }),
            json!({ "alg": "RS256", "kid": "k", "crit": ["b64"] }),
            json!({ "alg": "RS256", "kid": "k", "cty": "JWT" }),
            json!({ "kid": "k" }),
        ] {
            assert!(Jwt::parse(&jwt(&header, &claims)).is_err(), "{header}");
        }
        for text in ["", ".", "..", "a.b.c", "a.b.c.d"] {
            assert!(Jwt::parse(text).is_err(), "{text}");
        }
        let twice = format!("{}.e30.", URL_SAFE_NO_PAD.encode(r#"{"alg":"none","alg":"RS256"}"#));
        assert!(Jwt::parse(&twice).is_err());
    }
}
