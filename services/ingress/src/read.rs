//! GET of one resource. Straight from the database.

use crate::Inner;
use crate::answer::{self, Failure};
use crate::found::Found;
use crate::handle::{Caller, resource_type};
use crate::render;
use actix_web::http::header::IF_NONE_MATCH;
use actix_web::{HttpRequest, HttpResponse};
use events::{ResourceId, ResourceKind};
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
    let found = found(inner, caller, kind, id, &projection).await?;
    let found = found.ok_or_else(|| scim::Error::not_found(resource_type(kind).name, &id.to_string()))?;
    let tag = etag(found.version);
    let known = request
        .headers()
        .get(IF_NONE_MATCH)
        .and_then(|header| header.to_str().ok())
        .map(parse_etags);
    let is_current = |tags: Vec<String>| {
        let current = found.version.to_string();
        tags.iter().any(|tag| tag == "*" || *tag == current)
    };
    if known.is_some_and(is_current) {
        return Ok(answer::empty(304, Some(&tag)));
    }
    let location = render::location(caller, kind, &id.to_string());
    Ok(answer::resource(
        200,
        found.shown(caller, kind, &projection)?,
        &tag,
        &location,
    ))
}

/// One resource, with its groups or members only where they will be shown (R23).
pub(crate) async fn found(
    inner: &Inner,
    caller: &Caller,
    kind: ResourceKind,
    id: ResourceId,
    projection: &Projection,
) -> Result<Option<Found>, Failure> {
    if !caller.shows(kind) {
        return Ok(None);
    }
    let references = wants_references(caller, kind, projection);
    let directory = caller.directory_id();
    Ok(match kind {
        ResourceKind::User => inner
            .store
            .users(directory)
            .by_id(id, references)
            .await?
            .map(Found::from),
        ResourceKind::Group => inner
            .store
            .groups(directory)
            .by_id(id, references)
            .await?
            .map(Found::from),
    })
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
