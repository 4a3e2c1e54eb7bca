//! Keys that a client registered with us, or that we sign with: of all algorithms that are known here.

use crate::{Algorithm, SigningKey, VerifyingKey};
use serde_json::Value;

/// The most keys of one client.
const MAX_KEYS: usize = 20;
/// The largest key set of a client, in bytes.
const MAX_DOCUMENT: usize = 64 << 10;
/// Members that hold the private half of a key, or a key that both sides share (RFC 7518 §6.2.2, §6.3.2, §6.4.1).
const PRIVATE: [&str; 7] = ["d", "p", "q", "dp", "dq", "qi", "k"];

/// Public keys, with the id and the algorithm that each was registered with.
#[derive(Clone, Debug, Default)]
pub struct PublicKeys(Vec<Registered>);

#[derive(Clone, Debug)]
struct Registered {
    kid: Option<String>,
    /// The only algorithm that it is for.
    algorithm: Option<Algorithm>,
    key: VerifyingKey,
}

/// Why a key set cannot be registered; fit to be shown to the one who entered it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PublicKeysError {
    /// Longer than [`MAX_DOCUMENT`].
    #[error("the key set is longer than {MAX_DOCUMENT} bytes: register only the keys that sign at present")]
    TooLarge,
    /// Not as RFC 7517 §5 has it.
    #[error(r#"this is no JSON Web Key Set: it must look like {{"keys":[…]}} (RFC 7517)"#)]
    NotAKeySet,
    /// A private half, which nobody but its owner may have.
    #[error(
        "the key set holds a private key: make a new key, since this one is no longer secret, and register only the \
         public members (n and e, or x and y)"
    )]
    PrivateKey,
    /// More than [`MAX_KEYS`].
    #[error("the key set has more than {MAX_KEYS} keys: register only the keys that sign at present")]
    TooMany,
    /// An RSA key of less than 2048 bits.
    #[error("an RSA key of the key set has less than 2048 bits: make a longer one")]
    WeakKey,
    /// None of a kind that is known here.
    #[error("the key set has no key that signs with RS256, PS256 or ES256 (RSA, or EC with P-256)")]
    NoUsableKey,
}

impl PublicKeys {
    /// Reads a key set (RFC 7517 §5). Keys of other kinds and uses are passed over.
    ///
    /// # Errors
    /// [`PublicKeysError`].
    pub fn read(document: &[u8]) -> Result<Self, PublicKeysError> {
        if document.len() > MAX_DOCUMENT {
            return Err(PublicKeysError::TooLarge);
        }
        let document: Value = serde_json::from_slice(document).map_err(|_| PublicKeysError::NotAKeySet)?;
        let keys = document.get("keys").and_then(Value::as_array);
        let keys = keys.ok_or(PublicKeysError::NotAKeySet)?;
        if keys.len() > MAX_KEYS {
            return Err(PublicKeysError::TooMany);
        }
        if keys
            .iter()
            .any(|key| PRIVATE.iter().any(|name| key.get(name).is_some()))
        {
            return Err(PublicKeysError::PrivateKey);
        }
        let keys: Vec<Registered> = keys.iter().filter_map(registered).collect();
        if keys.iter().any(|registered| registered.key.is_weak()) {
            return Err(PublicKeysError::WeakKey);
        }
        if keys.is_empty() {
            return Err(PublicKeysError::NoUsableKey);
        }
        Ok(Self(keys))
    }

    /// The public halves of keys of ours.
    #[must_use]
    pub fn of<'k>(keys: impl IntoIterator<Item = &'k SigningKey>) -> Self {
        let registered = |key: &SigningKey| Registered {
            kid: Some(key.kid().to_owned()),
            algorithm: Some(key.algorithm()),
            key: key.verifying_key().clone(),
        };
        Self(keys.into_iter().map(registered).collect())
    }

    /// Whether one of these keys made the signature. A token that names a key is checked with keys of that name and of
    /// none; one that names none, with all.
    pub(crate) fn verify(&self, kid: Option<&str>, algorithm: Algorithm, message: &[u8], signature: &[u8]) -> Verdict {
        let mut candidates = self.0.iter().filter(|registered| {
            let is_named = match (kid, &registered.kid) {
                (Some(asked), Some(own)) => asked == own,
                _ => true,
            };
            is_named && registered.key.serves(algorithm) && registered.algorithm.is_none_or(|only| only == algorithm)
        });
        let Some(first) = candidates.next() else {
            return Verdict::NoKey;
        };
        let made = |registered: &Registered| registered.key.verifies(algorithm, message, signature);
        if made(first) || candidates.any(made) {
            Verdict::Right
        } else {
            Verdict::Wrong
        }
    }
}

