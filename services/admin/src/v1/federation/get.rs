//! `GET /directories/{id}/federation`.

use super::{missing, shown};
use crate::context::{AdminContext, path_id};
use crate::problem::Problem;
use ::events::DirectoryId;
use actix_web::web::{Json, Path};
use api::Federation;

/// Shows the federation of a directory.
#[utoipa::path(
    get,
    path = "/directories/{id}/federation",
    operation_id = "get_federation",
    tag = "Federation",
    responses((status = 200, description = "The federation.", body = api::Federation)),
)]
pub(crate) async fn handler(context: AdminContext, path: Path<String>) -> Result<Json<Federation>, Problem> {
    let directory_id: DirectoryId = path_id("directory", &path)?;
    let found = context.store().federation(directory_id).await?;
    found.map(|found| Json(shown(found))).ok_or_else(|| missing(&path))
}
