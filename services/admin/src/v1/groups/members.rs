//! `GET /directories/{id}/groups/{group_id}/members`.

use super::found;
use crate::context::AdminContext;
use crate::people::{People, page_of_members};
use crate::problem::Problem;
use crate::query::RequestQuery;
use actix_web::HttpRequest;
use actix_web::web::{Json, Path};
use api::{List, Member, PageParameters};

/// Lists the direct members of a group, in order of their ids.
#[utoipa::path(
    get,
    path = "/directories/{id}/groups/{group_id}/members",
    operation_id = "list_group_members",
    tag = "Groups",
    params(api::PageParameters),
    responses((status = 200, description = "A page of members.", body = api::List<api::Member>)),
)]
pub(crate) async fn handler(
    context: AdminContext,
    path: Path<(String, String)>,
    request: HttpRequest,
) -> Result<Json<List<Member>>, Problem> {
    let (directory, group) = path.into_inner();
    let mut query = RequestQuery::of::<PageParameters>(&request);
    let page = query.page();
    query.finish()?;
    let people = People::of(&context, &directory).await?;
    let group = found(&context, &people, &group).await?;
    Ok(Json(page_of_members(&context, &people, group.id, page).await?))
}
