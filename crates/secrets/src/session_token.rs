//! What an app holds of a session: `rcn_…` as its access token, `rcf_…` as its refresh token; and `rcs_…` of itself. `rcv_…`
//! is in links of administrators. Signed by the installation, so that nothing of them is stored.
//!
//! The text is base64url of `version (1) | use (1) | session (16) | generation (4) | expiry (8, ms) | HMAC-SHA256 (32)`. A
//! token proves that this installation gave it out and until when; whether its session goes on, and whether it is the
//! newest of its session, is for the caller to look up.

use crate::MasterKeys;
use crate::signed::Signer;
use secrecy::SecretString;
use uuid::Uuid;

const VERSION: u8 = 1;
const CLAIMS: usize = 1 + 1 + 16 + 4 + 8;

/// What a token of a session is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionTokenUse {
    /// Asking who is logged in.
    Access,
    /// Getting the next two tokens.
    Refresh,
    /// Managing what an app is told: no person's, and the session is the app itself.
    Signals,
    /// Beginning a test of a connection whose outcome is noted: no person's, and the session is the connection.
    Test,
}

impl SessionTokenUse {
    const fn prefix(self) -> &'static str {
        match self {
            Self::Access => "rcn_",
            Self::Refresh => "rcf_",
            Self::Signals => "rcs_",
            Self::Test => "rcv_",
        }
    }

    const fn code(self) -> u8 {
        match self {
            Self::Access => 1,
            Self::Refresh => 2,
            Self::Signals => 3,
            Self::Test => 4,
        }
    }
}

/// What a token of a session says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionClaims {
    /// The session.
    pub session: Uuid,
    /// How often the refresh token of the session had been replaced.
    pub generation: u32,
    /// From when on it is no longer good, in milliseconds since 1970.
    pub expires_at_ms: i64,
}

impl SessionClaims {
    /// What begins tests of a connection, as it is since it was last changed (in milliseconds since 1970). It is the same each
    /// time, so that whoever looks at a connection twice sees the same, and no longer good when the connection is another.
    #[must_use]
    pub fn of_test(connection: Uuid, changed_at_ms: i64) -> Self {
        Self {
            session: connection,
            generation: u32::try_from(changed_at_ms & i64::from(u32::MAX)).unwrap_or_default(),
            expires_at_ms: i64::MAX,
        }
    }
}

/// Makes and checks the tokens of sessions. Cheap to clone; never shown.
#[derive(Clone, Debug)]
pub struct SessionTokens(Signer);

impl SessionTokens {
    /// With a key that is made of the master key: every process of an installation has the same.
    #[must_use]
    pub fn new(master_keys: &MasterKeys) -> Self {
        Self(Signer::new(master_keys, "session tokens"))
    }

    /// The text of a token that says this.
    #[must_use]
    pub fn sign(&self, what: SessionTokenUse, claims: &SessionClaims) -> SecretString {
        self.0.sign(what.prefix(), &encode(what, claims))
    }

    /// What a token for this use says, or `None` when this installation did not make it or its time is over. Compares in
    /// constant time.
    #[must_use]
    pub fn verify(&self, what: SessionTokenUse, text: &str, now_ms: i64) -> Option<SessionClaims> {
        let claims = decode(what, &self.0.verify(what.prefix(), text)?);
        claims.filter(|claims| now_ms < claims.expires_at_ms)
    }
}

fn encode(what: SessionTokenUse, claims: &SessionClaims) -> [u8; CLAIMS] {
    let mut bytes = [0; CLAIMS];
    bytes[..2].copy_from_slice(&[VERSION, what.code()]);
    bytes[2..18].copy_from_slice(claims.session.as_bytes());
    bytes[18..22].copy_from_slice(&claims.generation.to_be_bytes());
    bytes[22..].copy_from_slice(&claims.expires_at_ms.to_be_bytes());
    bytes
}

fn decode(what: SessionTokenUse, bytes: &[u8; CLAIMS]) -> Option<SessionClaims> {
    let (&[version, code], rest) = bytes.split_first_chunk::<2>()?;
    let (session, rest) = rest.split_first_chunk::<16>()?;
    let (generation, rest) = rest.split_first_chunk::<4>()?;
    let (expires_at, _) = rest.split_first_chunk::<8>()?;
    (version == VERSION && code == what.code()).then(|| SessionClaims {
        session: Uuid::from_bytes(*session),
        generation: u32::from_be_bytes(*generation),
        expires_at_ms: i64::from_be_bytes(*expires_at),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::MasterKey;
    use secrecy::ExposeSecret;

    const CLAIMS: SessionClaims = SessionClaims {
        session: Uuid::from_u128(1),
        generation: 7,
        expires_at_ms: 1_000,
    };

    #[test]
    fn a_token_says_what_was_signed_for_its_use_until_its_time_is_over() {
        let tokens = SessionTokens::new(&MasterKey::generate().into());
        let uses = [
            SessionTokenUse::Access,
            SessionTokenUse::Refresh,
            SessionTokenUse::Signals,
            SessionTokenUse::Test,
        ];
        for what in uses {
            let token = tokens.sign(what, &CLAIMS);
            let text = token.expose_secret();
            assert_eq!(tokens.verify(what, text, 999), Some(CLAIMS));
            assert_eq!(tokens.verify(what, text, 1_000), None);
            for other in uses.into_iter().filter(|other| *other != what) {
                assert_eq!(tokens.verify(other, text, 0), None);
                let renamed = text.replace(what.prefix(), other.prefix());
                assert_eq!(tokens.verify(other, &renamed, 0), None);
            }
        }
    }

    #[test]
    fn a_test_of_a_connection_is_of_no_other_and_not_of_what_it_was_before() {
        let claims = |connection, at| SessionClaims::of_test(Uuid::from_u128(connection), at);
        let now = 1_795_220_220_123;
        assert_eq!(claims(1, now), claims(1, now));
        for other in [
            claims(2, now),
            claims(1, now + 1),
            claims(1, now - 86_400_000),
            claims(1, -1),
        ] {
            assert_ne!(claims(1, now), other);
        }
    }

    #[test]
    fn what_was_changed_cut_or_signed_elsewhere_is_refused() {
        let tokens = SessionTokens::new(&MasterKey::generate().into());
        let token = tokens.sign(SessionTokenUse::Access, &CLAIMS);
        let text = token.expose_secret();
        for at in 4..text.len() {
            let mut changed = text.as_bytes().to_vec();
            changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).unwrap();
            assert_eq!(tokens.verify(SessionTokenUse::Access, &changed, 0), None, "{at}");
            assert_eq!(tokens.verify(SessionTokenUse::Access, &text[..at], 0), None, "{at}");
        }
        let others = SessionTokens::new(&MasterKey::generate().into());
        assert_eq!(others.verify(SessionTokenUse::Access, text, 0), None);
        assert_eq!(tokens.verify(SessionTokenUse::Access, &"rcn_A".repeat(10_000), 0), None);
    }
}
