//! Where browsers may be sent.

use api::ClientAuthentication;
use url::{Host, Url};

/// The longest URI, in bytes.
const LONGEST: usize = 500;

/// What is wrong with a URI that people are sent back to, if anything. It is compared as it is written, so it must be whole
/// (RFC 9700 §2.1, RFC 8252 §7).
pub(super) fn fault(text: &str, authentication: Option<ClientAuthentication>) -> Option<&'static str> {
    if text.len() > LONGEST {
        return Some("Must have at most 500 characters.");
    }
    if text.chars().any(|letter| letter.is_whitespace() || letter.is_control()) {
        return Some("Must have no spaces.");
    }
    let Ok(url) = Url::parse(text) else {
        return Some("Must be a whole URL, for example https://app.example/callback.");
    };
    if text.contains('#') {
        return Some("Must have no fragment (nothing behind a #).");
    }
    if text.contains('*') {
        return Some("Must have no wildcard: it is compared as it is written. Register each URI.");
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Some("Must have no user name or password.");
    }
    match url.scheme() {
        "https" => None,
        "http" if is_loopback(&url) => None,
        "http" => {
            Some("Must begin with https://; http only on a loopback address, for example http://127.0.0.1/callback.")
        }
        scheme if !scheme.contains('.') => Some(
            "Must begin with https://, or be of a private-use scheme with a dot, the domain of the app backwards, for example \
             com.example.app:/callback.",
        ),
        // Who else has the scheme on a device gets the code, too: PKCE makes it worthless, a secret would not.
        _ if authentication.is_some_and(|one| one != ClientAuthentication::None) => {
            Some("Only an app with \"authentication\": \"none\" has URIs of a private-use scheme. Use https://.")
        }
        _ => None,
    }
}

/// Whether a URL leads to the machine that it is opened on (RFC 8252 §7.3).
fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ClientAuthentication::{ClientSecret, None as Public};

    #[test]
    fn whole_uris_are_taken_and_private_schemes_only_of_public_apps() {
        for uri in [
            "https://app.example/callback?tenant=1",
            "http://127.0.0.1/callback",
            "http://[::1]:8080/callback",
            "http://localhost:3000/",
        ] {
            assert_eq!(fault(uri, Some(ClientSecret)), None, "{uri}");
            assert_eq!(fault(uri, Some(Public)), None, "{uri}");
        }
        assert_eq!(fault("com.example.app:/callback", Some(Public)), None);
        assert!(fault("com.example.app:/callback", Some(ClientSecret)).is_some());
    }

    #[test]
    fn what_could_send_a_code_elsewhere_is_refused() {
        for uri in [
            "",
            "/callback",
            "app.example/callback",
            "https://app.example/#x",
            "https://app.example/#",
            "https://*.app.example/",
            "https://app.example/*",
            "https://user@app.example/",
            "https://app.example/a b",
            "http://app.example/callback",
            "http://127.0.0.1.example/callback",
            "javascript:alert(1)",
            "data:text/html,x",
            "app:/callback",
        ] {
            assert!(fault(uri, Some(Public)).is_some(), "{uri}");
        }
        assert!(fault(&format!("https://app.example/{}", "x".repeat(500)), Some(Public)).is_some());
    }
}
