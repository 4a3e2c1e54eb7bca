//! `/endpoints`: the webhook URLs that downstream apps subscribed.

mod change;
mod create;
mod read;
mod replay;
mod secret;
mod stats;
mod test;

pub(super) use change::{delete, enable, update};
pub(super) use create::create;
pub(super) use replay::replay;
pub(super) use secret::{rotate_secret, secret};
pub(super) use stats::stats;
pub(super) use test::test;

use super::ListAnswer;
use crate::context::{Context, path_id};
use crate::problem::Problem;
use crate::query::Query;
use crate::state::State;
use ::events::{DirectoryId, EndpointId, EventPattern, OrganizationId, Timestamp};
use actix_web::HttpRequest;
use actix_web::web::{Json, Path};
use secrecy::ExposeSecret;
use serde::Serialize;
use std::collections::BTreeMap;
use store::{Endpoint, EndpointFormat, EndpointIdentity, EndpointUrl, KeptUrl, List};
use webhooks::ClientIdentity;

/// An endpoint as the API shows it: without its secret, of its headers only the names, since the values may be keys of the
/// receiver, and of its URL in lists no more than origin and length, since path and query may be keys too.
#[derive(Serialize)]
pub(super) struct View {
    id: EndpointId,
    /// All of it, to whoever asks for this one endpoint: the same may ask for its secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<String>,
    /// Scheme, host and port.
    url_origin: String,
    /// How many characters of path and query follow.
    url_path_length: i64,
    description: Option<String>,
    event_types: Option<Vec<EventPattern>>,
    directory_ids: Option<Vec<DirectoryId>>,
    organization_ids: Option<Vec<OrganizationId>>,
    fields: Option<Vec<String>>,
    filter: Option<String>,
    header_names: Vec<String>,
    signing: String,
    /// What `v1a` is verified with.
    public_key: Option<String>,
    /// The same of the secret before, while requests are signed with it too.
    previous_public_key: Option<String>,
    client_certificate: Option<CertificateView>,
    /// Whether it still gets the past that it asked for.
    catching_up: bool,
    ordered: bool,
    coalesce: bool,
    rate_limit: Option<i32>,
    format: &'static str,
    /// The `aud` of its Security Event Tokens; its URL, where nothing else was said.
    #[serde(skip_serializing_if = "Option::is_none")]
    audience: Option<Vec<String>>,
    state: &'static str,
    disabled_reason: Option<String>,
    disabled_at: Option<Timestamp>,
    failing_since: Option<Timestamp>,
    previous_secret_until: Option<Timestamp>,
    created_at: Timestamp,
    updated_at: Timestamp,
    /// Only in the answer to the request that made the endpoint.
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<String>,
}

/// What may be seen of a client certificate.
#[derive(Serialize)]
struct CertificateView {
    /// SHA-256, in hexadecimal digits.
    thumbprint: String,
    expires_at: Timestamp,
}

impl From<EndpointIdentity> for CertificateView {
    fn from(identity: EndpointIdentity) -> Self {
        Self {
            thumbprint: identity.thumbprint,
            expires_at: identity.expires_at,
        }
    }
}

impl View {
    /// For whoever may ask for the endpoint's secret.
    fn new(state: &State, endpoint: Endpoint) -> Result<Self, Problem> {
        let url = open_url(state, &endpoint)?;
        let is_set = endpoint.format == EndpointFormat::Set;
        let view = Self::listed(state, endpoint)?;
        Ok(Self {
            audience: view.audience.or_else(|| is_set.then(|| vec![url.clone()])),
            url: Some(url),
            ..view
        })
    }

