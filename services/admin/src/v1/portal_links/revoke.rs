//! `DELETE /portal-links/{id}`.

use super::shown;
use crate::audit::Act;
use crate::context::{AdminContext, path_id};
use crate::problem::Problem;
use ::events::PortalLinkId;
use actix_web::HttpResponse;
use actix_web::web::Path;

/// Revokes a link to the portal: it opens nothing from now on.
#[utoipa::path(
    delete,
    path = "/portal-links/{id}",
    operation_id = "revoke_portal_link",
    tag = "Portal links",
    responses((status = 204, description = "It is gone.")),
)]
pub(crate) async fn handler(context: AdminContext, path: Path<String>) -> Result<HttpResponse, Problem> {
    let id: PortalLinkId = path_id("portal link", &path)?;
    let change = context.change(None).await?;
    let link = change.portal_link(id).await?;
    let link = shown(link.ok_or_else(|| Problem::not_found("portal link", &path))?);
    change.delete_portal_link(id).await?;
    let act = Act::deleted("portal_link", id, &link)
        .named("revoked")
        .of(Some(link.organization_id));
    change.commit(&context, act).await?;
    Ok(HttpResponse::NoContent().finish())
}
