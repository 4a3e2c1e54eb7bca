//! The signing secret of an endpoint: shown to who asks for it, and replaced with an overlap.

use crate::body::NoBody;
use crate::context::{Context, path_id};
use crate::idempotent::Begun;
use crate::problem::Problem;
use crate::state::State;
use ::events::EndpointId;
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::Path;
use secrecy::ExposeSecret;
use serde_json::json;
use std::time::Duration;
use store::{Endpoint, EndpointSecret};
use webhooks::Secret;

/// How long requests are signed with the previous secret too.
const OVERLAP: Duration = Duration::from_secs(24 * 60 * 60);

pub(super) fn mint() -> Result<Secret, Problem> {
    Secret::mint().map_err(|error| Problem::internal(&error))
}

pub(super) fn seal(state: &State, id: EndpointId, secret: &Secret) -> Vec<u8> {
    state
        .master_key()
        .seal(secret.expose().as_bytes(), &Endpoint::secret_context(id))
}

pub(in crate::api) async fn secret(context: Context, path: Path<String>) -> Result<HttpResponse, Problem> {
    let id: EndpointId = path_id("endpoint", &path)?;
    let endpoint = context.store().endpoints().by_id(id).await?;
    let endpoint = endpoint.ok_or_else(|| Problem::not_found("endpoint", &path))?;
    let opened = context
        .master_key()
        .open_text(&endpoint.sealed_secret, &Endpoint::secret_context(id));
    let secret = opened.map_err(|error| Problem::internal(&error))?;
    let body = json!({ "secret": secret.expose_secret() });
    Ok(HttpResponse::Ok()
        .insert_header(("cache-control", "no-store"))
        .json(body))
}

pub(in crate::api) async fn rotate_secret(
    context: Context,
    path: Path<String>,
    body: NoBody,
) -> Result<HttpResponse, Problem> {
    let id: EndpointId = path_id("endpoint", &path)?;
    let open = match context.begin(None, body.raw()).await? {
        Begun::Open(open) => open,
        Begun::Answered(answer) => return Ok(answer),
    };
    open.endpoint(id)
        .await?
        .ok_or_else(|| Problem::not_found("endpoint", &path))?;
    let secret = mint()?;
    let new = EndpointSecret {
        sealed: seal(&context, id, &secret),
        previous_until: context.now.plus(OVERLAP),
    };
    open.rotate_endpoint_secret(id, &new, context.now).await?;
    let answer = json!({ "secret": secret.expose(), "previous_secret_until": new.previous_until });
    open.finish(&context, StatusCode::OK, None, &answer).await
}
