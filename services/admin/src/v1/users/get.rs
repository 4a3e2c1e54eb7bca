//! `GET /directories/{id}/users/{user_id}`.

use crate::context::{AdminContext, path_id};
use crate::people::{At, MOMENT, People};
use crate::problem::Problem;
use crate::query::RequestQuery;
use ::events::ResourceId;
use actix_web::HttpRequest;
use actix_web::web::{Json, Path};
use api::{PastParameters, User};

/// Shows a user, as it is now or as it was.
///
/// As it was, role and grants follow from the settings of now, and groups have the names that they have now or had last.
#[utoipa::path(
    get,
    path = "/directories/{id}/users/{user_id}",
    operation_id = "get_user",
    tag = "Users",
    params(api::PastParameters),
    responses((status = 200, description = "The user.", body = api::User)),
)]
pub(crate) async fn handler(
    context: AdminContext,
    path: Path<(String, String)>,
    request: HttpRequest,
) -> Result<Json<User>, Problem> {
    let (directory, user) = path.into_inner();
    let mut query = RequestQuery::of::<PastParameters>(&request);
    let at: Option<At> = query.parsed("at", MOMENT);
    query.finish()?;
    let people = People::of(&context, &directory).await?;
    let id: ResourceId = path_id("user", &user)?;
    if let Some(at) = at {
        return Ok(Json(people.user_at(&context, id, at).await?));
    }
    let users = context.store().users(people.directory.id);
    let found = users.by_id(id, people.policy.groups_enabled).await?;
    let found = found.ok_or_else(|| Problem::not_found("user", &user))?;
    Ok(Json(people.user(found)?))
}
