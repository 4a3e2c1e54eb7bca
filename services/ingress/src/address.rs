//! Which directory and which resource a URL names.
//!
//! The path is taken apart here rather than by a router, because what comes in is what an administrator typed: doubled
//! and trailing slashes are forgiven, and every mistake gets a SCIM error that tells the right form.

use events::DirectoryId;
use percent_encoding::percent_decode_str;

/// How the tenant is named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Tenant {
    /// `/directories/{id}/…`.
    Directory(DirectoryId),
    /// `/org/{domain}/…`.
    Domain(String),
}

/// A URL under a SCIM base URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Address {
    pub(crate) tenant: Tenant,
    /// Path of the base URL, as the client should write it: `/directories/{id}/scim/v2`.
    pub(crate) base: String,
    /// What follows the base, percent-decoded, without empty segments.
    pub(crate) rest: Vec<String>,
}

/// What is wrong with a URL.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum AddressError {
    /// No directory is named at all.
    #[error("the URL names no directory")]
    NoTenant,
    /// No directory can have this name.
    #[error("no such directory")]
    UnknownTenant,
    /// The tenant URL was mistyped; `0` is the right one.
    #[error("this is not a SCIM base URL; the tenant URL to enter in the identity provider is {0}")]
    NotScim(String),
    /// A protocol version that is not served.
    #[error("SCIM version \"{version}\" is not served here; use {base}")]
    Version {
        /// What was asked for.
        version: String,
        /// What is served.
        base: String,
    },
}

/// Whether a path belongs to the SCIM server.
pub(crate) fn is_scim(path: &str) -> bool {
    matches!(
        path.split('/').find(|segment| !segment.is_empty()),
        Some("directories" | "org")
    )
}

impl Address {
    /// Takes a path apart.
    pub(crate) fn parse(path: &str) -> Result<Self, AddressError> {
        let mut segments = path
            .split('/')
            .filter(|segment| !segment.is_empty())
            .map(|segment| percent_decode_str(segment).decode_utf8_lossy().into_owned());
        let form = segments.next().unwrap_or_default();
        // Where `scim` follows at once, the name was forgotten; no id and no domain is called so.
        let name = segments.next().filter(|name| !name.eq_ignore_ascii_case("scim"));
        let name = name.ok_or(AddressError::NoTenant)?;
        let tenant = match form.as_str() {
            "directories" => Tenant::Directory(name.parse().map_err(|_| AddressError::UnknownTenant)?),
            _ => Tenant::Domain(name.to_lowercase()),
        };
        let base = match &tenant {
            Tenant::Directory(id) => format!("/directories/{id}/scim/v2"),
            Tenant::Domain(domain) => format!("/org/{domain}/scim/v2"),
        };
        let mut rest: Vec<String> = segments.collect();
        if !rest.first().is_some_and(|segment| segment.eq_ignore_ascii_case("scim")) {
            return Err(AddressError::NotScim(base));
        }
        rest.remove(0);
        // R4: without a version the newest one is meant.
        if let Some(version) = rest.first().filter(|segment| is_version(segment)) {
            if !version.eq_ignore_ascii_case("v2") {
                return Err(AddressError::Version {
                    version: version.clone(),
                    base,
                });
            }
            rest.remove(0);
        }
        Ok(Self { tenant, base, rest })
    }
}

fn is_version(segment: &str) -> bool {
    let digits = segment.strip_prefix(['v', 'V']);
    digits.is_some_and(|digits| digits.starts_with(|c: char| c.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::{Address, AddressError, Tenant, is_scim};
    use events::DirectoryId;

    #[test]
    fn both_forms_of_the_base_url_are_understood() {
        let id = DirectoryId::new();
        let address = Address::parse(&format!("/directories/{id}/scim/v2/Users/1")).unwrap();
        assert_eq!(address.tenant, Tenant::Directory(id));
        assert_eq!(address.rest, ["Users", "1"]);
        let address = Address::parse("/org/Example.COM/scim/v2").unwrap();
        assert_eq!(address.tenant, Tenant::Domain("example.com".to_owned()));
        assert_eq!(address.base, "/org/example.com/scim/v2");
        assert!(address.rest.is_empty());
    }

    #[test]
    fn doubled_and_trailing_slashes_and_a_missing_version_are_forgiven() {
        for path in [
            "//org//a.test//scim/v2//Users/",
            "/org/a.test/scim/Users",
            "/org/a.test/SCIM/V2/Users",
        ] {
            assert!(is_scim(path), "{path}");
            assert_eq!(Address::parse(path).unwrap().rest, ["Users"], "{path}");
        }
    }

    #[test]
    fn a_mistyped_base_url_is_answered_with_the_right_one() {
        let error = Address::parse("/org/a.test/Users").unwrap_err();
        assert_eq!(error, AddressError::NotScim("/org/a.test/scim/v2".to_owned()));
        let error = Address::parse("/org/a.test/scim/v1/Users").unwrap_err();
        assert!(matches!(error, AddressError::Version { version, .. } if version == "v1"));
        assert_eq!(
            Address::parse("/directories/7/scim/v2"),
            Err(AddressError::UnknownTenant)
        );
    }

    #[test]
    fn a_url_without_a_directory_is_told_apart_from_one_with_an_unknown_one() {
        for path in ["/org", "/directories/", "/directories/scim/v2/Users", "/org/SCIM/v2"] {
            assert_eq!(Address::parse(path), Err(AddressError::NoTenant), "{path}");
        }
    }

    #[test]
    fn other_paths_belong_to_others() {
        for path in ["/", "/api/v1/directories", "/healthz", "/orgs/a/scim/v2"] {
            assert!(!is_scim(path), "{path}");
        }
    }
}
