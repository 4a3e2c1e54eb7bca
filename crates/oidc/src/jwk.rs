//! One public key as a JSON Web Key (RFC 7517 §4; RFC 7518 §6.2, §6.3).

use crate::Algorithm;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::digest::{SHA256, digest};
use ring::signature::{RsaPublicKeyComponents, UnparsedPublicKey};
use serde_json::{Value, json};

/// The length of a coordinate on P-256, in bytes.
const COORDINATE: usize = 32;
/// The smallest RSA modulus, in bits (RFC 7518 §3.3).
const LEAST_RSA_BITS: usize = 2048;

/// A key that verifies signatures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifyingKey(Numbers);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Numbers {
    /// Without leading zeros, which ring refuses.
    Rsa {
        modulus: Vec<u8>,
        exponent: Vec<u8>,
    },
    P256 {
        x: [u8; COORDINATE],
        y: [u8; COORDINATE],
    },
}

impl VerifyingKey {
    /// Whether this key made the signature; never for RSA keys of less than 2048 bits or with an algorithm of another
    /// kind of key.
    #[must_use]
    pub fn verifies(&self, algorithm: Algorithm, message: &[u8], signature: &[u8]) -> bool {
        match &self.0 {
            Numbers::Rsa { modulus, exponent } => algorithm.of_rsa().is_some_and(|parameters| {
                let key = RsaPublicKeyComponents {
                    n: modulus,
                    e: exponent,
                };
                key.verify(parameters, message, signature).is_ok()
            }),
            Numbers::P256 { x, y } => algorithm.of_p256().is_some_and(|parameters| {
                let key = UnparsedPublicKey::new(parameters, uncompressed(x, y));
                key.verify(message, signature).is_ok()
            }),
        }
    }

