//! Texts that only the simulator can read: access tokens, and the tokens in links. They are sealed for a purpose, and say nothing
//! when they are opened for another.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::digest::{SHA256, digest};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::sync::atomic::{AtomicU64, Ordering};

/// Seals and opens by a key that follows from the seed.
pub(crate) struct Seal {
    key: Option<LessSafeKey>,
    count: AtomicU64,
}

impl std::fmt::Debug for Seal {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Seal")
    }
}

impl Seal {
    pub(crate) fn new(seed: u64) -> Self {
        let bytes = digest(&SHA256, &seed.to_be_bytes());
        let key = UnboundKey::new(&CHACHA20_POLY1305, bytes.as_ref()).ok();
        Self {
            key: key.map(LessSafeKey::new),
            count: AtomicU64::new(1),
        }
    }

    /// The sealed text; empty if it cannot be made.
    pub(crate) fn seal(&self, purpose: &str, value: &impl Serialize) -> String {
        self.try_seal(purpose, value).unwrap_or_default()
    }

    fn try_seal(&self, purpose: &str, value: &impl Serialize) -> Option<String> {
        let mut nonce = [0; NONCE_LEN];
        nonce[4..].copy_from_slice(&self.count.fetch_add(1, Ordering::SeqCst).to_be_bytes());
        let mut text = serde_json::to_vec(value).ok()?;
        self.key
            .as_ref()?
            .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(purpose), &mut text)
            .ok()?;
        Some(URL_SAFE_NO_PAD.encode([&nonce[4..], &text].concat()))
    }

    /// What was sealed for this purpose.
    pub(crate) fn open<T: DeserializeOwned>(&self, purpose: &str, sealed: &str) -> Option<T> {
        let bytes = URL_SAFE_NO_PAD.decode(sealed).ok()?;
        let (count, text) = bytes.split_at_checked(8)?;
        let mut nonce = [0; NONCE_LEN];
        nonce[4..].copy_from_slice(count);
        let mut text = text.to_vec();
        let nonce = Nonce::assume_unique_for_key(nonce);
        let plain = self
            .key
            .as_ref()?
            .open_in_place(nonce, Aad::from(purpose), &mut text)
            .ok()?;
        serde_json::from_slice(plain).ok()
    }
}
