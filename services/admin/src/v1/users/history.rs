//! `GET /directories/{id}/users/{user_id}/history`.

use crate::context::AdminContext;
use crate::people::history_of;
use crate::problem::Problem;
use crate::query::RequestQuery;
use ::events::ResourceKind;
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
    let query = RequestQuery::of::<PageParameters>(&request);
    let page = history_of(&context, ResourceKind::User, path.into_inner(), query).await?;
    Ok(Json(page))
}
