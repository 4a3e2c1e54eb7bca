//! `DELETE /sso-sessions/{id}`.

use super::end_all;
use crate::audit::Act;
use crate::context::{AdminContext, path_id};
use crate::problem::{Problem, ProblemKind};
use ::events::SsoSessionId;
use actix_web::HttpResponse;
use actix_web::web::Path;
use store::{SessionEnd, SessionFilter};

/// Ends a session: its code, its tokens and their refreshing are no good any more.
#[utoipa::path(
    delete,
    path = "/sso-sessions/{id}",
    operation_id = "end_sso_session",
    tag = "SSO sessions",
    responses((status = 204, description = "It is over.")),
)]
pub(crate) async fn handler(context: AdminContext, path: Path<String>) -> Result<HttpResponse, Problem> {
    let id: SsoSessionId = path_id("session", &path)?;
    let session = context.store().sso_sessions().by_id(id).await?;
    let session = session.ok_or_else(|| Problem::not_found("session", &path))?;
    let lane = context.lane(session.begun.directory_id);
    let change = context.change(Some(lane)).await?;
    if end_all(&change, lane, SessionFilter::Id(id), SessionEnd::Revoked, context.now).await? == 0 {
        return Err(Problem::new(ProblemKind::Conflict, "This session is over already."));
    }
    let act = Act::new("ended", "sso_session", id)
        .about(Some(session.begun.organization_id), Some(session.begun.directory_id))
        .saying(format!("Of the user {}.", session.begun.user_id));
    change.commit(&context, act).await?;
    Ok(HttpResponse::NoContent().finish())
}
