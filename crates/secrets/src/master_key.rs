//! One master key, and what it seals.
//!
//! A sealed value is `version (1) | key id (4) | nonce (12) | AES-256-GCM ciphertext and tag`. Version, key id and the
//! caller's context are authenticated with it, so that a value copied to another row does not open there. The key id, the
//! first bytes of a hash of the key, says which key opens a value. Nonces are random: good for 2³² values under one key, and
//! an installation seals a handful for each endpoint and key.

use crate::random::random_bytes;
use aes_gcm::aead::{Aead, KeyInit, Payload};
use aes_gcm::{Aes256Gcm, Nonce};
use base64::Engine;
use base64::alphabet::{STANDARD, URL_SAFE};
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use ring::hmac;
use secrecy::{ExposeSecret, SecretBox, SecretString};
use sha2::{Digest, Sha256};
use std::fmt;
use std::sync::Arc;

const VERSION: u8 = 1;
const KEY: usize = 32;
const KEY_ID: usize = 4;
const NONCE: usize = 12;
const HEADER: usize = 1 + KEY_ID;

/// The text is no 32-byte key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the master key must be 32 bytes in base64 (make one with: openssl rand -base64 32)")]
pub struct MasterKeyError;

/// Why a sealed value does not open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// Too short, or of a version that this program does not know.
    #[error("the stored value is not one that this version sealed")]
    Malformed,
    /// Sealed under another master key, with this id.
    #[error(
        "the stored value was sealed with the master key {0}, which this program does not have (ROLLCALL_MASTER_KEY, \
         ROLLCALL_MASTER_KEY_PREVIOUS)"
    )]
    OtherKey(KeyId),
    /// Changed since it was sealed, or sealed for another place.
    #[error("the stored value was changed or belongs to another place")]
    Refused,
    /// Opened, but not text.
    #[error("the stored value is not text")]
    NotText,
}

/// Names a master key in what it sealed. It reveals nothing about the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId([u8; KEY_ID]);

impl KeyId {
    /// So many bytes at the beginning of a sealed value name its key.
    pub const HEAD: usize = HEADER;

    /// The key of a sealed value, by its beginning: at least [`KeyId::HEAD`] bytes. `None` for what this version did not seal.
    #[must_use]
    pub fn of_sealed(head: &[u8]) -> Option<Self> {
        let (&[version, ref id @ ..], _) = head.split_first_chunk::<HEADER>()?;
        (version == VERSION).then_some(Self(*id))
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// Seals and opens stored secrets. Cheap to clone; never shown.
#[derive(Clone)]
pub struct MasterKey(Arc<Inner>);

struct Inner {
    key: SecretBox<[u8; KEY]>,
    cipher: Aes256Gcm,
    id: KeyId,
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MasterKey(..)")
    }
}

impl MasterKey {
    /// A new random key.
    #[must_use]
    pub fn generate() -> Self {
        Self::new(SecretBox::new(Box::new(random_bytes())))
    }

    /// Reads a key of 32 bytes in base64, of either alphabet, padded or not, with blanks around it.
    ///
    /// # Errors
    /// [`MasterKeyError`] for anything else.
    pub fn from_base64(text: &str) -> Result<Self, MasterKeyError> {
        const LENIENT: GeneralPurposeConfig =
            GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
        let text = text.trim();
        let bytes = GeneralPurpose::new(&STANDARD, LENIENT)
            .decode(text)
            .or_else(|_| GeneralPurpose::new(&URL_SAFE, LENIENT).decode(text))
            .map_err(|_| MasterKeyError)?;
        let key: [u8; KEY] = bytes.try_into().map_err(|_| MasterKeyError)?;
        Ok(Self::new(SecretBox::new(Box::new(key))))
    }

    /// The key in base64, for the key file.
    #[must_use]
    pub fn to_base64(&self) -> SecretString {
        base64::engine::general_purpose::STANDARD
            .encode(self.0.key.expose_secret())
            .into()
    }

    /// A key for another purpose, named by `context`: it reveals nothing about the master key or about other contexts' keys.
    #[must_use]
    pub fn derive(&self, context: &str) -> [u8; KEY] {
        let key = hmac::Key::new(hmac::HMAC_SHA256, self.0.key.expose_secret());
        let mut signing = hmac::Context::with_key(&key);
        signing.update(b"rollcall derived key v1\0");
        signing.update(context.as_bytes());
        let tag = signing.sign();
        let mut derived = [0; KEY];
        derived.copy_from_slice(tag.as_ref());
        derived
    }

