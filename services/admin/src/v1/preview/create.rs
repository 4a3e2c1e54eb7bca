//! `POST /directories/{id}/preview`.

use crate::body::Body;
use crate::context::AdminContext;
use crate::people::People;
use crate::problem::Problem;
use actix_web::web::{Json, Path};
use api::{Preview, PreviewRequest};

/// Tells what a list of people and groups would do before it is sent. Nothing is written.
///
/// Users are matched by `externalId`, else by `userName`, else by an address; groups by `externalId`, else by
/// `displayName`. What the list does not name stays as it is. Where the list is `complete`, active users that are not in it
/// count as deactivated.
#[utoipa::path(
    post,
    path = "/directories/{id}/preview",
    operation_id = "preview_directory",
    tag = "Directories",
    request_body = api::PreviewRequest,
    responses((status = 200, description = "What the list would do.", body = api::Preview)),
)]
pub(crate) async fn handler(
    context: AdminContext,
    path: Path<String>,
    body: Body<PreviewRequest>,
) -> Result<Json<Preview>, Problem> {
    let people = People::of(&context, &path).await?;
    Ok(Json(people.preview(&context, body.finish()?).await?))
}
