//! `GET /connections/{id}`.

use super::view::shown;
use crate::context::{AdminContext, path_id};
use crate::problem::Problem;
use ::events::ConnectionId;
use actix_web::web::{Json, Path};
use api::Connection;

/// Shows a connection.
#[utoipa::path(
    get,
    path = "/connections/{id}",
    operation_id = "get_connection",
    tag = "Connections",
    responses((status = 200, description = "The connection.", body = api::Connection)),
)]
pub(crate) async fn handler(context: AdminContext, path: Path<String>) -> Result<Json<Connection>, Problem> {
    let id: ConnectionId = path_id("connection", &path)?;
    let found = context.store().connections().by_id(id).await?;
    let found = found.ok_or_else(|| Problem::not_found("connection", &path))?;
    Ok(Json(shown(&context, found)?))
}
