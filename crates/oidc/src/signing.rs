//! Our own keys, and what is signed with them.

use crate::{Algorithm, VerifyingKey};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use getrandom::SysRng;
use ring::rand::SystemRandom;
use ring::rsa::PublicKeyComponents;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _, RSA_PKCS1_SHA256, RSA_PSS_SHA256, RsaKeyPair,
};
use rsa::pkcs8::EncodePrivateKey as _;
use secrecy::SecretSlice;
use serde::Serialize;
use serde_json::{Map, Value, json};
use std::fmt;
use std::sync::Arc;

/// A kind of key that can be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyKind {
    /// RSA with 2048 bits.
    Rsa2048,
    /// RSA with 3072 bits.
    Rsa3072,
    /// The curve P-256, for ES256.
    P256,
}

/// Why a key cannot be made or used.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// Not PKCS#8, of another kind, or an RSA key outside 2048 to 8192 bits.
    #[error("the private key is no PKCS#8 key of RSA (2048 to 8192 bits) or P-256")]
    Unreadable,
    /// No key came out.
    #[error("a private key could not be made")]
    Generation,
    /// The claims cannot be written as a JSON object.
    #[error("the claims of the token cannot be written as JSON")]
    Claims(#[from] serde_json::Error),
    /// A token that must name its subject has none.
    #[error("the token needs a subject or a session")]
    NoSubject,
    /// The key cannot sign with this algorithm, or ring failed.
    #[error("the token could not be signed")]
    Signing,
}

/// Makes a private key, as PKCS#8 in DER.
///
/// An RSA key takes seconds of one core, so async callers do this where blocking is allowed.
///
/// # Errors
/// [`KeyError::Generation`].
pub fn generate_key(kind: KeyKind) -> Result<SecretSlice<u8>, KeyError> {
    match kind {
        KeyKind::Rsa2048 => generate_rsa(2048),
        KeyKind::Rsa3072 => generate_rsa(3072),
        KeyKind::P256 => {
            let document = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new());
            let document = document.map_err(|_| KeyError::Generation)?;
            Ok(document.as_ref().to_vec().into())
        }
    }
}

fn generate_rsa(bits: usize) -> Result<SecretSlice<u8>, KeyError> {
    let key = rsa::PrivateKey::new(&mut SysRng, bits).map_err(|_| KeyError::Generation)?;
    let document = key.to_pkcs8_der().map_err(|_| KeyError::Generation)?;
    Ok(document.as_bytes().to_vec().into())
}

/// A private key that signs tokens. Cheap to clone; never shows itself.
#[derive(Clone)]
pub struct SigningKey(Arc<Inner>);

struct Inner {
    pair: Pair,
    public: VerifyingKey,
    kid: String,
}

enum Pair {
    Rsa(RsaKeyPair),
    P256(EcdsaKeyPair),
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey")
            .field("kid", &self.kid())
            .finish_non_exhaustive()
    }
}

impl SigningKey {
    /// Reads a key of PKCS#8 in DER, as [`generate_key`] makes it.
    ///
    /// # Errors
    /// [`KeyError::Unreadable`].
    pub fn from_pkcs8(der: &[u8]) -> Result<Self, KeyError> {
        let (pair, public) = rsa_pair(der).or_else(|| curve_pair(der)).ok_or(KeyError::Unreadable)?;
        let kid = public.thumbprint();
        Ok(Self(Arc::new(Inner { pair, public, kid })))
    }

    /// Its name: the thumbprint of RFC 7638, which nobody need store.
    #[must_use]
    pub fn kid(&self) -> &str {
        &self.0.kid
    }

    /// What [`SigningKey::sign_jwt`] signs with: RS256 or ES256.
    #[must_use]
    pub fn algorithm(&self) -> Algorithm {
        match self.0.pair {
            Pair::Rsa(_) => Algorithm::Rs256,
            Pair::P256(_) => Algorithm::Es256,
        }
    }

    /// The public half.
    #[must_use]
    pub fn verifying_key(&self) -> &VerifyingKey {
        &self.0.public
    }

    /// The public half as others read it (RFC 7517 §4).
    #[must_use]
    pub fn public_jwk(&self) -> Value {
        let mut jwk = self.0.public.jwk();
        jwk["kid"] = self.kid().into();
        jwk["use"] = "sig".into();
        jwk["alg"] = self.algorithm().as_str().into();
        jwk
    }

    /// A signed token in compact form (RFC 7515 §7.1), with `typ`, `alg` and `kid` in its header.
    ///
    /// # Errors
    /// [`KeyError::Claims`] and [`KeyError::Signing`].
    pub fn sign_jwt(&self, typ: &str, claims: &impl Serialize) -> Result<String, KeyError> {
        let mut header = Map::new();
        header.insert("kid".into(), self.kid().into());
        self.compact(typ, self.algorithm(), header, claims)
    }

    /// A signed token whose header has these members beside `typ` and `alg`.
    pub(crate) fn compact(
        &self,
        typ: &str,
        algorithm: Algorithm,
        more: Map<String, Value>,
        claims: &impl Serialize,
    ) -> Result<String, KeyError> {
        let mut header = json!({ "typ": typ, "alg": algorithm.as_str() });
        if let Some(header) = header.as_object_mut() {
            header.extend(more);
        }
        let mut token = URL_SAFE_NO_PAD.encode(header.to_string());
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(serde_json::to_vec(claims)?, &mut token);
        let signature = self.sign(algorithm, token.as_bytes())?;
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(signature, &mut token);
        Ok(token)
    }

