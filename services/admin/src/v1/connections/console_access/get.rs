//! `GET /connections/{id}/console-access`.

use super::{closed, shown};
use crate::context::{AdminContext, path_id};
use crate::problem::Problem;
use ::events::ConnectionId;
use actix_web::web::{Json, Path};
use api::ConsoleAccess;

/// Shows who may enter the console by a connection.
#[utoipa::path(
    get,
    path = "/connections/{id}/console-access",
    operation_id = "get_console_access",
    tag = "Connections",
    responses((status = 200, description = "Who may enter.", body = api::ConsoleAccess)),
)]
pub(crate) async fn handler(context: AdminContext, path: Path<String>) -> Result<Json<ConsoleAccess>, Problem> {
    let id: ConnectionId = path_id("connection", &path)?;
    let connection = context.store().connections().by_id(id).await?;
    let connection = connection.ok_or_else(|| Problem::not_found("connection", &path))?;
    let access = context.store().console_access().of(id).await?;
    let access = access.ok_or_else(|| closed(&path))?;
    Ok(Json(shown(&context, access, &connection.slug)))
}
