//! `GET /deliveries/{id}`.

use super::{attempt_shown, shown};
use crate::context::{AdminContext, path_id};
use crate::problem::Problem;
use ::events::DeliveryId;
use actix_web::web::{Json, Path};
use api::Delivery;

/// Shows a delivery with its attempts.
#[utoipa::path(
    get,
    path = "/deliveries/{id}",
    operation_id = "get_delivery",
    tag = "Deliveries",
    responses((status = 200, description = "The delivery.", body = api::Delivery)),
)]
pub(crate) async fn handler(context: AdminContext, path: Path<String>) -> Result<Json<Delivery>, Problem> {
    let id: DeliveryId = path_id("delivery", &path)?;
    let deliveries = context.store().deliveries();
    let found = deliveries
        .by_id(id)
        .await?
        .ok_or_else(|| Problem::not_found("delivery", &path))?;
    let attempts = deliveries.attempts(id).await?;
    Ok(Json(Delivery {
        attempts: Some(attempts.into_iter().map(attempt_shown).collect()),
        ..shown(found)
    }))
}
