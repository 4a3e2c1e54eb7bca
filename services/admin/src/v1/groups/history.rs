//! `GET /directories/{id}/groups/{group_id}/history`.

use crate::context::{AdminContext, path_id};
use crate::people::{People, page_of_history};
use crate::problem::Problem;
use crate::query::RequestQuery;
use ::events::ResourceId;
use actix_web::HttpRequest;
use actix_web::web::{Json, Path};
use api::{HistoryEntry, List, PageParameters};

/// Lists what became of a group and its members, the latest first.
#[utoipa::path(
    get,
    path = "/directories/{id}/groups/{group_id}/history",
    operation_id = "list_group_history",
    tag = "Groups",
    params(api::PageParameters),
    responses((status = 200, description = "A page of changes.", body = api::List<api::HistoryEntry>)),
)]
pub(crate) async fn handler(
    context: AdminContext,
    path: Path<(String, String)>,
    request: HttpRequest,
) -> Result<Json<List<HistoryEntry>>, Problem> {
    let (directory, group) = path.into_inner();
    let query = RequestQuery::of::<PageParameters>(&request);
    let people = People::of(&context, &directory).await?;
    let id: ResourceId = path_id("group", &group)?;
    let page = page_of_history(&context, &people, id, query).await?;
    // A page at the beginning of the log may have no change of a group that has been there for longer.
    if page.data.is_empty() {
        let groups = context.store().groups(people.directory.id);
        if groups.by_id(id, false).await?.is_none() {
            return Err(Problem::not_found("group", &group));
        }
    }
    Ok(Json(page))
}
