//! `GET /admin-keys/{id}`.

use super::shown;
use crate::context::{AdminContext, path_id};
use crate::problem::Problem;
use ::events::AdminKeyId;
use actix_web::web::{Json, Path};
use api::AdminKey;

/// Shows an admin key.
#[utoipa::path(
    get,
    path = "/admin-keys/{id}",
    operation_id = "get_admin_key",
    tag = "Admin keys",
    responses((status = 200, description = "The key.", body = api::AdminKey)),
)]
pub(crate) async fn handler(context: AdminContext, path: Path<String>) -> Result<Json<AdminKey>, Problem> {
    let id: AdminKeyId = path_id("admin key", &path)?;
    let found = context.store().admin_keys().by_id(id).await?;
    found
        .map(|key| Json(shown(key)))
        .ok_or_else(|| Problem::not_found("admin key", &path))
}
