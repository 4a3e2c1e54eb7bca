//! Where the SMTP server is: `smtps://user:password@smtp.example.com`.

use percent_encoding::percent_decode_str;
use secrecy::SecretString;
use std::str::FromStr;
use url::{Host, Url};

/// The port for messages that are submitted (RFC 6409).
const SUBMISSION: u16 = 587;
/// The same within TLS (RFC 8314).
const SUBMISSIONS: u16 = 465;

/// How the connection is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Protection {
    /// TLS from the first byte.
    Tls,
    /// TLS after STARTTLS, or nothing is sent.
    StartTls,
    /// TLS after STARTTLS where the server offers it.
    Offered,
    /// None.
    Plain,
}

/// An SMTP server, and how to speak with it. `Debug` shows no password.
#[derive(Clone, Debug)]
pub struct ServerUrl {
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) protection: Protection,
    pub(crate) credentials: Option<(String, SecretString)>,
}

/// A text that is no URL of an SMTP server. It says what would be right, and not what it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "must be smtp://host:port or smtps://host:port, with user:password@ before the host where the server asks for it; smtp:// may end with \
     ?tls=required, ?tls=offered or ?tls=none"
)]
pub struct InvalidServerUrl;

impl FromStr for ServerUrl {
    type Err = InvalidServerUrl;

    fn from_str(text: &str) -> Result<Self, InvalidServerUrl> {
        let url = Url::parse(text).map_err(|_| InvalidServerUrl)?;
        // Of a scheme that is not one of the web the parser leaves the host as it is, and its name for loopback unknown.
        let host = url.host_str().filter(|host| !host.is_empty()).ok_or(InvalidServerUrl)?;
        let host = host.trim_matches(['[', ']']).to_owned();
        if !matches!(url.path(), "" | "/") || url.fragment().is_some() {
            return Err(InvalidServerUrl);
        }
        let credentials = match (url.username(), url.password()) {
            ("", None) => None,
            ("", Some(_)) | (_, None) => return Err(InvalidServerUrl),
            (user, Some(password)) => Some((decoded(user)?, decoded(password)?.into())),
        };
        let protection = protection(&url, credentials.is_some())?;
        let usual = if protection == Protection::Tls {
            SUBMISSIONS
        } else {
            SUBMISSION
        };
        Ok(Self {
            host,
            port: url.port().unwrap_or(usual),
            protection,
            credentials,
        })
    }
}

impl ServerUrl {
    /// Host and port.
    #[must_use]
    pub fn address(&self) -> String {
        if self.host.contains(':') {
            format!("[{}]:{}", self.host, self.port)
        } else {
            format!("{}:{}", self.host, self.port)
        }
    }

    /// How the connection is protected, in words.
    #[must_use]
    pub const fn protection(&self) -> &'static str {
        match self.protection {
            Protection::Tls => "TLS",
            Protection::StartTls => "STARTTLS",
            Protection::Offered => "STARTTLS where the server offers it",
            Protection::Plain => "no TLS",
        }
    }
}

/// A password goes over the network only within TLS, unless it is said otherwise.
fn protection(url: &Url, has_password: bool) -> Result<Protection, InvalidServerUrl> {
    let mut asked = url.query_pairs();
    let (first, more) = (asked.next(), asked.next());
    if more.is_some() {
        return Err(InvalidServerUrl);
    }
    let first = first.as_ref().map(|(name, value)| (name.as_ref(), value.as_ref()));
    match (url.scheme(), first) {
        ("smtps", None) => Ok(Protection::Tls),
        ("smtp", None) if has_password && !is_here(url) => Ok(Protection::StartTls),
        ("smtp", None | Some(("tls", "offered"))) => Ok(Protection::Offered),
        ("smtp", Some(("tls", "required"))) => Ok(Protection::StartTls),
        ("smtp", Some(("tls", "none"))) => Ok(Protection::Plain),
        _ => Err(InvalidServerUrl),
    }
}

fn is_here(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => {
            name == "localhost" || name.parse().is_ok_and(|ip: std::net::IpAddr| ip.is_loopback())
        }
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    }
}

fn decoded(text: &str) -> Result<String, InvalidServerUrl> {
    let text = percent_decode_str(text).decode_utf8().map_err(|_| InvalidServerUrl)?;
    Ok(text.into_owned())
}

#[cfg(test)]
mod tests {
    use super::{Protection, ServerUrl};
    use secrecy::ExposeSecret as _;

    #[test]
    fn a_password_goes_over_the_network_only_within_tls_unless_it_is_said_otherwise() {
        for (text, port, protection) in [
            ("smtps://mail.example", 465, Protection::Tls),
            ("smtp://mail.example", 587, Protection::Offered),
            ("smtp://u:p@mail.example:25", 25, Protection::StartTls),
            ("smtp://u:p@127.0.0.1:25", 25, Protection::Offered),
            ("smtp://u:p@localhost", 587, Protection::Offered),
            ("smtp://u:p@[::1]:2525", 2525, Protection::Offered),
            ("smtp://u:p@mail.example?tls=none", 587, Protection::Plain),
            ("smtp://mail.example/?tls=required", 587, Protection::StartTls),
        ] {
            let server: ServerUrl = text.parse().unwrap();
            assert_eq!((server.port, server.protection), (port, protection), "{text}");
        }
    }

    #[test]
    fn user_and_password_are_decoded_and_not_shown() {
        let server: ServerUrl = "smtps://a%40b.example:s%2Fcret@mail.example".parse().unwrap();
        assert!(!format!("{server:?}").contains("s/cret"));
        let (user, password) = server.credentials.unwrap();
        assert_eq!((user.as_str(), password.expose_secret()), ("a@b.example", "s/cret"));
    }

    #[test]
    fn what_is_no_url_of_an_smtp_server_is_refused() {
        for text in [
            "",
            "mail.example:25",
            "http://mail.example",
            "smtp://",
            "smtp://u@mail.example",
            "smtp://mail.example/path",
            "smtp://mail.example?tls=maybe",
            "smtps://mail.example?tls=none",
            "smtp://mail.example?tls=none&x=1",
        ] {
            assert!(text.parse::<ServerUrl>().is_err(), "{text}");
        }
    }
}
