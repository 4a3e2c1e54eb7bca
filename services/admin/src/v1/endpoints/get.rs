//! `GET /endpoints/{id}`.

use super::view::for_caller;
use crate::context::{AdminContext, path_id};
use crate::problem::Problem;
use ::events::EndpointId;
use actix_web::web::{Json, Path};
use api::Endpoint;

/// Shows an endpoint. All of its URL is shown to keys with the scope `endpoints:reveal` only: path and query may be secrets.
#[utoipa::path(
    get,
    path = "/endpoints/{id}",
    operation_id = "get_endpoint",
    tag = "Endpoints",
    responses((status = 200, description = "The endpoint.", body = api::Endpoint)),
)]
pub(crate) async fn handler(context: AdminContext, path: Path<String>) -> Result<Json<Endpoint>, Problem> {
    let id: EndpointId = path_id("endpoint", &path)?;
    let found = context.store().endpoints().by_id(id).await?;
    let found = found.ok_or_else(|| Problem::not_found("endpoint", &path))?;
    Ok(Json(for_caller(&context, found)?))
}
