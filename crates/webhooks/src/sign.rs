//! Signing and verifying as Standard Webhooks says: HMAC-SHA256 over `<id>.<timestamp>.<body>`, in base64, after `v1,`;
//! or ed25519 over the same, after `v1a,`.

use crate::asymmetric::{PRIVATE_PREFIX, PublicKey, SigningKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use secrecy::{ExposeSecret, SecretString};
use standardwebhooks::Webhook;
use std::sync::Arc;

/// Header with the event's id, the same at every attempt: receivers drop what they have seen.
pub const ID_HEADER: &str = "webhook-id";
/// Header with the time of the attempt in seconds since the Unix epoch: receivers refuse what is too old.
pub const TIMESTAMP_HEADER: &str = "webhook-timestamp";
/// Header with one or more signatures, separated by spaces.
pub const SIGNATURE_HEADER: &str = "webhook-signature";

/// Header of what is sent for a test only: `true`.
pub const TEST_HEADER: &str = "webhook-test";

const PREFIX: &str = "whsec_";
/// How far the timestamp of a request may be from now, in seconds.
pub(crate) const TOLERANCE_SECONDS: i64 = 5 * 60;
/// Key length of minted secrets, in bytes.
const MINTED_BYTES: usize = 32;
/// Key lengths that Standard Webhooks allows, in bytes.
const KEY_BYTES: std::ops::RangeInclusive<usize> = 24..=64;

/// Text that is no signing secret.
#[derive(Debug, thiserror::Error)]
#[error("a signing secret is `whsec_` and then 24 to 64 bytes in base64, or `whsk_` and then an ed25519 key pair")]
pub struct InvalidSecret;

/// No secret could be made.
#[derive(Debug, thiserror::Error)]
#[error("the operating system gives no random bytes")]
pub struct MintError(#[source] getrandom::Error);

/// How requests are signed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Signing {
    /// `v1`: HMAC-SHA256 with a secret that both sides know.
    #[default]
    V1,
    /// `v1a`: ed25519; the receiver knows the public key only.
    V1a,
}

impl Signing {
    /// The name on the wire and in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::V1 => "v1",
            Self::V1a => "v1a",
        }
    }
}

/// The secret that an endpoint's requests are signed with: `whsec_<base64>` for `v1`, `whsk_<base64>` for `v1a`. Never
/// shown by `Debug`.
#[derive(Clone)]
pub struct Secret {
    text: SecretString,
    key: Key,
}

#[derive(Clone)]
enum Key {
    Shared(Arc<Webhook>),
    Pair(Arc<SigningKey>),
}

impl Secret {
    /// A fresh secret for a way of signing.
    ///
    /// # Errors
    /// When the operating system gives no randomness.
    pub fn of_kind(signing: Signing) -> Result<Self, MintError> {
        match signing {
            Signing::V1 => Self::mint(),
            Signing::V1a => Self::mint_pair(),
        }
    }

    fn mint_pair() -> Result<Self, MintError> {
        let mut seed = [0u8; MINTED_BYTES];
        getrandom::fill(&mut seed).map_err(MintError)?;
        let (pair, text) = SigningKey::of_seed(&seed).expect("any 32 bytes are a seed");
        Ok(Self {
            text: SecretString::from(text),
            key: Key::Pair(Arc::new(pair)),
        })
    }

    /// How requests are signed with it.
    #[must_use]
    pub const fn signing(&self) -> Signing {
        match self.key {
            Key::Shared(_) => Signing::V1,
            Key::Pair(_) => Signing::V1a,
        }
    }

    /// What a receiver verifies `v1a` with.
    #[must_use]
    pub fn public_key(&self) -> Option<PublicKey> {
        match &self.key {
            Key::Shared(_) => None,
            Key::Pair(pair) => Some(pair.public_key()),
        }
    }

    fn sign(&self, id: &str, at: i64, body: &str) -> Option<String> {
        match &self.key {
            // Signing fails on bodies that are not UTF-8 only, and `str` is.
            Key::Shared(key) => key.sign(id, at, body.as_bytes()).ok(),
            Key::Pair(pair) => Some(pair.sign(id, at, body)),
        }
    }

