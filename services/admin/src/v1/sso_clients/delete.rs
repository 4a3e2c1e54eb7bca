//! `DELETE /sso-clients/{id}`.

use super::shown;
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
    let change = context.change(None).await?;
    let client = change.sso_client(id).await?;
    let client = client.ok_or_else(|| Problem::not_found("SSO client", &path))?;
    let ended = end_all(&change, SessionFilter::Client(id), SessionEnd::Revoked, context.now).await?;
    change.delete_sso_client(id).await?;
    let organization = client.organization_id;
    let act = Act::deleted("sso_client", id, &shown(client)?)
        .of(organization)
        .saying(format!("{ended} sessions ended."));
    change.commit(&context, act).await?;
    Ok(HttpResponse::NoContent().finish())
}
