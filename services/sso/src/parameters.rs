//! Parameters of a request: each at most once (RFC 6749 §3.1), and none longer than it may be.

use std::collections::HashMap;
use url::form_urlencoded;

/// The longest query or form that is read, in bytes.
pub(crate) const MOST_BYTES: usize = 64 * 1024;
/// The longest value, in bytes; assertions, tokens and codes are the longest there are.
const LONGEST_VALUE: usize = 48 * 1024;
/// Parameters of a request.
const MOST_PARAMETERS: usize = 60;

/// Why parameters are not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BadParameters {
    /// One comes twice.
    #[error("{0} comes more than once")]
    Twice(String),
    /// There are too many, or one is too long.
    #[error("the request is too large")]
    TooLarge,
    /// One has a character that no value may have (RFC 6749 appendix A), and that PostgreSQL does not store.
    #[error("{0} has a NUL character")]
    Nul(String),
}

/// The parameters of a request. Empty ones count as left out (RFC 6749 §3.1).
#[derive(Debug, Default)]
pub(crate) struct Parameters(HashMap<String, String>);

impl Parameters {
    /// Reads a query or a form.
    ///
    /// # Errors
    /// [`BadParameters`].
    pub(crate) fn read(text: &[u8]) -> Result<Self, BadParameters> {
        let mut read = HashMap::new();
        if text.len() > MOST_BYTES {
            return Err(BadParameters::TooLarge);
        }
        for (name, value) in form_urlencoded::parse(text) {
            if read.len() >= MOST_PARAMETERS || value.len() > LONGEST_VALUE || name.len() > 100 {
                return Err(BadParameters::TooLarge);
            }
            if read.contains_key(name.as_ref()) {
                return Err(BadParameters::Twice(name.into_owned()));
            }
            if name.contains('\0') || value.contains('\0') {
                return Err(BadParameters::Nul(name.replace('\0', "")));
            }
            read.insert(name.into_owned(), value.into_owned());
        }
        read.retain(|_, value| !value.is_empty());
        Ok(Self(read))
    }

    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::{BadParameters, Parameters};

    #[test]
    fn each_parameter_comes_once_and_empty_ones_are_left_out() {
        let read = Parameters::read(b"a=1&b=&c=x%20y").unwrap();
        assert_eq!(
            (read.get("a"), read.get("b"), read.get("c")),
            (Some("1"), None, Some("x y"))
        );
        let twice = Parameters::read(b"a=1&a=2").unwrap_err();
        assert_eq!(twice, BadParameters::Twice("a".to_owned()));
        let nul = Parameters::read(b"state=a%00b").unwrap_err();
        assert_eq!(nul, BadParameters::Nul("state".to_owned()));
        let many: String = (0..100).map(|n| format!("p{n}=1&")).collect();
        assert_eq!(Parameters::read(many.as_bytes()).unwrap_err(), BadParameters::TooLarge);
        let long = format!("a={}", "x".repeat(50_000));
        assert_eq!(Parameters::read(long.as_bytes()).unwrap_err(), BadParameters::TooLarge);
    }
}