    fn new(key: SecretBox<[u8; KEY]>) -> Self {
        let cipher = Aes256Gcm::new(key.expose_secret().into());
        let digest: [u8; 32] = Sha256::new()
            .chain_update(b"rollcall key id v1\0")
            .chain_update(key.expose_secret())
            .finalize()
            .into();
        let mut id = [0; KEY_ID];
        id.copy_from_slice(&digest[..KEY_ID]);
        Self(Arc::new(Inner {
            key,
            cipher,
            id: KeyId(id),
        }))
    }

    /// What names this key in the values that it sealed.
    #[must_use]
    pub fn id(&self) -> KeyId {
        self.0.id
    }

    /// Encrypts `plain` for one place, named by `context` (for example `endpoint/<id>/secret`).
    ///
    /// # Panics
    /// For values of more than 64 GiB, the limit of AES-GCM.
    #[must_use]
    pub fn seal(&self, plain: &[u8], context: &str) -> Vec<u8> {
        let nonce = random_bytes::<NONCE>();
        let mut sealed = Vec::with_capacity(HEADER + NONCE + plain.len() + 16);
        sealed.push(VERSION);
        sealed.extend_from_slice(&self.0.id.0);
        let aad = associated(&sealed, context);
        let cipher_text = self
            .0
            .cipher
            .encrypt(&Nonce::from(nonce), Payload { msg: plain, aad: &aad })
            .expect("a value in memory is within the limit of AES-GCM");
        sealed.extend_from_slice(&nonce);
        sealed.extend_from_slice(&cipher_text);
        sealed
    }

    /// Decrypts what [`MasterKey::seal`] made for the same `context`.
    ///
    /// # Errors
    /// See [`OpenError`]; a changed value and a wrong context cannot be told apart.
    pub fn open(&self, sealed: &[u8], context: &str) -> Result<Vec<u8>, OpenError> {
        let (header, rest) = sealed.split_first_chunk::<HEADER>().ok_or(OpenError::Malformed)?;
        let (nonce, cipher_text) = rest.split_first_chunk::<NONCE>().ok_or(OpenError::Malformed)?;
        let id = KeyId::of_sealed(header).ok_or(OpenError::Malformed)?;
        if id != self.0.id {
            return Err(OpenError::OtherKey(id));
        }
        let aad = associated(header, context);
        self.0
            .cipher
            .decrypt(
                &Nonce::from(*nonce),
                Payload {
                    msg: cipher_text,
                    aad: &aad,
                },
            )
            .map_err(|_| OpenError::Refused)
    }

