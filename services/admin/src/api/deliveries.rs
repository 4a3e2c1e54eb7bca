//! `/deliveries`: what was sent to the endpoints, and how it went.

use super::ListAnswer;
use crate::body::NoBody;
use crate::context::{Context, path_id};
use crate::idempotent::Begun;
use crate::problem::{Kind, Problem};
use crate::query::Query;
use ::events::{AttemptId, DeliveryId, DirectoryId, EndpointId, EventId, Timestamp};
use actix_web::http::StatusCode;
use actix_web::web::{Json, Path};
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;
use store::{Attempt, Cancelled, Delivery, DeliveryFilter, DeliveryState, Retried};

/// A delivery as the API shows it.
#[derive(Serialize)]
pub(super) struct View {
    id: DeliveryId,
    endpoint_id: EndpointId,
    event_id: EventId,
    event_type: String,
    directory_id: DirectoryId,
    sequence: i64,
    status: &'static str,
    attempt_count: u32,
    next_attempt_at: Option<Timestamp>,
    last_status: Option<u16>,
    last_error: Option<String>,
    reason: Option<String>,
    created_at: Timestamp,
    updated_at: Timestamp,
    delivered_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    attempts: Option<Vec<AttemptView>>,
}

#[derive(Serialize)]
struct AttemptView {
    id: AttemptId,
    number: u32,
    started_at: Timestamp,
    duration_ms: u32,
    status: Option<u16>,
    error: Option<String>,
    response_head: Option<String>,
    trace_id: Option<String>,
}

impl From<Delivery> for View {
    fn from(delivery: Delivery) -> Self {
        Self {
            id: delivery.id,
            endpoint_id: delivery.endpoint_id,
            event_id: delivery.event_id,
            event_type: delivery.event_type,
            directory_id: delivery.directory_id,
            sequence: delivery.sequence,
            status: delivery.state.as_str(),
            attempt_count: delivery.attempts,
            next_attempt_at: delivery.next_at,
            last_status: delivery.last_status,
            last_error: delivery.last_error,
            reason: delivery.reason,
            created_at: delivery.created_at,
            updated_at: delivery.updated_at,
            delivered_at: delivery.delivered_at,
            attempts: None,
        }
    }
}

impl From<Attempt> for AttemptView {
    fn from(attempt: Attempt) -> Self {
        Self {
            id: attempt.id,
            number: attempt.number,
            started_at: attempt.started_at,
            duration_ms: attempt.duration_ms,
            status: attempt.status,
            error: attempt.error,
            response_head: attempt.response_head,
            trace_id: attempt.trace_id,
        }
    }
}

pub(super) async fn list(context: Context, request: HttpRequest) -> Result<Json<ListAnswer<View>>, Problem> {
    let mut query = Query::new(&request, &["endpoint_id", "status", "limit", "cursor"]);
    let endpoint_id: Option<EndpointId> = query.parsed("endpoint_id", "the id of an endpoint");
    let status = query.text("status");
    let state = status.as_deref().and_then(DeliveryState::from_name);
    if status.is_some() && state.is_none() {
        let known: Vec<_> = DeliveryState::ALL.iter().map(|state| state.as_str()).collect();
        query.fault("status", format!("Must be one of: {}.", known.join(", ")));
    }
    let page = query.page();
    query.finish()?;
    let list = context
        .store()
        .deliveries()
        .list(DeliveryFilter { endpoint_id, state }, &page)
        .await?;
    Ok(Json(ListAnswer::new(list, View::from)))
}

pub(super) async fn get(context: Context, path: Path<String>) -> Result<Json<View>, Problem> {
    let id: DeliveryId = path_id("delivery", &path)?;
    let deliveries = context.store().deliveries();
    let found = deliveries
        .by_id(id)
        .await?
        .ok_or_else(|| Problem::not_found("delivery", &path))?;
    let attempts = deliveries
        .attempts(id)
        .await?
        .into_iter()
        .map(AttemptView::from)
        .collect();
    Ok(Json(View {
        attempts: Some(attempts),
        ..View::from(found)
    }))
}

/// Makes a delivery due now, whatever became of it. 202: the dispatcher sends it.
pub(super) async fn retry(context: Context, path: Path<String>, body: NoBody) -> Result<HttpResponse, Problem> {
    let id: DeliveryId = path_id("delivery", &path)?;
    let open = match context.begin(None, body.raw()).await? {
        Begun::Open(open) => open,
        Begun::Answered(answer) => return Ok(answer),
    };
    match open.retry_delivery(id, context.now).await? {
        Retried::Queued => {}
        Retried::InFlight => {
            return Err(Problem::new(
                Kind::Conflict,
                "An attempt of this delivery is just being made.",
            ));
        }
        Retried::NotFound => return Err(Problem::not_found("delivery", &path)),
    }
    let answer = serde_json::json!({ "id": id, "status": DeliveryState::Pending.as_str() });
    open.finish(&context, StatusCode::ACCEPTED, None, &answer).await
}

/// Gives up a delivery that waits or is held.
pub(super) async fn cancel(context: Context, path: Path<String>, body: NoBody) -> Result<HttpResponse, Problem> {
    let id: DeliveryId = path_id("delivery", &path)?;
    let open = match context.begin(None, body.raw()).await? {
        Begun::Open(open) => open,
        Begun::Answered(answer) => return Ok(answer),
    };
    match open.cancel_delivery(id, context.now).await? {
        Cancelled::Done => {}
        Cancelled::InFlight => {
            return Err(Problem::new(
                Kind::Conflict,
                "An attempt of this delivery is just being made.",
            ));
        }
        Cancelled::Ended(state) => {
            return Err(Problem::new(
                Kind::Conflict,
                format!("This delivery is {} already.", state.as_str()),
            ));
        }
        Cancelled::NotFound => return Err(Problem::not_found("delivery", &path)),
    }
    let answer = serde_json::json!({ "id": id, "status": DeliveryState::Cancelled.as_str() });
    open.finish(&context, StatusCode::OK, None, &answer).await
}
