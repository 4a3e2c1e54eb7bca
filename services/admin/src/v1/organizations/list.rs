//! `GET /organizations`.

use super::shown;
use crate::context::AdminContext;
use crate::problem::Problem;
use crate::query::RequestQuery;
use crate::v1::page;
use actix_web::HttpRequest;
use actix_web::web::Json;
use api::{List, Organization, PageParameters};

/// Lists the organizations, the newest first.
#[utoipa::path(
    get,
    path = "/organizations",
    operation_id = "list_organizations",
    tag = "Organizations",
    params(api::PageParameters),
    responses((status = 200, description = "A page of organizations.", body = api::List<api::Organization>)),
)]
pub(crate) async fn handler(context: AdminContext, request: HttpRequest) -> Result<Json<List<Organization>>, Problem> {
    let mut query = RequestQuery::of::<PageParameters>(&request);
    let wanted = query.page();
    query.finish()?;
    let organizations = context.store().organizations();
    let organizations = match context.principal.organization {
        None => organizations.list(&wanted).await?,
        // The only one that this key sees.
        Some(own) => store::List {
            data: organizations.by_id(own).await?.into_iter().collect(),
            next_cursor: None,
        },
    };
    Ok(Json(page(organizations, shown)))
}
