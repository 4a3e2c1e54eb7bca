//! `DELETE /sso-clients/{id}`.

use super::{not_built_in, shown};
use crate::audit::Act;
use crate::context::{AdminContext, path_id};
use crate::problem::Problem;
use crate::v1::sso_sessions::end_all;
use ::events::SsoClientId;
use actix_web::HttpResponse;
use actix_web::web::Path;
use store::{SessionEnd, SessionFilter};

/// Deletes an app. Everybody is logged out of it.
#[utoipa::path(
    delete,
    path = "/sso-clients/{id}",
    operation_id = "delete_sso_client",
    tag = "SSO clients",
    responses((status = 204, description = "It is gone.")),
)]
pub(crate) async fn handler(context: AdminContext, path: Path<String>) -> Result<HttpResponse, Problem> {
    let id: SsoClientId = path_id("SSO client", &path)?;
    not_built_in(id)?;
    let not_found = || Problem::not_found("SSO client", &path);
    context.store().sso_clients().by_id(id).await?.ok_or_else(not_found)?;
    let ended = log_everybody_out(&context, id).await?;
    let change = context.change(None).await?;
    let client = change.sso_client(id).await?.ok_or_else(not_found)?;
    change.delete_sso_client(id).await?;
    let organization = client.organization_id;
    let act = Act::deleted("sso_client", id, &shown(client)?)
        .of(organization)
        .saying(format!("{ended} sessions ended."));
    change.commit(&context, act).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Ends the sessions of an app, whose people are in directories of all lanes: lane by lane, since each has a log of its own.
/// Says how many those were. Whoever logs in after that is out with the app itself.
async fn log_everybody_out(context: &AdminContext, id: SsoClientId) -> Result<usize, Problem> {
    let mut ended = 0;
    for lane in 0..context.bus().partitions() {
        let change = context.store().change(Some(lane)).await?;
        let of = SessionFilter::Client(id);
        ended += end_all(&change, lane, of, SessionEnd::Revoked, context.now).await?;
        change.commit().await?;
    }
    Ok(ended)
}