    fn listed(state: &State, endpoint: Endpoint) -> Result<Self, Problem> {
        Ok(Self {
            header_names: header_names(state, &endpoint)?,
            id: endpoint.id,
            format: endpoint.format.as_str(),
            audience: endpoint.audience.filter(|_| endpoint.format == EndpointFormat::Set),
            url: None,
            url_origin: endpoint.url.origin,
            url_path_length: endpoint.url.path_length,
            description: endpoint.description,
            event_types: endpoint.event_types,
            directory_ids: endpoint.directory_ids,
            organization_ids: endpoint.selection.organization_ids,
            fields: endpoint.selection.fields,
            filter: endpoint.selection.filter,
            signing: endpoint.signing,
            public_key: endpoint.public_key,
            previous_public_key: endpoint.previous_public_key.filter(|_| {
                endpoint
                    .previous_secret_until
                    .is_some_and(|until| until > Timestamp::now())
            }),
            client_certificate: endpoint.client_identity.map(CertificateView::from),
            catching_up: endpoint.catching_up,
            ordered: endpoint.ordered,
            coalesce: endpoint.coalesce,
            rate_limit: endpoint.rate_limit,
            state: endpoint.state.as_str(),
            disabled_reason: endpoint.disabled_reason,
            disabled_at: endpoint.disabled_at,
            failing_since: endpoint.failing_since,
            previous_secret_until: endpoint.previous_secret_until,
            created_at: endpoint.created_at,
            updated_at: endpoint.updated_at,
            secret: None,
        })
    }
}

pub(super) async fn list(context: Context, request: HttpRequest) -> Result<Json<ListAnswer<View>>, Problem> {
    let mut query = Query::new(&request, &["limit", "cursor"]);
    let page = query.page();
    query.finish()?;
    let List { data, next_cursor } = context.store().endpoints().list(&page).await?;
    let data = data
        .into_iter()
        .map(|endpoint| View::listed(&context, endpoint))
        .collect::<Result<_, _>>()?;
    Ok(Json(ListAnswer { data, next_cursor }))
}

pub(super) async fn get(context: Context, path: Path<String>) -> Result<Json<View>, Problem> {
    let id: EndpointId = path_id("endpoint", &path)?;
    let found = context.store().endpoints().by_id(id).await?;
    let found = found.ok_or_else(|| Problem::not_found("endpoint", &path))?;
    Ok(Json(View::new(&context, found)?))
}

fn seal_url(state: &State, id: EndpointId, url: &str) -> EndpointUrl {
    let sealed = state.master_key().seal(url.as_bytes(), &Endpoint::url_context(id));
    EndpointUrl::sealed(url, sealed)
}

fn open_url(state: &State, endpoint: &Endpoint) -> Result<String, Problem> {
    match &endpoint.url.kept {
        KeptUrl::Plain(url) => Ok(url.clone()),
        KeptUrl::Sealed(sealed) => state
            .master_key()
            .open_text(sealed, &Endpoint::url_context(endpoint.id))
            .map(|url| url.expose_secret().to_owned())
            .map_err(|error| Problem::internal(&error)),
    }
}

/// Headers as they are sealed: names and values.
type Headers = BTreeMap<String, String>;

fn seal_headers(state: &State, id: EndpointId, headers: &Headers) -> Result<Option<Vec<u8>>, Problem> {
    if headers.is_empty() {
        return Ok(None);
    }
    let text = serde_json::to_vec(headers).map_err(|error| Problem::internal(&error))?;
    Ok(Some(state.master_key().seal(&text, &Endpoint::headers_context(id))))
}

fn seal_identity(state: &State, id: EndpointId, identity: &ClientIdentity) -> EndpointIdentity {
    let context = Endpoint::identity_context(id);
    EndpointIdentity {
        sealed: state.master_key().seal(identity.expose().as_bytes(), &context),
        thumbprint: identity.thumbprint().to_owned(),
        expires_at: Timestamp::from_millis(identity.not_after().saturating_mul(1000)),
    }
}

fn header_names(state: &State, endpoint: &Endpoint) -> Result<Vec<String>, Problem> {
    let Some(sealed) = &endpoint.sealed_headers else {
        return Ok(Vec::new());
    };
    let context = Endpoint::headers_context(endpoint.id);
    let text = state
        .master_key()
        .open_text(sealed, &context)
        .map_err(|error| Problem::internal(&error))?;
    let headers: Headers = serde_json::from_str(text.expose_secret()).map_err(|error| Problem::internal(&error))?;
    Ok(headers.into_keys().collect())
}
