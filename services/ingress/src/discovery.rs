//! `/ServiceProviderConfig`, `/ResourceTypes`, `/Schemas`: what this server does, generated from what it obeys.

use crate::answer::{self, Failure};
use crate::handle::Caller;
use crate::{Config, Inner};
use actix_web::HttpResponse;
use events::ResourceKind;
use scim::bulk::MAX_OPERATIONS;
use scim::cursor::CURSOR_TIMEOUT;
use scim::discovery::{self, BulkLimits, Features, Pagination};
use scim::query::{DEFAULT_PAGE, ListQuery, MAX_PAGE, decode_query};

/// `GET /ServiceProviderConfig` of whoever has no key: the same for every directory.
pub(crate) fn open_config(config: &Config, base_url: &str, query: &str) -> Result<HttpResponse, Failure> {
    let features = features(config, base_url, query)?;
    Ok(answer::json(
        200,
        &discovery::service_provider_config(base_url, &features),
    ))
}

/// `GET /ServiceProviderConfig` of a directory. SCIM events are told of only where somebody gets them (S6): clients that
/// are strict, and older than RFC 9967, refuse a page with a member that they do not know.
pub(crate) async fn config(inner: &Inner, caller: &Caller, query: &str) -> Result<HttpResponse, Failure> {
    let directory = &caller.access.directory;
    let endpoints = inner.store.endpoints();
    let are_sent = endpoints
        .any_takes_tokens_of(directory.id, directory.organization_id)
        .await?;
    let features = Features {
        security_events: are_sent.then_some(webhooks::set::EVENT_URIS),
        ..features(&inner.config, &caller.base_url, query)?
    };
    let body = discovery::service_provider_config(&caller.base_url, &features);
    Ok(answer::json(200, &body))
}

/// A GET of a discovery endpoint (R56): what the caller's directory has.
pub(crate) fn answer(caller: &Caller, rest: &[&str], query: &str) -> Result<HttpResponse, Failure> {
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

/// The limits of resources and requests are shown to whoever asks for them by name, and the page says where: strict
/// clients refuse a page with members that are not in the schema.
fn features(config: &Config, base_url: &str, query: &str) -> Result<Features, Failure> {
    let names = ListQuery::from_query(query)?.attributes;
    let wants_limits = names.iter().any(|name| name.eq_ignore_ascii_case("limits"));
    Ok(Features {
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
        security_events: None,
        documentation_uri: Some(format!("{base_url}/ServiceProviderConfig?attributes=limits")),
        limits: wants_limits.then_some(config.limits),
    })
}
