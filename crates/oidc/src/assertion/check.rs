//! The assertions that clients of ours make (OpenID Connect Core 1.0 §9; RFC 7523 §3).

use crate::clock::{MOST_CLOCK_SKEW, seconds, time};
use crate::compact::{Compact, CompactError};
use crate::members::{MemberError, Members};
use crate::public_keys::Verdict;
use crate::{Algorithm, PublicKeys};
use events::Timestamp;
use std::time::Duration;

/// The longest that an assertion is good, beside the difference of clocks: its `jti` is remembered so long. Clients whose
/// assertions say that they are good for longer (authlib's say an hour) are taken at their `iat`.
const LONGEST_LIFETIME: Duration = Duration::from_secs(5 * 60);
/// The longest `jti`, in bytes.
const LONGEST_JTI: usize = 256;

/// Why an assertion proves nothing. What it says never holds a part of the assertion.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AssertionError {
    /// It is no signed token.
    #[error("the client assertion is not a JWT with the claims of RFC 7523: iss, sub, aud, exp and jti")]
    Malformed,
    /// It is signed with another algorithm.
    #[error("the client assertion must be signed with RS256, PS256 or ES256")]
    Algorithm,
    /// `iss` and `sub` are not both the client.
    #[error("iss and sub of the client assertion must both be the client_id")]
    Client,
    /// `aud` is neither our token endpoint nor our issuer, or names others, too.
    #[error("aud of the client assertion must be the URL of the token endpoint or the issuer, and nothing else")]
    Audience,
    /// `exp` has passed.
    #[error("the client assertion has expired")]
    Expired,
    /// `exp` is too far ahead, and no `iat` says when it was made.
    #[error("exp of the client assertion must be at most five minutes ahead, or iat must say when it was made")]
    TooLong,
    /// `nbf` or `iat` is still to come.
    #[error("the client assertion is not good yet: the clock of the client may be wrong")]
    NotYetGood,
    /// `jti` is empty or too long.
    #[error("jti of the client assertion must have 1 to {LONGEST_JTI} bytes")]
    Jti,
    /// No registered key has its `kid`.
    #[error("the client has registered no key that signs like this assertion: compare kid and alg")]
    UnknownKey,
    /// No registered key made the signature.
    #[error("the signature of the client assertion is not right")]
    Signature,
}

impl From<CompactError> for AssertionError {
    fn from(error: CompactError) -> Self {
        match error {
            CompactError::Algorithm => Self::Algorithm,
            _ => Self::Malformed,
        }
    }
}

impl From<MemberError> for AssertionError {
    fn from(_: MemberError) -> Self {
        Self::Malformed
    }
}

/// What an assertion proved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedAssertion {
    /// Its name, at most 256 bytes: a second one with the same name of the same client must be refused.
    pub jti: String,
    /// Until when the name must be remembered.
    pub expires_at: Timestamp,
}

/// An assertion of which nothing is verified.
#[derive(Debug)]
pub struct ClientAssertion<'t> {
    compact: Compact<'t>,
    algorithm: Algorithm,
    kid: Option<String>,
    claims: Claims,
}

#[derive(Debug)]
struct Claims {
    issuer: String,
    subject: String,
    audiences: Vec<String>,
    jti: String,
    /// Seconds since 1970.
    expires: i64,
    not_before: Option<i64>,
    issued: Option<i64>,
}

impl Claims {
    fn read(members: &Members) -> Result<Self, MemberError> {
        Ok(Self {
            issuer: members.needed_text("iss")?.to_owned(),
            subject: members.needed_text("sub")?.to_owned(),
            audiences: members.one_or_more_texts("aud")?,
            jti: members.needed_text("jti")?.to_owned(),
            expires: members.needed_seconds("exp")?,
            not_before: members.seconds("nbf")?,
            issued: members.seconds("iat")?,
        })
    }

    /// When it is not good any more, in seconds since 1970.
    fn ends(&self) -> i64 {
        let lifetime = LONGEST_LIFETIME.as_secs().cast_signed();
        let by_issue = self.issued.map_or(i64::MAX, |issued| issued.saturating_add(lifetime));
        self.expires.min(by_issue)
    }
}

