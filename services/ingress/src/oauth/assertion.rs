//! Assertions of Entra workloads: JWTs signed with RS256 by the keys of their tenant (E4; RFC 7523 §3).

use super::answer::OauthError;
use super::keys::PublicKey;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use events::Timestamp;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::time::Duration;
use uuid::Uuid;

/// How far clocks may be apart.
const LEEWAY: Duration = Duration::from_secs(60);
/// The one algorithm: what the header says is compared with it and decides nothing.
const ALGORITHM: &str = "RS256";

/// What an assertion must say.
#[derive(Clone, Copy, Debug)]
pub(super) struct Expected<'e> {
    /// Its `tid`, if it has one.
    pub(super) tenant: Uuid,
    /// Its `iss`.
    pub(super) issuer: &'e str,
    /// Its only `aud`.
    pub(super) audience: &'e str,
    /// Its `sub`; `None` for any.
    pub(super) subject: Option<&'e str>,
}

/// An assertion, not verified yet. Members that come twice make it unreadable.
#[derive(Debug)]
pub(crate) struct Assertion<'a> {
    header: Header,
    claims: Claims,
    /// What was signed: header and claims as they came.
    signed: &'a str,
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
    aud: Audience,
    /// Seconds since 1970.
    exp: i64,
    nbf: Option<i64>,
    tid: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Several(Vec<String>),
}

impl Audience {
    /// With several audiences another service could pass the assertion on to us.
    fn is(&self, expected: &str) -> bool {
        match self {
            Self::One(one) => one == expected,
            Self::Several(several) => matches!(&several[..], [one] if one == expected),
        }
    }
}

impl<'a> Assertion<'a> {
    /// Takes an assertion apart and refuses every algorithm but RS256, `none` before all others.
    pub(super) fn parse(text: &'a str) -> Result<Self, OauthError> {
        let malformed = || OauthError::InvalidClient("the assertion is not a JWT signed with RS256");
        let (signed, signature) = text.rsplit_once('.').ok_or_else(malformed)?;
        let (header, claims) = signed.split_once('.').ok_or_else(malformed)?;
        let header: Header = part(header).ok_or_else(malformed)?;
        let is_jwt = header.typ.as_deref().is_none_or(|typ| typ.eq_ignore_ascii_case("JWT"));
        if header.alg != ALGORITHM || !is_jwt || header.crit.is_some() || header.cty.is_some() {
            return Err(malformed());
        }
        Ok(Self {
            header,
            claims: part(claims).ok_or_else(malformed)?,
            signed,
            signature: URL_SAFE_NO_PAD.decode(signature).map_err(|_| malformed())?,
        })
    }

    /// The key that signed it, as it claims.
    pub(super) fn key_id(&self) -> &str {
        self.header.kid.as_deref().unwrap_or_default()
    }

    /// Whether it is meant for this audience and no other.
    pub(super) fn is_for(&self, audience: &str) -> bool {
        self.claims.aud.is(audience)
    }

    /// Whether it says what is expected, and its time is now.
    pub(super) fn check(&self, expected: &Expected<'_>, now: Timestamp) -> Result<(), OauthError> {
        let claims = &self.claims;
        let tenant = expected.tenant.to_string();
        let of_tenant = claims.tid.as_ref().is_none_or(|tid| tid.eq_ignore_ascii_case(&tenant));
        if claims.iss != expected.issuer || !of_tenant {
            return Err(OauthError::InvalidClient(
                "the assertion is not one of the tenant configured",
            ));
        }
        if !self.is_for(expected.audience) {
            return Err(OauthError::InvalidClient(
                "the audience of the assertion is not the one configured",
            ));
        }
        if expected.subject.is_some_and(|subject| claims.sub != subject) {
            return Err(OauthError::InvalidClient(
                "the subject of the assertion is not the one configured",
            ));
        }
        let seconds = |at: Timestamp| at.millis().div_euclid(1000);
        if claims.exp <= seconds(now.minus(LEEWAY)) {
            return Err(OauthError::InvalidClient("the assertion has expired"));
        }
        if claims.nbf.is_some_and(|nbf| nbf > seconds(now.plus(LEEWAY))) {
            return Err(OauthError::InvalidClient("the assertion is not good yet"));
        }
        Ok(())
    }

    /// Whether this key signed it.
    pub(super) fn verify(&self, key: &PublicKey) -> Result<(), OauthError> {
        if key.verifies(self.signed.as_bytes(), &self.signature) {
            return Ok(());
        }
        Err(OauthError::InvalidClient("the signature of the assertion is not right"))
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

    fn check(claims: &Value) -> Result<(), OauthError> {
        let at = Timestamp::from_millis(NOW * 1000);
        let expected = Expected {
            tenant: Uuid::nil(),
            issuer: ISSUER,
            audience: "api://a",
            subject: Some("s"),
        };
        let text = jwt(&json!({ "alg": "RS256", "kid": "k", "typ": "JWT" }), claims);
        Assertion::parse(&text)?.check(&expected, at)
    }

    // Rules: E4
    #[test]
    fn an_assertion_must_say_what_the_federation_demands() {
        assert_eq!(check(&claims(("aud", json!(["api://a"])))), Ok(()));
        assert_eq!(check(&claims(("tid", json!(Uuid::nil())))), Ok(()));
        for (name, value) in [
            ("iss", json!("https://login.example/u/v2.0")),
            ("sub", json!("other")),
            ("aud", json!("api://b")),
            ("aud", json!(["api://a", "api://b"])),
            ("aud", json!([])),
            ("tid", json!(Uuid::max())),
            ("exp", json!("tomorrow")),
            ("exp", Value::Null),
        ] {
            assert!(check(&claims((name, value.clone()))).is_err(), "{name} {value}");
        }
    }

    // Rules: E4
    #[test]
    fn clocks_may_be_a_minute_apart_and_no_more() {
        assert_eq!(check(&claims(("exp", json!(NOW - 59)))), Ok(()));
        assert!(check(&claims(("exp", json!(NOW - 60)))).is_err());
        assert_eq!(check(&claims(("nbf", json!(NOW + 60)))), Ok(()));
        assert!(check(&claims(("nbf", json!(NOW + 61)))).is_err());
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
            assert!(Assertion::parse(&jwt(&header, &claims)).is_err(), "{header}");
        }
        for text in ["", ".", "..", "a.b.c", "a.b.c.d"] {
            assert!(Assertion::parse(text).is_err(), "{text}");
        }
        let twice = format!("{}.e30.", URL_SAFE_NO_PAD.encode(r#"{"alg":"none","alg":"RS256"}"#));
        assert!(Assertion::parse(&twice).is_err());
    }
}
