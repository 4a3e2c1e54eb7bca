//! Every SCIM request, on one screen: who, what, and which operation.

use crate::address::{Address, AddressError};
use crate::answer::Failure;
use crate::auth::Access;
use crate::list::{self, ALL_KINDS};
use crate::{Inner, State, body, bulk, discovery, oauth, read, write};
use actix_web::http::Method;
use actix_web::http::header::AUTHORIZATION;
use actix_web::{HttpMessage as _, HttpRequest, HttpResponse, web};
use directory::Policy;
use events::{DirectoryId, ResourceId, ResourceKind};
use runtime::http::Route;
use scim::query::ListQuery;
use scim::schema::ResourceType;
use std::sync::Arc;

/// Who asks, for which directory, and by which URL they reach it.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    pub(crate) access: Access,
    /// What the directory's settings say.
    pub(crate) policy: Arc<Policy>,
    /// Absolute base URL in the form that the caller uses.
    pub(crate) base_url: String,
}

impl Caller {
    pub(crate) const fn directory_id(&self) -> DirectoryId {
        self.access.directory.id
    }

    /// The schema of a kind of resource, with what the directory declares itself.
    pub(crate) fn resource_type(&self, kind: ResourceKind) -> &ResourceType {
        match kind {
            ResourceKind::User => self.policy.user_type(),
            ResourceKind::Group => ResourceType::group(),
        }
    }

    /// Whether the directory shows resources of this kind.
    pub(crate) fn shows(&self, kind: ResourceKind) -> bool {
        kind == ResourceKind::User || self.policy.groups_enabled
    }
}

/// Answers one request; every outcome is SCIM JSON.
pub(crate) async fn handle(request: HttpRequest, payload: web::Payload, state: web::Data<State>) -> HttpResponse {
    let inner = state.inner();
    match route(inner, &request, payload).await {
        Ok(response) => response,
        Err(failure) => failure.into_response(),
    }
}

async fn route(inner: &Inner, request: &HttpRequest, payload: web::Payload) -> Result<HttpResponse, Failure> {
    let address = Address::parse(request.path()).map_err(|error| misaddressed(inner, error))?;
    let base_url = format!("{}{}", inner.config.public_url, address.base);
    let rest: Vec<&str> = address.rest.iter().map(String::as_str).collect();
    request.extensions_mut().insert(Route(route_name(&rest)));
    // R55: how to authenticate must be readable without being authenticated; it is the same for every directory.
    if let [endpoint] = rest[..]
        && discovery::is_config(endpoint)
        && request.method() == Method::GET
    {
        return Ok(discovery::config(&inner.config, &base_url));
    }
    if oauth::is_token_endpoint(&rest) {
        return Ok(oauth::token(inner, request, payload, &address.tenant).await);
    }
    let header = request.headers().get(AUTHORIZATION).map(|value| value.as_bytes());
    let access = match oauth::entra::token(header) {
        Some(token) => oauth::entra::authorize(inner, &token, &address.tenant).await?,
        None => inner.auth.authorize(header, &address.tenant).await?,
    };
    tracing::Span::current().record("directory.id", tracing::field::display(access.directory.id));
    let policy = inner.policies.of(&access.directory).await?;
    let caller = Caller {
        access,
        policy,
        base_url,
    };
    let answer = match inner.rates.pass(caller.directory_id(), caller.policy.rate_limit) {
        Ok(()) => operate(inner, &caller, request, &rest, payload).await,
        Err(throttled) => Err(throttled),
    };
    let error = match &answer {
        Err(Failure::Refused(error)) if error.status != 404 => Some(error.detail.clone()),
        _ => None,
    };
    inner.usage.note(&caller.access, error);
    answer
}

