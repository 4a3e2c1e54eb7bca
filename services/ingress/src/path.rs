//! Paths as administrators type them, and as the routes are spelled.
//!
//! Doubled and trailing slashes, words in any case and a missing version are forgiven (R4, R6): before a request is
//! routed, its path is brought to the one spelling that the routes have. What is said about the path, and to whom, is
//! about the path as it came: only the router sees the other one.

use crate::routes::ENDPOINTS;
use actix_web::Error;
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::Uri;
use actix_web::middleware::Next;
use percent_encoding::percent_decode_str;
use std::borrow::Cow;
use std::iter::Filter;
use std::str::Split;

/// The segments of a path that are not empty, as they came.
type Segments<'p> = Filter<Split<'p, char>, fn(&&'p str) -> bool>;

/// Whether a path belongs to the SCIM server.
pub(crate) fn is_scim(path: &str) -> bool {
    matches!(segments(path).next(), Some("directories" | "org"))
}

/// Middleware: routes a request by the spelling that the routes have.
///
/// # Errors
/// Passes on those of the request.
pub(crate) async fn normalise<B: MessageBody>(
    mut request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    let path = spelled(request.path());
    if path != request.path()
        && let Ok(uri) = Uri::try_from(path)
    {
        request.match_info_mut().get_mut().update(&uri);
    }
    next.call(request).await
}

/// A path, taken apart as far as a base URL goes.
#[derive(Clone, Debug)]
pub(crate) struct Parts<'p> {
    /// `directories` or `org`.
    pub(crate) form: &'p str,
    /// Id or domain of the directory, as it came.
    pub(crate) name: Option<&'p str>,
    /// Whether `scim` follows.
    pub(crate) is_scim: bool,
    /// The version, where one is named.
    pub(crate) version: Option<&'p str>,
    rest: Segments<'p>,
}

impl<'p> Parts<'p> {
    pub(crate) fn of(path: &'p str) -> Self {
        let mut rest = segments(path);
        let form = rest.next().unwrap_or_default();
        let name = rest.next();
        let mut next_if = |is: fn(&str) -> bool| {
            let mut following = rest.clone();
            let next = following.next().filter(|segment| is(&decoded(segment)))?;
            rest = following;
            Some(next)
        };
        let is_scim = next_if(is_scim_word).is_some();
        let version = if is_scim { next_if(is_version) } else { None };
        Self {
            form,
            name,
            is_scim,
            version,
            rest,
        }
    }

    /// Whether the version is the one that is served. Without one the newest is meant (R4).
    pub(crate) fn is_served(&self) -> bool {
        self.version
            .is_none_or(|version| decoded(version).eq_ignore_ascii_case("v2"))
    }

    /// What follows the base URL, percent-decoded.
    pub(crate) fn below(&self) -> String {
        let segments: Vec<_> = self.rest.clone().map(decoded).collect();
        segments.join("/")
    }
}

/// Text of a path, percent-decoded.
pub(crate) fn decoded(segment: &str) -> Cow<'_, str> {
    percent_decode_str(segment).decode_utf8_lossy()
}

/// Whether this is the word that follows the name of a directory. No id and no domain is called so.
pub(crate) fn is_scim_word(segment: &str) -> bool {
    segment.eq_ignore_ascii_case("scim")
}

fn is_version(segment: &str) -> bool {
    let digits = segment.strip_prefix(['v', 'V']);
    digits.is_some_and(|digits| digits.starts_with(|c: char| c.is_ascii_digit()))
}

fn segments(path: &str) -> Segments<'_> {
    let is_there: fn(&&str) -> bool = |segment| !segment.is_empty();
    path.split('/').filter(is_there)
}

/// A path in the spelling of the routes. One that leads to no base URL matches none of them in any spelling.
fn spelled(path: &str) -> String {
    let parts = Parts::of(path);
    let mut spelled = String::with_capacity(path.len() + "/v2".len());
    let mut add = |segment: &str| {
        spelled.push('/');
        spelled.push_str(segment);
    };
    add(parts.form);
    parts.name.into_iter().for_each(&mut add);
    if parts.is_scim {
        add("scim");
        add(if parts.is_served() {
            "v2"
        } else {
            parts.version.unwrap_or_default()
        });
    }
    let base = spelled.len();
    for segment in parts.rest {
        let word = word(&spelled[base..], &decoded(segment));
        spelled.push('/');
        spelled.push_str(word.unwrap_or(segment));
    }
    spelled
}

/// The word of an endpoint that this segment is, behind what was reached so far.
fn word(reached: &str, segment: &str) -> Option<&'static str> {
    ENDPOINTS.iter().find_map(|endpoint| {
        let word = endpoint
            .path
            .strip_prefix(reached)?
            .strip_prefix('/')?
            .split('/')
            .next()?;
        (!word.starts_with('{') && word.eq_ignore_ascii_case(segment)).then_some(word)
    })
}

#[cfg(test)]
mod tests {
    use super::{is_scim, spelled};

    #[test]
    fn doubled_and_trailing_slashes_and_a_missing_version_are_forgiven() {
        for path in [
            "//org//a.test//scim/v2//Users/",
            "/org/a.test/scim/Users",
            "/org/a.test/SCIM/V2/Users",
            "/org/a.test/sc%69m/%562/%55sers",
        ] {
            assert!(is_scim(path), "{path}");
            assert_eq!(spelled(path), "/org/a.test/scim/v2/Users", "{path}");
        }
        assert_eq!(spelled("/org/a.test/scim"), "/org/a.test/scim/v2");
    }

    // Rules: R6
    #[test]
    fn endpoints_are_understood_in_any_case_and_names_are_left_alone() {
        for (came, wanted) in [
            ("", ""),
            ("users", "Users"),
            ("GROUPS/1", "Groups/1"),
            ("Users/.Search", "Users/.search"),
            ("users/BULK", "Users/BULK"),
            ("bulk", "Bulk"),
            ("serviceproviderconfigs", "ServiceProviderConfigs"),
            ("schemas/urn:X", "Schemas/urn:X"),
            ("schemas/urn:X/y//z", "Schemas/urn:X/y/z"),
            ("me", "Me"),
            ("OAuth/TOKEN", "oauth/token"),
            ("Users/%7Bid%7D/2", "Users/%7Bid%7D/2"),
            ("Users/a%2Fb", "Users/a%2Fb"),
            ("printers/Users", "printers/Users"),
        ] {
            let base = "/directories/X/scim/v2";
            let wanted = format!("{base}/{wanted}");
            let path = spelled(&format!("{base}/{came}"));
            assert_eq!(path, wanted.trim_end_matches('/'), "{came}");
        }
    }

    #[test]
    fn what_is_no_base_url_stays_what_it_is() {
        for path in ["/org/a.test/Users", "/org/a.test/scim/v1/Users", "/org/scim/v2", "/org"] {
            assert_eq!(spelled(path), path);
        }
    }

    #[test]
    fn other_paths_belong_to_others() {
        for path in ["/", "/api/v1/directories", "/healthz", "/orgs/a/scim/v2"] {
            assert!(!is_scim(path), "{path}");
        }
    }
}
