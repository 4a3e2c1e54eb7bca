//! `GET /directories/{id}/attribute-paths`.

use crate::context::AdminContext;
use crate::people::People;
use crate::problem::Problem;
use actix_web::web::{Json, Path};
use api::AttributePaths;

/// Lists the attribute paths that the users of a directory have, for its `attribute_map`.
///
/// They are found in a sample of up to 500 users: the oldest 200, and 30 from each of ten moments between the first
/// creation and now. The paths that most users of the sample have come first.
#[utoipa::path(
    get,
    path = "/directories/{id}/attribute-paths",
    operation_id = "list_attribute_paths",
    tag = "Directories",
    responses((status = 200, description = "The paths.", body = api::AttributePaths)),
)]
pub(crate) async fn handler(context: AdminContext, path: Path<String>) -> Result<Json<AttributePaths>, Problem> {
    let people = People::of(&context, &path).await?;
    Ok(Json(people.attribute_paths(&context).await?))
}
