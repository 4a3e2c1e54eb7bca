//! `GET /directories/{id}`.

use super::view::{counted, shown, watched};
use crate::context::AdminContext;
use crate::problem::Problem;
use actix_web::web::{Json, Path};
use api::{Directory, LastRefusal};
use store::AuthenticationFailure;

/// Shows a directory with how many people it has and how it fares.
#[utoipa::path(
    get,
    path = "/directories/{id}",
    operation_id = "get_directory",
    tag = "Directories",
    responses((status = 200, description = "The directory.", body = api::Directory)),
)]
pub(crate) async fn handler(context: AdminContext, path: Path<String>) -> Result<Json<Directory>, Problem> {
    let found = context.directory(&path).await?;
    let (id, directories) = (found.id, context.store().directories());
    let counts = directories.counts(&[id]).await?.remove(&id).unwrap_or_default();
    let refusal = directories.last_refusal(id).await?;
    let synced = context.store().sync_states(&[id]).await?.remove(&id);
    let directory = shown(&context, found.clone(), synced.as_ref(), context.now);
    Ok(Json(Directory {
        last_refusal: refusal.map(|AuthenticationFailure { at, reason, .. }| LastRefusal { at, reason }),
        ..counted(watched(directory, &found, synced.as_ref()), counts)
    }))
}
