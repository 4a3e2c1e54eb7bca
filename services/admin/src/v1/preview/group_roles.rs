//! `POST /directories/{id}/group-roles/preview`.

use crate::body::Body;
use crate::context::AdminContext;
use crate::people::People;
use crate::problem::Problem;
use actix_web::web::{Json, Path};
use api::{GroupRolesPreview, GroupRolesPreviewRequest};

/// Tells how many people a table of roles by group would give which role, before it is set. Nothing is written.
///
/// A rule gives its role to the direct members of its group who have no role of their own and whom no earlier rule gives one.
#[utoipa::path(
    post,
    path = "/directories/{id}/group-roles/preview",
    operation_id = "preview_group_roles",
    tag = "Directories",
    request_body = api::GroupRolesPreviewRequest,
    responses((status = 200, description = "What the rules would do.", body = api::GroupRolesPreview)),
)]
pub(crate) async fn handler(
    context: AdminContext,
    path: Path<String>,
    body: Body<GroupRolesPreviewRequest>,
) -> Result<Json<GroupRolesPreview>, Problem> {
    let people = People::of(&context, &path).await?;
    Ok(Json(people.preview_group_roles(&context, body.finish()?).await?))
}
