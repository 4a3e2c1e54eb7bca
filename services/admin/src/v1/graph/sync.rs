//! `POST /directories/{id}/graph/sync`.

use super::{PULL, held};
use crate::audit::Act;
use crate::body::OptionalBody;
use crate::context::AdminContext;
use crate::idempotent::IdempotentStart;
use crate::problem::{Problem, ProblemKind};
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::Path;
use api::{GraphSync, GraphSyncAsked};
use store::GraphPullState;

/// Has the next round begin now, and not only when it is due.
///
/// Where somebody works on the directory just now, it is done once more afterwards. A `full` round reads everything again; what is
/// under way is given up for it.
#[utoipa::path(
    post,
    path = "/directories/{id}/graph/sync",
    operation_id = "sync_graph",
    tag = "Graph",
    request_body = Option<api::GraphSync>,
    responses((status = 202, description = "It is asked for.", body = api::GraphSyncAsked)),
)]
pub(crate) async fn handler(
    context: AdminContext,
    path: Path<String>,
    OptionalBody(body): OptionalBody<GraphSync>,
) -> Result<HttpResponse, Problem> {
    let raw = body.raw();
    let is_full = body.finish()?.full.unwrap_or_default();
    let directory = context.directory(&path).await?;
    let open = match context.begin(None, &raw).await? {
        IdempotentStart::Open(open) => open,
        IdempotentStart::Answered(answer) => return Ok(answer),
    };
    let mut pull = held(&open, &directory).await?;
    if !GraphPullState::WORKED_ON.contains(&pull.state) {
        let detail = format!(
            "This pull is {}, and no round begins. POST …/graph/{} lets it go on.",
            pull.state.as_str(),
            if pull.state == GraphPullState::Held {
                "release"
            } else {
                "resume"
            }
        );
        return Err(Problem::new(ProblemKind::Conflict, detail));
    }
    if is_full {
        pull.due_at = context.now;
        open.update_graph_pull(&pull, true, context.now).await?;
    } else {
        open.ask_graph_pull(directory.id, context.now).await?;
    }
    let answer = GraphSyncAsked {
        is_full,
        next_round_at: context.now,
    };
    let said = if is_full { "A full round." } else { "A round." };
    let act = Act::new("synced", PULL, directory.id).within(&directory).saying(said);
    open.finish(&context, act, StatusCode::ACCEPTED, None, &answer).await
}
