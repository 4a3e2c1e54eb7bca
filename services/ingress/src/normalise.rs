//! Brings the path of a request to the one spelling that the routes have.
//!
//! Doubled and trailing slashes, words in any case and a missing version are forgiven (R4, R6). What is said about the
//! path, and to whom, is about the path as it came: only the router sees the other one.

use crate::endpoints::ENDPOINTS;
use crate::path::{Parts, decoded};
use actix_web::Error;
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::Uri;
use actix_web::middleware::Next;

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
    use super::spelled;
    use crate::path::is_scim;

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
