//! `GET /directories/{id}/users`.

use crate::context::AdminContext;
use crate::people::{People, page_of_users};
use crate::problem::Problem;
use crate::query::RequestQuery;
use actix_web::HttpRequest;
use actix_web::web::{Json, Path};
use api::{List, PeopleParameters, User};

/// Lists the users of a directory, the oldest first.
#[utoipa::path(
    get,
    path = "/directories/{id}/users",
    operation_id = "list_users",
    tag = "Users",
    params(api::PeopleParameters),
    responses((status = 200, description = "A page of users.", body = api::List<api::User>)),
)]
pub(crate) async fn handler(
    context: AdminContext,
    path: Path<String>,
    request: HttpRequest,
) -> Result<Json<List<User>>, Problem> {
    let query = RequestQuery::of::<PeopleParameters>(&request);
    let people = People::of(&context, &path).await?;
    Ok(Json(page_of_users(&context, &people, query).await?))
}
