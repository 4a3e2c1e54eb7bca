//! What binds a login to the browser that began it: one secret in a cookie, from which `state` and PKCE verifier are made.
//! Nothing is stored here until somebody is in.

use crate::state::State;
use actix_web::HttpRequest;
use actix_web::cookie::{Cookie, CookieBuilder, SameSite, time};
use oidc::CodeVerifier;
use secrets::{constant_time_eq, hash_secret};
use url::form_urlencoded::byte_serialize;

/// How long somebody may take to log in.
const LASTS: time::Duration = time::Duration::minutes(10);

/// A login that was begun.
pub(super) struct Attempt {
    /// 64 hexadecimal digits.
    secret: String,
    /// Where the person wanted to go.
    pub(super) next: String,
}

impl Attempt {
    /// A new one.
    pub(super) fn new(next: &str) -> Self {
        Self {
            secret: hex(&secrets::random_bytes::<32>()),
            next: next.to_owned(),
        }
    }

    /// The one that a browser began last.
    pub(super) fn of(request: &HttpRequest, state: &State) -> Option<Self> {
        let cookie = request.cookie(name(state))?;
        let (secret, next) = cookie.value().split_once('.').unwrap_or((cookie.value(), ""));
        let is_secret = secret.len() == 64 && secret.bytes().all(|byte| byte.is_ascii_hexdigit());
        is_secret.then(|| Self {
            secret: secret.to_owned(),
            next: read(next),
        })
    }

    fn derived(&self, purpose: &str) -> String {
        hex(&hash_secret(&format!("{purpose} {}", self.secret)))
    }

    /// The `state` that comes back.
    pub(super) fn state(&self) -> String {
        self.derived("state")
    }

    /// Whether this `state` is the one of this browser. Compares in constant time.
    pub(super) fn is_state(&self, sent: &str) -> bool {
        constant_time_eq(self.state().as_bytes(), sent.as_bytes())
    }

    /// The PKCE verifier: 64 of the characters that one may have (RFC 7636 §4.1).
    pub(super) fn verifier(&self) -> CodeVerifier {
        CodeVerifier::from_stored(self.derived("verifier"))
    }

    /// The cookie that holds it. Where the person wanted to go is written in characters that a cookie may have.
    pub(super) fn cookie(&self, state: &State) -> Cookie<'static> {
        base(state, format!("{}.{}", self.secret, written(&self.next)))
            .max_age(LASTS)
            .finish()
    }
}

/// The cookie that takes the other one away.
pub(super) fn closing(state: &State) -> Cookie<'static> {
    let mut cookie = base(state, String::new()).finish();
    cookie.make_removal();
    cookie
}

fn written(text: &str) -> String {
    byte_serialize(text.as_bytes()).collect()
}

fn read(written: &str) -> String {
    let pair = format!("n={written}");
    let mut pairs = url::form_urlencoded::parse(pair.as_bytes());
    pairs.next().map_or_else(String::new, |(_, text)| text.into_owned())
}

fn name(state: &State) -> &'static str {
    match state.is_secure() {
        true => "__Host-rollcall-console-login",
        false => "rollcall-console-login",
    }
}

fn base(state: &State, value: String) -> CookieBuilder<'static> {
    // Lax: the answer comes as a link, by way of another site.
    Cookie::build(name(state), value)
        .path("/")
        .http_only(true)
        .same_site(SameSite::Lax)
        .secure(state.is_secure())
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::{Attempt, read, written};

    #[test]
    fn a_state_belongs_to_one_attempt_and_says_nothing_of_the_verifier() {
        let (one, other) = (Attempt::new("/console"), Attempt::new("/console"));
        assert!(one.is_state(&one.state()) && !one.is_state(&other.state()) && !one.is_state(""));
        assert_ne!(one.state(), one.verifier().expose());
        assert!(one.verifier().challenge() != other.verifier().challenge());
    }
    #[test]
    fn an_address_stays_what_it_is_and_adds_nothing_to_its_cookie() {
        for next in [
            "",
            "/console",
            "/console/events?types=a,b&x=%2F+1",
            "/console?a;Domain=evil.example;b=\"c\"",
        ] {
            let stored = written(next);
            assert_eq!(read(&stored), next);
            assert!(!stored.contains([';', ',', '"', ' ', '\\']), "{stored}");
        }
    }
}
