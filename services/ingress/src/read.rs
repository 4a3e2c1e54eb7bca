//! One resource, straight from the database.

use crate::answer;
use crate::context::{ScimContext, resource_type};
use crate::failure::Failure;
use crate::found::FoundResource;
use crate::render;
use actix_web::HttpResponse;
use events::{ResourceId, ResourceKind};
use scim::projection::Projection;
use scim::query::ListQuery;
use scim::resource::etag;

/// 200 with the resource, or 304 where the caller has it already (R11).
pub(crate) async fn one(context: &ScimContext, kind: ResourceKind, id: ResourceId) -> Result<HttpResponse, Failure> {
    let projection = projection(context, kind, &context.query()?)?;
    let found = found(context, kind, id, &projection).await?;
    let found = found.ok_or_else(|| scim::Error::not_found(resource_type(kind).name, &id.to_string()))?;
    let tag = etag(found.version);
    let is_current = |tags: Vec<String>| {
        let current = found.version.to_string();
        tags.iter().any(|tag| tag == "*" || *tag == current)
    };
    if context.if_none_match().is_some_and(is_current) {
        return Ok(answer::empty(304, Some(&tag)));
    }
    let location = render::location(context, kind, &id.to_string());
    Ok(answer::resource(
        200,
        found.shown(context, kind, &projection)?,
        &tag,
        &location,
    ))
}

/// One resource, with its groups or members only where they will be shown (R23).
pub(crate) async fn found(
    context: &ScimContext,
    kind: ResourceKind,
    id: ResourceId,
    projection: &Projection,
) -> Result<Option<FoundResource>, Failure> {
    if !context.shows(kind) {
        return Ok(None);
    }
    let references = wants_references(context, kind, projection);
    let directory = context.directory_id();
    Ok(match kind {
        ResourceKind::User => context
            .store
            .users(directory)
            .by_id(id, references)
            .await?
            .map(FoundResource::from),
        ResourceKind::Group => context
            .store
            .groups(directory)
            .by_id(id, references)
            .await?
            .map(FoundResource::from),
    })
}

/// What of a resource the caller asked to see.
pub(crate) fn projection(context: &ScimContext, kind: ResourceKind, query: &ListQuery) -> Result<Projection, Failure> {
    Ok(Projection::new(
        &query.attributes,
        &query.excluded_attributes,
        context.resource_type(kind),
    )?)
}

/// Whether groups or members are to be loaded: not where they will not be shown (R23).
pub(crate) fn wants_references(context: &ScimContext, kind: ResourceKind, projection: &Projection) -> bool {
    let name = match kind {
        ResourceKind::User => "groups",
        ResourceKind::Group => "members",
    };
    context.shows(ResourceKind::Group) && projection.wants(name)
}
