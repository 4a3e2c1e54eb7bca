//! `DELETE /admin-keys/{id}`.

use super::shown;
use crate::audit::Act;
use crate::context::{AdminContext, path_id};
use crate::problem::Problem;
use ::events::AdminKeyId;
use actix_web::HttpResponse;
use actix_web::web::Path;

/// Deletes an admin key.
///
/// The next request that brings it is refused; a key may delete itself.
#[utoipa::path(
    delete,
    path = "/admin-keys/{id}",
    operation_id = "delete_admin_key",
    tag = "Admin keys",
    responses((status = 204, description = "It is gone.")),
)]
pub(crate) async fn handler(context: AdminContext, path: Path<String>) -> Result<HttpResponse, Problem> {
    let id: AdminKeyId = path_id("admin key", &path)?;
    let change = context.change(None).await?;
    let key = change.admin_key(id).await?;
    let key = shown(key.ok_or_else(|| Problem::not_found("admin key", &path))?);
    change.delete_admin_key(id).await?;
    let act = Act::deleted("admin_key", id, &key).of(key.organization_id);
    change.commit(&context, act).await?;
    Ok(HttpResponse::NoContent().finish())
}
