//! `GET /portal-links`.

use super::shown;
use crate::context::AdminContext;
use crate::problem::Problem;
use crate::query::RequestQuery;
use crate::v1::page;
use ::events::OrganizationId;
use actix_web::HttpRequest;
use actix_web::web::Json;
use api::{List, PortalLink, PortalLinksParameters};

/// Lists the links to the portal, the newest first; also those that have expired.
#[utoipa::path(
    get,
    path = "/portal-links",
    operation_id = "list_portal_links",
    tag = "Portal links",
    params(api::PortalLinksParameters),
    responses((status = 200, description = "A page of links.", body = api::List<api::PortalLink>)),
)]
pub(crate) async fn handler(context: AdminContext, request: HttpRequest) -> Result<Json<List<PortalLink>>, Problem> {
    let mut query = RequestQuery::of::<PortalLinksParameters>(&request);
    let organization: Option<OrganizationId> = query.parsed("organization_id", "the id of an organization");
    let wanted = query.page();
    query.finish()?;
    let organization = context.principal.narrowed(organization)?;
    let links = context.store().portal_links().list(organization, &wanted).await?;
    Ok(Json(page(links, shown)))
}
