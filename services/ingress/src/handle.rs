//! Every SCIM request, on one screen: who, what, and which operation.

use crate::address::{Address, AddressError};
use crate::answer::{self, Failure};
use crate::auth::Access;
use crate::endpoint::Endpoint;
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
use serde_json::Value;
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
    let endpoint = Endpoint::of(&rest);
    request.extensions_mut().insert(Route(endpoint.route()));
    if endpoint == Endpoint::Token {
        return Ok(oauth::token(inner, request, payload, &address.tenant).await);
    }
    let header = request.headers().get(AUTHORIZATION).map(|value| value.as_bytes());
    let access = match oauth::entra::token(header) {
        Some(token) => oauth::entra::authorize(inner, &token, &address.tenant).await,
        None => inner.auth.authorize(header, &address.tenant).await,
    };
    // R55: how to authenticate must be readable without being authenticated.
    let is_open = endpoint == Endpoint::Config && request.method() == Method::GET;
    if is_open && matches!(access, Err(Failure::Unauthorized | Failure::EntraToken)) {
        return discovery::open_config(&inner.config, &base_url, request.query_string());
    }
    let access = access?;
    runtime::http::proven(request);
    tracing::Span::current().record("directory.id", tracing::field::display(access.directory.id));
    let policy = inner.policies.of(&access.directory).await?;
    let caller = Caller {
        access,
        policy,
        base_url,
    };
    let answer = match inner.rates.pass(caller.directory_id(), caller.policy.rate_limit) {
        Ok(()) => operate(inner, &caller, request, endpoint, &rest, payload).await,
        Err(throttled) => Err(throttled),
    };
    let error = match &answer {
        Err(Failure::Refused(error) | Failure::Method { error, .. } | Failure::Encoding(error))
            if error.status != 404 =>
        {
            Some(error.detail.clone())
        }
        _ => None,
    };
    inner.usage.note(&caller.access, error);
    answer
}

async fn operate(
    inner: &Inner,
    caller: &Caller,
    request: &HttpRequest,
    endpoint: Endpoint<'_>,
    rest: &[&str],
    payload: web::Payload,
) -> Result<HttpResponse, Failure> {
    let method = request.method();
    if !matches!(endpoint, Endpoint::Me | Endpoint::Nothing) {
        if method == Method::OPTIONS {
            return Ok(answer::options(endpoint.allow()));
        }
        if !endpoint.takes(method) {
            return Err(Failure::method(method, request.path(), endpoint.allow()));
        }
    }
    let body = async || body::json(request, payload, &inner.config).await;
    let query = || ListQuery::from_query(request.query_string());
    let search = async |body: Value, kinds: &[ResourceKind]| {
        list::list(inner, caller, kinds, &ListQuery::from_search_request(&body)?).await
    };
    match endpoint {
        Endpoint::Root => list::list(inner, caller, &ALL_KINDS, &query()?).await,
        Endpoint::Search => search(body().await?, &ALL_KINDS).await,
        Endpoint::List(kind) if method == Method::GET => list::list(inner, caller, &[kind], &query()?).await,
        Endpoint::List(kind) => write::create(inner, caller, kind, &body().await?, &query()?).await,
        Endpoint::SearchOf(kind) => search(body().await?, &[kind]).await,
        Endpoint::One(kind, id) => {
            let id = id_of(kind, id)?;
            match *method {
                Method::GET => read::one(inner, caller, kind, id, request, &query()?).await,
                Method::DELETE => write::delete(inner, caller, kind, id, request).await,
                Method::PUT => write::replace(inner, caller, kind, id, request, &body().await?, &query()?).await,
                _ => write::patch(inner, caller, kind, id, request, &body().await?, &query()?).await,
            }
        }
        Endpoint::Bulk => {
            let body = body()
                .await
                .map_err(|failure| bulk::too_large(failure, &inner.config))?;
            bulk::run(inner, caller, body).await
        }
        Endpoint::Config => discovery::config(inner, caller, request.query_string()).await,
        Endpoint::Discovery => discovery::answer(caller, rest, request.query_string()),
        Endpoint::Me => {
            Err(scim::Error::status(501, "/Me is not supported: a directory key stands for no user").into())
        }
        Endpoint::Token | Endpoint::Nothing => Err(nothing(rest, caller)),
    }
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

fn nothing(rest: &[&str], caller: &Caller) -> Failure {
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

/// Answers every path that is not below `/directories` or `/org`, where no other service of the program has it.
pub(crate) async fn elsewhere(state: web::Data<State>) -> HttpResponse {
    no_directory(&state.inner().config.public_url).into_response()
}

/// Who leaves the directory out of the URL is told where it goes.
fn no_directory(public_url: &str) -> Failure {
    scim::Error::status(
        404,
        format!(
            "there is nothing at this path: SCIM URLs begin with the tenant URL of a directory, \
             {public_url}/directories/<id>/scim/v2 or {public_url}/org/<domain>/scim/v2, which stands where the \
             directory was made, and as scim_url in the management API (GET /api/v1/directories)"
        ),
    )
    .into()
}

/// A URL that names no SCIM endpoint. A directory that cannot exist is answered as one that the key does not open.
fn misaddressed(inner: &Inner, error: AddressError) -> Failure {
    let public_url = &inner.config.public_url;
    match error {
        AddressError::NoTenant => no_directory(public_url),
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
