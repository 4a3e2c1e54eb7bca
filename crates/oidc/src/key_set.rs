//! The published keys of an issuer (RFC 7517 §5).

use crate::{Algorithm, Issuer, VerifyingKey};
use serde::Deserialize;
use serde_json::Value;
use std::collections::HashMap;
use std::sync::Arc;

/// The most keys of one issuer. Entra ID publishes about ten; each that is kept takes memory for as long as it is in use.
const MOST_KEYS: usize = 200;

/// The keys of one issuer by their ids.
#[derive(Debug, Default)]
pub struct KeySet(HashMap<String, Entry>);

#[derive(Debug)]
enum Entry {
    Good(Arc<VerifyingKey>),
    /// It says that it signs for another issuer.
    Foreign,
    /// It has less than 2048 bits.
    Weak,
}

/// Why there is no key of an id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoKey {
    /// The issuer has published none of this id.
    Unknown,
    /// There is one, for tokens of another issuer.
    Foreign,
    /// There is one, with less than 2048 bits.
    Weak,
    /// The keys are not known and cannot be fetched.
    Unavailable,
}

#[derive(Deserialize)]
struct Document {
    keys: Vec<Value>,
}

#[derive(Deserialize)]
struct Names {
    kid: String,
    #[serde(rename = "use")]
    usage: Option<String>,
    alg: Option<String>,
    issuer: Option<String>,
}

impl KeySet {
    /// The RSA keys of a document that make signatures with RS256 for this issuer. Keys of other kinds are passed over.
    ///
    /// # Errors
    /// When the document is not a key set, or has more than 200 keys.
    pub fn read(document: &[u8], issuer: &Issuer) -> Result<Self, serde_json::Error> {
        let document: Document = serde_json::from_slice(document)?;
        if document.keys.len() > MOST_KEYS {
            let told = format!("it has {} keys, and at most {MOST_KEYS} are taken", document.keys.len());
            return Err(serde::de::Error::custom(told));
        }
        let keys = document.keys.iter().filter_map(|jwk| {
            let names = Names::deserialize(jwk).ok()?;
            let key = VerifyingKey::read(jwk)?;
            let signs = key.is_rsa()
                && names.usage.as_deref().is_none_or(|usage| usage == "sig")
                && names.alg.as_deref().is_none_or(|alg| alg == Algorithm::Rs256.as_str());
            let entry = if names.issuer.as_deref().is_some_and(|named| !is_of(named, issuer)) {
                Entry::Foreign
            } else if key.is_weak() {
                Entry::Weak
            } else {
                Entry::Good(Arc::new(key))
            };
            signs.then_some((names.kid, entry))
        });
        Ok(Self(keys.collect()))
    }

    /// The key with this id.
    pub(crate) fn find(&self, id: &str) -> Result<&Arc<VerifyingKey>, NoKey> {
        match self.0.get(id) {
            Some(Entry::Good(key)) => Ok(key),
            Some(Entry::Foreign) => Err(NoKey::Foreign),
            Some(Entry::Weak) => Err(NoKey::Weak),
            None => Err(NoKey::Unknown),
        }
    }

    /// Whether a key with this id was published, for whatever use.
    #[must_use]
    pub fn contains(&self, id: &str) -> bool {
        self.0.contains_key(id)
    }
}

/// Whether a key that names its issuer belongs to this one. Keys that several tenants share have a place for the tenant.
fn is_of(named: &str, issuer: &Issuer) -> bool {
    match issuer.tenant {
        Some(tenant) => named.replace("{tenantid}", &tenant.to_string()) == issuer.name,
        None => named == issuer.name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use serde_json::json;
    use uuid::Uuid;

    // Rules: E4
    #[test]
    fn only_signing_rsa_keys_of_the_issuer_are_read() {
        let key = |kid: &str, more: Value| {
            let n = URL_SAFE_NO_PAD.encode([0xff; 256]);
            let mut key = json!({ "kty": "RSA", "kid": kid, "n": n, "e": "AQAB" });
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
            key("weak", json!({ "n": "AQAB" })),
            { "kty": "RSA" },
            7,
        ] });
        let mut issuer = Issuer {
            name: format!("https://l/{}/v2.0", Uuid::nil()),
            keys_url: String::new(),
            tenant: Some(Uuid::nil()),
        };
        let found = |issuer: &Issuer, kid: &str| {
            let keys = KeySet::read(document.to_string().as_bytes(), issuer).unwrap();
            keys.find(kid).map(|_| ())
        };
        assert_eq!(found(&issuer, "plain"), Ok(()));
        assert_eq!(found(&issuer, "mine"), Ok(()));
        assert_eq!(found(&issuer, "foreign"), Err(NoKey::Foreign));
        assert_eq!(found(&issuer, "weak"), Err(NoKey::Weak));
        for kid in ["encrypts", "curve", "other", ""] {
            assert_eq!(found(&issuer, kid), Err(NoKey::Unknown), "{kid}");
        }
        issuer.tenant = None;
        assert_eq!(found(&issuer, "mine"), Err(NoKey::Foreign));
        assert!(KeySet::read(b"{}", &issuer).is_err());
    }

    #[test]
    fn a_document_of_more_keys_than_anybody_needs_is_refused() {
        let issuer = Issuer {
            name: String::new(),
            keys_url: String::new(),
            tenant: None,
        };
        let read = |count: usize| {
            let keys: Vec<Value> = (0..count)
                .map(|n| json!({ "kty": "RSA", "kid": n.to_string() }))
                .collect();
            KeySet::read(json!({ "keys": keys }).to_string().as_bytes(), &issuer)
        };
        assert!(read(MOST_KEYS).is_ok());
        let told = read(MOST_KEYS + 1).unwrap_err().to_string();
        assert!(told.contains("201 keys"), "{told}");
    }
}
