//! `POST /endpoints/{id}/replay`: sends again what an endpoint missed, or got and lost.

use super::read::{MOST_NAMES, event_pattern};
use crate::body::Body;
use crate::context::{Context, path_id};
use crate::fields::{flag, list, time, word};
use crate::idempotent::Begun;
use crate::problem::Problem;
use ::events::{EndpointId, EventPattern, EventType};
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::Path;
use serde_json::json;
use store::{DeliveryState, Replay};

/// Deliveries in other states are on their way already.
const STATES: &[(&str, DeliveryState)] = &[
    ("exhausted", DeliveryState::Exhausted),
    ("cancelled", DeliveryState::Cancelled),
    ("delivered", DeliveryState::Delivered),
];

/// `after` and `before` are times at which deliveries were made; `types` are names of events or globs; `status` is the
/// state to replay, and `only_failed` the same as exhausted and cancelled. `dry_run` tells how many, and sends none. 202:
/// the dispatcher sends them.
pub(in crate::api) async fn replay(context: Context, path: Path<String>, body: Body) -> Result<HttpResponse, Problem> {
    let id: EndpointId = path_id("endpoint", &path)?;
    let mut fields = body.fields(&["after", "before", "types", "status", "only_failed", "dry_run"]);
    let after = fields.optional("after", time);
    let before = fields.optional("before", time);
    let types: Option<Vec<EventPattern>> = fields.optional("types", list(1..=MOST_NAMES, event_pattern));
    let status = fields.optional("status", word(STATES));
    let only_failed = fields.optional("only_failed", flag).unwrap_or(false);
    let dry_run = fields.optional("dry_run", flag).unwrap_or(false);
    if only_failed && status == Some(DeliveryState::Delivered) {
        fields.fault("status", "Contradicts \"only_failed\".");
    }
    fields.finish()?;
    let states = match status {
        Some(state) => vec![state],
        None if only_failed => Replay::FAILED.to_vec(),
        None => Vec::new(),
    };
    let of_types = |kind: &EventType| types.iter().flatten().any(|pattern| pattern.matches(*kind));
    let replay = Replay {
        after,
        before,
        states,
        types: EventType::ALL.iter().copied().filter(of_types).collect(),
    };
    if dry_run {
        let endpoint = context.store().endpoints().by_id(id).await?;
        endpoint.ok_or_else(|| Problem::not_found("endpoint", &path))?;
        let count = context.store().deliveries().count_replay(id, &replay).await?;
        return Ok(HttpResponse::Ok().json(json!({ "queued": 0, "would_queue": count, "dry_run": true })));
    }
    let open = match context.begin(None, body.raw()).await? {
        Begun::Open(open) => open,
        Begun::Answered(answer) => return Ok(answer),
    };
    open.endpoint(id)
        .await?
        .ok_or_else(|| Problem::not_found("endpoint", &path))?;
    let queued = open.replay_deliveries(id, &replay, context.now).await?;
    open.finish(&context, StatusCode::ACCEPTED, None, &json!({ "queued": queued }))
        .await
}
