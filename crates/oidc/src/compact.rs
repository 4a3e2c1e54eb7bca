//! Signed tokens in their compact form (RFC 7515 §7.1), taken apart: the one parser of every token that comes in.

use crate::Algorithm;
use crate::members::{MemberError, Members};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// The longest token, in bytes.
pub(crate) const MAX_TOKEN: usize = 64 << 10;

/// Why a text is no token that can be looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CompactError {
    /// It is longer than [`MAX_TOKEN`].
    TooLarge,
    /// It has not exactly three parts.
    Segments,
    /// A part is not base64url, or not what it must be inside.
    Member(MemberError),
    /// `alg` is none of those allowed.
    Algorithm,
    /// `typ` says that it is a token of another kind.
    Type,
    /// `crit` demands something (RFC 7515 §4.1.11), and nothing of the kind is known here.
    Critical,
    /// `cty` says that there is another token inside.
    Nested,
}

impl From<MemberError> for CompactError {
    fn from(error: MemberError) -> Self {
        Self::Member(error)
    }
}

/// A token, of which nothing is verified.
#[derive(Debug)]
pub(crate) struct Compact<'t> {
    header: Members,
    /// What it says.
    pub(crate) claims: Members,
    /// What was signed: header and claims as they came.
    signed: &'t str,
    signature: Vec<u8>,
}

impl<'t> Compact<'t> {
    /// Takes a token apart.
    pub(crate) fn parse(text: &'t str) -> Result<Self, CompactError> {
        if text.len() > MAX_TOKEN {
            return Err(CompactError::TooLarge);
        }
        let mut parts = text.split('.');
        let (Some(header), Some(claims), Some(signature), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(CompactError::Segments);
        };
        let signed = text.get(..=header.len() + claims.len()).unwrap_or_default();
        Ok(Self {
            header: Members::read(&decoded(header)?)?,
            claims: Members::read(&decoded(claims)?)?,
            signed,
            signature: decoded(signature)?,
        })
    }

    /// The algorithm of the header, when it is one of these and the header asks for nothing unknown. Keys that the
    /// header brings along (`jwk`, `jku`, `x5u`, `x5c`) are never looked at.
    ///
    /// `types` are the values of `typ` that are taken beside none; letters of either case are the same (RFC 7515
    /// §4.1.9).
    pub(crate) fn algorithm(&self, allowed: &[Algorithm], types: &[&str]) -> Result<Algorithm, CompactError> {
        let named = self.header.needed_text("alg")?;
        let algorithm = Algorithm::parse(named).filter(|algorithm| allowed.contains(algorithm));
        let algorithm = algorithm.ok_or(CompactError::Algorithm)?;
        let typ = self.header.text("typ")?;
        if !typ.is_none_or(|typ| types.iter().any(|known| typ.eq_ignore_ascii_case(known))) {
            return Err(CompactError::Type);
        }
        if self.header.has("crit") {
            return Err(CompactError::Critical);
        }
        if self.header.has("cty") {
            return Err(CompactError::Nested);
        }
        Ok(algorithm)
    }

    /// The `kid` of the header.
    pub(crate) fn key_id(&self) -> Result<Option<&str>, CompactError> {
        Ok(self.header.text("kid")?)
    }

    /// What was signed.
    pub(crate) fn signed(&self) -> &[u8] {
        self.signed.as_bytes()
    }

    pub(crate) fn signature(&self) -> &[u8] {
        &self.signature
    }
}

fn decoded(part: &str) -> Result<Vec<u8>, MemberError> {
    URL_SAFE_NO_PAD.decode(part).map_err(|_| MemberError::Unreadable)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn token(header: &str) -> String {
        format!("{}.e30.c2ln", URL_SAFE_NO_PAD.encode(header))
    }

    #[test]
    fn a_token_has_three_parts_and_a_bounded_size() {
        let error = |text: &str| Compact::parse(text).unwrap_err();
        assert_eq!(error(""), CompactError::Segments);
        assert_eq!(error("e30.e30"), CompactError::Segments);
        assert_eq!(error("e30.e30.c2ln.c2ln"), CompactError::Segments);
        assert_eq!(error(&"a".repeat(MAX_TOKEN + 1)), CompactError::TooLarge);
        for text in ["..", "e30.e30.c2ln=", "e30.e30.+/", "e31.e30.", "e30.W10."] {
            assert_eq!(error(text), CompactError::Member(MemberError::Unreadable), "{text}");
        }
        let token = Compact::parse("e30.e30.c2ln").unwrap();
        assert_eq!((token.signed(), token.signature()), (&b"e30.e30"[..], &b"sig"[..]));
    }

    #[test]
    fn a_header_must_name_an_allowed_algorithm_and_ask_for_nothing_else() {
        let algorithm = |header: &str| {
            Compact::parse(&token(header))
                .unwrap()
                .algorithm(&[Algorithm::Rs256], &["JWT"])
        };
        assert_eq!(algorithm(r#"{"alg":"RS256"}"#), Ok(Algorithm::Rs256));
        assert_eq!(
            algorithm(r#"{"alg":"RS256","typ":"jwt","jku":"x"}"#),
            Ok(Algorithm::Rs256)
        );
        for (header, error) in [
            (r#"{"alg":"none"}"#, CompactError::Algorithm),
            (r#"{"alg":"PS256"}"#, CompactError::Algorithm),
            (r#"{"alg":"RS256","typ":"at+jwt"}"#, CompactError::Type),
            (r#"{"alg":"RS256","crit":["b64"]}"#, CompactError::Critical),
            (r#"{"alg":"RS256","cty":"JWT"}"#, CompactError::Nested),
            ("{}", MemberError::Missing("alg").into()),
            (r#"{"alg":7}"#, MemberError::Type("alg").into()),
        ] {
            assert_eq!(algorithm(header), Err(error), "{header}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_the_parser_panic(text in ".*", json in ".*") {
            let _ = Compact::parse(&text);
            let _ = Compact::parse(&token(&json));
            let _ = Compact::parse(&format!("{text}.{text}.{text}"));
        }
    }
}