impl<'t> ClientAssertion<'t> {
    /// Takes an assertion apart.
    ///
    /// # Errors
    /// [`AssertionError::Malformed`] and [`AssertionError::Algorithm`].
    pub fn parse(text: &'t str) -> Result<Self, AssertionError> {
        let compact = Compact::parse(text)?;
        let algorithm = compact.algorithm(&Algorithm::ALL, &["JWT", "client-authentication+jwt"])?;
        Ok(Self {
            algorithm,
            kid: compact.key_id()?.map(str::to_owned),
            claims: Claims::read(&compact.claims)?,
            compact,
        })
    }

    /// Which client it says it is of, for finding the client's keys (RFC 7521 §4.2: the request need not say it).
    #[must_use]
    pub fn client_id(&self) -> &str {
        &self.claims.subject
    }

    /// Whether this client made the assertion, for one of these audiences: the URL of the token endpoint or the issuer.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn verify(
        &self,
        client_id: &str,
        audiences: &[&str],
        keys: &PublicKeys,
        now: Timestamp,
    ) -> Result<VerifiedAssertion, AssertionError> {
        let claims = &self.claims;
        if claims.issuer != client_id || claims.subject != client_id {
            return Err(AssertionError::Client);
        }
        // With another audience, that one could pass the assertion on to us.
        if !matches!(&claims.audiences[..], [one] if audiences.contains(&one.as_str())) {
            return Err(AssertionError::Audience);
        }
        let (earliest, latest) = (seconds(now.minus(MOST_CLOCK_SKEW)), seconds(now.plus(MOST_CLOCK_SKEW)));
        let ends = claims.ends();
        if ends <= earliest {
            return Err(AssertionError::Expired);
        }
        if ends > seconds(now.plus(LONGEST_LIFETIME + MOST_CLOCK_SKEW)) && claims.issued.is_none() {
            return Err(AssertionError::TooLong);
        }
        if [claims.not_before, claims.issued]
            .into_iter()
            .flatten()
            .any(|from| from > latest)
        {
            return Err(AssertionError::NotYetGood);
        }
        if !(1..=LONGEST_JTI).contains(&claims.jti.len()) {
            return Err(AssertionError::Jti);
        }
        let (signed, signature) = (self.compact.signed(), self.compact.signature());
        match keys.verify(self.kid.as_deref(), self.algorithm, signed, signature) {
            Verdict::Right => Ok(VerifiedAssertion {
                jti: claims.jti.clone(),
                expires_at: time(ends).plus(MOST_CLOCK_SKEW),
            }),
            Verdict::Wrong => Err(AssertionError::Signature),
            Verdict::NoKey => Err(AssertionError::UnknownKey),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{SigningKey, jwk_set, test_keys};
    use proptest::prelude::*;
    use serde_json::{Map, Value, json};

    const NOW: i64 = 1_800_000_000;
    const ENDPOINT: &str = "https://sso.example/token";
    const ISSUER: &str = "https://sso.example";

    fn claims(name: &str, value: Value) -> Value {
        let mut claims =
            json!({ "iss": "app", "sub": "app", "aud": ENDPOINT, "jti": "1", "exp": NOW + 60, "iat": NOW });
        claims[name] = value;
        claims
    }

    fn verify(text: &str, keys: &[&SigningKey]) -> Result<VerifiedAssertion, AssertionError> {
        let document = jwk_set(keys.iter().copied()).to_string();
        let keys = PublicKeys::read(document.as_bytes()).unwrap();
        let at = Timestamp::from_millis(NOW * 1000);
        ClientAssertion::parse(text)?.verify("app", &[ENDPOINT, ISSUER], &keys, at)
    }

    fn check(name: &str, value: Value) -> Result<VerifiedAssertion, AssertionError> {
        let key = test_keys::one();
        verify(&key.sign_jwt("JWT", &claims(name, value)).unwrap(), &[&key])
    }

    #[test]
    fn a_client_is_known_by_every_kind_of_key_that_it_may_register() {
        for key in [test_keys::one(), test_keys::p256()] {
            let text = key.sign_jwt("JWT", &claims("jti", json!("7"))).unwrap();
            assert_eq!(ClientAssertion::parse(&text).unwrap().client_id(), "app");
            let verified = verify(&text, &[&test_keys::two(), &key]).unwrap();
            assert_eq!(verified.jti, "7");
            assert_eq!(
                verified.expires_at.millis(),
                (NOW + 120) * 1000,
                "with the difference of clocks"
            );
        }
        let key = test_keys::one();
        let mut jwk = key.public_jwk();
        jwk.as_object_mut().unwrap().remove("alg");
        let keys = PublicKeys::read(json!({ "keys": [jwk] }).to_string().as_bytes()).unwrap();
        let text = key
            .compact("JWT", Algorithm::Ps256, Map::new(), &claims("jti", json!("7")))
            .unwrap();
        let at = Timestamp::from_millis(NOW * 1000);
        assert!(
            ClientAssertion::parse(&text)
                .unwrap()
                .verify("app", &[ISSUER, ENDPOINT], &keys, at)
                .is_ok()
        );
    }

    #[test]
    fn an_assertion_must_say_who_it_is_of_and_whom_it_is_for() {
        assert!(check("aud", json!([ISSUER])).is_ok());
        for (name, value, error) in [
            ("iss", json!("other"), AssertionError::Client),
            ("sub", json!("other"), AssertionError::Client),
            ("aud", json!("https://other.example"), AssertionError::Audience),
            ("aud", json!([ENDPOINT, ISSUER]), AssertionError::Audience),
            ("aud", json!([]), AssertionError::Audience),
            ("jti", json!(""), AssertionError::Jti),
            ("jti", json!("j".repeat(257)), AssertionError::Jti),
            ("jti", Value::Null, AssertionError::Malformed),
            ("exp", json!("soon"), AssertionError::Malformed),
        ] {
            assert_eq!(check(name, value.clone()), Err(error), "{name} {value}");
        }
    }

    #[test]
    fn an_assertion_is_good_for_a_short_time_and_clocks_may_be_a_minute_apart() {
        assert!(check("exp", json!(NOW - 59)).is_ok());
        assert_eq!(check("exp", json!(NOW - 60)), Err(AssertionError::Expired));
        let key = test_keys::one();
        let without_iat = |exp: i64| {
            let mut claims = claims("exp", json!(exp));
            claims.as_object_mut().unwrap().remove("iat");
            verify(&key.sign_jwt("JWT", &claims).unwrap(), &[&key])
        };
        assert!(without_iat(NOW + 360).is_ok());
        assert_eq!(without_iat(NOW + 361), Err(AssertionError::TooLong));
        for name in ["nbf", "iat"] {
            assert!(check(name, json!(NOW + 60)).is_ok());
            assert_eq!(check(name, json!(NOW + 61)), Err(AssertionError::NotYetGood), "{name}");
        }
    }

    #[test]
    fn an_assertion_that_says_it_is_good_for_an_hour_is_good_for_five_minutes_from_when_it_was_made() {
        let key = test_keys::one();
        let made = |ago: i64| {
            let mut claims = claims("exp", json!(NOW + 3600));
            claims["iat"] = json!(NOW - ago);
            verify(&key.sign_jwt("JWT", &claims).unwrap(), &[&key])
        };
        assert_eq!(made(0).unwrap().expires_at.millis(), (NOW + 360) * 1000);
        assert!(made(359).is_ok());
        assert_eq!(made(360), Err(AssertionError::Expired));
        assert_eq!(check("iat", json!(i64::MIN)), Err(AssertionError::Expired));
    }

    #[test]
    fn only_a_registered_key_proves_anything() {
        let (one, two) = (test_keys::one(), test_keys::two());
        let text = one.sign_jwt("JWT", &claims("jti", json!("1"))).unwrap();
        assert_eq!(verify(&text, &[&two]), Err(AssertionError::UnknownKey));
        let mut header = Map::new();
        header.insert("kid".into(), two.kid().into());
        let named = one
            .compact("JWT", Algorithm::Rs256, header, &claims("jti", json!("1")))
            .unwrap();
        assert_eq!(verify(&named, &[&one, &two]), Err(AssertionError::Signature));
        let (signed, _) = text.rsplit_once('.').unwrap();
        assert_eq!(verify(&format!("{signed}."), &[&one]), Err(AssertionError::Signature));
        let none = format!("eyJhbGciOiJub25lIn0.{}.", signed.split_once('.').unwrap().1);
        assert_eq!(verify(&none, &[&one]), Err(AssertionError::Algorithm));
    }

    proptest! {
        #[test]
        fn no_text_makes_the_check_panic(text in ".*") {
            prop_assert!(verify(&text, &[&test_keys::one()]).is_err());
        }
    }
}
