//! `DELETE /endpoints/{id}`.

use super::check::is_no_apps;
use super::view::{listed, owner};
use crate::audit::Act;
use crate::context::{AdminContext, path_id};
use crate::problem::Problem;
use ::events::EndpointId;
use actix_web::HttpResponse;
use actix_web::web::Path;

/// Deletes an endpoint with its deliveries.
#[utoipa::path(
    delete,
    path = "/endpoints/{id}",
    operation_id = "delete_endpoint",
    tag = "Endpoints",
    responses((status = 204, description = "It is gone.")),
)]
pub(crate) async fn handler(context: AdminContext, path: Path<String>) -> Result<HttpResponse, Problem> {
    let id: EndpointId = path_id("endpoint", &path)?;
    let change = context.change(None).await?;
    let endpoint = change.endpoint(id).await?;
    let endpoint = endpoint.ok_or_else(|| Problem::not_found("endpoint", &path))?;
    is_no_apps(&endpoint)?;
    change.delete_endpoint(id).await?;
    let owner = owner(&endpoint);
    let act = Act::deleted("endpoint", id, &listed(&context, endpoint)?).of(owner);
    change.commit(&context, act).await?;
    Ok(HttpResponse::NoContent().finish())
}
