//! Assertions of Entra workloads: JWTs signed with RS256 by the keys of their tenant (E4; RFC 7523 §3).

use super::answer::OauthError;
use super::keys::PublicKey;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use events::Timestamp;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::time::Duration;
use store::Federation;

/// How far clocks may be apart.
const LEEWAY: Duration = Duration::from_secs(60);
/// The one algorithm: what the header says is compared with it and decides nothing.
const ALGORITHM: &str = "RS256";

/// An assertion, not verified yet. Members that come twice make it unreadable.
#[derive(Debug)]
pub(super) struct Assertion<'a> {
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

    /// Whether it says what the federation demands, and its time is now.
    pub(super) fn check(&self, federation: &Federation, issuer: &str, now: Timestamp) -> Result<(), OauthError> {
        let claims = &self.claims;
        let tenant = federation.tenant_id.to_string();
        let of_tenant = claims.tid.as_ref().is_none_or(|tid| tid.eq_ignore_ascii_case(&tenant));
        if claims.iss != issuer || !of_tenant {
            return Err(OauthError::InvalidClient(
                "the assertion is not one of the tenant configured",
            ));
        }
        if !claims.aud.is(&federation.audience) {
            return Err(OauthError::InvalidClient(
                "the audience of the assertion is not the one configured",
            ));
        }
        if claims.sub != federation.subject {
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
    use events::DirectoryId;
    use serde_json::{Value, json};
    use uuid::Uuid;

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
        let federation = Federation {
            directory_id: DirectoryId::new(),
            tenant_id: Uuid::nil(),
            audience: "api://a".to_owned(),
            subject: "s".to_owned(),
            created_at: at,
            updated_at: at,
        };
        let text = jwt(&json!({ "alg": "RS256", "kid": "k", "typ": "JWT" }), claims);
        Assertion::parse(&text)?.check(&federation, ISSUER, at)
    }

    #[test]
    fn e4_an_assertion_must_say_what_the_federation_demands() {
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

    #[test]
    fn e4_clocks_may_be_a_minute_apart_and_no_more() {
        assert_eq!(check(&claims(("exp", json!(NOW - 59)))), Ok(()));
        assert!(check(&claims(("exp", json!(NOW - 60)))).is_err());
        assert_eq!(check(&claims(("nbf", json!(NOW + 60)))), Ok(()));
        assert!(check(&claims(("nbf", json!(NOW + 61)))).is_err());
    }

    #[test]
    fn e4_no_algorithm_but_rs256_and_no_critical_header_is_taken() {
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
