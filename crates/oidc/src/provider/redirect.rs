//! Where a person may be sent back to.

use url::{Host, Url};

/// Whether a redirect URI of a request is the one that was registered: character by character (OAuth 2.0 Security Best
/// Current Practice, RFC 9700 §4.1.3), except for the port of programs on the person's own machine (RFC 8252 §7.3):
/// `http://127.0.0.1`, `http://[::1]` and `http://localhost`, which wait at whatever port is free.
#[must_use]
pub fn redirect_uri_matches(registered: &str, requested: &str) -> bool {
    if registered == requested {
        return true;
    }
    let (Some(registered), Some(requested)) = (Loopback::read(registered), Loopback::read(requested)) else {
        return false;
    };
    registered == requested
}

/// A URL of the person's machine without its port: what stands before the port, and behind it, as it was written.
#[derive(PartialEq, Eq)]
struct Loopback<'u> {
    origin: &'u str,
    rest: &'u str,
}

impl<'u> Loopback<'u> {
    fn read(text: &'u str) -> Option<Self> {
        let origin = ["http://127.0.0.1", "http://[::1]", "http://localhost"]
            .into_iter()
            .find(|origin| text.starts_with(origin))?;
        let (origin, rest) = text.split_at_checked(origin.len())?;
        let rest = match rest.strip_prefix(':') {
            None => rest,
            Some(behind) => {
                let end = behind
                    .find(|character: char| !character.is_ascii_digit())
                    .unwrap_or(behind.len());
                let (port, rest) = behind.split_at_checked(end)?;
                port.parse::<u16>().ok()?;
                rest
            }
        };
        if !(rest.is_empty() || rest.starts_with(['/', '?'])) {
            return None;
        }
        // What browsers make of it: a name that goes on (`localhost.example`) or a user name would be another host.
        let url = Url::parse(text).ok()?;
        let is_local = match url.host()? {
            Host::Ipv4(address) => address.is_loopback(),
            Host::Ipv6(address) => address.is_loopback(),
            Host::Domain(name) => name == "localhost",
        };
        (is_local && url.username().is_empty() && url.fragment().is_none()).then_some(Self { origin, rest })
    }
}

#[cfg(test)]
mod tests {
    use super::redirect_uri_matches;
    use proptest::prelude::*;

    #[test]
    fn a_redirect_uri_matches_itself_and_nothing_that_looks_like_it() {
        let registered = "https://app.example/cb";
        assert!(redirect_uri_matches(registered, registered));
        for requested in [
            "https://app.example/cb/",
            "https://app.example/CB",
            "https://app.example:443/cb",
            "https://app.example/cb?x=1",
            "https://app.example/cb#x",
            "https://app.example/x/../cb",
            "https://app.example",
            "https://evil.app.example/cb",
            "http://app.example/cb",
            "",
        ] {
            assert!(!redirect_uri_matches(registered, requested), "{requested}");
        }
        assert!(redirect_uri_matches("com.acme.app:/cb", "com.acme.app:/cb"));
    }

    #[test]
    fn the_port_of_a_program_on_the_own_machine_is_free_and_its_path_is_not() {
        for host in ["127.0.0.1", "[::1]", "localhost"] {
            let registered = format!("http://{host}/cb");
            for port in ["", ":1", ":49152", ":65535"] {
                assert!(
                    redirect_uri_matches(&registered, &format!("http://{host}{port}/cb")),
                    "{host}{port}"
                );
                assert!(redirect_uri_matches(
                    &format!("http://{host}:3000/cb"),
                    &format!("http://{host}{port}/cb")
                ));
            }
            for requested in [
                format!("http://{host}:1/other"),
                format!("http://{host}:1"),
                format!("https://{host}:1/cb"),
                format!("http://{host}:65536/cb"),
                format!("http://{host}:/cb"),
                format!("http://{host}:1@evil.example/cb"),
                format!("http://{host}.evil.example:1/cb"),
                format!("http://{host}@evil.example/cb"),
                format!("http://{host}:1\\@evil.example/cb"),
                format!("http://{host}:1/cb#x"),
            ] {
                assert!(!redirect_uri_matches(&registered, &requested), "{requested}");
            }
        }
        assert!(!redirect_uri_matches("http://localhost/cb", "http://127.0.0.1/cb"));
        assert!(!redirect_uri_matches(
            "http://192.168.0.1/cb",
            "http://192.168.0.1:1/cb"
        ));
    }

    proptest! {
        #[test]
        fn what_is_taken_differs_by_its_port_at_most(text in "[a-z0-9:/@.\\[\\]?#\\\\]{0,30}") {
            let requested = format!("http://127.0.0.1{text}");
            if redirect_uri_matches("http://127.0.0.1/cb", &requested) {
                let url = url::Url::parse(&requested).unwrap();
                prop_assert_eq!(url.host_str(), Some("127.0.0.1"));
                prop_assert_eq!(url.path(), "/cb");
            }
        }
    }
}