    /// A fresh `v1` secret of 32 random bytes.
    ///
    /// # Errors
    /// When the operating system gives no randomness.
    pub fn mint() -> Result<Self, MintError> {
        let mut bytes = [0u8; MINTED_BYTES];
        getrandom::fill(&mut bytes).map_err(MintError)?;
        Ok(Self::of(bytes.to_vec()))
    }

    /// Reads the text form.
    ///
    /// # Errors
    /// [`InvalidSecret`] for anything else; the text is not repeated.
    pub fn parse(text: &str) -> Result<Self, InvalidSecret> {
        if let Some(encoded) = text.strip_prefix(PRIVATE_PREFIX) {
            return Ok(Self {
                key: Key::Pair(Arc::new(SigningKey::parse(encoded).ok_or(InvalidSecret)?)),
                text: SecretString::from(text),
            });
        }
        let encoded = text.strip_prefix(PREFIX).ok_or(InvalidSecret)?;
        let bytes = STANDARD.decode(encoded).map_err(|_| InvalidSecret)?;
        if KEY_BYTES.contains(&bytes.len()) {
            Ok(Self::of(bytes))
        } else {
            Err(InvalidSecret)
        }
    }

    /// The text form, to be shown to the endpoint's owner or sealed.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.text.expose_secret()
    }

    /// Checks a request as its receiver does: a signature of this secret, and a timestamp within five minutes of the
    /// system clock.
    ///
    /// # Errors
    /// [`SignatureError`] when the request must not be trusted.
    pub fn verify(&self, headers: &SignedHeaders<'_>, body: &[u8]) -> Result<(), SignatureError> {
        let key = match &self.key {
            Key::Shared(key) => key,
            Key::Pair(pair) => return verify_pair(&pair.public_key(), headers, body),
        };
        let mut map = HeaderMap::with_capacity(3);
        let pairs = [
            (ID_HEADER, headers.id),
            (TIMESTAMP_HEADER, headers.timestamp),
            (SIGNATURE_HEADER, headers.signature),
        ];
        for (name, value) in pairs {
            let value = HeaderValue::from_str(value).map_err(|_| SignatureError::Malformed(name))?;
            map.insert(HeaderName::from_static(name), value);
        }
        key.verify(body, &map).map_err(SignatureError::Refused)
    }

    fn of(bytes: Vec<u8>) -> Self {
        let text = SecretString::from(format!("{PREFIX}{}", STANDARD.encode(&bytes)));
        let key = Webhook::from_bytes(bytes).expect("a key of any bytes is taken as it is");
        Self {
            text,
            key: Key::Shared(Arc::new(key)),
        }
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self.key {
            Key::Shared(_) => "Secret(whsec_…)",
            Key::Pair(_) => "Secret(whsk_…)",
        })
    }
}

/// The same tolerance as that of the library for `v1`.
fn verify_pair(key: &PublicKey, headers: &SignedHeaders<'_>, body: &[u8]) -> Result<(), SignatureError> {
    let at: i64 = headers
        .timestamp
        .parse()
        .map_err(|_| SignatureError::Malformed(TIMESTAMP_HEADER))?;
    let age = events::Timestamp::now().millis() / 1000 - at;
    if age.abs() <= TOLERANCE_SECONDS && key.verifies(headers.signature, headers.id, headers.timestamp, body) {
        Ok(())
    } else {
        Err(SignatureError::NotSigned)
    }
}

/// The three headers that a receiver verifies.
#[derive(Clone, Copy, Debug)]
pub struct SignedHeaders<'a> {
    /// [`ID_HEADER`].
    pub id: &'a str,
    /// [`TIMESTAMP_HEADER`].
    pub timestamp: &'a str,
    /// [`SIGNATURE_HEADER`].
    pub signature: &'a str,
}

