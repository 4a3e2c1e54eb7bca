//! `DELETE /directories/{id}`: its users, groups and keys go with it; its log stays.

use super::view::shown;
use crate::audit::Act;
use crate::context::{AdminContext, path_id};
use crate::problem::Problem;
use crate::v1::sso_sessions::end_all;
use ::events::{DirectoryId, EventType};
use actix_web::HttpResponse;
use actix_web::web::Path;
use serde_json::json;
use store::{SessionEnd, SessionFilter};

/// Deletes a directory.
///
/// Its users, groups and keys go with it; its part of the event log stays.
#[utoipa::path(
    delete,
    path = "/directories/{id}",
    operation_id = "delete_directory",
    tag = "Directories",
    responses((status = 204, description = "It is gone.")),
)]
pub(crate) async fn handler(context: AdminContext, path: Path<String>) -> Result<HttpResponse, Problem> {
    let id: DirectoryId = path_id("directory", &path)?;
    let lane = context.lane(id);
    let change = context.change(Some(lane)).await?;
    let directory = change
        .directory(id)
        .await?
        .ok_or_else(|| Problem::not_found("directory", &path))?;
    // Sessions go with their directory; apps hear of it before.
    let everybody = SessionFilter::Directory(id);
    end_all(&change, lane, everybody, SessionEnd::Deleted, context.now).await?;
    let data = json!({ "directory": directory.about() });
    let draft = context.draft(EventType::DirectoryDeleted, &directory, data);
    change.append(lane, vec![draft]).await?;
    change.delete_directory(id).await?;
    let act = Act::deleted("directory", id, &shown(&context, directory.clone(), None, context.now)).within(&directory);
    change.commit(&context, act).await?;
    Ok(HttpResponse::NoContent().finish())
}
