//! The key that signs, and its public half as others read it.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::digest::{SHA256, digest};
use ring::signature::{Ed25519KeyPair, KeyPair as _};
use serde::Serialize;
use serde_json::Value;
use std::fmt;

/// An Ed25519 key (RFC 8037) with its key id, the thumbprint of RFC 7638.
pub struct SetKey {
    pair: Ed25519KeyPair,
    kid: String,
}

impl fmt::Debug for SetKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SetKey").field("kid", &self.kid).finish_non_exhaustive()
    }
}

impl SetKey {
    /// The context under which the seed is derived from the master key of an installation, so that every process of it
    /// signs with the same key.
    pub const CONTEXT: &str = "security event tokens";

    /// The key of a seed of 32 random bytes.
    ///
    /// # Panics
    /// Never: every seed of this length is a key.
    #[must_use]
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        let pair = Ed25519KeyPair::from_seed_unchecked(seed).expect("32 bytes are a seed");
        // RFC 7638 §3.2 and RFC 8037 §2: the required members in lexicographic order, without blanks.
        let x = URL_SAFE_NO_PAD.encode(pair.public_key());
        let members = format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}"#);
        let kid = URL_SAFE_NO_PAD.encode(digest(&SHA256, members.as_bytes()));
        Self { pair, kid }
    }

    /// The public half.
    #[must_use]
    pub fn published(&self) -> WellKnownKeys {
        WellKnownKeys {
            keys: vec![Jwk {
                kty: "OKP",
                crv: "Ed25519",
                alg: "EdDSA",
                usage: "sig",
                kid: self.kid.clone(),
                x: URL_SAFE_NO_PAD.encode(self.pair.public_key()),
            }],
        }
    }

    /// A JWT in compact form (RFC 7515 §7.1); `alg` and `kid` are added to the header.
    pub(super) fn compact(&self, header: &Value, claims: &Value) -> String {
        let mut header = header.clone();
        header["alg"] = "EdDSA".into();
        header["kid"] = self.kid.as_str().into();
        let mut token = URL_SAFE_NO_PAD.encode(header.to_string());
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(claims.to_string(), &mut token);
        let signature = self.pair.sign(token.as_bytes());
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(signature, &mut token);
        token
    }
}

/// What `/.well-known/jwks.json` says (RFC 7517 §5).
#[derive(Clone, Debug, Serialize)]
pub struct WellKnownKeys {
    keys: Vec<Jwk>,
}

impl WellKnownKeys {
    /// With those of another key, too: what it signed is still verified.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.keys.extend(other.keys);
        self
    }
}

#[derive(Clone, Debug, Serialize)]
struct Jwk {
    kty: &'static str,
    crv: &'static str,
    alg: &'static str,
    #[serde(rename = "use")]
    usage: &'static str,
    kid: String,
    x: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The key of RFC 8037, appendix A.1 and A.2; its thumbprint stands in appendix A.3.
    // Rules: S1
    #[test]
    fn the_key_and_thumbprint_of_rfc_8037_are_reproduced() {
        let seed = URL_SAFE_NO_PAD
            .decode("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A")
            .unwrap();
        let key = SetKey::from_seed(&seed.try_into().unwrap());
        let published = serde_json::to_value(key.published()).unwrap();
        assert_eq!(published["keys"][0]["x"], "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo");
        assert_eq!(
            published["keys"][0]["kid"],
            "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"
        );
        assert!(published["keys"][0].get("d").is_none(), "the private half stays here");
    }
}
