//! ID tokens with whatever header and claims a test wants, signed by real keys.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::SystemRandom;
use ring::rsa::PublicKeyComponents;
use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use serde_json::{Value, json};

/// What the keys are called in headers.
pub(crate) const KID: &str = "key-1";

/// A key of the tests; it opens nothing anywhere.
pub(crate) fn key_one() -> RsaKeyPair {
    RsaKeyPair::from_pkcs8(include_bytes!("../keys/one.pk8")).unwrap()
}

/// Another one.
pub(crate) fn key_two() -> RsaKeyPair {
    RsaKeyPair::from_pkcs8(include_bytes!("../keys/two.pk8")).unwrap()
}

/// A public key as issuers publish it, with further members.
pub(crate) fn jwk(key: &RsaKeyPair, kid: &str, more: &Value) -> Value {
    let public = PublicKeyComponents::<Vec<u8>>::from(key.public());
    let (n, e) = (URL_SAFE_NO_PAD.encode(public.n), URL_SAFE_NO_PAD.encode(public.e));
    let mut jwk = json!({ "kty": "RSA", "use": "sig", "kid": kid, "n": n, "e": e });
    jwk.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    jwk
}

/// A signed token of these JSON texts.
pub(crate) fn sign_texts(key: &RsaKeyPair, header: &str, claims: &str) -> String {
    let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
    let mut signature = vec![0; key.public().modulus_len()];
    key.sign(
        &RSA_PKCS1_SHA256,
        &SystemRandom::new(),
        signed.as_bytes(),
        &mut signature,
    )
    .unwrap();
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
}

/// A signed token as issuers make it.
pub(crate) fn sign(key: &RsaKeyPair, claims: &Value) -> String {
    let header = json!({ "typ": "JWT", "alg": "RS256", "kid": KID });
    sign_texts(key, &header.to_string(), &claims.to_string())
}
