//! `POST /endpoints/{id}/replay`: sends again what an endpoint missed, or got and lost.

use super::view::owner;
use crate::audit::Act;
use crate::body::Body;
use crate::context::{AdminContext, path_id};
use crate::idempotent::IdempotentStart;
use crate::problem::Problem;
use ::events::{EndpointId, EventType};
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::Path;
use api::{EndpointReplay, ReplayQueued, Replayable};
use store::{DeliveryState, ReplayRange};

/// Sends again what an endpoint missed, or got and lost.
#[utoipa::path(
    post,
    path = "/endpoints/{id}/replay",
    operation_id = "replay_endpoint",
    tag = "Endpoints",
    request_body = api::EndpointReplay,
    responses(
        (status = 202, description = "They are queued.", body = api::ReplayQueued),
        (status = 200, description = "How many would be queued: it was a trial.", body = api::ReplayQueued),
    ),
)]
pub(crate) async fn handler(
    context: AdminContext,
    path: Path<String>,
    mut body: Body<EndpointReplay>,
) -> Result<HttpResponse, Problem> {
    let id: EndpointId = path_id("endpoint", &path)?;
    if body.sound("only_failed") == Some(true) && body.sound("status") == Some(Replayable::Delivered) {
        body.fault("/status", "Contradicts \"only_failed\".");
    }
    let raw = body.raw();
    let wanted = body.finish()?;
    let replay = replay(&wanted);
    if wanted.dry_run.unwrap_or_default() {
        let endpoint = context.store().endpoints().by_id(id).await?;
        endpoint.ok_or_else(|| Problem::not_found("endpoint", &path))?;
        let count = context.store().deliveries().count_replay(id, &replay).await?;
        return Ok(HttpResponse::Ok().json(ReplayQueued {
            queued: 0,
            would_queue: Some(count),
            dry_run: Some(true),
        }));
    }
    let open = match context.begin(None, &raw).await? {
        IdempotentStart::Open(open) => open,
        IdempotentStart::Answered(answer) => return Ok(answer),
    };
    let endpoint = open.endpoint(id).await?;
    let endpoint = endpoint.ok_or_else(|| Problem::not_found("endpoint", &path))?;
    let answer = ReplayQueued {
        queued: open.replay_deliveries(id, &replay, context.now).await?,
        would_queue: None,
        dry_run: None,
    };
    let act = Act::new("replayed", "endpoint", id)
        .of(owner(&endpoint))
        .saying(format!("{} deliveries", answer.queued));
    open.finish(&context, act, StatusCode::ACCEPTED, None, &answer).await
}

fn replay(wanted: &EndpointReplay) -> ReplayRange {
    let states = match wanted.status {
        Some(Replayable::Exhausted) => vec![DeliveryState::Exhausted],
        Some(Replayable::Cancelled) => vec![DeliveryState::Cancelled],
        Some(Replayable::Delivered) => vec![DeliveryState::Delivered],
        None if wanted.only_failed.unwrap_or_default() => ReplayRange::FAILED.to_vec(),
        None => Vec::new(),
    };
    let patterns = wanted.types.as_deref().unwrap_or_default();
    let of_types = |kind: &EventType| patterns.iter().any(|pattern| pattern.matches(*kind));
    ReplayRange {
        after: wanted.after,
        before: wanted.before,
        states,
        types: EventType::ALL.iter().copied().filter(of_types).collect(),
    }
}
