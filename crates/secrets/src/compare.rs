//! Comparing secrets without telling by the time it takes how much of them was right.

use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// Whether two byte strings are equal, in a time that depends on their lengths only.
#[must_use]
pub fn constant_time_eq(a: &[u8], b: &[u8]) -> bool {
    a.ct_eq(b).into()
}

/// The hash under which a secret that an operator chose (`ROLLCALL_ADMIN_KEY`) is stored.
///
/// It is one round of SHA-256, so the secret must be long and random: this is for machine credentials, not passwords.
#[must_use]
pub fn hash_secret(secret: &str) -> [u8; 32] {
    Sha256::new()
        .chain_update(b"rollcall secret v1\0")
        .chain_update(secret)
        .finalize()
        .into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equality_is_by_content_and_length() {
        assert!(constant_time_eq(b"same", b"same"));
        assert!(!constant_time_eq(b"same", b"sane"));
        assert!(!constant_time_eq(b"same", b"same and more"));
        assert!(constant_time_eq(b"", b""));
    }

    #[test]
    fn a_secret_hashes_the_same_each_time_and_unlike_its_neighbour() {
        assert_eq!(hash_secret("one"), hash_secret("one"));
        assert_ne!(hash_secret("one"), hash_secret("One"));
    }
}
