//! `v1a` of Standard Webhooks: ed25519 over `<id>.<timestamp>.<body>`. A verifier needs the public key only.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::digest::{SHA256, digest};
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};

/// Before a private key in text form: 32 bytes of seed and 32 of public key, in base64.
pub(crate) const PRIVATE_PREFIX: &str = "whsk_";
const PUBLIC_PREFIX: &str = "whpk_";
/// Before each signature.
const VERSION: &str = "v1a,";
const SEED: usize = 32;
const PUBLIC: usize = 32;

/// A key pair. `Debug` shows the public half only.
#[derive(Debug)]
pub(crate) struct SigningKey(Ed25519KeyPair);

impl SigningKey {
    /// The pair of a seed, with its text form.
    pub(crate) fn of_seed(seed: &[u8; SEED]) -> Option<(Self, String)> {
        let pair = Ed25519KeyPair::from_seed_unchecked(seed).ok()?;
        let mut bytes = seed.to_vec();
        bytes.extend_from_slice(pair.public_key().as_ref());
        let text = format!("{PRIVATE_PREFIX}{}", STANDARD.encode(&bytes));
        Some((Self(pair), text))
    }

    /// Reads what follows the prefix; both halves must belong together.
    pub(crate) fn parse(encoded: &str) -> Option<Self> {
        let bytes = STANDARD.decode(encoded).ok()?;
        let (seed, public) = bytes.split_at_checked(SEED)?;
        Ed25519KeyPair::from_seed_and_public_key(seed, public).ok().map(Self)
    }

    /// The signature as it stands in the header.
    pub(crate) fn sign(&self, id: &str, at: i64, body: &str) -> String {
        let signature = self.0.sign(format!("{id}.{at}.{body}").as_bytes());
        format!("{VERSION}{}", STANDARD.encode(signature.as_ref()))
    }

    pub(crate) fn public_key(&self) -> PublicKey {
        let mut bytes = [0; PUBLIC];
        bytes.copy_from_slice(self.0.public_key().as_ref());
        PublicKey(bytes)
    }
}

/// The public key of an endpoint that is signed for with `v1a`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PublicKey([u8; PUBLIC]);

impl PublicKey {
    /// Reads the text form `whpk_<base64>`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = STANDARD.decode(text.strip_prefix(PUBLIC_PREFIX)?).ok()?;
        bytes.try_into().ok().map(Self)
    }

    /// Whether one of the signatures of a `webhook-signature` header is of this key.
    #[must_use]
    pub fn verifies(&self, signatures: &str, id: &str, timestamp: &str, body: &[u8]) -> bool {
        let mut signed = format!("{id}.{timestamp}.").into_bytes();
        signed.extend_from_slice(body);
        let key = UnparsedPublicKey::new(&ED25519, self.0);
        signatures
            .split(' ')
            .filter_map(|signature| STANDARD.decode(signature.strip_prefix(VERSION)?).ok())
            .any(|signature| key.verify(&signed, &signature).is_ok())
    }

    /// `x` of the key as a JSON Web Key (RFC 8037).
    #[must_use]
    pub fn jwk_x(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.0)
    }

    /// The key's thumbprint (RFC 7638), which is its `kid`.
    #[must_use]
    pub fn thumbprint(&self) -> String {
        // The members that RFC 8037 §2 names, in order and without white space.
        let canonical = format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{}"}}"#, self.jwk_x());
        URL_SAFE_NO_PAD.encode(digest(&SHA256, canonical.as_bytes()))
    }
}

impl std::fmt::Display for PublicKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{PUBLIC_PREFIX}{}", STANDARD.encode(self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sign::{Secret, Signing, sign};

    /// The key pair in the specification's text.
    const PRIVATE: &str =
        "whsk_6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbfVKIDij2HKpMKkioLlX0dRqSKJp4AJ6p9lMicMFs6Kvg==";
    const PUBLIC: &str = "whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4=";

    #[test]
    fn the_published_key_pair_reads_back() {
        let secret = Secret::parse(PRIVATE).unwrap();
        assert_eq!(secret.public_key().unwrap().to_string(), PUBLIC);
        assert_eq!(PublicKey::parse(PUBLIC), secret.public_key());
        assert!(!format!("{secret:?}").contains("6Xb"));
    }

    #[test]
    fn the_thumbprint_is_that_of_rfc_8037() {
        let x = URL_SAFE_NO_PAD
            .decode("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo")
            .unwrap();
        let key = PublicKey(x.try_into().unwrap());
        assert_eq!(key.thumbprint(), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
    }

    #[test]
    fn a_signature_verifies_with_the_public_key_and_for_what_was_signed_only() {
        let (secret, old) = (
            Secret::of_kind(Signing::V1a).unwrap(),
            Secret::of_kind(Signing::V1).unwrap(),
        );
        let key = secret.public_key().unwrap();
        let header = sign(&[secret.clone(), old], "id", 7, "{}");
        assert!(header.starts_with("v1a,") && header.contains(" v1,"));
        assert!(key.verifies(&header, "id", "7", b"{}"));
        assert!(!key.verifies(&header, "id", "8", b"{}") && !key.verifies(&header, "id", "7", b"[]"));
        let again = Secret::parse(secret.expose()).unwrap();
        assert_eq!(again.public_key(), Some(key));
        assert!(
            !Secret::of_kind(Signing::V1a)
                .unwrap()
                .public_key()
                .unwrap()
                .verifies(&header, "id", "7", b"{}")
        );
    }

    #[test]
    fn halves_that_do_not_belong_together_are_refused() {
        let mut bytes = STANDARD.decode(PRIVATE.strip_prefix(PRIVATE_PREFIX).unwrap()).unwrap();
        bytes[63] ^= 1;
        for text in [
            format!("whsk_{}", STANDARD.encode(&bytes)),
            format!("whsk_{}", STANDARD.encode([1; 32])),
            "whsk_".into(),
        ] {
            assert!(Secret::parse(&text).is_err(), "{text}");
        }
    }
}
