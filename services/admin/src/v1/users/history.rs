//! `GET /directories/{id}/users/{user_id}/history`.

use crate::context::{AdminContext, path_id};
use crate::people::{People, page_of_history};
use crate::problem::Problem;
use crate::query::RequestQuery;
use ::events::ResourceId;
use actix_web::HttpRequest;
use actix_web::web::{Json, Path};
use api::{HistoryEntry, List, PageParameters};

/// Lists what became of a user, the latest first.
///
/// Each change comes with its values before and after, and with the endpoints that it was sent to. The history of a user
/// that was deleted can be read as long as the log is kept.
#[utoipa::path(
    get,
    path = "/directories/{id}/users/{user_id}/history",
    operation_id = "list_user_history",
    tag = "Users",
    params(api::PageParameters),
    responses((status = 200, description = "A page of changes.", body = api::List<api::HistoryEntry>)),
)]
pub(crate) async fn handler(
    context: AdminContext,
    path: Path<(String, String)>,
    request: HttpRequest,
) -> Result<Json<List<HistoryEntry>>, Problem> {
    let (directory, user) = path.into_inner();
    let query = RequestQuery::of::<PageParameters>(&request);
    let people = People::of(&context, &directory).await?;
    let id: ResourceId = path_id("user", &user)?;
    let page = page_of_history(&context, &people, id, query).await?;
    // A page at the beginning of the log may have no change of a user that has been there for longer.
    if page.data.is_empty() {
        let users = context.store().users(people.directory.id);
        if users.by_id(id, false).await?.is_none() {
            return Err(Problem::not_found("user", &user));
        }
    }
    Ok(Json(page))
}
