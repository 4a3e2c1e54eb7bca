//! `POST /deliveries/{id}/retry`.

use super::{act, in_flight};
use crate::body::NoBody;
use crate::context::{AdminContext, path_id};
use crate::idempotent::IdempotentStart;
use crate::problem::Problem;
use ::events::DeliveryId;
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::Path;
use api::{DeliveryQueued, DeliveryStatus};
use store::RetryOutcome;

/// Makes a delivery due now, whatever became of it.
#[utoipa::path(
    post,
    path = "/deliveries/{id}/retry",
    operation_id = "retry_delivery",
    tag = "Deliveries",
    request_body(content = Option<api::Nothing>, description = "None, or an empty object."),
    responses((status = 202, description = "It is queued.", body = api::DeliveryQueued)),
)]
pub(crate) async fn handler(context: AdminContext, path: Path<String>, body: NoBody) -> Result<HttpResponse, Problem> {
    let id: DeliveryId = path_id("delivery", &path)?;
    let act = act(&context, "retried", id).await?;
    let open = match context.begin(None, body.raw()).await? {
        IdempotentStart::Open(open) => open,
        IdempotentStart::Answered(answer) => return Ok(answer),
    };
    match open.retry_delivery(id, context.now).await? {
        RetryOutcome::Queued => {}
        RetryOutcome::InFlight => return Err(in_flight()),
        RetryOutcome::NotFound => return Err(Problem::not_found("delivery", &path)),
    }
    let answer = DeliveryQueued {
        id,
        status: DeliveryStatus::Pending,
    };
    open.finish(&context, act, StatusCode::ACCEPTED, None, &answer).await
}
