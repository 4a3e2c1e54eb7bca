//! `POST /directories/{id}/graph/pause`.

use super::view::shown;
use super::{PULL, held};
use crate::audit::Act;
use crate::body::NoBody;
use crate::context::AdminContext;
use crate::idempotent::IdempotentStart;
use crate::problem::Problem;
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::Path;
use store::GraphPullState;

/// Pauses a pull. Who works on it just now stops; users and groups stay as they are.
#[utoipa::path(
    post,
    path = "/directories/{id}/graph/pause",
    operation_id = "pause_graph",
    tag = "Graph",
    request_body(content = Option<api::Nothing>, description = "None, or an empty object."),
    responses((status = 200, description = "How it is pulled now.", body = api::GraphPull)),
)]
pub(crate) async fn handler(context: AdminContext, path: Path<String>, body: NoBody) -> Result<HttpResponse, Problem> {
    let directory = context.directory(&path).await?;
    let credentials = context.store().graph_credentials(directory.id).all().await?;
    let open = match context.begin(None, body.raw()).await? {
        IdempotentStart::Open(open) => open,
        IdempotentStart::Answered(answer) => return Ok(answer),
    };
    let before = held(&open, &directory).await?;
    let mut after = before.clone();
    if open.pause_graph_pull(directory.id, context.now).await? {
        after.state = GraphPullState::Paused;
        after.updated_at = context.now;
    }
    let answer = shown(&context, &after, &credentials)?;
    let act = Act::updated(PULL, directory.id, &shown(&context, &before, &credentials)?, &answer)
        .named("paused")
        .within(&directory);
    open.finish(&context, act, StatusCode::OK, None, &answer).await
}
