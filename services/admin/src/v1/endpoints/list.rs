//! `GET /endpoints`.

use super::view::{listed, with_last_day};
use crate::context::AdminContext;
use crate::problem::Problem;
use crate::query::RequestQuery;
use actix_web::HttpRequest;
use actix_web::web::Json;
use api::{Endpoint, List, PageParameters};

/// Lists the endpoints, the newest first.
#[utoipa::path(
    get,
    path = "/endpoints",
    operation_id = "list_endpoints",
    tag = "Endpoints",
    params(api::PageParameters),
    responses((status = 200, description = "A page of endpoints.", body = api::List<api::Endpoint>)),
)]
pub(crate) async fn handler(context: AdminContext, request: HttpRequest) -> Result<Json<List<Endpoint>>, Problem> {
    let mut query = RequestQuery::of::<PageParameters>(&request);
    let wanted = query.page();
    query.finish()?;
    let endpoints = context.store().endpoints();
    let store::List { data, next_cursor } = endpoints.list(context.principal.organization, &wanted).await?;
    let data = data
        .into_iter()
        .map(|endpoint| listed(&context, endpoint))
        .collect::<Result<_, _>>()?;
    let data = with_last_day(context.store(), data, context.now).await?;
    Ok(Json(List { data, next_cursor }))
}