    /// The public half as certificates hold it: `RSAPublicKey` of RFC 8017 §A.1.1; `None` for other kinds.
    pub(crate) fn rsa_public_der(&self) -> Option<&[u8]> {
        match &self.0.pair {
            Pair::Rsa(pair) => Some(pair.public().as_ref()),
            Pair::P256(_) => None,
        }
    }

    pub(crate) fn sign(&self, algorithm: Algorithm, message: &[u8]) -> Result<Vec<u8>, KeyError> {
        let random = SystemRandom::new();
        let padding: &dyn ring::signature::RsaEncoding = match (&self.0.pair, algorithm) {
            (Pair::P256(pair), Algorithm::Es256) => {
                let signature = pair.sign(&random, message).map_err(|_| KeyError::Signing)?;
                return Ok(signature.as_ref().to_vec());
            }
            (Pair::Rsa(_), Algorithm::Rs256) => &RSA_PKCS1_SHA256,
            (Pair::Rsa(_), Algorithm::Ps256) => &RSA_PSS_SHA256,
            _ => return Err(KeyError::Signing),
        };
        let Pair::Rsa(pair) = &self.0.pair else {
            return Err(KeyError::Signing);
        };
        let mut signature = vec![0; pair.public().modulus_len()];
        let signed = pair.sign(padding, &random, message, &mut signature);
        signed.map_err(|_| KeyError::Signing)?;
        Ok(signature)
    }
}

/// A key set of the public halves (RFC 7517 §5), as it is published.
#[must_use]
pub fn jwk_set<'k>(keys: impl IntoIterator<Item = &'k SigningKey>) -> Value {
    let keys: Vec<Value> = keys.into_iter().map(SigningKey::public_jwk).collect();
    json!({ "keys": keys })
}

fn rsa_pair(der: &[u8]) -> Option<(Pair, VerifyingKey)> {
    let pair = RsaKeyPair::from_pkcs8(der).ok()?;
    let public = PublicKeyComponents::<Vec<u8>>::from(pair.public());
    let public = VerifyingKey::rsa(&public.n, &public.e)?;
    Some((Pair::Rsa(pair), public))
}

fn curve_pair(der: &[u8]) -> Option<(Pair, VerifyingKey)> {
    let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, der, &SystemRandom::new()).ok()?;
    // Uncompressed, as SEC 1 §2.3.3 has it: the byte 4, then both coordinates.
    let coordinates = pair.public_key().as_ref().strip_prefix(&[4])?;
    let (x, y) = coordinates.split_at_checked(coordinates.len() / 2)?;
    let public = VerifyingKey::p256(x, y)?;
    Some((Pair::P256(pair), public))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_keys;
    use secrecy::ExposeSecret as _;

    fn made(kind: KeyKind) -> SigningKey {
        SigningKey::from_pkcs8(generate_key(kind).unwrap().expose_secret()).unwrap()
    }

    #[test]
    fn keys_that_are_made_here_sign_what_their_public_half_verifies() {
        let (rsa, p256) = (made(KeyKind::Rsa2048), made(KeyKind::P256));
        for (key, algorithm) in [
            (&rsa, Algorithm::Rs256),
            (&rsa, Algorithm::Ps256),
            (&p256, Algorithm::Es256),
        ] {
            let signature = key.sign(algorithm, b"message").unwrap();
            assert!(key.verifying_key().verifies(algorithm, b"message", &signature));
            assert!(!key.verifying_key().verifies(algorithm, b"other", &signature));
        }
        assert!(matches!(rsa.sign(Algorithm::Es256, b""), Err(KeyError::Signing)));
        assert!(matches!(p256.sign(Algorithm::Ps256, b""), Err(KeyError::Signing)));
        assert_ne!(rsa.kid(), made(KeyKind::Rsa2048).kid());
    }

    #[test]
    fn a_token_carries_type_algorithm_and_key_and_the_published_key_verifies_it() {
        let key = test_keys::one();
        let token = key.sign_jwt("logout+jwt", &json!({ "sub": "s" })).unwrap();
        let parsed = crate::compact::Compact::parse(&token).unwrap();
        let algorithm = parsed.algorithm(&Algorithm::ALL, &["logout+jwt"]).unwrap();
        assert_eq!(algorithm, Algorithm::Rs256);
        assert_eq!(parsed.key_id().unwrap(), Some(key.kid()));
        assert_eq!(parsed.claims.text("sub"), Ok(Some("s")));
        let published = jwk_set([&key])["keys"][0].clone();
        let read = VerifyingKey::read(&published).unwrap();
        assert!(read.verifies(algorithm, parsed.signed(), parsed.signature()));
        assert_eq!(published["kid"], read.thumbprint());
        let mut names: Vec<_> = published.as_object().unwrap().keys().collect();
        names.sort_unstable();
        assert_eq!(names, ["alg", "e", "kid", "kty", "n", "use"], "and nothing private");
    }

    #[test]
    fn what_is_no_key_and_what_is_too_short_is_refused_and_debug_shows_no_key() {
        for der in [&b""[..], b"key", test_keys::WEAK] {
            assert!(matches!(SigningKey::from_pkcs8(der), Err(KeyError::Unreadable)));
        }
        let shown = format!("{:?}", test_keys::one());
        assert!(shown.starts_with("SigningKey { kid: ") && shown.len() < 80, "{shown}");
    }
}
