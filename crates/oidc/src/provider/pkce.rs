//! Proof Key for Code Exchange (RFC 7636): whoever redeems a code must be whoever asked for it.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::digest::{SHA256, digest};
use secrecy::{ExposeSecret as _, SecretString};
use std::ops::RangeInclusive;

/// How long a verifier is, in characters (RFC 7636 §4.1).
const VERIFIER: RangeInclusive<usize> = 43..=128;
/// A challenge is a hash of this many bytes.
const HASH: usize = 32;
/// Random bytes of a verifier of ours, as RFC 7636 §4.1 recommends.
const RANDOM: usize = 32;

/// Why a challenge or a verifier is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PkceError {
    /// No S256 challenge.
    #[error("code_challenge must be base64url of a SHA-256 hash, 43 characters without padding")]
    NotAChallenge,
    /// No verifier.
    #[error("code_verifier must have 43 to 128 letters, digits, hyphens, dots, underscores and tildes")]
    NotAVerifier,
    /// Not the one of the challenge.
    #[error("code_verifier does not belong to the code_challenge of the authorization request")]
    Mismatch,
}

/// What a client of ours sent with its authorization request, by the method S256.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CodeChallenge(String);

impl CodeChallenge {
    /// Reads `code_challenge`.
    ///
    /// # Errors
    /// [`PkceError::NotAChallenge`].
    pub fn parse(text: &str) -> Result<Self, PkceError> {
        let hash = URL_SAFE_NO_PAD.decode(text).map_err(|_| PkceError::NotAChallenge)?;
        if hash.len() == HASH {
            return Ok(Self(text.to_owned()));
        }
        Err(PkceError::NotAChallenge)
    }

    /// As it was sent.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether this `code_verifier` is the one that the challenge was made of.
    ///
    /// # Errors
    /// [`PkceError::NotAVerifier`] and [`PkceError::Mismatch`].
    pub fn check(&self, verifier: &str) -> Result<(), PkceError> {
        let is_unreserved = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
        if !VERIFIER.contains(&verifier.len()) || !verifier.bytes().all(is_unreserved) {
            return Err(PkceError::NotAVerifier);
        }
        if secrets::constant_time_eq(self.0.as_bytes(), challenge(verifier).as_bytes()) {
            return Ok(());
        }
        Err(PkceError::Mismatch)
    }
}

/// A secret of ours for one authorization request to a provider.
#[derive(Debug)]
pub struct CodeVerifier(SecretString);

impl CodeVerifier {
    /// A new one.
    #[must_use]
    pub fn random() -> Self {
        Self(URL_SAFE_NO_PAD.encode(secrets::random_bytes::<RANDOM>()).into())
    }

    /// One that was stored while the person was away.
    #[must_use]
    pub fn from_stored(text: String) -> Self {
        Self(text.into())
    }

    /// The `code_verifier` of the token request.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }

    /// The `code_challenge` of the authorization request, by the method S256.
    #[must_use]
    pub fn challenge(&self) -> String {
        challenge(self.expose())
    }
}

/// RFC 7636 §4.2.
fn challenge(verifier: &str) -> String {
    URL_SAFE_NO_PAD.encode(digest(&SHA256, verifier.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// RFC 7636, appendix B.
    const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

    #[test]
    fn the_example_of_rfc_7636_is_reproduced() {
        let challenge = CodeChallenge::parse(CHALLENGE).unwrap();
        assert_eq!(challenge.check(VERIFIER), Ok(()));
        assert_eq!(CodeVerifier::from_stored(VERIFIER.to_owned()).challenge(), CHALLENGE);
        assert_eq!(challenge.check(&VERIFIER.replace('d', "e")), Err(PkceError::Mismatch));
        assert_eq!(
            challenge.check(CHALLENGE),
            Err(PkceError::Mismatch),
            "the method plain is not known"
        );
    }

    #[test]
    fn a_verifier_has_43_to_128_characters_of_its_alphabet() {
        for (verifier, is_one) in [
            ("a".repeat(42), false),
            ("a".repeat(43), true),
            ("~".repeat(128), true),
            ("a".repeat(129), false),
            (format!("{}+", "a".repeat(43)), false),
            (format!("{}é", "a".repeat(43)), false),
            (String::new(), false),
        ] {
            let challenge = CodeChallenge::parse(&challenge(&verifier)).unwrap();
            let expected = if is_one { Ok(()) } else { Err(PkceError::NotAVerifier) };
            assert_eq!(challenge.check(&verifier), expected, "{verifier}");
        }
    }

    #[test]
    fn what_is_no_hash_is_no_challenge() {
        for text in [
            "",
            VERIFIER.get(1..).unwrap(),
            &format!("{CHALLENGE}="),
            &"+".repeat(43),
            &"a".repeat(128),
        ] {
            assert_eq!(CodeChallenge::parse(text), Err(PkceError::NotAChallenge), "{text}");
        }
    }

    #[test]
    fn a_verifier_of_ours_is_random_belongs_to_its_challenge_and_does_not_show() {
        let (one, two) = (CodeVerifier::random(), CodeVerifier::random());
        assert_ne!(one.expose(), two.expose());
        assert_eq!(
            CodeChallenge::parse(&one.challenge()).unwrap().check(one.expose()),
            Ok(())
        );
        assert!(!format!("{one:?}").contains(one.expose()));
    }

    proptest! {
        #[test]
        fn no_text_makes_the_readers_panic(text in ".*", verifier in ".*") {
            if let Ok(challenge) = CodeChallenge::parse(&text) {
                prop_assert!(challenge.check(&verifier).is_err());
            }
            let _ = CodeChallenge::parse(CHALLENGE).unwrap().check(&text);
        }
    }
}
