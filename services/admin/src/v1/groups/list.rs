//! `GET /directories/{id}/groups`.

use crate::context::AdminContext;
use crate::people::{People, page_of_groups};
use crate::problem::Problem;
use crate::query::RequestQuery;
use actix_web::HttpRequest;
use actix_web::web::{Json, Path};
use api::{Group, List, PeopleParameters};

/// Lists the groups of a directory, the oldest first.
#[utoipa::path(
    get,
    path = "/directories/{id}/groups",
    operation_id = "list_groups",
    tag = "Groups",
    params(api::PeopleParameters),
    responses((status = 200, description = "A page of groups.", body = api::List<api::Group>)),
)]
pub(crate) async fn handler(
    context: AdminContext,
    path: Path<String>,
    request: HttpRequest,
) -> Result<Json<List<Group>>, Problem> {
    let query = RequestQuery::of::<PeopleParameters>(&request);
    let people = People::of(&context, &path).await?;
    Ok(Json(page_of_groups(&context, &people, query).await?))
}
