//! `GET /deliveries`.

use super::shown;
use crate::context::AdminContext;
use crate::problem::Problem;
use crate::query::RequestQuery;
use crate::v1::page;
use ::events::EndpointId;
use actix_web::HttpRequest;
use actix_web::web::Json;
use api::{DeliveriesParameters, Delivery, List};
use store::{DeliveryFilter, DeliveryState};

/// Lists the deliveries, the newest first.
///
/// With a key of one organization `endpoint_id` is needed: one of its endpoints.
#[utoipa::path(
    get,
    path = "/deliveries",
    operation_id = "list_deliveries",
    tag = "Deliveries",
    params(api::DeliveriesParameters),
    responses((status = 200, description = "A page of deliveries.", body = api::List<api::Delivery>)),
)]
pub(crate) async fn handler(context: AdminContext, request: HttpRequest) -> Result<Json<List<Delivery>>, Problem> {
    let mut query = RequestQuery::of::<DeliveriesParameters>(&request);
    let endpoint_id: Option<EndpointId> = query.parsed("endpoint_id", "the id of an endpoint");
    let status = query.text("status");
    let state = status.as_deref().and_then(DeliveryState::from_name);
    if status.is_some() && state.is_none() {
        let known: Vec<_> = DeliveryState::ALL.iter().map(|state| state.as_str()).collect();
        query.fault("status", format!("Must be one of: {}.", known.join(", ")));
    }
    let wanted = query.page();
    let own = context.principal.organization;
    if own.is_some() && endpoint_id.is_none() {
        let detail = "Needed with a key of one organization: the id of one of its endpoints.";
        query.fault("endpoint_id", detail);
    }
    query.finish()?;
    if let (Some(own), Some(id)) = (own, endpoint_id) {
        let endpoint = context.store().endpoints().by_id(id).await?;
        if !endpoint.is_some_and(|endpoint| endpoint.belongs_to(own)) {
            return Err(Problem::hidden("endpoint", &id.to_string()));
        }
    }
    let list = context
        .store()
        .deliveries()
        .list(DeliveryFilter { endpoint_id, state }, &wanted)
        .await?;
    Ok(Json(page(list, shown)))
}
