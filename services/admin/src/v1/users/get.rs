//! `GET /directories/{id}/users/{user_id}`.

use crate::context::{AdminContext, path_id};
use crate::people::People;
use crate::problem::Problem;
use ::events::ResourceId;
use actix_web::web::{Json, Path};
use api::User;

/// Shows a user.
#[utoipa::path(
    get,
    path = "/directories/{id}/users/{user_id}",
    operation_id = "get_user",
    tag = "Users",
    responses((status = 200, description = "The user.", body = api::User)),
)]
pub(crate) async fn handler(context: AdminContext, path: Path<(String, String)>) -> Result<Json<User>, Problem> {
    let (directory, user) = path.into_inner();
    let people = People::of(&context, &directory).await?;
    let id: ResourceId = path_id("user", &user)?;
    let users = context.store().users(people.directory.id);
    let found = users.by_id(id, people.policy.groups_enabled).await?;
    let found = found.ok_or_else(|| Problem::not_found("user", &user))?;
    Ok(Json(people.user(found)?))
}
