//! `POST /endpoints/{id}/enable`.

use super::check::is_no_apps;
use super::view::{for_caller, listed, owner};
use crate::audit::Act;
use crate::body::OptionalBody;
use crate::context::{AdminContext, path_id};
use crate::idempotent::IdempotentStart;
use crate::problem::Problem;
use ::events::EndpointId;
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::Path;
use api::{EndpointEnable, HeldEvents};
use store::{CatchUpFrom, EndpointFormat};

/// Switches an endpoint on.
#[utoipa::path(
    post,
    path = "/endpoints/{id}/enable",
    operation_id = "enable_endpoint",
    tag = "Endpoints",
    request_body = Option<api::EndpointEnable>,
    responses((status = 200, description = "The endpoint as it is now.", body = api::Endpoint)),
)]
pub(crate) async fn handler(
    context: AdminContext,
    path: Path<String>,
    OptionalBody(body): OptionalBody<EndpointEnable>,
) -> Result<HttpResponse, Problem> {
    let id: EndpointId = path_id("endpoint", &path)?;
    let raw = body.raw();
    let held = body.finish()?.held.unwrap_or_default();
    let open = match context.begin(None, &raw).await? {
        IdempotentStart::Open(open) => open,
        IdempotentStart::Answered(answer) => return Ok(answer),
    };
    let missing = || Problem::not_found("endpoint", &path);
    let before = open.endpoint(id).await?.ok_or_else(missing)?;
    if held == HeldEvents::Snapshot || before.format == EndpointFormat::Signals {
        is_no_apps(&before)?;
    }
    open.enable_endpoint(id, held != HeldEvents::Drain, context.now).await?;
    let mut endpoint = open.endpoint(id).await?.ok_or_else(missing)?;
    if held == HeldEvents::Snapshot {
        let (directories, organizations) = (&endpoint.directory_ids, &endpoint.selection.organization_ids);
        let from = CatchUpFrom::Snapshot;
        open.start_catch_up(id, from, directories.as_deref(), organizations.as_deref(), context.now)
            .await?;
        endpoint.catching_up = true;
    }
    let (old, new) = (listed(&context, before)?, listed(&context, endpoint.clone())?);
    let act = Act::updated("endpoint", id, &old, &new)
        .named("enabled")
        .of(owner(&endpoint))
        .saying(format!("held events: {}", word(held)));
    let answer = for_caller(&context, endpoint)?;
    open.finish(&context, act, StatusCode::OK, None, &answer).await
}

/// As the request says it.
const fn word(held: HeldEvents) -> &'static str {
    match held {
        HeldEvents::Drain => "drain",
        HeldEvents::Skip => "skip",
        HeldEvents::Snapshot => "snapshot",
    }
}