    /// The thumbprint of RFC 7638 with SHA-256, which is the `kid` of our own keys.
    #[must_use]
    pub fn thumbprint(&self) -> String {
        // Section 3.2: the members that the kind of key needs, in order, without blanks.
        let members = match &self.0 {
            Numbers::Rsa { modulus, exponent } => {
                format!(r#"{{"e":"{}","kty":"RSA","n":"{}"}}"#, text(exponent), text(modulus))
            }
            Numbers::P256 { x, y } => format!(r#"{{"crv":"P-256","kty":"EC","x":"{}","y":"{}"}}"#, text(x), text(y)),
        };
        text(digest(&SHA256, members.as_bytes()).as_ref())
    }

    /// The members that make up the key, without its name and use.
    pub(crate) fn jwk(&self) -> Value {
        match &self.0 {
            Numbers::Rsa { modulus, exponent } => json!({ "kty": "RSA", "n": text(modulus), "e": text(exponent) }),
            Numbers::P256 { x, y } => json!({ "kty": "EC", "crv": "P-256", "x": text(x), "y": text(y) }),
        }
    }

    /// Whether the key can make signatures with this algorithm.
    pub(crate) fn serves(&self, algorithm: Algorithm) -> bool {
        match self.0 {
            Numbers::Rsa { .. } => algorithm.of_rsa().is_some(),
            Numbers::P256 { .. } => algorithm.of_p256().is_some(),
        }
    }

    /// Whether it is an RSA key that is too short to trust.
    pub(crate) fn is_weak(&self) -> bool {
        match &self.0 {
            Numbers::Rsa { modulus, .. } => {
                let unused = modulus.first().map_or(0, |byte| byte.leading_zeros() as usize);
                modulus.len() * 8 - unused < LEAST_RSA_BITS
            }
            Numbers::P256 { .. } => false,
        }
    }

    pub(crate) const fn is_rsa(&self) -> bool {
        matches!(self.0, Numbers::Rsa { .. })
    }

    /// The key of these members; `None` for kinds that are not known here.
    pub(crate) fn read(jwk: &Value) -> Option<Self> {
        let member = |name: &str| jwk.get(name)?.as_str();
        match (member("kty")?, member("crv")) {
            ("RSA", _) => Self::rsa(&number(member("n")?)?, &number(member("e")?)?),
            ("EC", Some("P-256")) => Self::p256(&number(member("x")?)?, &number(member("y")?)?),
            _ => None,
        }
    }

    /// An RSA key of big-endian numbers; `None` when one of them is nought.
    pub(crate) fn rsa(modulus: &[u8], exponent: &[u8]) -> Option<Self> {
        let trimmed = |number: &[u8]| {
            let start = number.iter().position(|byte| *byte != 0)?;
            number.get(start..).map(<[u8]>::to_vec)
        };
        Some(Self(Numbers::Rsa {
            modulus: trimmed(modulus)?,
            exponent: trimmed(exponent)?,
        }))
    }

    /// A key of coordinates on P-256.
    pub(crate) fn p256(x: &[u8], y: &[u8]) -> Option<Self> {
        Some(Self(Numbers::P256 {
            x: x.try_into().ok()?,
            y: y.try_into().ok()?,
        }))
    }
}

/// A point as SEC 1 §2.3.3 writes it without compression.
fn uncompressed(x: &[u8; COORDINATE], y: &[u8; COORDINATE]) -> Vec<u8> {
    [&[4][..], x, y].concat()
}

fn text(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Some issuers pad their numbers, against RFC 7515 §2.
fn number(encoded: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(encoded.trim_end_matches('=')).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The key of RFC 7638 §3.1.
    const N: &str = "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknj\
                     hMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQ\
                     vRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzK\
                     nqDKgw";

    #[test]
    fn the_thumbprint_of_rfc_7638_is_reproduced() {
        let key = VerifyingKey::read(&json!({ "kty": "RSA", "n": N, "e": "AQAB" })).unwrap();
        assert_eq!(key.thumbprint(), "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
        assert!(!key.is_weak());
    }

    /// RFC 7515 appendix A.3.
    #[test]
    fn the_es256_example_of_rfc_7515_verifies_and_with_no_other_algorithm() {
        let key = VerifyingKey::read(&json!({
            "kty": "EC", "crv": "P-256",
            "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
            "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
        }));
        let key = key.unwrap();
        let message = b"eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290\
                        Ijp0cnVlfQ";
        let signature = "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";
        let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
        assert!(key.verifies(Algorithm::Es256, message, &signature));
        assert!(!key.verifies(Algorithm::Es256, b"another", &signature));
        assert!(!key.verifies(Algorithm::Rs256, message, &signature));
        assert!(key.serves(Algorithm::Es256) && !key.serves(Algorithm::Ps256));
    }

    #[test]
    fn padding_and_leading_zeros_of_a_number_are_no_matter_but_short_keys_are() {
        let read = |n: &str| VerifyingKey::read(&json!({ "kty": "RSA", "n": n, "e": "AQAB" }));
        let bytes = [&[0, 0][..], &[0x80; 256]].concat();
        let padded = base64::engine::general_purpose::URL_SAFE.encode(&bytes);
        assert_eq!(read(&padded), read(&URL_SAFE_NO_PAD.encode([0x80; 256])));
        assert!(!read(&padded).unwrap().is_weak());
        assert!(read(&URL_SAFE_NO_PAD.encode([0x7f; 256])).unwrap().is_weak());
        assert_eq!(read("AAAA"), None);
    }

    proptest! {
        #[test]
        fn no_member_makes_the_reader_panic(kty in "RSA|EC|oct|.*", n in ".*", e in ".*") {
            let jwk = json!({ "kty": kty, "crv": "P-256", "n": n, "e": e, "x": n, "y": e });
            if let Some(key) = VerifyingKey::read(&jwk) {
                prop_assert!(!key.thumbprint().is_empty());
                prop_assert!(!key.verifies(Algorithm::Rs256, b"", b""));
            }
        }
    }
}
