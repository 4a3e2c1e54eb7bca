//! What binds a login to the browser that began it: one secret in a cookie, from which nonce and PKCE verifier are made.
//!
//! The identity provider sees the nonce and the challenge only, the database a hash; so a code that is put into another
//! browser, and a `state` that is, lead nowhere.

use crate::state::Inner;
use actix_web::HttpRequest;
use actix_web::cookie::{Cookie, SameSite, time};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use events::{ResourceId, SsoLoginId};
use oidc::CodeVerifier;
use sha2::{Digest as _, Sha256};
use std::time::Duration;
use uuid::Uuid;

/// What a login is for, beside what is stored of it. It travels with the secret, and the stored hash covers both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Whoever logs in.
    Anybody,
    /// This person, whom the app named; nobody else.
    Person(ResourceId),
    /// A test that an administrator began: what comes of it is noted.
    NotedTest,
}

impl Purpose {
    fn bytes(self) -> Vec<u8> {
        match self {
            Self::Anybody => Vec::new(),
            Self::Person(id) => id.uuid().into_bytes().to_vec(),
            Self::NotedTest => vec![1],
        }
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        match bytes {
            [] => Some(Self::Anybody),
            [1] => Some(Self::NotedTest),
            _ => Uuid::from_slice(bytes).ok().map(|id| Self::Person(id.into())),
        }
    }
}

/// The secret of a login, in the cookie of one browser, and what the login is for.
pub(crate) struct BrowserSecret {
    random: [u8; 32],
    pub(crate) purpose: Purpose,
}

impl BrowserSecret {
    pub(crate) fn random(purpose: Purpose) -> Self {
        Self {
            random: secrets::random_bytes(),
            purpose,
        }
    }

    /// The one that a browser shows for a login.
    pub(crate) fn of(request: &HttpRequest, state: &Inner, login: SsoLoginId) -> Option<Self> {
        let cookie = request.cookie(&name(state, login))?;
        let bytes = URL_SAFE_NO_PAD.decode(cookie.value()).ok()?;
        let (random, purpose) = bytes.split_first_chunk()?;
        Some(Self {
            random: *random,
            purpose: Purpose::read(purpose)?,
        })
    }

    fn derived(&self, of: &str) -> [u8; 32] {
        let mut hash = Sha256::new();
        hash.update(of.as_bytes());
        hash.update([0]);
        hash.update(self.random);
        hash.update(self.purpose.bytes());
        hash.finalize().into()
    }

    /// What is stored of it.
    pub(crate) fn hash(&self) -> [u8; 32] {
        self.derived("browser")
    }

    /// The `nonce` of the ID token.
    pub(crate) fn nonce(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.derived("nonce"))
    }

    /// The PKCE verifier of the code.
    pub(crate) fn verifier(&self) -> CodeVerifier {
        CodeVerifier::from_stored(URL_SAFE_NO_PAD.encode(self.derived("verifier")))
    }

    /// The cookie that holds it.
    pub(crate) fn cookie(&self, state: &Inner, login: SsoLoginId, lasts: Duration) -> Cookie<'static> {
        let lasts = time::Duration::try_from(lasts).unwrap_or(time::Duration::MINUTE);
        let value = [&self.random[..], &self.purpose.bytes()].concat();
        base(state, login, URL_SAFE_NO_PAD.encode(value))
            .max_age(lasts)
            .finish()
    }
}

/// The cookie that takes the other one away.
pub(crate) fn closing(state: &Inner, login: SsoLoginId) -> Cookie<'static> {
    let mut cookie = base(state, login, String::new()).finish();
    cookie.make_removal();
    cookie
}

/// The cookies of logins that a browser may have at once; those of older logins go.
const MOST_LOGINS: usize = 8;

/// Takes away the cookies of the oldest logins where a browser has many: else another site could have it begin logins until
/// its cookies are too large for any server.
pub(crate) fn superfluous(state: &Inner, request: &HttpRequest) -> Vec<Cookie<'static>> {
    let Ok(cookies) = request.cookies() else {
        return Vec::new();
    };
    let prefix = prefix(state);
    let logins = cookies
        .iter()
        .filter_map(|cookie| cookie.name().strip_prefix(prefix)?.parse().ok());
    let mut logins: Vec<SsoLoginId> = logins.collect();
    // Ids of later logins are greater.
    logins.sort_unstable();
    let too_many = logins.len().saturating_sub(MOST_LOGINS - 1);
    logins
        .into_iter()
        .take(too_many)
        .map(|login| closing(state, login))
        .collect()
}

/// A name for each login: several tabs may log in at once. Over TLS a prefix keeps other hosts from setting it.
fn name(state: &Inner, login: SsoLoginId) -> String {
    format!("{}{login}", prefix(state))
}

fn prefix(state: &Inner) -> &'static str {
    if state.is_secure() {
        "__Host-rollcall-login-"
    } else {
        "rollcall-login-"
    }
}

fn base(state: &Inner, login: SsoLoginId, value: String) -> actix_web::cookie::CookieBuilder<'static> {
    // The identity provider answers with a form of its own site, which brings only cookies that may go everywhere. Without
    // TLS browsers take no such cookie, and the answer comes as a link.
    let same_site = if state.is_secure() {
        SameSite::None
    } else {
        SameSite::Lax
    };
    Cookie::build(name(state, login), value)
        .path("/")
        .http_only(true)
        .secure(state.is_secure())
        .same_site(same_site)
}
