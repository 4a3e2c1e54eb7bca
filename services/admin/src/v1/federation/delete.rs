//! `DELETE /directories/{id}/federation`.

use super::{changed, directory, missing, shown};
use crate::audit::Act;
use crate::context::{AdminContext, path_id};
use crate::problem::Problem;
use ::events::{DirectoryId, EventType};
use actix_web::HttpResponse;
use actix_web::web::Path;

/// Ends the federation of a directory.
#[utoipa::path(
    delete,
    path = "/directories/{id}/federation",
    operation_id = "delete_federation",
    tag = "Federation",
    responses((status = 204, description = "It is gone.")),
)]
pub(crate) async fn handler(context: AdminContext, path: Path<String>) -> Result<HttpResponse, Problem> {
    let directory_id: DirectoryId = path_id("directory", &path)?;
    let lane = context.lane(directory_id);
    let change = context.change(Some(lane)).await?;
    let directory = directory(&change, directory_id, &path).await?;
    let before = change.federation(directory_id).await?.ok_or_else(|| missing(&path))?;
    change.delete_federation(directory_id).await?;
    let data = changed(&directory, Some(&before), None);
    let draft = context.draft(EventType::DirectoryUpdated, &directory, data);
    change.append(lane, vec![draft]).await?;
    let act = Act::deleted("federation", directory_id, &shown(before)).within(&directory);
    change.commit(&context, act).await?;
    Ok(HttpResponse::NoContent().finish())
}
