//! `POST /directories/{id}/graph/resume`.

use super::look::{Looked, look};
use super::view::shown;
use super::{PULL, held, pulled};
use crate::audit::Act;
use crate::body::OptionalBody;
use crate::context::AdminContext;
use crate::idempotent::IdempotentStart;
use crate::problem::{Problem, ProblemKind};
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::Path;
use api::{GraphResume, GraphTestOutcome};
use store::GraphPullState;

/// Starts a pull that is a draft or paused. The first round is due at once.
///
/// Before, it is looked whether the application may read what it must, as `POST …/graph/test` does.
#[utoipa::path(
    post,
    path = "/directories/{id}/graph/resume",
    operation_id = "resume_graph",
    tag = "Graph",
    request_body = Option<api::GraphResume>,
    responses((status = 200, description = "How it is pulled now.", body = api::GraphPull)),
)]
pub(crate) async fn handler(
    context: AdminContext,
    path: Path<String>,
    OptionalBody(body): OptionalBody<GraphResume>,
) -> Result<HttpResponse, Problem> {
    let raw = body.raw();
    let is_forced = body.finish()?.force.unwrap_or_default();
    if let Some(answer) = context.answered(&raw).await? {
        return Ok(answer);
    }
    let (directory, found) = pulled(&context, &path).await?;
    let rests = [GraphPullState::Draft, GraphPullState::Paused];
    if found.state == GraphPullState::Held {
        let detail = "This pull is held because many people would go. POST …/graph/release lets it go on.";
        return Err(Problem::new(ProblemKind::Conflict, detail));
    }
    if rests.contains(&found.state) && !is_forced {
        refuse_untested(&look(&context, &directory, &found).await?)?;
    }
    let credentials = context.store().graph_credentials(directory.id).all().await?;
    let open = match context.begin(None, &raw).await? {
        IdempotentStart::Open(open) => open,
        IdempotentStart::Answered(answer) => return Ok(answer),
    };
    let before = held(&open, &directory).await?;
    let mut after = before.clone();
    if open.resume_graph_pull(directory.id, context.now).await? {
        after.state = GraphPullState::Active;
        after.updated_at = context.now;
    }
    let answer = shown(&context, &after, &credentials)?;
    let act = Act::updated(PULL, directory.id, &shown(&context, &before, &credentials)?, &answer)
        .named("resumed")
        .within(&directory);
    open.finish(&context, act, StatusCode::OK, None, &answer).await
}

/// 409: the first round would fail.
fn refuse_untested(looked: &Looked) -> Result<(), Problem> {
    let bad = looked
        .steps
        .iter()
        .find(|step| !matches!(step.outcome, GraphTestOutcome::Good | GraphTestOutcome::NothingThere));
    let Some(bad) = bad else { return Ok(()) };
    let why = match (&bad.error, bad.any_of.first()) {
        (Some(error), _) => error.detail.clone(),
        (None, Some(permission)) => {
            format!("The application permission {permission} is missing, or nobody has granted admin consent for it.")
        }
        (None, None) => "The application is not in the tenant.".to_owned(),
    };
    let detail =
        format!("A round would fail. {why} POST …/graph/test says more; \"force\": true starts it all the same.");
    Err(Problem::new(ProblemKind::Conflict, detail))
}
