//! The public keys of endpoints as JSON Web Keys (RFC 8037), for the key set of the installation.

use ::events::Timestamp;
use serde_json::{Value, json};
use store::{Store, StoreError};
use webhooks::PublicKey;

/// One key for each endpoint that is signed for with `v1a`, and the one before it while a rotation overlaps. `kid` is
/// the thumbprint of the key (RFC 7638).
///
/// # Errors
/// As any query.
pub(crate) async fn webhook_keys(store: &Store, now: Timestamp) -> Result<Vec<Value>, StoreError> {
    let keys = store.endpoint_public_keys(now).await?;
    let jwk = |key: PublicKey| json!({ "kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "use": "sig", "kid": key.thumbprint(), "x": key.jwk_x() });
    Ok(keys
        .iter()
        .filter_map(|(_, key)| PublicKey::parse(key))
        .map(jwk)
        .collect())
}
