//! `PATCH`, `DELETE` and `POST …/enable` of an endpoint.

use super::read::{MOST_DIRECTORIES, RATES, check_directories, event_type, headers, url};
use super::{View, seal_headers};
use crate::body::{Body, NoBody};
use crate::context::{Context, path_id};
use crate::fields::{flag, id as read_id, integer, list, text};
use crate::idempotent::Begun;
use crate::problem::Problem;
use ::events::{EndpointId, EventType};
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::{Json, Path};

const FIELDS: &[&str] = &[
    "url",
    "description",
    "event_types",
    "directory_ids",
    "headers",
    "ordered",
    "rate_limit",
];

/// Named fields are replaced; `null` takes away what may be missing. `headers` are replaced all together.
pub(in crate::api) async fn update(context: Context, path: Path<String>, body: Body) -> Result<Json<View>, Problem> {
    let id: EndpointId = path_id("endpoint", &path)?;
    let mut fields = body.fields(FIELDS);
    let url = fields.change("url", url(context.guard()));
    let description = fields.change_or_clear("description", text(0..=500));
    let event_types = fields.change_or_clear("event_types", list(1..=EventType::ALL.len(), event_type));
    let directory_ids = fields.change_or_clear("directory_ids", list(1..=MOST_DIRECTORIES, read_id));
    let headers = fields.change_or_clear("headers", headers);
    let ordered = fields.change("ordered", flag);
    let rate_limit = fields.change_or_clear("rate_limit", integer(RATES));
    check_directories(&context, &mut fields, directory_ids.as_ref().and_then(Option::as_ref)).await?;
    fields.finish()?;
    let headers = headers
        .map(|headers| seal_headers(&context, id, &headers.unwrap_or_default()))
        .transpose()?;

    let change = context.change(None).await?;
    let endpoint = change.endpoint(id).await?;
    let mut endpoint = endpoint.ok_or_else(|| Problem::not_found("endpoint", &path))?;
    endpoint.url = url.unwrap_or(endpoint.url);
    endpoint.description = description.unwrap_or(endpoint.description);
    endpoint.event_types = event_types.unwrap_or(endpoint.event_types);
    endpoint.directory_ids = directory_ids.unwrap_or(endpoint.directory_ids);
    endpoint.sealed_headers = headers.unwrap_or(endpoint.sealed_headers);
    endpoint.ordered = ordered.unwrap_or(endpoint.ordered);
    endpoint.rate_limit = rate_limit.unwrap_or(endpoint.rate_limit);
    endpoint.updated_at = context.now;
    change.save_endpoint(&endpoint).await?;
    change.commit().await?;
    Ok(Json(View::new(&context, endpoint)?))
}

pub(in crate::api) async fn delete(context: Context, path: Path<String>) -> Result<HttpResponse, Problem> {
    let id: EndpointId = path_id("endpoint", &path)?;
    let change = context.change(None).await?;
    if !change.delete_endpoint(id).await? {
        return Err(Problem::not_found("endpoint", &path));
    }
    change.commit().await?;
    Ok(HttpResponse::NoContent().finish())
}

pub(in crate::api) async fn enable(
    context: Context,
    path: Path<String>,
    body: NoBody,
) -> Result<HttpResponse, Problem> {
    let id: EndpointId = path_id("endpoint", &path)?;
    let open = match context.begin(None, body.raw()).await? {
        Begun::Open(open) => open,
        Begun::Answered(answer) => return Ok(answer),
    };
    open.enable_endpoint(id, context.now).await?;
    let endpoint = open
        .endpoint(id)
        .await?
        .ok_or_else(|| Problem::not_found("endpoint", &path))?;
    let view = View::new(&context, endpoint)?;
    open.finish(&context, StatusCode::OK, None, &view).await
}
