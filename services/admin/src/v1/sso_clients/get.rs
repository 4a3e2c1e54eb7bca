//! `GET /sso-clients/{id}`.

use super::shown;
use crate::context::{AdminContext, path_id};
use crate::problem::Problem;
use ::events::SsoClientId;
use actix_web::web::{Json, Path};
use api::SsoClient;

/// Shows an app.
#[utoipa::path(
    get,
    path = "/sso-clients/{id}",
    operation_id = "get_sso_client",
    tag = "SSO clients",
    responses((status = 200, description = "The app.", body = api::SsoClient)),
)]
pub(crate) async fn handler(context: AdminContext, path: Path<String>) -> Result<Json<SsoClient>, Problem> {
    let id: SsoClientId = path_id("SSO client", &path)?;
    let found = context.store().sso_clients().by_id(id).await?;
    let found = found.ok_or_else(|| Problem::not_found("SSO client", &path))?;
    Ok(Json(shown(found)?))
}