async fn operate(
    inner: &Inner,
    caller: &Caller,
    request: &HttpRequest,
    rest: &[&str],
    payload: web::Payload,
) -> Result<HttpResponse, Failure> {
    let method = request.method();
    let body = async || body::json(request, payload, &inner.config).await;
    let query = || ListQuery::from_query(request.query_string());
    let endpoint = rest.first().copied().unwrap_or_default();
    if discovery::is_discovery(endpoint) {
        return discovery::answer(&inner.config, caller, method, rest, request.query_string());
    }
    let Some(kind) = kind(endpoint) else {
        return match (method.as_str(), rest) {
            ("GET", []) => list::list(inner, caller, &ALL_KINDS, &query()?).await,
            ("POST", [search]) if search.eq_ignore_ascii_case(".search") => {
                list::list(
                    inner,
                    caller,
                    &ALL_KINDS,
                    &ListQuery::from_search_request(&body().await?)?,
                )
                .await
            }
            ("POST", [bulk]) if bulk.eq_ignore_ascii_case("Bulk") => {
                let body = body()
                    .await
                    .map_err(|failure| bulk::too_large(failure, &inner.config))?;
                bulk::run(inner, caller, body).await
            }
            _ => Err(unknown(method, request.path(), rest, caller)),
        };
    };
    let one_kind = [kind];
    match (method.as_str(), rest) {
        ("GET", [_]) => list::list(inner, caller, &one_kind, &query()?).await,
        ("POST", [_]) => write::create(inner, caller, kind, &body().await?, &query()?).await,
        ("POST", [_, search]) if search.eq_ignore_ascii_case(".search") => {
            list::list(
                inner,
                caller,
                &one_kind,
                &ListQuery::from_search_request(&body().await?)?,
            )
            .await
        }
        ("GET", [_, id]) => read::one(inner, caller, kind, id_of(kind, id)?, request, &query()?).await,
        ("PUT", [_, id]) => {
            write::replace(
                inner,
                caller,
                kind,
                id_of(kind, id)?,
                request,
                &body().await?,
                &query()?,
            )
            .await
        }
        ("PATCH", [_, id]) => {
            write::patch(
                inner,
                caller,
                kind,
                id_of(kind, id)?,
                request,
                &body().await?,
                &query()?,
            )
            .await
        }
        ("DELETE", [_, id]) => write::delete(inner, caller, kind, id_of(kind, id)?, request).await,
        (_, [_] | [_, _]) => Err(method_not_allowed(method, request.path())),
        _ => Err(scim::Error::status(404, format!("there is nothing at {}", request.path())).into()),
    }
}

/// The route for spans and measurements: few names, and none that holds an id.
fn route_name(rest: &[&str]) -> &'static str {
    let is = |segment: &str, name: &str| segment.eq_ignore_ascii_case(name);
    match rest {
        [users] if is(users, "users") => "/Users",
        [users, search] if is(users, "users") && is(search, ".search") => "/Users/.search",
        [users, _] if is(users, "users") => "/Users/{id}",
        [groups] if is(groups, "groups") => "/Groups",
        [groups, search] if is(groups, "groups") && is(search, ".search") => "/Groups/.search",
        [groups, _] if is(groups, "groups") => "/Groups/{id}",
        [endpoint, ..] if discovery::is_discovery(endpoint) => "/discovery",
        [bulk] if is(bulk, "bulk") => "/Bulk",
        [search] if is(search, ".search") => "/.search",
        [oauth, token] if is(oauth, "oauth") && is(token, "token") => "/oauth/token",
        _ => "/other",
    }
}

fn kind(endpoint: &str) -> Option<ResourceKind> {
    if endpoint.eq_ignore_ascii_case("users") {
        return Some(ResourceKind::User);
    }
    endpoint.eq_ignore_ascii_case("groups").then_some(ResourceKind::Group)
}

/// The schema of a kind of resource without what a directory declares itself: its name and its endpoint.
pub(crate) fn resource_type(kind: ResourceKind) -> &'static ResourceType {
    match kind {
        ResourceKind::User => ResourceType::user(),
        ResourceKind::Group => ResourceType::group(),
    }
}

/// An id that no resource can have is an id that no resource has (B34).
pub(crate) fn id_of(kind: ResourceKind, text: &str) -> Result<ResourceId, Failure> {
    text.parse()
        .map_err(|_| scim::Error::not_found(resource_type(kind).name, text).into())
}

/// What is asked of no kind of resource and is not done for all of them either.
fn unknown(method: &Method, path: &str, rest: &[&str], caller: &Caller) -> Failure {
    let is = |name: &str| rest.first().is_some_and(|endpoint| name.eq_ignore_ascii_case(endpoint));
    if rest.is_empty() || (rest.len() == 1 && (is(".search") || is("Bulk"))) {
        return method_not_allowed(method, path);
    }
    if is("Me") {
        return scim::Error::status(501, "/Me is not supported: a directory key stands for no user").into();
    }
    scim::Error::status(
        404,
        format!(
            "there is no endpoint /{}; see {}/ResourceTypes",
            rest.join("/"),
            caller.base_url
        ),
    )
    .into()
}

pub(crate) fn method_not_allowed(method: &Method, path: &str) -> Failure {
    scim::Error::status(405, format!("{method} is not supported at {path}")).into()
}

/// A URL that names no SCIM endpoint. A directory that cannot exist is answered as one that the key does not open.
fn misaddressed(inner: &Inner, error: AddressError) -> Failure {
    let public_url = &inner.config.public_url;
    match error {
        AddressError::UnknownTenant => Failure::Unauthorized,
        AddressError::NotScim(base) => {
            scim::Error::status(404, AddressError::NotScim(format!("{public_url}{base}")).to_string()).into()
        }
        AddressError::Version { version, base } => {
            let error = AddressError::Version {
                version,
                base: format!("{public_url}{base}"),
            };
            scim::Error::new(scim::ScimType::InvalidVers, error.to_string()).into()
        }
    }
}
