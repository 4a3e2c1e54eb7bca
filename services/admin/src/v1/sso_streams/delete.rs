//! `DELETE /sso-clients/{id}/streams/{stream_id}`.

use super::shown;
use crate::audit::Act;
use crate::context::{AdminContext, path_id};
use crate::problem::Problem;
use ::events::{SsfStreamId, SsoClientId};
use actix_web::HttpResponse;
use actix_web::web::Path;

/// Deletes a stream, with what waits on it. Its app may make another one.
#[utoipa::path(
    delete,
    path = "/sso-clients/{id}/streams/{stream_id}",
    operation_id = "delete_sso_stream",
    tag = "SSO streams",
    responses((status = 204, description = "It is gone.")),
)]
pub(crate) async fn handler(context: AdminContext, path: Path<(String, String)>) -> Result<HttpResponse, Problem> {
    let app: SsoClientId = path_id("SSO client", &path.0)?;
    let id: SsfStreamId = path_id("stream", &path.1)?;
    let change = context.change(None).await?;
    let stream = change.stream(app, id).await?;
    let stream = stream.ok_or_else(|| Problem::not_found("stream", &path.1))?;
    change.delete_stream(id).await?;
    let organization = match stream.endpoint.selection.organization_ids.as_deref() {
        Some(&[only]) => Some(only),
        _ => None,
    };
    let act = Act::deleted("ssf_stream", id, &shown(stream)).of(organization);
    change.commit(&context, act).await?;
    Ok(HttpResponse::NoContent().finish())
}