    /// [`MasterKey::open`] for values that are text.
    ///
    /// # Errors
    /// See [`OpenError`].
    pub fn open_text(&self, sealed: &[u8], context: &str) -> Result<SecretString, OpenError> {
        let plain = self.open(sealed, context)?;
        String::from_utf8(plain)
            .map(SecretString::from)
            .map_err(|_| OpenError::NotText)
    }
}

/// The header has a fixed length, so that header and context cannot run into each other.
fn associated(header: &[u8], context: &str) -> Vec<u8> {
    [header, context.as_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONTEXT: &str = "endpoint/1/secret";

    #[test]
    fn what_was_sealed_opens_again() {
        let key = MasterKey::generate();
        for plain in [b"".as_slice(), b"whsec_abc", &[0xFF; 1000]] {
            assert_eq!(key.open(&key.seal(plain, CONTEXT), CONTEXT).as_deref(), Ok(plain));
        }
        let text = key.open_text(&key.seal(b"whsec_abc", CONTEXT), CONTEXT).unwrap();
        assert_eq!(text.expose_secret(), "whsec_abc");
        assert_eq!(
            key.open_text(&key.seal(&[0xFF], CONTEXT), CONTEXT).unwrap_err(),
            OpenError::NotText
        );
    }

    #[test]
    fn a_derived_key_depends_on_the_master_key_and_the_context() {
        let key = MasterKey::generate();
        assert_eq!(key.derive("a"), key.derive("a"));
        assert_ne!(key.derive("a"), key.derive("b"));
        assert_ne!(key.derive("a"), MasterKey::generate().derive("a"));
        assert_ne!(&key.derive(""), key.0.key.expose_secret());
    }

    #[test]
    fn the_same_value_is_sealed_differently_each_time() {
        let key = MasterKey::generate();
        assert_ne!(key.seal(b"same", CONTEXT), key.seal(b"same", CONTEXT));
    }

    #[test]
    fn every_changed_bit_is_noticed() {
        let key = MasterKey::generate();
        let sealed = key.seal(b"value", CONTEXT);
        for bit in 0..sealed.len() * 8 {
            let mut changed = sealed.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            assert!(key.open(&changed, CONTEXT).is_err(), "bit {bit}");
        }
        for length in 0..sealed.len() {
            assert!(key.open(&sealed[..length], CONTEXT).is_err(), "length {length}");
        }
    }

    #[test]
    fn a_value_does_not_open_in_another_place() {
        let key = MasterKey::generate();
        let sealed = key.seal(b"value", CONTEXT);
        assert_eq!(key.open(&sealed, "endpoint/2/secret"), Err(OpenError::Refused));
    }

    #[test]
    fn a_value_of_another_key_is_distinguished_from_a_damaged_one() {
        let key = MasterKey::generate();
        let sealed = key.seal(b"value", CONTEXT);
        let refused = MasterKey::generate().open(&sealed, CONTEXT);
        assert_eq!(refused, Err(OpenError::OtherKey(key.id())));
        let said = refused.unwrap_err().to_string();
        assert!(
            said.contains(&key.id().to_string()) && said.contains("ROLLCALL_MASTER_KEY"),
            "{said}"
        );
    }

    #[test]
    fn a_value_names_its_key_at_its_beginning() {
        let key = MasterKey::generate();
        let sealed = key.seal(b"value", CONTEXT);
        assert_eq!(KeyId::of_sealed(&sealed), Some(key.id()));
        assert_eq!(KeyId::of_sealed(&sealed[..KeyId::HEAD]), Some(key.id()));
        assert_eq!(KeyId::of_sealed(&sealed[..KeyId::HEAD - 1]), None);
        assert_eq!(KeyId::of_sealed(&[VERSION + 1; HEADER]), None);
        assert_eq!(key.id().to_string().len(), 2 * KEY_ID);
    }

    /// In the format of the first version of this program, by another implementation of AES-256-GCM.
    #[test]
    fn what_earlier_versions_sealed_still_opens() {
        let key = MasterKey::from_base64("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=").unwrap();
        let sealed = [
            0x01, 0x6a, 0xbb, 0xe0, 0xb2, 0x64, 0x65, 0x66, 0x67, 0x68, 0x69, 0x6a, 0x6b, 0x6c, 0x6d, 0x6e, 0x6f, 0x3f,
            0x73, 0xad, 0x03, 0x1a, 0xb6, 0x37, 0xfc, 0x5d, 0x1b, 0x87, 0x29, 0xcd, 0xe6, 0x9a, 0x82, 0x77, 0xe2, 0x87,
            0x84, 0x2c, 0x00, 0xa6, 0x01, 0xf2,
        ];
        assert_eq!(key.open(&sealed, CONTEXT).as_deref(), Ok(b"whsec_abc".as_slice()));
    }

    #[test]
    fn a_key_survives_its_text_form_in_every_usual_spelling() {
        let key = MasterKey::generate();
        let sealed = key.seal(b"value", CONTEXT);
        let text = key.to_base64().expose_secret().to_owned();
        let url_safe = text.replace('+', "-").replace('/', "_");
        for spelling in [
            text.clone(),
            format!(" {text}\n"),
            text.trim_end_matches('=').to_owned(),
            url_safe,
        ] {
            let again = MasterKey::from_base64(&spelling).unwrap();
            assert_eq!(again.open(&sealed, CONTEXT).as_deref(), Ok(b"value".as_slice()));
        }
    }

    #[test]
    fn a_key_of_another_length_is_refused_with_the_way_to_make_one() {
        for text in ["", "c2hvcnQ=", "not base64 at all!", &"A".repeat(88)] {
            let error = MasterKey::from_base64(text).unwrap_err();
            assert!(error.to_string().contains("openssl rand -base64 32"));
        }
    }

    #[test]
    fn debug_output_does_not_show_the_key() {
        assert_eq!(format!("{:?}", MasterKey::generate()), "MasterKey(..)");
    }
}
