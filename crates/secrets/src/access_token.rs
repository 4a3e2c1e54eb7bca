//! Access tokens: `rct_…`, short-lived and stateless, signed by the installation itself.
//!
//! The text is base64url of `version (1) | grant (1) | directory (16) | subject (16) | expiry (8, ms) | HMAC-SHA256 (32)`. A
//! token proves that this installation gave it out, for whom and until when; whether its subject is still welcome is for
//! the caller to look up.

use crate::MasterKeys;
use crate::signed::Signer;
use secrecy::SecretString;
use uuid::Uuid;

/// What access tokens begin with.
pub const ACCESS_TOKEN_PREFIX: &str = "rct_";
const VERSION: u8 = 1;
const CLAIMS: usize = 1 + 1 + 16 + 16 + 8;

/// How the holder of an access token got it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GrantType {
    /// For the id and secret of an OAuth client; the subject is the client.
    ClientSecret,
    /// For an assertion; the subject is the fingerprint of what the assertion had to say.
    Assertion,
}

/// What an access token says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AccessClaims {
    /// How it was got.
    pub grant: GrantType,
    /// The one directory that it opens.
    pub directory_id: Uuid,
    /// Who got it.
    pub subject: Uuid,
    /// From when on it is no longer good, in milliseconds since 1970.
    pub expires_at_ms: i64,
}

/// Makes and checks access tokens. Cheap to clone; never shown.
#[derive(Clone, Debug)]
pub struct AccessTokens(Signer);

impl AccessTokens {
    /// With a key that is made of the master key: every process of an installation has the same.
    #[must_use]
    pub fn new(master_keys: &MasterKeys) -> Self {
        Self(Signer::new(master_keys, "access tokens"))
    }

    /// The text of a token that says this.
    #[must_use]
    pub fn sign(&self, claims: &AccessClaims) -> SecretString {
        self.0.sign(ACCESS_TOKEN_PREFIX, &encode(claims))
    }

    /// What a token says, or `None` when this installation did not make it or its time is over. Compares in constant time.
    #[must_use]
    pub fn verify(&self, text: &str, now_ms: i64) -> Option<AccessClaims> {
        let claims = decode(&self.0.verify(ACCESS_TOKEN_PREFIX, text)?);
        claims.filter(|claims| now_ms < claims.expires_at_ms)
    }
}

fn encode(claims: &AccessClaims) -> [u8; CLAIMS] {
    let mut bytes = [0; CLAIMS];
    bytes[0] = VERSION;
    bytes[1] = match claims.grant {
        GrantType::ClientSecret => 1,
        GrantType::Assertion => 2,
    };
    bytes[2..18].copy_from_slice(claims.directory_id.as_bytes());
    bytes[18..34].copy_from_slice(claims.subject.as_bytes());
    bytes[34..].copy_from_slice(&claims.expires_at_ms.to_be_bytes());
    bytes
}

fn decode(bytes: &[u8; CLAIMS]) -> Option<AccessClaims> {
    let (&[version, grant], rest) = bytes.split_first_chunk::<2>()?;
    let (directory_id, rest) = rest.split_first_chunk::<16>()?;
    let (subject, rest) = rest.split_first_chunk::<16>()?;
    let (expires_at, _) = rest.split_first_chunk::<8>()?;
    let grant = match (version, grant) {
        (VERSION, 1) => GrantType::ClientSecret,
        (VERSION, 2) => GrantType::Assertion,
        _ => return None,
    };
    Some(AccessClaims {
        grant,
        directory_id: Uuid::from_bytes(*directory_id),
        subject: Uuid::from_bytes(*subject),
        expires_at_ms: i64::from_be_bytes(*expires_at),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::MasterKey;
    use secrecy::ExposeSecret;

    const CLAIMS: AccessClaims = AccessClaims {
        grant: GrantType::ClientSecret,
        directory_id: Uuid::from_u128(1),
        subject: Uuid::from_u128(2),
        expires_at_ms: 1_000,
    };

    #[test]
    fn a_token_says_what_was_signed_until_its_time_is_over() {
        let tokens = AccessTokens::new(&MasterKey::generate().into());
        for grant in [GrantType::ClientSecret, GrantType::Assertion] {
            let claims = AccessClaims { grant, ..CLAIMS };
            let token = tokens.sign(&claims);
            assert_eq!(tokens.verify(token.expose_secret(), 999), Some(claims));
            assert_eq!(tokens.verify(token.expose_secret(), 1_000), None);
        }
    }

    #[test]
    fn every_changed_character_and_every_other_length_is_refused() {
        let tokens = AccessTokens::new(&MasterKey::generate().into());
        let token = tokens.sign(&CLAIMS);
        let token = token.expose_secret();
        for position in 0..token.len() {
            let mut changed = token.as_bytes().to_vec();
            changed[position] = if changed[position] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).unwrap();
            assert_eq!(tokens.verify(&changed, 0), None, "position {position}");
            assert_eq!(tokens.verify(&token[..position], 0), None, "length {position}");
        }
        assert_eq!(tokens.verify(&format!("{token}AAAA"), 0), None);
    }

    #[test]
    fn a_token_of_the_previous_master_key_is_good_and_none_is_signed_with_it() {
        let (old, new) = (MasterKey::generate(), MasterKey::generate());
        let before = AccessTokens::new(&old.clone().into());
        let during = AccessTokens::new(&MasterKeys::new(new.clone(), Some(old)));
        let after = AccessTokens::new(&new.into());
        assert_eq!(during.verify(before.sign(&CLAIMS).expose_secret(), 999), Some(CLAIMS));
        let token = during.sign(&CLAIMS);
        assert_eq!(after.verify(token.expose_secret(), 999), Some(CLAIMS));
        assert_eq!(before.verify(token.expose_secret(), 999), None);
    }

    #[test]
    fn another_installation_signs_otherwise() {
        let token = AccessTokens::new(&MasterKey::generate().into()).sign(&CLAIMS);
        let other = AccessTokens::new(&MasterKey::generate().into());
        assert_eq!(other.verify(token.expose_secret(), 0), None);
    }
}
