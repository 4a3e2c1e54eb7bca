//! `POST /deliveries/{id}/cancel`.

use super::{act, in_flight};
use crate::body::NoBody;
use crate::context::{AdminContext, path_id};
use crate::idempotent::IdempotentStart;
use crate::problem::{Problem, ProblemKind};
use ::events::DeliveryId;
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::Path;
use api::{DeliveryCancelled, DeliveryStatus};
use store::CancelOutcome;

/// Gives up a delivery that waits or is held.
#[utoipa::path(
    post,
    path = "/deliveries/{id}/cancel",
    operation_id = "cancel_delivery",
    tag = "Deliveries",
    request_body(content = Option<api::Nothing>, description = "None, or an empty object."),
    responses((status = 200, description = "It is cancelled.", body = api::DeliveryCancelled)),
)]
pub(crate) async fn handler(context: AdminContext, path: Path<String>, body: NoBody) -> Result<HttpResponse, Problem> {
    let id: DeliveryId = path_id("delivery", &path)?;
    let act = act(&context, "cancelled", id).await?;
    let open = match context.begin(None, body.raw()).await? {
        IdempotentStart::Open(open) => open,
        IdempotentStart::Answered(answer) => return Ok(answer),
    };
    match open.cancel_delivery(id, context.now).await? {
        CancelOutcome::Done => {}
        CancelOutcome::InFlight => return Err(in_flight()),
        CancelOutcome::Ended(state) => {
            return Err(Problem::new(
                ProblemKind::Conflict,
                format!("This delivery is {} already.", state.as_str()),
            ));
        }
        CancelOutcome::NotFound => return Err(Problem::not_found("delivery", &path)),
    }
    let answer = DeliveryCancelled {
        id,
        status: DeliveryStatus::Cancelled,
    };
    open.finish(&context, act, StatusCode::OK, None, &answer).await
}
