//! Bearer tokens: `rcd_…` opens one directory over SCIM, `rca_…` opens the management API, `rcs_…` is the
//! secret of an OAuth client, `rcl_…` is the end of a portal link, `rcp_…` is the cookie of a
//! session of the portal, `rco_…` is a one-time code that logs in to it, `rcw_…` is the end of the URL of a test receiver,
//! `rck_…` is the secret of an app that people log in to, `rcx_…` is the `state` of a login, `rcg_…` is the code that an app
//! redeems, `rcn_…` is the `clientState` of notifications of Microsoft Graph.
//!
//! A token names its row by id, so that finding it is one lookup by primary key, and proves itself by 32 random bytes, of
//! which the row holds a hash. A reader of the database cannot make a token from it.

use crate::compare::constant_time_eq;
use crate::random::random_bytes;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::{ExposeSecret, SecretBox, SecretString};
use sha2::{Digest, Sha256};
use std::fmt;
use uuid::Uuid;

const ID: usize = 16;
const SECRET: usize = 32;
/// Base64 of [`ID`] + [`SECRET`] bytes; their sum divides by three, so there is no padding and one spelling only.
const ENCODED: usize = 64;

/// What a token opens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TokenKind {
    /// A directory key.
    Directory,
    /// An admin key.
    Admin,
    /// The secret of an OAuth client.
    OauthSecret,
    /// A link that an IT administrator opens.
    PortalLink,
    /// A session of the portal, in a cookie.
    PortalSession,
    /// A code that logs in to the portal once.
    LoginCode,
    /// A test receiver.
    TestReceiver,
    /// The secret of an app that people log in to.
    SsoClient,
    /// The `state` of a login that is under way.
    SsoLogin,
    /// The authorization code of a login.
    SsoCode,
    /// The `clientState` of notifications of Microsoft Graph.
    GraphSubscription,
}

impl TokenKind {
    /// Each of them.
    pub const ALL: [Self; 11] = [
        Self::Directory,
        Self::Admin,
        Self::OauthSecret,
        Self::PortalLink,
        Self::PortalSession,
        Self::LoginCode,
        Self::TestReceiver,
        Self::SsoClient,
        Self::SsoLogin,
        Self::SsoCode,
        Self::GraphSubscription,
    ];

    /// What tokens of this kind begin with; also what secret scanners can look for.
    #[must_use]
    pub const fn prefix(self) -> &'static str {
        match self {
            Self::Directory => "rcd_",
            Self::Admin => "rca_",
            Self::OauthSecret => "rcs_",
            Self::PortalLink => "rcl_",
            Self::PortalSession => "rcp_",
            Self::LoginCode => "rco_",
            Self::TestReceiver => "rcw_",
            Self::SsoClient => "rck_",
            Self::SsoLogin => "rcx_",
            Self::SsoCode => "rcg_",
            Self::GraphSubscription => "rcn_",
        }
    }
}

/// What is stored of a token.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct TokenHash([u8; 32]);

impl TokenHash {
    /// The bytes for the database.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for TokenHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenHash(..)")
    }
}

/// Makes and reads tokens.
#[derive(Debug)]
pub enum Token {}

impl Token {
    /// A new token for the row `id`: its text, to be shown once, and its hash, to be stored.
    #[must_use]
    pub fn mint(kind: TokenKind, id: Uuid) -> (SecretString, TokenHash) {
        let secret = random_bytes::<SECRET>();
        let mut bytes = [0; ID + SECRET];
        bytes[..ID].copy_from_slice(id.as_bytes());
        bytes[ID..].copy_from_slice(&secret);
        let text = format!("{}{}", kind.prefix(), URL_SAFE_NO_PAD.encode(bytes));
        (text.into(), hash(kind, id, &secret))
    }

    /// Takes a token apart, or `None` when the text is no token of ours.
    #[must_use]
    pub fn parse(text: &str) -> Option<ParsedToken> {
        let (kind, encoded) = TokenKind::ALL
            .into_iter()
            .find_map(|kind| Some((kind, text.strip_prefix(kind.prefix())?)))?;
        if encoded.len() != ENCODED {
            return None;
        }
        let bytes = URL_SAFE_NO_PAD.decode(encoded).ok()?;
        let (id, secret) = bytes.split_first_chunk::<ID>()?;
        let secret: [u8; SECRET] = secret.try_into().ok()?;
        Some(ParsedToken {
            kind,
            id: Uuid::from_bytes(*id),
            secret: SecretBox::new(Box::new(secret)),
        })
    }
}

