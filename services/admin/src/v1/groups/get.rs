//! `GET /directories/{id}/groups/{group_id}`.

use super::found;
use crate::context::{AdminContext, path_id};
use crate::people::{At, MOMENT, People};
use crate::problem::Problem;
use crate::query::RequestQuery;
use ::events::ResourceId;
use actix_web::HttpRequest;
use actix_web::web::{Json, Path};
use api::{Group, PastParameters};

/// Shows a group without its members, as it is now or as it was.
#[utoipa::path(
    get,
    path = "/directories/{id}/groups/{group_id}",
    operation_id = "get_group",
    tag = "Groups",
    params(api::PastParameters),
    responses((status = 200, description = "The group.", body = api::Group)),
)]
pub(crate) async fn handler(
    context: AdminContext,
    path: Path<(String, String)>,
    request: HttpRequest,
) -> Result<Json<Group>, Problem> {
    let (directory, group) = path.into_inner();
    let mut query = RequestQuery::of::<PastParameters>(&request);
    let at: Option<At> = query.parsed("at", MOMENT);
    query.finish()?;
    let people = People::of(&context, &directory).await?;
    if let Some(at) = at {
        let id: ResourceId = path_id("group", &group)?;
        return Ok(Json(people.group_at(&context, id, at).await?));
    }
    let group = found(&context, &people, &group).await?;
    Ok(Json(people.group(group)?))
}
