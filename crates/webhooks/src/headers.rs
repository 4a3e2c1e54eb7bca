//! Headers that an endpoint's owner adds to its requests, for example the key of a gateway in front of the receiver.

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};

/// Most headers an endpoint can have.
const MOST_HEADERS: usize = 20;
/// Longest value, in bytes.
const LONGEST_VALUE: usize = 4_096;

/// Names that belong to Rollcall, to the connection or to the framing of the message.
const RESERVED: &[&str] = &[
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "expect",
    "host",
    "keep-alive",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "user-agent",
    "traceparent",
    "tracestate",
    "baggage",
];
const RESERVED_PREFIXES: &[&str] = &["webhook-", "proxy-", "sec-"];

/// Checked headers. The values are never shown by `Debug`.
#[derive(Clone, Debug, Default)]
pub struct CustomHeaders(HeaderMap);

/// A header that cannot be added; the text names the header, never its value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidHeader {
    /// Not a header name.
    #[error("\"{0}\" is not the name of a header")]
    Name(String),
    /// A name that Rollcall sets itself or that frames the message.
    #[error("header {0} is reserved")]
    Reserved(String),
    /// Not a header value: control characters, or longer than 4096 bytes.
    #[error("the value of header {0} is not valid")]
    Value(String),
    /// The same name twice (names are case-insensitive).
    #[error("header {0} is given twice")]
    Twice(String),
    /// More than 20 headers.
    #[error("an endpoint can have {MOST_HEADERS} headers at most")]
    TooMany,
}

impl CustomHeaders {
    /// Checks names and values.
    ///
    /// # Errors
    /// [`InvalidHeader`] for the first one that cannot be added.
    pub fn new<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<Self, InvalidHeader> {
        let mut map = HeaderMap::new();
        for (name, value) in pairs {
            if map.len() >= MOST_HEADERS {
                return Err(InvalidHeader::TooMany);
            }
            let name: HeaderName = name.parse().map_err(|_| InvalidHeader::Name(name.to_owned()))?;
            let text = name.as_str();
            if RESERVED.contains(&text) || RESERVED_PREFIXES.iter().any(|prefix| text.starts_with(prefix)) {
                return Err(InvalidHeader::Reserved(text.to_owned()));
            }
            let mut value = HeaderValue::from_str(value).map_err(|_| InvalidHeader::Value(text.to_owned()))?;
            if value.len() > LONGEST_VALUE {
                return Err(InvalidHeader::Value(text.to_owned()));
            }
            value.set_sensitive(true);
            if map.insert(name.clone(), value).is_some() {
                return Err(InvalidHeader::Twice(name.to_string()));
            }
        }
        Ok(Self(map))
    }

    pub(crate) fn to_map(&self) -> HeaderMap {
        self.0.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinary_headers_are_taken_and_their_values_hidden() {
        let headers = CustomHeaders::new([("Authorization", "Bearer abc"), ("x-team", "people")]).unwrap();
        assert_eq!(headers.to_map().len(), 2);
        assert!(!format!("{headers:?}").contains("abc"));
    }

    #[test]
    fn headers_of_ours_and_of_the_connection_are_refused() {
        for name in [
            "Webhook-Id",
            "webhook-signature",
            "Host",
            "Content-Length",
            "TRACEPARENT",
            "proxy-authorization",
        ] {
            let error = CustomHeaders::new([(name, "x")]).unwrap_err();
            assert_eq!(error, InvalidHeader::Reserved(name.to_ascii_lowercase()));
        }
    }

    #[test]
    fn an_invalid_header_is_refused() {
        assert_eq!(
            CustomHeaders::new([("a b", "x")]).unwrap_err(),
            InvalidHeader::Name("a b".into())
        );
        assert_eq!(
            CustomHeaders::new([("", "x")]).unwrap_err(),
            InvalidHeader::Name(String::new())
        );
        assert_eq!(
            CustomHeaders::new([("x-a", "b\r\nhost: c")]).unwrap_err(),
            InvalidHeader::Value("x-a".into())
        );
        let long = "a".repeat(LONGEST_VALUE + 1);
        assert_eq!(
            CustomHeaders::new([("x-a", long.as_str())]).unwrap_err(),
            InvalidHeader::Value("x-a".into())
        );
        assert_eq!(
            CustomHeaders::new([("X-A", "1"), ("x-a", "2")]).unwrap_err(),
            InvalidHeader::Twice("x-a".into())
        );
        let names: Vec<_> = (0..=MOST_HEADERS).map(|n| format!("x-{n}")).collect();
        let many = names.iter().map(|name| (name.as_str(), "1"));
        assert_eq!(CustomHeaders::new(many).unwrap_err(), InvalidHeader::TooMany);
    }
}
