//! GET of one resource. Straight from the database.

use crate::Inner;
use crate::answer::{self, Failure};
use crate::handle::{Caller, resource_type};
use crate::render;
use actix_web::http::header::IF_NONE_MATCH;
use actix_web::{HttpRequest, HttpResponse};
use events::{ResourceId, ResourceKind, StoredResource};
use scim::projection::Projection;
use scim::query::ListQuery;
use scim::resource::{etag, parse_etags};

/// `GET /Users/{id}`: 200, or 304 where the caller has it already (R11).
pub(crate) async fn one(
    inner: &Inner,
    caller: &Caller,
    kind: ResourceKind,
    id: ResourceId,
    request: &HttpRequest,
    query: &ListQuery,
) -> Result<HttpResponse, Failure> {
    let projection = projection(caller, kind, query)?;
    let stored = stored(inner, caller, kind, id, &projection).await?;
    let stored = stored.ok_or_else(|| scim::Error::not_found(resource_type(kind).name, &id.to_string()))?;
    let tag = etag(stored.version);
    let known = request
        .headers()
        .get(IF_NONE_MATCH)
        .and_then(|header| header.to_str().ok())
        .map(parse_etags);
    let current = stored.version.to_string();
    if known.is_some_and(|tags| tags.iter().any(|tag| tag == "*" || *tag == current)) {
        return Ok(answer::empty(304, Some(&tag)));
    }
    let body = render::resource(caller, kind, &stored, &projection).into();
    Ok(answer::resource(
        200,
        &body,
        &tag,
        &render::location(caller, kind, &id.to_string()),
    ))
}

/// One resource as stored, with its groups or members only where they will be shown (R23).
pub(crate) async fn stored(
    inner: &Inner,
    caller: &Caller,
    kind: ResourceKind,
    id: ResourceId,
    projection: &Projection,
) -> Result<Option<StoredResource>, Failure> {
    if !caller.shows(kind) {
        return Ok(None);
    }
    let references = wants_references(caller, kind, projection);
    let directory = caller.directory_id();
    let found = match kind {
        ResourceKind::User => inner
            .store
            .users(directory)
            .by_id(id, references)
            .await?
            .map(store::UserRow::into_stored),
        ResourceKind::Group => inner
            .store
            .groups(directory)
            .by_id(id, references)
            .await?
            .map(store::GroupRow::into_stored),
    };
    Ok(found.transpose()?)
}

/// What of a resource the caller asked to see.
pub(crate) fn projection(caller: &Caller, kind: ResourceKind, query: &ListQuery) -> Result<Projection, Failure> {
    Ok(Projection::new(
        &query.attributes,
        &query.excluded_attributes,
        caller.resource_type(kind),
    )?)
}

/// Whether groups or members are to be loaded: not where they will not be shown (R23).
pub(crate) fn wants_references(caller: &Caller, kind: ResourceKind, projection: &Projection) -> bool {
    let name = match kind {
        ResourceKind::User => "groups",
        ResourceKind::Group => "members",
    };
    caller.shows(ResourceKind::Group) && projection.wants(name)
}
