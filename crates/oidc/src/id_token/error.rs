//! Why an ID token is not taken.

use crate::compact::CompactError;
use crate::key_set::NoKey;
use crate::members::MemberError;

/// Lists the reasons once: variant, stable name, what is said.
macro_rules! reasons {
    ($($(#[doc = $doc:literal])+ $reason:ident $(($field:ty))? $name:literal, $text:literal;)*) => {
        /// Why an ID token is not taken. What it says never holds a part of the token.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
        pub enum IdTokenError {
            $($(#[doc = $doc])+ #[error($text)] $reason $(($field))?,)*
        }

        impl IdTokenError {
            /// The names of all reasons.
            pub const NAMES: &[&str] = &[$($name),*];

            /// A name of the reason that stays the same.
            #[must_use]
            pub const fn as_str(&self) -> &'static str {
                match self {
                    $(Self::$reason { .. } => $name,)*
                }
            }
        }
    };
}

reasons! {
    /// It is longer than 64 KiB.
    TooLarge "too_large", "the ID token is longer than 64 KiB";
    /// It has not exactly three parts.
    NotThreeSegments "not_three_segments", "the ID token has not exactly three parts";
    /// A part is not base64url of a JSON object.
    Unreadable "unreadable", "a part of the ID token is not base64url of a JSON object";
    /// A name comes twice.
    DuplicateMember "duplicate_member", "a name comes twice in the ID token";
    /// A member that must be there is not.
    MissingMember(&'static str) "missing_member", "the ID token lacks {0}";
    /// A member is of another type.
    WrongMemberType(&'static str) "wrong_member_type", "{0} of the ID token is of the wrong type";

    /// It is not signed with RS256.
    AlgorithmNotAllowed "algorithm_not_allowed", "the ID token is not signed with RS256";
    /// `typ` says that it is another kind of token.
    WrongTokenType "wrong_token_type", "typ of the ID token says that it is a token of another kind";
    /// It has a critical header.
    CriticalHeader "critical_header", "the header of the ID token demands something that is not known here";
    /// There is another token inside.
    NestedToken "nested_token", "the ID token has another token inside";
    /// It names no key.
    KeyIdMissing "key_id_missing", "the ID token does not name the key that signed it";

    /// The issuer has published no such key; it may soon.
    KeyUnknown "key_unknown", "the issuer has published no such key as signed the ID token";
    /// The keys cannot be fetched now.
    KeysUnavailable "keys_unavailable", "the keys of the issuer cannot be fetched at the moment";
    /// The key signs for another issuer.
    KeyOfAnotherIssuer "key_of_another_issuer", "the key that signed the ID token belongs to another issuer";
    /// The key has less than 2048 bits.
    KeyTooWeak "key_too_weak", "the key that signed the ID token has less than 2048 bits";
    /// The key did not make the signature.
    WrongSignature "wrong_signature", "the signature of the ID token is not right";

    /// `iss` is another one.
    WrongIssuer "wrong_issuer", "the issuer of the ID token is not the one expected";
    /// `tid` is not there.
    TenantMissing "tenant_missing", "the ID token names no tenant";
    /// `tid` is no GUID.
    TenantNotGuid "tenant_not_guid", "tid of the ID token is no tenant ID";
    /// `tid` is not that of the connection, or not that of `iss`.
    TenantMismatch "tenant_mismatch", "the tenant of the ID token is not the one expected";
    /// It is no token of the v2.0 endpoint.
    VersionNot2 "version_not_2", "the ID token is none of the v2.0 endpoint";
    /// It is of a personal account.
    ConsumerTenantRefused "consumer_tenant_refused", "personal Microsoft accounts may not sign in";

    /// `aud` is another one.
    WrongAudience "wrong_audience", "the ID token is meant for another application";
    /// `aud` names more than one.
    SeveralAudiences "several_audiences", "the ID token is meant for other applications, too";
    /// `azp` is another one.
    WrongAuthorizedParty "wrong_authorized_party", "the ID token was issued to another application";

    /// `exp` has passed.
    TokenExpired "token_expired", "the ID token has expired";
    /// `nbf` is still to come.
    TokenNotYetValid "token_not_yet_valid", "the ID token is not good yet: the clock of this server may be wrong";
    /// `iat` is more than ten minutes ago.
    IssuedTooLongAgo "issued_too_long_ago", "the ID token was issued more than ten minutes ago";
    /// `iat` is still to come.
    IssuedInTheFuture "issued_in_the_future", "the ID token was issued in the future: the clock of this server may be wrong";

    /// There is no `nonce`.
    NonceMissing "nonce_missing", "the ID token does not name the sign-in that it is for";
    /// `nonce` is another one.
    NonceMismatch "nonce_mismatch", "the ID token is for another sign-in";
    /// `at_hash` is another one.
    AtHashMismatch "at_hash_mismatch", "the ID token does not belong to the access token that came along";
    /// `c_hash` is another one.
    CHashMismatch "c_hash_mismatch", "the ID token does not belong to the code that was redeemed";

    /// `sub` is empty.
    SubjectMissing "subject_missing", "the ID token names nobody";
    /// `oid` is not there.
    ObjectIdMissing "object_id_missing", "the ID token lacks oid: the scope must hold profile";
    /// `oid` is no GUID.
    ObjectIdNotGuid "object_id_not_guid", "oid of the ID token is no object ID";

    /// `auth_time` is not there though `max_age` was sent.
    AuthTimeMissing "auth_time_missing", "the ID token does not say when the person signed in: add the optional claim auth_time";
    /// The person signed in longer ago than `max_age`.
    AuthenticatedTooLongAgo "authenticated_too_long_ago", "the person signed in too long ago and must sign in again";
    /// No `acr` or `acrs` that was asked for.
    StepUpMissing "step_up_missing", "the person did not sign in in the way that was asked for";
}

impl IdTokenError {
    /// Whether the same token may be taken a little later: issuers have signed with keys that they had yet to publish.
    #[must_use]
    pub const fn is_retryable(&self) -> bool {
        matches!(self, Self::KeyUnknown | Self::KeysUnavailable)
    }
}

impl From<MemberError> for IdTokenError {
    fn from(error: MemberError) -> Self {
        match error {
            MemberError::Unreadable => Self::Unreadable,
            MemberError::Duplicate => Self::DuplicateMember,
            MemberError::Missing(name) => Self::MissingMember(name),
            MemberError::Type(name) => Self::WrongMemberType(name),
        }
    }
}

impl From<CompactError> for IdTokenError {
    fn from(error: CompactError) -> Self {
        match error {
            CompactError::TooLarge => Self::TooLarge,
            CompactError::Segments => Self::NotThreeSegments,
            CompactError::Member(error) => error.into(),
            CompactError::Algorithm => Self::AlgorithmNotAllowed,
            CompactError::Type => Self::WrongTokenType,
            CompactError::Critical => Self::CriticalHeader,
            CompactError::Nested => Self::NestedToken,
        }
    }
}

impl From<NoKey> for IdTokenError {
    fn from(error: NoKey) -> Self {
        match error {
            NoKey::Unknown => Self::KeyUnknown,
            NoKey::Foreign => Self::KeyOfAnotherIssuer,
            NoKey::Weak => Self::KeyTooWeak,
            NoKey::Unavailable => Self::KeysUnavailable,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::IdTokenError;
    use std::collections::HashSet;

    #[test]
    fn every_reason_has_a_name_of_its_own() {
        let names: HashSet<_> = IdTokenError::NAMES.iter().collect();
        assert_eq!(names.len(), IdTokenError::NAMES.len());
        assert_eq!(IdTokenError::MissingMember("exp").as_str(), "missing_member");
        assert_eq!(IdTokenError::MissingMember("exp").to_string(), "the ID token lacks exp");
        assert!(IdTokenError::KeyUnknown.is_retryable() && !IdTokenError::WrongSignature.is_retryable());
    }
}
