//! Keys of the tests, which open nothing anywhere: making RSA keys takes seconds.

use crate::SigningKey;

/// Of 1024 bits.
pub(crate) const WEAK: &[u8] = include_bytes!("../tests/keys/weak.pk8");
/// Of 2048 bits.
pub(crate) const ONE: &[u8] = include_bytes!("../tests/keys/one.pk8");

/// An RSA key.
pub(crate) fn one() -> SigningKey {
    SigningKey::from_pkcs8(ONE).unwrap()
}

/// Another RSA key.
pub(crate) fn two() -> SigningKey {
    SigningKey::from_pkcs8(include_bytes!("../tests/keys/two.pk8")).unwrap()
}

/// A key on P-256.
pub(crate) fn p256() -> SigningKey {
    SigningKey::from_pkcs8(include_bytes!("../tests/keys/p256.pk8")).unwrap()
}
