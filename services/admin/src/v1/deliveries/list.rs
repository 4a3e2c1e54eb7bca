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
    query.finish()?;
    let list = context
        .store()
        .deliveries()
        .list(DeliveryFilter { endpoint_id, state }, &wanted)
        .await?;
    Ok(Json(page(list, shown)))
}
