//! Short texts that this installation signs and checks itself: `prefix` and base64url of `claims | HMAC-SHA256 (32)`.

use crate::MasterKeys;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::hmac;
use secrecy::SecretString;
use std::fmt;

const TAG: usize = 32;

/// Signs texts for one purpose. Cheap to clone; never shown.
#[derive(Clone)]
pub(crate) struct Signer {
    signing: hmac::Key,
    /// Made of the master key before this one: what it signed is good until it ends.
    previous: Option<hmac::Key>,
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Signer(..)")
    }
}

impl Signer {
    /// With a key that is made of the master key for this purpose: every process of an installation has the same.
    pub(crate) fn new(master_keys: &MasterKeys, purpose: &str) -> Self {
        let derived = master_keys.derive(purpose);
        let key = |derived: [u8; 32]| hmac::Key::new(hmac::HMAC_SHA256, &derived);
        Self {
            signing: key(derived.current),
            previous: derived.previous.map(key),
        }
    }

    /// The text that says this.
    pub(crate) fn sign(&self, prefix: &str, claims: &[u8]) -> SecretString {
        let tag = hmac::sign(&self.signing, claims);
        let bytes = [claims, tag.as_ref()].concat();
        format!("{prefix}{}", URL_SAFE_NO_PAD.encode(bytes)).into()
    }

    /// What a text says, or `None` when this installation did not make it. Compares in constant time.
    pub(crate) fn verify<const CLAIMS: usize>(&self, prefix: &str, text: &str) -> Option<[u8; CLAIMS]> {
        let encoded = text.strip_prefix(prefix)?;
        // Base64 takes four characters for three bytes; what is longer is not worth decoding.
        if encoded.len() > 2 * (CLAIMS + TAG) {
            return None;
        }
        let bytes = URL_SAFE_NO_PAD.decode(encoded).ok()?;
        let (claims, tag) = bytes.split_first_chunk::<CLAIMS>()?;
        if tag.len() != TAG {
            return None;
        }
        let mut keys = std::iter::once(&self.signing).chain(&self.previous);
        keys.find(|key| hmac::verify(key, claims, tag).is_ok())?;
        Some(*claims)
    }
}
