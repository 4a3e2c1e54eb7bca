//! Domain names of organizations.

use url::Host;

/// A DNS domain name in its ASCII form, lower-case: `bücher.example` is kept as `xn--bcher-kva.example`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Domain(String);

/// A text that is no domain name.
#[derive(Debug, thiserror::Error)]
#[error("Must be a domain name with at least one dot, for example \"example.com\".")]
pub struct InvalidDomain;

impl Domain {
    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for Domain {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::str::FromStr for Domain {
    type Err = InvalidDomain;

    /// Accepts capitals, Unicode names (IDNA) and one trailing dot; refuses addresses and single labels.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        let Ok(Host::Domain(name)) = Host::parse(text.strip_suffix('.').unwrap_or(text)) else {
            return Err(InvalidDomain);
        };
        let good = name.len() <= 253 && name.contains('.') && name.split('.').all(is_label);
        if good { Ok(Self(name)) } else { Err(InvalidDomain) }
    }
}

/// RFC 1123 §2.1: letters, digits and inner hyphens, 1 to 63 of them.
fn is_label(label: &str) -> bool {
    let bytes = label.as_bytes();
    (1..=63).contains(&bytes.len())
        && bytes.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'-')
        && bytes.first() != Some(&b'-')
        && bytes.last() != Some(&b'-')
}

#[cfg(test)]
mod tests {
    use super::Domain;

    #[test]
    fn names_are_folded_to_one_form() {
        for (text, name) in [
            ("Example.COM", "example.com"),
            (" example.com. ", "example.com"),
            ("Bücher.example", "xn--bcher-kva.example"),
            ("a-b.c1.example", "a-b.c1.example"),
        ] {
            assert_eq!(text.parse::<Domain>().unwrap().as_str(), name);
        }
    }

    #[test]
    fn an_invalid_name_is_refused() {
        let long = format!("{}.example", "a".repeat(64));
        for text in [
            "",
            ".",
            "example",
            "example..com",
            "-a.example",
            "a-.example",
            "a_b.example",
            "10.0.0.1",
            "[::1]",
            "a b.example",
            "a.example/x",
            "user@a.example",
            &long,
        ] {
            assert!(text.parse::<Domain>().is_err(), "{text:?}");
        }
    }
}
