//! `GET /directories/{id}/groups/{group_id}/history`.

use crate::context::AdminContext;
use crate::people::history_of;
use crate::problem::Problem;
use crate::query::RequestQuery;
use ::events::ResourceKind;
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
    let query = RequestQuery::of::<PageParameters>(&request);
    let page = history_of(&context, ResourceKind::Group, path.into_inner(), query).await?;
    Ok(Json(page))
}
