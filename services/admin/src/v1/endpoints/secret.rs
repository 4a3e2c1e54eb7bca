//! `GET /endpoints/{id}/secret`.

use super::check::is_no_apps;
use super::view::owner;
use crate::audit::Act;
use crate::context::{AdminContext, path_id};
use crate::problem::{Problem, ProblemKind};
use ::events::EndpointId;
use actix_web::web::{Json, Path};
use api::EndpointSecret;
use secrecy::ExposeSecret;
use store::Endpoint;
use webhooks::Signing;

/// Shows the signing secret of an endpoint.
///
/// Only with `v1`: of `v1a` the private key is never shown.
#[utoipa::path(
    get,
    path = "/endpoints/{id}/secret",
    operation_id = "get_endpoint_secret",
    tag = "Endpoints",
    responses((status = 200, description = "The secret.", body = api::EndpointSecret)),
)]
pub(crate) async fn handler(context: AdminContext, path: Path<String>) -> Result<Json<EndpointSecret>, Problem> {
    let id: EndpointId = path_id("endpoint", &path)?;
    let endpoint = context.store().endpoints().by_id(id).await?;
    let endpoint = endpoint.ok_or_else(|| Problem::not_found("endpoint", &path))?;
    is_no_apps(&endpoint)?;
    if endpoint.signing != Signing::V1.as_str() {
        return Err(Problem::new(
            ProblemKind::Conflict,
            "This endpoint is signed for with v1a: verify with its public_key. The private key is never shown.",
        ));
    }
    let opened = context
        .master_keys()
        .open_text(&endpoint.sealed_secret, &Endpoint::secret_context(id));
    let secret = opened.map_err(|error| Problem::internal(&error))?;
    // Before it is shown: what cannot be noted is not shown.
    let act = Act::new("secret_read", "endpoint", id).of(owner(&endpoint));
    context.note(act).await?;
    let secret = secret.expose_secret().into();
    Ok(Json(EndpointSecret { secret }))
}
