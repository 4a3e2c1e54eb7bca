//! `POST /endpoints/{id}/rotate-secret`: the secret before signs for a while as well.

use super::check::is_no_apps;
use super::seal::rotate;
use super::view::owner;
use crate::audit::Act;
use crate::body::NoBody;
use crate::context::{AdminContext, path_id};
use crate::idempotent::IdempotentStart;
use crate::problem::Problem;
use ::events::EndpointId;
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::Path;
use api::{Scope, SecretRotated};
use webhooks::Signing;

/// Gives an endpoint a new secret.
///
/// For 24 hours requests are signed with the one before as well. The new one is in this answer with the scope
/// `endpoints:reveal` only.
#[utoipa::path(
    post,
    path = "/endpoints/{id}/rotate-secret",
    operation_id = "rotate_endpoint_secret",
    tag = "Endpoints",
    request_body(content = Option<api::Nothing>, description = "None, or an empty object."),
    responses((status = 200, description = "The new secret, or the new public key.", body = api::SecretRotated)),
)]
pub(crate) async fn handler(context: AdminContext, path: Path<String>, body: NoBody) -> Result<HttpResponse, Problem> {
    let id: EndpointId = path_id("endpoint", &path)?;
    let open = match context.begin(None, body.raw()).await? {
        IdempotentStart::Open(open) => open,
        IdempotentStart::Answered(answer) => return Ok(answer),
    };
    let endpoint = open.endpoint(id).await?;
    let endpoint = endpoint.ok_or_else(|| Problem::not_found("endpoint", &path))?;
    is_no_apps(&endpoint)?;
    let signings = [Signing::V1, Signing::V1a];
    let signing = signings
        .into_iter()
        .find(|signing| signing.as_str() == endpoint.signing);
    let (secret, previous_secret_until) = rotate(&context, &open, id, signing.unwrap_or_default()).await?;
    let public_key = secret.public_key().map(|key| key.to_string());
    let may_see = public_key.is_none() && context.principal.has(Scope::RevealEndpoints);
    let answer = SecretRotated {
        previous_secret_until,
        secret: may_see.then(|| secret.expose().into()),
        public_key,
    };
    let act = Act::new("secret_rotated", "endpoint", id).of(owner(&endpoint));
    open.finish(&context, act, StatusCode::OK, None, &answer).await
}
