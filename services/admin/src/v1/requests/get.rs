//! `GET /directories/{id}/requests/{request_id}`.

use super::shown;
use crate::context::{AdminContext, path_id};
use crate::problem::Problem;
use ::events::{DirectoryId, RequestId};
use actix_web::web::{Json, Path};
use api::Request;

/// Shows a request of a directory's identity provider.
#[utoipa::path(
    get,
    path = "/directories/{id}/requests/{request_id}",
    operation_id = "get_request",
    tag = "Requests",
    responses((status = 200, description = "The request.", body = api::Request)),
)]
pub(crate) async fn handler(context: AdminContext, path: Path<(String, String)>) -> Result<Json<Request>, Problem> {
    let directory: DirectoryId = path_id("directory", &path.0)?;
    let id: RequestId = path_id("request", &path.1)?;
    let found = context.store().requests(directory).by_id(id).await?;
    Ok(Json(shown(
        found.ok_or_else(|| Problem::not_found("request", &path.1))?,
    )))
}
