//! Brings the path of a request to the one spelling that the routes have, below the base URL.
//!
//! Doubled and trailing slashes, words in any case and a missing version are forgiven (R4, R6). What is said about the
//! path, and to whom, is about the path as it came: only the router sees the other one. It sees what follows the base
//! URL, so that no route needs a pattern for it: of all patterns those cost a read most.

use crate::endpoints::ENDPOINTS;
use crate::path::{Parts, decoded};
use crate::request_log;
use actix_web::Error;
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::Uri;
use actix_web::middleware::Next;
use scim::leniency::{Leniency, Observed};

/// Middleware: routes a request by what follows its base URL, in the spelling that the routes have.
///
/// # Errors
/// Passes on those of the request.
pub(crate) async fn normalise<B: MessageBody>(
    mut request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    let parts = Parts::of(request.path());
    if parts.is_base() {
        let below = spelled(&parts);
        if !is_written_so(request.path(), &parts, &below) {
            let mut observed = Observed::default();
            observed.leniencies.insert(Leniency::AddressSpelling);
            request_log::forgive(request.request(), observed);
        }
        route_by(&mut request, below);
    }
    next.call(request).await
}

/// Shows the router this path, and no other.
fn route_by(request: &mut ServiceRequest, path: String) {
    let is_root = path.is_empty();
    let uri = if is_root {
        Ok(Uri::from_static("/"))
    } else {
        Uri::try_from(path)
    };
    if let Ok(uri) = uri {
        let info = request.match_info_mut();
        info.get_mut().update(&uri);
        // A URI has at least a slash; the route of the base URL itself has none.
        info.skip(u16::from(is_root));
    }
}

/// Whether the path came in the spelling of the routes.
fn is_written_so(path: &str, parts: &Parts<'_>, below: &str) -> bool {
    let before = path.strip_suffix(below).unwrap_or_default();
    let base = || {
        let name = before.strip_prefix('/')?.strip_prefix(parts.form)?.strip_prefix('/')?;
        name.strip_prefix(parts.name?)
    };
    base() == Some("/scim/v2")
}

/// What follows the base URL in the spelling of the routes: empty, or beginning with a slash.
fn spelled(parts: &Parts<'_>) -> String {
    let mut spelled = String::new();
    for segment in parts.rest.clone() {
        let word = word(&spelled, &decoded(segment));
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
    use super::{is_written_so, spelled};
    use crate::path::{Parts, is_scim};

    /// What follows the base URL, and whether the whole path came in the spelling of the routes.
    fn below(path: &str) -> Option<(String, bool)> {
        let parts = Parts::of(path);
        parts.is_base().then(|| {
            let below = spelled(&parts);
            let as_written = is_written_so(path, &parts, &below);
            (below, as_written)
        })
    }

    #[test]
    fn doubled_and_trailing_slashes_and_a_missing_version_are_forgiven() {
        for path in [
            "//org//a.test//scim/v2//Users/",
            "/org/a.test/scim/Users",
            "/org/a.test/SCIM/V2/Users",
            "/org/a.test/sc%69m/%562/%55sers",
            "/org/a.test/scim/v2/Users/",
            "/org/a.test//scim/v2/Users",
        ] {
            assert!(is_scim(path), "{path}");
            assert_eq!(below(path), Some(("/Users".to_owned(), false)), "{path}");
        }
        assert_eq!(below("/org/a.test/scim"), Some((String::new(), false)));
        assert_eq!(below("/org/a.test/scim/v2"), Some((String::new(), true)));
        assert_eq!(
            below("/org/a.test/scim/v2/Users/7"),
            Some(("/Users/7".to_owned(), true))
        );
    }

    // Rules: R6
    #[test]
    fn endpoints_are_understood_in_any_case_and_names_are_left_alone() {
        for (came, wanted) in [
            ("", ""),
            ("users", "/Users"),
            ("GROUPS/1", "/Groups/1"),
            ("Users/.Search", "/Users/.search"),
            ("users/BULK", "/Users/BULK"),
            ("bulk", "/Bulk"),
            ("serviceproviderconfigs", "/ServiceProviderConfigs"),
            ("schemas/urn:X", "/Schemas/urn:X"),
            ("schemas/urn:X/y//z", "/Schemas/urn:X/y/z"),
            ("me", "/Me"),
            ("OAuth/TOKEN", "/oauth/token"),
            ("Users/%7Bid%7D/2", "/Users/%7Bid%7D/2"),
            ("Users/a%2Fb", "/Users/a%2Fb"),
            ("printers/Users", "/printers/Users"),
        ] {
            let path = format!("/directories/X/scim/v2/{came}");
            let is_same = path == format!("/directories/X/scim/v2{wanted}");
            assert_eq!(below(&path), Some((wanted.to_owned(), is_same)), "{came}");
        }
    }

    #[test]
    fn what_is_no_base_url_is_left_to_nobody() {
        for path in ["/org/a.test/Users", "/org/a.test/scim/v1/Users", "/org/scim/v2", "/org"] {
            assert_eq!(below(path), None);
        }
    }

    #[test]
    fn other_paths_belong_to_others() {
        for path in ["/", "/api/v1/directories", "/healthz", "/orgs/a/scim/v2"] {
            assert!(!is_scim(path), "{path}");
        }
    }
}
