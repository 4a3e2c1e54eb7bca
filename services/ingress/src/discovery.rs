//! `/ServiceProviderConfig`, `/ResourceTypes`, `/Schemas`: what this server does, generated from what it obeys.

use crate::answer;
use crate::config::Config;
use crate::context::ScimContext;
use crate::failure::Failure;
use crate::path::Parts;
use crate::state::{Inner, State};
use crate::tenant::Tenant;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use events::ResourceKind;
use scim::bulk::MAX_OPERATIONS;
use scim::cursor::CURSOR_TIMEOUT;
use scim::discovery::{self, BulkLimits, Features, Pagination};
use scim::query::{DEFAULT_PAGE, ListQuery, MAX_PAGE, decode_query};
use scim::schema::ResourceType;

/// `GET /ServiceProviderConfig`: how to authenticate must be readable without being authenticated (R55).
pub(crate) async fn config(
    context: Result<ScimContext, Failure>,
    request: HttpRequest,
    state: Data<State>,
) -> Result<HttpResponse, Failure> {
    match context {
        Ok(context) => own_config(&context).await,
        Err(Failure::Unauthorized | Failure::EntraToken) => open_config(&request, state.inner()),
        Err(failure) => Err(failure),
    }
}

/// What somebody without a key sees: the same for every directory.
fn open_config(request: &HttpRequest, inner: &Inner) -> Result<HttpResponse, Failure> {
    let base_url = Tenant::of(request, &inner.public_url)?.base_url(&inner.public_url);
    let features = features(&inner.config, &base_url, request.query_string())?;
    let body = discovery::service_provider_config(&base_url, &features);
    Ok(answer::json(200, &body))
}

/// What a directory sees. SCIM events are shown only where an endpoint gets them (S6): clients that are strict, and older
/// than RFC 9967, refuse a page with a member that they do not know.
async fn own_config(context: &ScimContext) -> Result<HttpResponse, Failure> {
    let directory = &context.access.directory;
    let endpoints = context.store.endpoints();
    let are_sent = endpoints
        .any_takes_tokens_of(directory.id, directory.organization_id)
        .await?;
    let features = Features {
        security_events: are_sent.then_some(webhooks::set::EVENT_URIS),
        ..features(&context.config, &context.base_url, context.query_string())?
    };
    let body = discovery::service_provider_config(&context.base_url, &features);
    Ok(answer::json(200, &body))
}

/// `GET /Schemas`.
pub(crate) async fn schemas(context: ScimContext) -> Result<HttpResponse, Failure> {
    refuse_filter(&context)?;
    Ok(answer::json(
        200,
        &discovery::schemas(&context.base_url, &shown_types(&context)),
    ))
}

/// `GET /Schemas/{urn}`.
pub(crate) async fn schema(context: ScimContext) -> Result<HttpResponse, Failure> {
    refuse_filter(&context)?;
    let urn = context.path_text("urn");
    let body = discovery::schema(&context.base_url, &shown_types(&context), &urn)?;
    Ok(answer::json(200, &body))
}

/// `GET /ResourceTypes`.
pub(crate) async fn resource_types(context: ScimContext) -> Result<HttpResponse, Failure> {
    refuse_filter(&context)?;
    let body = discovery::resource_types(&context.base_url, &shown_types(&context));
    Ok(answer::json(200, &body))
}

/// `GET /ResourceTypes/{name}`.
pub(crate) async fn resource_type(context: ScimContext) -> Result<HttpResponse, Failure> {
    refuse_filter(&context)?;
    let name = context.path_text("name");
    let body = discovery::resource_type(&context.base_url, &shown_types(&context), &name)?;
    Ok(answer::json(200, &body))
}

/// Deeper down.
pub(crate) async fn nothing(context: ScimContext) -> Result<HttpResponse, Failure> {
    refuse_filter(&context)?;
    let below = Parts::of(context.path()).below();
    Err(scim::Error::status(404, format!("there is nothing at /{below}")).into())
}

/// RFC 7644 §4: discovery is not to be filtered, so that nobody mistakes a part for the whole.
fn refuse_filter(context: &ScimContext) -> Result<(), Failure> {
    let is_filter = |(name, _): &(String, String)| name.eq_ignore_ascii_case("filter");
    if decode_query(context.query_string())?.iter().any(is_filter) {
        return Err(scim::Error::status(403, "the discovery endpoints cannot be filtered; read them whole").into());
    }
    Ok(())
}

/// The kinds of resources that the caller's directory has (R56).
fn shown_types(context: &ScimContext) -> Vec<&ResourceType> {
    let kinds = [ResourceKind::User, ResourceKind::Group].into_iter();
    let shown = kinds.filter(|kind| context.shows(*kind));
    shown.map(|kind| context.resource_type(kind)).collect()
}

/// The limits of resources and requests are shown to clients that ask for them by name, and the page says where: strict
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