/// A token that somebody sent; whether it is a valid one only [`ParsedToken::matches`] tells.
#[derive(Debug)]
pub struct ParsedToken {
    kind: TokenKind,
    id: Uuid,
    secret: SecretBox<[u8; SECRET]>,
}

impl ParsedToken {
    /// What the token claims to open.
    #[must_use]
    pub const fn kind(&self) -> TokenKind {
        self.kind
    }

    /// The row that the token claims to belong to.
    #[must_use]
    pub const fn id(&self) -> Uuid {
        self.id
    }

    /// Whether this is the token whose hash was stored; compares in constant time.
    #[must_use]
    pub fn matches(&self, stored_hash: &[u8]) -> bool {
        constant_time_eq(
            hash(self.kind, self.id, self.secret.expose_secret()).as_bytes(),
            stored_hash,
        )
    }

    /// The hash of this token: a key for caches that must not hold the token itself.
    #[must_use]
    pub fn hash(&self) -> TokenHash {
        hash(self.kind, self.id, self.secret.expose_secret())
    }
}

/// Kind and id go into the hash: a secret moved to another row or another kind proves nothing.
fn hash(kind: TokenKind, id: Uuid, secret: &[u8; SECRET]) -> TokenHash {
    let digest = Sha256::new()
        .chain_update(b"rollcall token v1\0")
        .chain_update(kind.prefix())
        .chain_update(id.as_bytes())
        .chain_update(secret)
        .finalize();
    TokenHash(digest.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROW: Uuid = Uuid::from_u128(0x0199_0000_0000_7000_8000_0000_0000_0001);

    #[test]
    fn a_minted_token_parses_and_matches_its_own_hash_only() {
        let (text, hash) = Token::mint(TokenKind::Directory, ROW);
        let (_, other_hash) = Token::mint(TokenKind::Directory, ROW);
        let parsed = Token::parse(text.expose_secret()).unwrap();
        assert_eq!((parsed.kind(), parsed.id()), (TokenKind::Directory, ROW));
        assert!(parsed.matches(hash.as_bytes()));
        assert_eq!(parsed.hash(), hash);
        assert!(!parsed.matches(other_hash.as_bytes()));
        assert!(!parsed.matches(&[]));
    }

    #[test]
    fn every_changed_character_makes_another_token() {
        let (text, hash) = Token::mint(TokenKind::Admin, ROW);
        let text = text.expose_secret();
        for position in 0..text.len() {
            let mut changed = text.as_bytes().to_vec();
            changed[position] = if changed[position] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).unwrap();
            let accepted = Token::parse(&changed).is_some_and(|token| token.matches(hash.as_bytes()));
            assert!(!accepted, "position {position}");
        }
    }

    #[test]
    fn a_token_of_one_kind_is_not_one_of_the_other() {
        let (text, hash) = Token::mint(TokenKind::Directory, ROW);
        let disguised = text.expose_secret().replacen("rcd_", "rca_", 1);
        let parsed = Token::parse(&disguised).unwrap();
        assert_eq!(parsed.kind(), TokenKind::Admin);
        assert!(!parsed.matches(hash.as_bytes()));
    }

    #[test]
    fn text_that_is_no_token_is_refused() {
        let (text, _) = Token::mint(TokenKind::Directory, ROW);
        let long = format!("{}A", text.expose_secret());
        let short = &text.expose_secret()[..67];
        let foreign = format!("rcd_{}", "ä".repeat(32));
        for text in [
            "",
            "rcd_",
            "rcx_AAAA",
            "Bearer rcd_",
            &long,
            short,
            &foreign,
            &format!("rcd_{}", "=".repeat(64)),
        ] {
            assert!(Token::parse(text).is_none(), "{text:?}");
        }
    }

    #[test]
    fn debug_output_shows_neither_token_nor_hash() {
        let (text, hash) = Token::mint(TokenKind::Directory, ROW);
        let secret_part = &text.expose_secret()[26..];
        let parsed = Token::parse(text.expose_secret()).unwrap();
        let shown = format!("{text:?} {hash:?} {parsed:?}");
        assert!(!shown.contains(secret_part), "{shown}");
        assert!(shown.contains("REDACTED") && shown.contains("TokenHash(..)"), "{shown}");
    }
}
