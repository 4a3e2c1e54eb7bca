//! `POST /endpoints/{id}/replay`: sends again what an endpoint missed.

use crate::body::Body;
use crate::context::{Context, path_id};
use crate::fields::{flag, time};
use crate::idempotent::Begun;
use crate::problem::Problem;
use ::events::EndpointId;
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::Path;
use serde_json::json;
use store::Replay;

/// `after` and `before` are times at which deliveries were made; both may be missing. 202: the dispatcher sends them.
pub(in crate::api) async fn replay(context: Context, path: Path<String>, body: Body) -> Result<HttpResponse, Problem> {
    let id: EndpointId = path_id("endpoint", &path)?;
    let mut fields = body.fields(&["after", "before", "only_failed"]);
    let after = fields.optional("after", time);
    let before = fields.optional("before", time);
    let only_failed = fields.optional("only_failed", flag).unwrap_or(false);
    fields.finish()?;
    let open = match context.begin(None, body.raw()).await? {
        Begun::Open(open) => open,
        Begun::Answered(answer) => return Ok(answer),
    };
    open.endpoint(id)
        .await?
        .ok_or_else(|| Problem::not_found("endpoint", &path))?;
    let queued = open
        .replay_deliveries(
            id,
            Replay {
                after,
                before,
                only_failed,
            },
            context.now,
        )
        .await?;
    open.finish(&context, StatusCode::ACCEPTED, None, &json!({ "queued": queued }))
        .await
}
