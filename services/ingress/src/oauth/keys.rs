//! Public keys of an identity provider (RFC 7517, RFC 7518 §6.3).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents};
use serde::Deserialize;
use std::collections::HashMap;
use std::sync::Arc;

/// An RSA key that verifies RS256.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct PublicKey {
    modulus: Vec<u8>,
    exponent: Vec<u8>,
}

impl PublicKey {
    /// Whether this key made the signature; never for keys of less than 2048 bits.
    pub(super) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        let key = RsaPublicKeyComponents {
            n: &self.modulus,
            e: &self.exponent,
        };
        key.verify(&RSA_PKCS1_2048_8192_SHA256, message, signature).is_ok()
    }
}

/// The keys of one tenant by their ids.
pub(super) type KeySet = HashMap<String, Arc<PublicKey>>;

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

/// The keys of a document that sign for this issuer; keys of other kinds are passed over.
pub(super) fn read(document: &[u8], issuer: &str, tenant: &str) -> Result<KeySet, serde_json::Error> {
    let document: Document = serde_json::from_slice(document)?;
    let keys = document.keys.into_iter().filter_map(|key| {
        let key: Jwk = serde_json::from_value(key).ok()?;
        let signs = key.kty == "RSA"
            && key.usage.as_deref().is_none_or(|usage| usage == "sig")
            && key.alg.as_deref().is_none_or(|alg| alg == "RS256");
        // Keys that several tenants share name their issuer with a place for the tenant.
        let ours = key
            .issuer
            .is_none_or(|named| named.replace("{tenantid}", tenant) == issuer);
        let public = PublicKey {
            modulus: unsigned(&key.n)?,
            exponent: unsigned(&key.e)?,
        };
        (signs && ours).then(|| (key.kid, Arc::new(public)))
    });
    Ok(keys.collect())
}

/// A number without leading zeros, which ring refuses.
fn unsigned(encoded: &str) -> Option<Vec<u8>> {
    let bytes = URL_SAFE_NO_PAD.decode(encoded.trim_end_matches('=')).ok()?;
    let start = bytes.iter().position(|byte| *byte != 0)?;
    bytes.get(start..).map(<[u8]>::to_vec)
}

#[cfg(test)]
mod tests {
    use super::read;
    use serde_json::json;

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
        let keys = read(document.to_string().as_bytes(), "https://l/t/v2.0", "t").unwrap();
        let mut ids: Vec<_> = keys.keys().map(String::as_str).collect();
        ids.sort_unstable();
        assert_eq!(ids, ["mine", "plain"]);
        assert!(read(b"{}", "", "").is_err());
    }
}
