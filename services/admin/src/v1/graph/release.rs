//! `POST /directories/{id}/graph/release`.

use super::view::shown;
use super::{PULL, held};
use crate::audit::Act;
use crate::body::OptionalBody;
use crate::context::AdminContext;
use crate::idempotent::IdempotentStart;
use crate::problem::{Problem, ProblemKind};
use ::graph::pull::PullFault;
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::Path;
use api::GraphRelease;
use store::GraphPullState;

/// Lets a pull go on that is held because many people would go: an administrator has looked, and that is right.
#[utoipa::path(
    post,
    path = "/directories/{id}/graph/release",
    operation_id = "release_graph",
    tag = "Graph",
    request_body = Option<api::GraphRelease>,
    responses((status = 200, description = "How it is pulled now.", body = api::GraphPull)),
)]
pub(crate) async fn handler(
    context: AdminContext,
    path: Path<String>,
    OptionalBody(body): OptionalBody<GraphRelease>,
) -> Result<HttpResponse, Problem> {
    let raw = body.raw();
    let wanted = body.finish()?;
    let directory = context.directory(&path).await?;
    let credentials = context.store().graph_credentials(directory.id).all().await?;
    let open = match context.begin(None, &raw).await? {
        IdempotentStart::Open(open) => open,
        IdempotentStart::Answered(answer) => return Ok(answer),
    };
    let before = held(&open, &directory).await?;
    let would_go = before.last_error.as_deref().map(PullFault::read);
    let would_go = would_go.and_then(|fault| fault.would_go);
    if before.state != GraphPullState::Held {
        let detail = "This pull is not held, so there is nothing to release.";
        return Err(Problem::new(ProblemKind::Conflict, detail));
    }
    if wanted.would_go.is_some() && wanted.would_go != would_go {
        let now = would_go.map_or_else(|| "another number".to_owned(), |count| count.to_string());
        let detail = format!("{now} people would go by now. Look again before it goes on.");
        return Err(Problem::invalid_at("#/would_go", detail));
    }
    open.release_graph_brake(directory.id, context.now).await?;
    let mut after = before.clone();
    after.state = GraphPullState::Active;
    after.updated_at = context.now;
    let answer = shown(&context, &after, &credentials)?;
    let act = Act::updated(PULL, directory.id, &shown(&context, &before, &credentials)?, &answer)
        .named("released")
        .within(&directory);
    open.finish(&context, act, StatusCode::OK, None, &answer).await
}
