//! `id_token_hint`: an ID token of ours that a client hands back to say whose session it means.

use crate::compact::{Compact, CompactError};
use crate::members::MemberError;
use crate::public_keys::Verdict;
use crate::{Algorithm, PublicKeys};

/// Why a hint is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HintError {
    /// It is no ID token.
    #[error("id_token_hint is no ID token")]
    Malformed,
    /// Another issued it.
    #[error("id_token_hint was issued by another provider")]
    Issuer,
    /// The key that signed it is none of ours, or is none any more.
    #[error("id_token_hint is signed with a key that is not known here")]
    UnknownKey,
    /// The key did not sign it.
    #[error("the signature of id_token_hint is not right")]
    Signature,
}

impl From<CompactError> for HintError {
    fn from(_: CompactError) -> Self {
        Self::Malformed
    }
}

impl From<MemberError> for HintError {
    fn from(_: MemberError) -> Self {
        Self::Malformed
    }
}

/// What a hint says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdTokenHint {
    /// The person.
    pub sub: String,
    /// The client that the token was issued to.
    pub aud: String,
    /// The session.
    pub sid: Option<String>,
}

/// Reads a hint. That it has expired is no matter (OpenID Connect RP-Initiated Logout 1.0 §2): sessions outlast tokens.
///
/// # Errors
/// [`HintError`].
pub fn read_id_token_hint(text: &str, issuer: &str, keys: &PublicKeys) -> Result<IdTokenHint, HintError> {
    let compact = Compact::parse(text)?;
    // Tokens of ours always have a type, and those for logout and for events have others.
    let algorithm = compact.algorithm(&[Algorithm::Rs256, Algorithm::Es256], &["JWT"])?;
    let claims = &compact.claims;
    if claims.needed_text("iss")? != issuer {
        return Err(HintError::Issuer);
    }
    let audiences = claims.one_or_more_texts("aud")?;
    let [audience] = &audiences[..] else {
        return Err(HintError::Malformed);
    };
    let hint = IdTokenHint {
        sub: claims.needed_text("sub")?.to_owned(),
        aud: audience.clone(),
        sid: claims.text("sid")?.map(str::to_owned),
    };
    let kid = compact.key_id()?.ok_or(HintError::UnknownKey)?;
    match keys.verify(Some(kid), algorithm, compact.signed(), compact.signature()) {
        Verdict::Right => Ok(hint),
        Verdict::Wrong => Err(HintError::Signature),
        Verdict::NoKey => Err(HintError::UnknownKey),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{SigningKey, test_keys};
    use proptest::prelude::*;
    use serde_json::{Value, json};

    const ISSUER: &str = "https://sso.example";

    fn claims() -> Value {
        json!({ "iss": ISSUER, "sub": "user", "aud": "app", "sid": "session", "exp": 1, "iat": 0 })
    }

    fn read(text: &str, keys: &[&SigningKey]) -> Result<IdTokenHint, HintError> {
        read_id_token_hint(text, ISSUER, &PublicKeys::of(keys.iter().copied()))
    }

    #[test]
    fn an_expired_token_of_ours_still_says_whose_session_it_was() {
        for key in [test_keys::one(), test_keys::p256()] {
            let text = key.sign_jwt("JWT", &claims()).unwrap();
            let expected = IdTokenHint {
                sub: "user".to_owned(),
                aud: "app".to_owned(),
                sid: Some("session".to_owned()),
            };
            assert_eq!(read(&text, &[&test_keys::two(), &key]), Ok(expected));
        }
    }

    #[test]
    fn what_is_none_of_our_id_tokens_is_no_hint() {
        let (one, two) = (test_keys::one(), test_keys::two());
        let sign = |typ: &str, change: (&str, Value)| {
            let mut claims = claims();
            claims[change.0] = change.1;
            one.sign_jwt(typ, &claims).unwrap()
        };
        assert_eq!(
            read(&sign("logout+jwt", ("sub", json!("user"))), &[&one]),
            Err(HintError::Malformed)
        );
        assert_eq!(
            read(&sign("JWT", ("aud", json!(["a", "b"]))), &[&one]),
            Err(HintError::Malformed)
        );
        assert_eq!(
            read(&sign("JWT", ("sub", json!(7))), &[&one]),
            Err(HintError::Malformed)
        );
        assert_eq!(
            read(&sign("JWT", ("iss", json!("https://other"))), &[&one]),
            Err(HintError::Issuer)
        );
        let text = sign("JWT", ("sub", json!("user")));
        assert_eq!(read(&text, &[&two]), Err(HintError::UnknownKey));
        let (signed, _) = text.rsplit_once('.').unwrap();
        assert_eq!(read(&format!("{signed}.AAAA"), &[&one]), Err(HintError::Signature));
    }

    proptest! {
        #[test]
        fn no_text_makes_the_reader_panic(text in ".*") {
            prop_assert!(read(&text, &[]).is_err());
        }
    }
}
