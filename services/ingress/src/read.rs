//! GET: one resource, and lists. Straight from the database.

use crate::Inner;
use crate::answer::{self, Failure};
use crate::handle::{Caller, resource_type};
use crate::render;
use actix_web::http::header::IF_NONE_MATCH;
use actix_web::{HttpRequest, HttpResponse};
use events::{ResourceId, ResourceKind, StoredResource};
use scim::filter::Filter;
use scim::list::ListResponse;
use scim::path::AttributePath;
use scim::projection::Projection;
use scim::query::{ListQuery, SortOrder};
use scim::resource::{etag, parse_etags};
use store::{Query, Sort};

/// `GET /Users/{id}`: 200, or 304 where the caller has it already (R11).
pub(crate) async fn one(
    inner: &Inner,
    caller: &Caller,
    kind: ResourceKind,
    id: ResourceId,
    request: &HttpRequest,
    query: &ListQuery,
) -> Result<HttpResponse, Failure> {
    let projection = projection(kind, query)?;
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

/// `GET /Users?filter=…` and `POST /Users/.search`.
pub(crate) async fn list(
    inner: &Inner,
    caller: &Caller,
    kind: ResourceKind,
    query: &ListQuery,
) -> Result<HttpResponse, Failure> {
    let schema = resource_type(kind);
    let projection = projection(kind, query)?;
    let filter = query
        .filter
        .as_deref()
        .map(|text| Filter::parse(text, schema))
        .transpose()?;
    // R35: what cannot be sorted by is ignored.
    let sort_path = query
        .sort_by
        .as_deref()
        .and_then(|path| AttributePath::parse(path, schema).ok());
    let sort = sort_path.as_ref().map(|path| Sort {
        path,
        descending: query.sort_order == SortOrder::Descending,
    });
    let wanted = Query {
        schema: Some(schema),
        base_url: Some(&caller.base_url),
        filter: filter.as_ref(),
        sort,
        after: None,
        offset: u32::try_from(query.start_index - 1).unwrap_or(u32::MAX),
        limit: u32::try_from(query.count).unwrap_or(u32::MAX),
        total: true,
        references: wants_references(kind, &projection),
    };
    let (total, found) = page(inner, caller, kind, &wanted).await?;
    let resources = found
        .iter()
        .map(|stored| render::resource(caller, kind, stored, &projection))
        .collect();
    let list = ListResponse {
        total,
        start_index: query.start_index,
        resources,
    };
    let body = serde_json::to_value(&list)
        .map_err(|error| scim::Error::status(500, format!("the list could not be written: {error}")))?;
    Ok(answer::json(200, &body))
}

async fn page(
    inner: &Inner,
    caller: &Caller,
    kind: ResourceKind,
    query: &Query<'_>,
) -> Result<(u64, Vec<StoredResource>), Failure> {
    let directory = caller.directory_id();
    let (total, rows) = match kind {
        ResourceKind::User => {
            let page = inner.store.users(directory).list(query).await?;
            (
                page.total,
                page.rows
                    .into_iter()
                    .map(store::UserRow::into_stored)
                    .collect::<Result<_, _>>()?,
            )
        }
        ResourceKind::Group => {
            let page = inner.store.groups(directory).list(query).await?;
            (
                page.total,
                page.rows
                    .into_iter()
                    .map(store::GroupRow::into_stored)
                    .collect::<Result<_, _>>()?,
            )
        }
    };
    let rows: Vec<StoredResource> = rows;
    Ok((total.unwrap_or(rows.len() as u64), rows))
}

/// One resource as stored, with its groups or members only where they will be shown (R23).
pub(crate) async fn stored(
    inner: &Inner,
    caller: &Caller,
    kind: ResourceKind,
    id: ResourceId,
    projection: &Projection,
) -> Result<Option<StoredResource>, Failure> {
    let references = wants_references(kind, projection);
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
pub(crate) fn projection(kind: ResourceKind, query: &ListQuery) -> Result<Projection, Failure> {
    Ok(Projection::new(
        &query.attributes,
        &query.excluded_attributes,
        resource_type(kind),
    )?)
}

fn wants_references(kind: ResourceKind, projection: &Projection) -> bool {
    projection.wants(match kind {
        ResourceKind::User => "groups",
        ResourceKind::Group => "members",
    })
}
