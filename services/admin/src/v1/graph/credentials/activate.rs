//! `POST /directories/{id}/graph/credentials/{credential_id}/activate`.

use super::credential;
use crate::audit::Act;
use crate::body::OptionalBody;
use crate::context::AdminContext;
use crate::idempotent::IdempotentStart;
use crate::problem::{Problem, ProblemKind};
use crate::v1::graph::session::prove;
use crate::v1::graph::view::credential as shown;
use crate::v1::graph::{CREDENTIAL, held, pulled};
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::Path;
use api::GraphActivate;
use std::time::Duration;
use store::{GraphCredential, GraphCredentialState};

/// How long the credential before is kept: whoever works on the directory may have it still.
const KEPT_FOR: Duration = Duration::from_hours(7 * 24);

/// Has a credential used in the place of the one before, after Microsoft Entra ID was seen to take it.
///
/// The one before is kept for seven days, and can be removed sooner.
#[utoipa::path(
    post,
    path = "/directories/{id}/graph/credentials/{credential_id}/activate",
    operation_id = "activate_graph_credential",
    tag = "Graph",
    request_body = Option<api::GraphActivate>,
    responses((status = 200, description = "The credential as it is now.", body = api::GraphCredential)),
)]
pub(crate) async fn handler(
    context: AdminContext,
    path: Path<(String, String)>,
    OptionalBody(body): OptionalBody<GraphActivate>,
) -> Result<HttpResponse, Problem> {
    let raw = body.raw();
    let is_forced = body.finish()?.force.unwrap_or_default();
    if let Some(answer) = context.answered(&raw).await? {
        return Ok(answer);
    }
    let (directory, pull) = pulled(&context, &path.0).await?;
    let before = credential(&context, &directory, &path.1).await?;
    if before.state == GraphCredentialState::Active {
        return Err(Problem::new(ProblemKind::Conflict, "This credential is used already."));
    }
    if !is_forced && let Err(fault) = prove(&context, &pull, before.id).await? {
        let detail = format!(
            "Microsoft Entra ID does not take it. {} \"force\": true has it used all the same.",
            fault.detail
        );
        return Err(Problem::new(ProblemKind::Conflict, detail));
    }
    let open = match context.begin(None, &raw).await? {
        IdempotentStart::Open(open) => open,
        IdempotentStart::Answered(answer) => return Ok(answer),
    };
    held(&open, &directory).await?;
    let retires_at = context.now.plus(KEPT_FOR);
    let is_used = open
        .activate_graph_credential(directory.id, before.id, retires_at, context.now)
        .await?;
    if !is_used {
        let detail = "Another request changed this credential at this moment. Try again.";
        return Err(Problem::new(ProblemKind::Conflict, detail));
    }
    let after = GraphCredential {
        state: GraphCredentialState::Active,
        proved_at: Some(context.now),
        retires_at: None,
        ..before.clone()
    };
    let answer = shown(&after)?;
    let mut act = Act::updated(CREDENTIAL, after.id, &shown(&before)?, &answer)
        .named("activated")
        .within(&directory);
    if is_forced {
        act = act.saying("Without a look whether it works.");
    }
    open.finish(&context, act, StatusCode::OK, None, &answer).await
}
