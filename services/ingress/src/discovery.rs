//! `/ServiceProviderConfig`, `/ResourceTypes`, `/Schemas`: what this server does, generated from what it obeys.

use crate::Config;
use crate::answer::{self, Failure};
use crate::handle::{Caller, method_not_allowed};
use actix_web::HttpResponse;
use actix_web::http::Method;
use events::ResourceKind;
use scim::bulk::MAX_OPERATIONS;
use scim::cursor::CURSOR_TIMEOUT;
use scim::discovery::{self, BulkLimits, Features, Pagination};
use scim::query::{DEFAULT_PAGE, MAX_PAGE, decode_query};

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
pub(crate) fn config(config: &Config, base_url: &str) -> HttpResponse {
    answer::json(200, &discovery::service_provider_config(base_url, &features(config)))
}

/// Any request to a discovery endpoint (R56): what the caller's directory has.
pub(crate) fn answer(
    config: &Config,
    caller: &Caller,
    method: &Method,
    rest: &[&str],
    query: &str,
) -> Result<HttpResponse, Failure> {
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
    let base_url = caller.base_url.as_str();
    let kinds = [ResourceKind::User, ResourceKind::Group].into_iter();
    let shown = kinds.filter(|kind| caller.shows(*kind));
    let types: Vec<_> = shown.map(|kind| caller.resource_type(kind)).collect();
    let body = match rest {
        [endpoint] if is_config(endpoint) => return Ok(self::config(config, base_url)),
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

fn features(config: &Config) -> Features {
    Features {
        bulk: Some(BulkLimits {
            max_operations: MAX_OPERATIONS as u64,
            max_payload_size: config.max_body as u64,
        }),
        sort: true,
        change_password: false,
        max_results: MAX_PAGE,
        pagination: Some(Pagination {
            cursor: true,
            default_page_size: DEFAULT_PAGE,
            max_page_size: MAX_PAGE,
            cursor_timeout: Some(CURSOR_TIMEOUT),
        }),
        security_events: Some(webhooks::set::EVENT_URIS),
        documentation_uri: None,
    }
}
