//! Why a token is not taken.

use crate::key_set::NoKey;

/// Why a token is not taken. What it says never holds a part of the token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// It is no JWT, or one with another algorithm, a critical header or members that come twice.
    #[error("the token is not a JWT signed with RS256")]
    Malformed,
    /// `iss`, or the tenant in `tid`, is another one.
    #[error("the issuer of the token is not the one expected")]
    Issuer,
    /// `aud` is another one, or names more than one.
    #[error("the audience of the token is not the one expected")]
    Audience,
    /// `sub` is another one.
    #[error("the subject of the token is not the one expected")]
    Subject,
    /// `exp` has passed.
    #[error("the token has expired")]
    Expired,
    /// `nbf` is still to come.
    #[error("the token is not good yet")]
    NotYetGood,
    /// The issuer's keys are not known and cannot be fetched: the same token may be taken later.
    #[error("the keys of the issuer cannot be fetched at the moment")]
    KeysUnavailable,
    /// The issuer has published no key of this `kid`.
    #[error("the issuer has no such key as signed the token")]
    UnknownKey,
    /// The key did not make the signature.
    #[error("the signature of the token is not right")]
    Signature,
}

impl From<NoKey> for TokenError {
    fn from(error: NoKey) -> Self {
        match error {
            NoKey::Unavailable => Self::KeysUnavailable,
            NoKey::Unknown | NoKey::Foreign => Self::UnknownKey,
            NoKey::Weak => Self::Signature,
        }
    }
}
