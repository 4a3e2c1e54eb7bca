//! `GET /admin-keys`.

use super::shown;
use crate::context::AdminContext;
use crate::problem::Problem;
use crate::query::RequestQuery;
use crate::v1::page;
use ::events::OrganizationId;
use actix_web::HttpRequest;
use actix_web::web::Json;
use api::{AdminKey, AdminKeysParameters, List};

/// Lists the admin keys, the newest first.
#[utoipa::path(
    get,
    path = "/admin-keys",
    operation_id = "list_admin_keys",
    tag = "Admin keys",
    params(api::AdminKeysParameters),
    responses((status = 200, description = "A page of keys.", body = api::List<api::AdminKey>)),
)]
pub(crate) async fn handler(context: AdminContext, request: HttpRequest) -> Result<Json<List<AdminKey>>, Problem> {
    let mut query = RequestQuery::of::<AdminKeysParameters>(&request);
    let organization: Option<OrganizationId> = query.parsed("organization_id", "the id of an organization");
    let wanted = query.page();
    query.finish()?;
    let organization = context.principal.narrowed(organization)?;
    let keys = context.store().admin_keys().list(organization, &wanted).await?;
    Ok(Json(page(keys, shown)))
}
