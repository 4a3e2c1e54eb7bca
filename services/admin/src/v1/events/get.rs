//! `GET /events/{id}`.

use crate::context::{AdminContext, path_id};
use crate::people::{delivery, trace_id};
use crate::problem::Problem;
use ::events::EventId;
use actix_web::web::{Json, Path};
use api::EventDetail;

/// Shows one event, and which endpoints it was sent to.
#[utoipa::path(
    get,
    path = "/events/{id}",
    operation_id = "get_event",
    tag = "Events",
    responses((status = 200, description = "The event.", body = api::EventDetail)),
)]
pub(crate) async fn handler(context: AdminContext, path: Path<String>) -> Result<Json<EventDetail>, Problem> {
    let id: EventId = path_id("event", &path)?;
    let found = context.store().events().by_id(id).await?;
    let found = found.ok_or_else(|| Problem::not_found("event", &path))?;
    let mut told = context.store().history(found.directory_id).told(&[id]).await?;
    told.sort_unstable_by_key(|told| told.endpoint_id);
    Ok(Json(EventDetail {
        event: serde_json::from_str(&found.body).map_err(|error| Problem::internal(&error))?,
        trace_id: found.traceparent.as_deref().and_then(trace_id),
        told: told.into_iter().map(delivery).collect(),
    }))
}