/// Why a request must not be trusted.
#[derive(Debug, thiserror::Error)]
pub enum SignatureError {
    /// A header cannot be a header.
    #[error("header {0} is malformed")]
    Malformed(&'static str),
    /// No signature matches, or the timestamp is too far from now.
    #[error("the webhook is not authentic")]
    Refused(#[source] standardwebhooks::WebhookError),
    /// The same for `v1a`.
    #[error("the webhook is not authentic")]
    NotSigned,
}

/// The value of [`SIGNATURE_HEADER`]: one signature for each secret, the current one first. With two, both the old
/// and the new secret of a rotation verify.
///
/// `at` is the value of [`TIMESTAMP_HEADER`], in seconds since the Unix epoch.
#[must_use]
pub fn sign(secrets: &[Secret], id: &str, at: i64, body: &str) -> String {
    let mut value = String::with_capacity(secrets.len() * 48);
    for signature in secrets.iter().filter_map(|secret| secret.sign(id, at, body)) {
        if !value.is_empty() {
            value.push(' ');
        }
        value.push_str(&signature);
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;
    use events::{EventId, Timestamp};

    const BODY: &str = r#"{"type":"user.created","data":{"user":{"display_name":"Zoë"}}}"#;

    fn signed<'a>(id: &'a str, timestamp: &'a str, signature: &'a str) -> SignedHeaders<'a> {
        SignedHeaders {
            id,
            timestamp,
            signature,
        }
    }

    #[test]
    fn the_published_example_of_the_specification_is_reproduced() {
        let secret = Secret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        assert_eq!(
            sign(
                &[secret],
                "msg_p5jXN8AQM9LWM0D4loKWxJek",
                1_614_265_330,
                r#"{"test": 2432232314}"#
            ),
            "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
        );
    }

    #[test]
    fn a_signature_verifies_with_its_secret_body_and_id_only() {
        let secret = Secret::mint().unwrap();
        let id = EventId::new().to_string();
        let at = Timestamp::now().millis() / 1000;
        let (timestamp, signature) = (at.to_string(), sign(std::slice::from_ref(&secret), &id, at, BODY));
        let headers = signed(&id, &timestamp, &signature);
        secret.verify(&headers, BODY.as_bytes()).unwrap();
        assert!(secret.verify(&headers, b"{}").is_err());
        assert!(
            secret
                .verify(&signed("other", &timestamp, &signature), BODY.as_bytes())
                .is_err()
        );
        assert!(Secret::mint().unwrap().verify(&headers, BODY.as_bytes()).is_err());
        assert!(
            secret
                .verify(&signed("a\nb", &timestamp, &signature), BODY.as_bytes())
                .is_err()
        );
    }

    #[test]
    fn an_old_request_is_refused() {
        let secret = Secret::mint().unwrap();
        let at = Timestamp::now().millis() / 1000 - 400;
        let (timestamp, signature) = (at.to_string(), sign(std::slice::from_ref(&secret), "id", at, BODY));
        assert!(
            secret
                .verify(&signed("id", &timestamp, &signature), BODY.as_bytes())
                .is_err()
        );
    }

    #[test]
    fn during_a_rotation_both_secrets_verify_and_the_current_one_comes_first() {
        let (new, old) = (Secret::mint().unwrap(), Secret::mint().unwrap());
        let at = Timestamp::now().millis() / 1000;
        let timestamp = at.to_string();
        let signature = sign(&[new.clone(), old.clone()], "id", at, BODY);
        let parts: Vec<_> = signature.split(' ').collect();
        assert_eq!(parts.len(), 2);
        assert!(parts.iter().all(|part| part.starts_with("v1,")));
        assert_eq!(parts[0], sign(std::slice::from_ref(&new), "id", at, BODY));
        for secret in [new, old] {
            secret
                .verify(&signed("id", &timestamp, &signature), BODY.as_bytes())
                .unwrap();
        }
    }

    #[test]
    fn a_secret_reads_back_from_its_text_and_shows_nowhere_else() {
        let secret = Secret::mint().unwrap();
        assert!(secret.expose().starts_with("whsec_"));
        let again = Secret::parse(secret.expose()).unwrap();
        assert_eq!(
            sign(std::slice::from_ref(&secret), "id", 1, BODY),
            sign(&[again], "id", 1, BODY)
        );
        assert!(!format!("{secret:?}").contains(&secret.expose()[6..]));
    }

    #[test]
    fn text_that_is_no_secret_is_refused() {
        let long = format!("whsec_{}", STANDARD.encode([0u8; 65]));
        for text in [
            "",
            "whsec_",
            "whsec_!!!",
            "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
            "whsec_c2hvcnQ=",
            &long,
        ] {
            assert!(Secret::parse(text).is_err(), "{text:?}");
        }
    }
}
