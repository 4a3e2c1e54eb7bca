//! Public keys of an issuer (RFC 7517, RFC 7518 §6.3).

use crate::Issuer;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents};
use serde::Deserialize;
use std::collections::HashMap;
use std::sync::Arc;

/// An RSA key that verifies RS256.
#[derive(Debug, PartialEq, Eq)]
pub struct VerifyingKey {
    modulus: Vec<u8>,
    exponent: Vec<u8>,
}

impl VerifyingKey {
    /// Whether this key made the signature; never for keys of less than 2048 bits.
    #[must_use]
    pub fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        let key = RsaPublicKeyComponents {
            n: &self.modulus,
            e: &self.exponent,
        };
        key.verify(&RSA_PKCS1_2048_8192_SHA256, message, signature).is_ok()
    }
}

/// The keys of one issuer by their ids.
#[derive(Debug, Default)]
pub struct KeySet(HashMap<String, Arc<VerifyingKey>>);

#[derive(Deserialize)]
struct Document {
    keys: Vec<serde_json::Value>,
}

#[derive(Deserialize)]
struct Jwk {
    kty: String,
    kid: String,
    n: String,
    e: String,
    #[serde(rename = "use")]
    usage: Option<String>,
    alg: Option<String>,
    issuer: Option<String>,
}

impl KeySet {
    /// The keys of a document (RFC 7517 §5) that sign for this issuer; keys of other kinds are passed over.
    ///
    /// # Errors
    /// When the document is not a key set.
    pub fn read(document: &[u8], issuer: &Issuer) -> Result<Self, serde_json::Error> {
        let document: Document = serde_json::from_slice(document)?;
        let keys = document.keys.into_iter().filter_map(|key| {
            let key: Jwk = serde_json::from_value(key).ok()?;
            let signs = key.kty == "RSA"
                && key.usage.as_deref().is_none_or(|usage| usage == "sig")
                && key.alg.as_deref().is_none_or(|alg| alg == "RS256");
            let is_ours = key.issuer.as_deref().is_none_or(|named| is_of(named, issuer));
            let public = VerifyingKey {
                modulus: unsigned(&key.n)?,
                exponent: unsigned(&key.e)?,
            };
            (signs && is_ours).then(|| (key.kid, Arc::new(public)))
        });
        Ok(Self(keys.collect()))
    }

    /// The key with this id.
    #[must_use]
    pub fn get(&self, id: &str) -> Option<&Arc<VerifyingKey>> {
        self.0.get(id)
    }

    /// Whether there is a key with this id.
    #[must_use]
    pub fn contains(&self, id: &str) -> bool {
        self.0.contains_key(id)
    }
}

/// Whether a key that names its issuer belongs to this one.
fn is_of(named: &str, issuer: &Issuer) -> bool {
    match issuer.tenant {
        Some(tenant) => named.replace("{tenantid}", &tenant.to_string()) == issuer.name,
        None => named == issuer.name,
    }
}

/// A number without leading zeros, which ring refuses.
fn unsigned(encoded: &str) -> Option<Vec<u8>> {
    let bytes = URL_SAFE_NO_PAD.decode(encoded.trim_end_matches('=')).ok()?;
    let start = bytes.iter().position(|byte| *byte != 0)?;
    bytes.get(start..).map(<[u8]>::to_vec)
}

#[cfg(test)]
mod tests {
    use super::KeySet;
    use crate::Issuer;
    use serde_json::json;
    use uuid::Uuid;

    // Rules: E4
    #[test]
    fn only_signing_rsa_keys_of_the_issuer_are_read() {
        let key = |kid: &str, more: serde_json::Value| {
            let mut key = json!({ "kty": "RSA", "kid": kid, "n": "AQAB", "e": "AQAB" });
            key.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            key
        };
        let document = json!({ "keys": [
            key("plain", json!({})),
            key("mine", json!({ "use": "sig", "issuer": "https://l/{tenantid}/v2.0" })),
            key("foreign", json!({ "issuer": "https://l/other/v2.0" })),
            key("encrypts", json!({ "use": "enc" })),
            key("curve", json!({ "kty": "EC" })),
            key("other", json!({ "alg": "PS256" })),
            { "kty": "RSA" },
            7,
        ] });
        let mut issuer = Issuer {
            name: format!("https://l/{}/v2.0", Uuid::nil()),
            keys_url: String::new(),
            tenant: Some(Uuid::nil()),
        };
        let ids = |issuer: &Issuer| {
            let keys = KeySet::read(document.to_string().as_bytes(), issuer).unwrap();
            let mut ids: Vec<_> = keys.0.keys().cloned().collect();
            ids.sort_unstable();
            ids
        };
        assert_eq!(ids(&issuer), ["mine", "plain"]);
        issuer.tenant = None;
        assert_eq!(ids(&issuer), ["plain"]);
        assert!(KeySet::read(b"{}", &issuer).is_err());
    }
}
