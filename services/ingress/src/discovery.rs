//! `/ServiceProviderConfig`, `/ResourceTypes`, `/Schemas`: what this server does, generated from what it obeys.

use crate::answer::{self, Failure};
use crate::handle::method_not_allowed;
use actix_web::HttpResponse;
use actix_web::http::Method;
use scim::discovery::{self, Features, Pagination};
use scim::query::{DEFAULT_PAGE, MAX_PAGE, decode_query};
use scim::schema::ResourceType;

/// Endpoints with their spellings; some clients use a plural (R55).
const CONFIG: [&str; 2] = ["ServiceProviderConfig", "ServiceProviderConfigs"];

pub(crate) fn is_config(endpoint: &str) -> bool {
    CONFIG.iter().any(|name| name.eq_ignore_ascii_case(endpoint))
}

pub(crate) fn is_discovery(endpoint: &str) -> bool {
    is_config(endpoint)
        || ["ResourceTypes", "Schemas"]
            .iter()
            .any(|name| name.eq_ignore_ascii_case(endpoint))
}

/// `GET /ServiceProviderConfig`.
pub(crate) fn config(base_url: &str) -> HttpResponse {
    answer::json(200, &discovery::service_provider_config(base_url, &features()))
}

/// Any request to a discovery endpoint (R56).
pub(crate) fn answer(base_url: &str, method: &Method, rest: &[&str], query: &str) -> Result<HttpResponse, Failure> {
    if method != Method::GET {
        return Err(method_not_allowed(method, &format!("/{}", rest.join("/"))));
    }
    if decode_query(query)?
        .iter()
        .any(|(name, _)| name.eq_ignore_ascii_case("filter"))
    {
        // RFC 7644 §4: discovery is not to be filtered, so that nobody mistakes a part for the whole.
        return Err(scim::Error::status(403, "the discovery endpoints cannot be filtered; read them whole").into());
    }
    let types = [ResourceType::user(), ResourceType::group()];
    let body = match rest {
        [endpoint] if is_config(endpoint) => return Ok(config(base_url)),
        [endpoint] if endpoint.eq_ignore_ascii_case("Schemas") => discovery::schemas(base_url, &types),
        [endpoint, urn] if endpoint.eq_ignore_ascii_case("Schemas") => discovery::schema(base_url, &types, urn)?,
        [endpoint] if endpoint.eq_ignore_ascii_case("ResourceTypes") => discovery::resource_types(base_url, &types),
        [endpoint, name] if endpoint.eq_ignore_ascii_case("ResourceTypes") => {
            discovery::resource_type(base_url, &types, name)?
        }
        _ => return Err(scim::Error::status(404, format!("there is nothing at /{}", rest.join("/"))).into()),
    };
    Ok(answer::json(200, &body))
}

fn features() -> Features {
    Features {
        bulk: None,
        sort: true,
        change_password: false,
        max_results: MAX_PAGE,
        pagination: Some(Pagination {
            cursor: false,
            default_page_size: DEFAULT_PAGE,
            max_page_size: MAX_PAGE,
            cursor_timeout: None,
        }),
        documentation_uri: None,
    }
}