/// What keys say about a signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Right,
    Wrong,
    /// No key has this name and makes such signatures.
    NoKey,
}

/// A key that may verify signatures with an algorithm that is known here.
fn registered(jwk: &Value) -> Option<Registered> {
    let member = |name: &str| jwk.get(name)?.as_str();
    let signs = member("use").is_none_or(|usage| usage == "sig");
    let algorithm = match jwk.get("alg") {
        None => None,
        Some(named) => Some(Algorithm::parse(named.as_str()?)?),
    };
    let key = VerifyingKey::read(jwk)?;
    let fits = algorithm.is_none_or(|algorithm| key.serves(algorithm));
    (signs && fits).then(|| Registered {
        kid: member("kid").map(str::to_owned),
        algorithm,
        key,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_keys;
    use proptest::prelude::*;
    use serde_json::json;

    fn read(keys: &Value) -> Result<PublicKeys, PublicKeysError> {
        PublicKeys::read(json!({ "keys": keys }).to_string().as_bytes())
    }

    #[test]
    fn a_key_set_that_cannot_be_registered_says_why() {
        let weak = json!({ "kty": "RSA", "n": "AQAB", "e": "AQAB" });
        let private = json!({ "kty": "EC", "crv": "P-256", "x": "", "y": "", "d": "x" });
        let shared = json!({ "kty": "oct", "k": "x" });
        assert_eq!(PublicKeys::read(b"[]").unwrap_err(), PublicKeysError::NotAKeySet);
        assert_eq!(PublicKeys::read(b"{}").unwrap_err(), PublicKeysError::NotAKeySet);
        let long = vec![b' '; MAX_DOCUMENT + 1];
        assert_eq!(PublicKeys::read(&long).unwrap_err(), PublicKeysError::TooLarge);
        for (keys, error) in [
            (json!([]), PublicKeysError::NoUsableKey),
            (json!([7, {}, { "kty": "OKP" }]), PublicKeysError::NoUsableKey),
            (json!([weak]), PublicKeysError::WeakKey),
            (json!([private]), PublicKeysError::PrivateKey),
            (json!([shared]), PublicKeysError::PrivateKey),
            (json!(vec![7; MAX_KEYS + 1]), PublicKeysError::TooMany),
        ] {
            assert_eq!(read(&keys).unwrap_err(), error, "{keys}");
        }
    }

    #[test]
    fn a_key_is_found_by_name_or_among_all_and_only_for_its_algorithm() {
        let (one, two) = (test_keys::one(), test_keys::two());
        let message = b"header.claims";
        let signature = one.sign(Algorithm::Rs256, message).unwrap();
        let mut jwk = one.public_jwk();
        jwk.as_object_mut().unwrap().remove("alg");
        let keys = read(&json!([two.public_jwk(), jwk])).unwrap();
        let verdict = |kid, algorithm| keys.verify(kid, algorithm, message, &signature);
        assert_eq!(verdict(Some(one.kid()), Algorithm::Rs256), Verdict::Right);
        assert_eq!(verdict(None, Algorithm::Rs256), Verdict::Right);
        assert_eq!(verdict(Some(two.kid()), Algorithm::Rs256), Verdict::Wrong);
        assert_eq!(verdict(Some("other"), Algorithm::Rs256), Verdict::NoKey);
        assert_eq!(verdict(None, Algorithm::Ps256), Verdict::Wrong);
        let ours = PublicKeys::of([&one]);
        let verdict = ours.verify(Some(one.kid()), Algorithm::Ps256, message, &signature);
        assert_eq!(verdict, Verdict::NoKey, "it was registered for RS256");
    }

    proptest! {
        #[test]
        fn no_document_makes_the_reader_panic(json in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = PublicKeys::read(&json);
        }
    }
}
