//! JSON Web Tokens signed with RS256 (RFC 7519, RFC 7515).

use crate::clock::{MOST_CLOCK_SKEW, seconds};
use crate::compact::{Compact, CompactError};
use crate::members::{MemberError, Members};
use crate::{Algorithm, TokenError, VerifyingKey};
use events::Timestamp;
use uuid::Uuid;

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
    compact: Compact<'t>,
    key_id: String,
    claims: Claims,
}

#[derive(Debug)]
struct Claims {
    issuer: String,
    subject: String,
    audiences: Vec<String>,
    /// Seconds since 1970.
    expires: i64,
    not_before: Option<i64>,
    tenant: Option<String>,
}

impl Claims {
    fn read(members: &Members) -> Result<Self, MemberError> {
        Ok(Self {
            issuer: members.needed_text("iss")?.to_owned(),
            subject: members.needed_text("sub")?.to_owned(),
            audiences: members.one_or_more_texts("aud")?,
            expires: members.needed_seconds("exp")?,
            not_before: members.seconds("nbf")?,
            tenant: members.text("tid")?.map(str::to_owned),
        })
    }
}

impl<'t> Jwt<'t> {
    /// Takes a token apart and refuses every algorithm but RS256, `none` before all others: what the header says is
    /// compared with it and decides nothing.
    ///
    /// # Errors
    /// [`TokenError::Malformed`].
    pub fn parse(text: &'t str) -> Result<Self, TokenError> {
        Self::read(text).map_err(|_| TokenError::Malformed)
    }

    fn read(text: &'t str) -> Result<Self, CompactError> {
        let compact = Compact::parse(text)?;
        compact.algorithm(&[Algorithm::Rs256], &["JWT"])?;
        Ok(Self {
            key_id: compact.key_id()?.unwrap_or_default().to_owned(),
            claims: Claims::read(&compact.claims)?,
            compact,
        })
    }

    /// The key that signed it, as it claims.
    #[must_use]
    pub fn key_id(&self) -> &str {
        &self.key_id
    }

    /// Whether it is meant for this audience and no other: with several, another service could pass it on to us.
    #[must_use]
    pub fn is_for(&self, audience: &str) -> bool {
        matches!(&self.claims.audiences[..], [one] if one == audience)
    }

    /// Whether it says what is expected, and its time is now.
    ///
    /// # Errors
    /// What is different.
    pub fn check(&self, expected: &ExpectedClaims<'_>, now: Timestamp) -> Result<(), TokenError> {
        let claims = &self.claims;
        let is_of_tenant = match (expected.tenant, &claims.tenant) {
            (Some(tenant), Some(tid)) => tid.eq_ignore_ascii_case(&tenant.to_string()),
            _ => true,
        };
        if claims.issuer != expected.issuer || !is_of_tenant {
            return Err(TokenError::Issuer);
        }
        if !self.is_for(expected.audience) {
            return Err(TokenError::Audience);
        }
        if expected.subject.is_some_and(|subject| claims.subject != subject) {
            return Err(TokenError::Subject);
        }
        if claims.expires <= seconds(now.minus(MOST_CLOCK_SKEW)) {
            return Err(TokenError::Expired);
        }
        if claims
            .not_before
            .is_some_and(|nbf| nbf > seconds(now.plus(MOST_CLOCK_SKEW)))
        {
            return Err(TokenError::NotYetGood);
        }
        Ok(())
    }

    /// Whether this key signed it.
    ///
    /// # Errors
    /// [`TokenError::Signature`].
    pub fn verify(&self, key: &VerifyingKey) -> Result<(), TokenError> {
        if key.verifies(Algorithm::Rs256, self.compact.signed(), self.compact.signature()) {
            return Ok(());
        }
        Err(TokenError::Signature)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
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
