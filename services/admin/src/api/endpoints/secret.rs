//! The signing secret of an endpoint: shown to who asks for it, and replaced with an overlap.

use super::read::SIGNINGS;
use crate::body::NoBody;
use crate::context::{Context, path_id};
use crate::idempotent::Begun;
use crate::problem::{Kind, Problem};
use crate::state::State;
use ::events::{EndpointId, Timestamp};
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::Path;
use secrecy::ExposeSecret;
use serde_json::json;
use std::time::Duration;
use store::{Change, Endpoint, EndpointSecret};
use webhooks::{Secret, Signing};

/// How long requests are signed with the previous secret too.
const OVERLAP: Duration = Duration::from_secs(24 * 60 * 60);

pub(super) fn mint(signing: Signing) -> Result<Secret, Problem> {
    Secret::of_kind(signing).map_err(|error| Problem::internal(&error))
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
    if endpoint.signing != Signing::V1.as_str() {
        return Err(Problem::new(
            Kind::Conflict,
            "This endpoint is signed for with v1a: verify with its public_key. The private key is never shown.",
        ));
    }
    let opened = context
        .master_key()
        .open_text(&endpoint.sealed_secret, &Endpoint::secret_context(id));
    let secret = opened.map_err(|error| Problem::internal(&error))?;
    let body = json!({ "secret": secret.expose_secret() });
    Ok(HttpResponse::Ok().json(body))
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
    let endpoint = open.endpoint(id).await?;
    let endpoint = endpoint.ok_or_else(|| Problem::not_found("endpoint", &path))?;
    let signing = SIGNINGS.iter().find(|(name, _)| *name == endpoint.signing);
    let (secret, until) = rotate(
        &context,
        &open,
        id,
        signing.map(|(_, signing)| *signing).unwrap_or_default(),
    )
    .await?;
    let mut answer = json!({ "previous_secret_until": until });
    match secret.public_key() {
        Some(key) => answer["public_key"] = key.to_string().into(),
        None => answer["secret"] = secret.expose().into(),
    }
    open.finish(&context, StatusCode::OK, None, &answer).await
}

/// Gives an endpoint a new secret, and the time until which the one before it signs too.
pub(super) async fn rotate(
    context: &Context,
    change: &Change,
    id: EndpointId,
    signing: Signing,
) -> Result<(Secret, Timestamp), Problem> {
    let secret = mint(signing)?;
    let new = EndpointSecret {
        sealed: seal(context, id, &secret),
        signing: signing.as_str(),
        public_key: secret.public_key().map(|key| key.to_string()),
        previous_until: context.now.plus(OVERLAP),
    };
    change.rotate_endpoint_secret(id, &new, context.now).await?;
    Ok((secret, new.previous_until))
}
