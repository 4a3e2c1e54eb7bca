//! `POST /deliveries/{id}/cancel`.

use super::in_flight;
use crate::body::NoBody;
use crate::context::{Context, path_id};
use crate::idempotent::Begun;
use crate::problem::{Kind, Problem};
use ::events::DeliveryId;
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::Path;
use api::{DeliveryCancelled, DeliveryStatus};
use store::Cancelled;

/// Gives up a delivery that waits or is held.
#[utoipa::path(
    post,
    path = "/deliveries/{id}/cancel",
    operation_id = "cancel_delivery",
    tag = "Deliveries",
    request_body(content = Option<api::Nothing>, description = "None, or an empty object."),
    responses((status = 200, description = "It is cancelled.", body = api::DeliveryCancelled)),
)]
pub(crate) async fn handler(context: Context, path: Path<String>, body: NoBody) -> Result<HttpResponse, Problem> {
    let id: DeliveryId = path_id("delivery", &path)?;
    let open = match context.begin(None, body.raw()).await? {
        Begun::Open(open) => open,
        Begun::Answered(answer) => return Ok(answer),
    };
    match open.cancel_delivery(id, context.now).await? {
        Cancelled::Done => {}
        Cancelled::InFlight => return Err(in_flight()),
        Cancelled::Ended(state) => {
            return Err(Problem::new(
                Kind::Conflict,
                format!("This delivery is {} already.", state.as_str()),
            ));
        }
        Cancelled::NotFound => return Err(Problem::not_found("delivery", &path)),
    }
    let answer = DeliveryCancelled {
        id,
        status: DeliveryStatus::Cancelled,
    };
    open.finish(&context, StatusCode::OK, None, &answer).await
}
