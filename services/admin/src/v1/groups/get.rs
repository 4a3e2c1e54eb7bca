//! `GET /directories/{id}/groups/{group_id}`.

use super::found;
use crate::context::AdminContext;
use crate::people::People;
use crate::problem::Problem;
use actix_web::web::{Json, Path};
use api::Group;

/// Shows a group, without its members.
#[utoipa::path(
    get,
    path = "/directories/{id}/groups/{group_id}",
    operation_id = "get_group",
    tag = "Groups",
    responses((status = 200, description = "The group.", body = api::Group)),
)]
pub(crate) async fn handler(context: AdminContext, path: Path<(String, String)>) -> Result<Json<Group>, Problem> {
    let (directory, group) = path.into_inner();
    let people = People::of(&context, &directory).await?;
    let group = found(&context, &people, &group).await?;
    Ok(Json(people.group(group)?))
}
