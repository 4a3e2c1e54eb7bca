//! `GET /organizations/{id}`.

use super::shown;
use crate::context::{AdminContext, path_id};
use crate::problem::Problem;
use ::events::OrganizationId;
use actix_web::web::{Json, Path};
use api::Organization;

/// Shows an organization.
#[utoipa::path(
    get,
    path = "/organizations/{id}",
    operation_id = "get_organization",
    tag = "Organizations",
    responses((status = 200, description = "The organization.", body = api::Organization)),
)]
pub(crate) async fn handler(context: AdminContext, path: Path<String>) -> Result<Json<Organization>, Problem> {
    let id: OrganizationId = path_id("organization", &path)?;
    let found = context.store().organizations().by_id(id).await?;
    found
        .map(|found| Json(shown(found)))
        .ok_or_else(|| Problem::not_found("organization", &path))
}
