//! `DELETE /connections/{id}`.

use super::view::shown;
use super::{about, log_everybody_out};
use crate::audit::Act;
use crate::context::{AdminContext, path_id};
use crate::problem::Problem;
use ::events::ConnectionId;
use actix_web::HttpResponse;
use actix_web::web::Path;

/// Deletes a connection. Everybody who came by it is logged out, and who they are at the identity provider is forgotten.
#[utoipa::path(
    delete,
    path = "/connections/{id}",
    operation_id = "delete_connection",
    tag = "Connections",
    responses((status = 204, description = "It is gone.")),
)]
pub(crate) async fn handler(context: AdminContext, path: Path<String>) -> Result<HttpResponse, Problem> {
    let id: ConnectionId = path_id("connection", &path)?;
    let not_found = || Problem::not_found("connection", &path);
    let found = context.store().connections().by_id(id).await?.ok_or_else(not_found)?;
    // A connection keeps its directory, and so the lane of what is told of its sessions.
    let lane = context.lane(found.directory_id);
    let change = context.change(Some(lane)).await?;
    let connection = change.connection(id).await?.ok_or_else(not_found)?;
    let ended = log_everybody_out(&change, lane, id, context.now).await?;
    change.delete_connection(id).await?;
    let plain = shown(&context, connection)?;
    let act = about(Act::deleted("connection", id, &plain), &plain).saying(format!("{ended} sessions ended."));
    change.commit(&context, act).await?;
    Ok(HttpResponse::NoContent().finish())
}
