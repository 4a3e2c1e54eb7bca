//! `DELETE /connections/{id}/console-access`.

use super::{closed, shown};
use crate::audit::Act;
use crate::context::{AdminContext, path_id};
use crate::problem::Problem;
use ::events::ConnectionId;
use actix_web::HttpResponse;
use actix_web::web::Path;

/// Closes the console to the people of a connection. Who is in it is out with the next request.
#[utoipa::path(
    delete,
    path = "/connections/{id}/console-access",
    operation_id = "delete_console_access",
    tag = "Connections",
    responses((status = 204, description = "Nobody may enter by it.")),
)]
pub(crate) async fn handler(context: AdminContext, path: Path<String>) -> Result<HttpResponse, Problem> {
    let id: ConnectionId = path_id("connection", &path)?;
    let change = context.change(None).await?;
    let connection = change.connection(id).await?;
    let connection = connection.ok_or_else(|| Problem::not_found("connection", &path))?;
    let access = change.console_access(id).await?.ok_or_else(|| closed(&path))?;
    change.delete_console_access(id).await?;
    let before = shown(&context, access, &connection.slug);
    let act = Act::deleted("console_access", id, &before)
        .about(Some(connection.organization_id), Some(connection.directory_id));
    change.commit(&context, act).await?;
    Ok(HttpResponse::NoContent().finish())
}
