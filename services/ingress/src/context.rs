//! What every SCIM request begins with: the caller, the directory, and whether the caller may use it.

use crate::auth::Access;
use crate::failure::Failure;
use crate::path::decoded;
use crate::state::{Inner, State};
use crate::tenant::Tenant;
use crate::usage::UsedKey;
use crate::{body, oauth, request_log};
use actix_web::dev::Payload;
use actix_web::http::header::{AUTHORIZATION, IF_MATCH, IF_NONE_MATCH};
use actix_web::{FromRequest, HttpMessage as _, HttpRequest, web};
use directory::Policy;
use events::{DirectoryId, ResourceId, ResourceKind};
use futures_util::future::LocalBoxFuture;
use scim::query::ListQuery;
use scim::resource::parse_etags;
use scim::schema::ResourceType;
use serde_json::Value;
use std::ops::Deref;
use std::sync::Arc;
use store::StoreError;

/// A request of somebody who may use the directory that its URL names, within the directory's rate. A handler that has
/// one runs for an authenticated caller. What else it takes from the request it asks this for, one after the other:
/// extractors beside this one would run before the key is checked.
pub(crate) struct ScimContext {
    state: web::Data<State>,
    request: HttpRequest,
    pub(crate) access: Access,
    /// What the directory's settings say.
    pub(crate) policy: Arc<Policy>,
    /// Absolute base URL in the form that the caller uses.
    pub(crate) base_url: String,
}

impl FromRequest for ScimContext {
    type Error = Failure;
    type Future = LocalBoxFuture<'static, Result<Self, Failure>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(Self::authorized(request))
    }
}

impl Deref for ScimContext {
    type Target = Inner;

    fn deref(&self) -> &Inner {
        self.state.inner()
    }
}

impl ScimContext {
    async fn authorized(request: HttpRequest) -> Result<Self, Failure> {
        let state = request.app_data::<web::Data<State>>().cloned();
        let state = state.ok_or_else(|| StoreError::Defect("the SCIM routes have no state".to_owned()))?;
        let inner = state.inner();
        let tenant = Tenant::of(&request, &inner.public_url)?;
        let access = match authorize(inner, &request, &tenant).await {
            Ok(access) => access,
            Err(failure) => {
                note_ended_key(inner, &request, &tenant, &failure).await;
                return Err(failure);
            }
        };
        runtime::http::proven(&request);
        tracing::Span::current().record("directory.id", tracing::field::display(access.directory.id));
        let policy = inner.policies.of(&access.directory).await?;
        request.extensions_mut().insert(UsedKey::of(&access));
        inner.rates.pass(access.directory.id, policy.rate_limit)?;
        Ok(Self {
            base_url: tenant.base_url(&inner.public_url),
            state,
            request,
            access,
            policy,
        })
    }

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

    /// What the path says where its route has a name in braces, percent-decoded.
    pub(crate) fn path_text(&self, name: &str) -> String {
        decoded(self.request.match_info().query(name)).into_owned()
    }

    /// The id in the path.
    pub(crate) fn id(&self, kind: ResourceKind) -> Result<ResourceId, Failure> {
        id_of(kind, &decoded(self.request.match_info().query("id")))
    }

    /// The path as it came.
    pub(crate) fn path(&self) -> &str {
        self.request.path()
    }

    /// The query as it came.
    pub(crate) fn query_string(&self) -> &str {
        self.request.query_string()
    }

    /// The query of a list, or of an answer that shows resources.
    pub(crate) fn query(&self) -> Result<ListQuery, Failure> {
        Ok(ListQuery::from_query(self.request.query_string())?)
    }

    /// The body as JSON.
    pub(crate) async fn json(&self, payload: web::Payload) -> Result<Value, Failure> {
        body::json(&self.request, payload, &self.config).await
    }

    /// Reads a part of the request, and notes for its log what was forgiven.
    pub(crate) fn observe<T>(&self, read: impl FnOnce() -> T) -> T {
        let (read, observed) = scim::leniency::observe(read);
        request_log::forgive(&self.request, observed);
        read
    }

    /// The tags of all `If-Match` headers; empty means no precondition.
    pub(crate) fn if_match(&self) -> Vec<String> {
        self.request
            .headers()
            .get_all(IF_MATCH)
            .filter_map(|header| header.to_str().ok())
            .flat_map(parse_etags)
            .collect()
    }

    /// The tags of `If-None-Match`.
    pub(crate) fn if_none_match(&self) -> Option<Vec<String>> {
        let header = self.request.headers().get(IF_NONE_MATCH)?;
        header.to_str().ok().map(parse_etags)
    }
}

/// Who may use the directory that the URL names.
async fn authorize(inner: &Inner, request: &HttpRequest, tenant: &Tenant) -> Result<Access, Failure> {
    let header = request.headers().get(AUTHORIZATION).map(|value| value.as_bytes());
    match oauth::entra::token(header) {
        Some(token) => oauth::entra::authorize(inner, &token, tenant).await,
        None => inner.auth.authorize(header, tenant).await,
    }
}

/// Notes for the log of the directory that a request was refused because its key has ended.
async fn note_ended_key(inner: &Inner, request: &HttpRequest, tenant: &Tenant, failure: &Failure) {
    if !matches!(failure, Failure::Unauthorized) {
        return;
    }
    let header = request.headers().get(AUTHORIZATION).map(|value| value.as_bytes());
    if let Some(ended) = inner.auth.ended_key(header, tenant).await {
        request.extensions_mut().insert(ended);
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
