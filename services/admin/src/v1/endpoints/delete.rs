//! `DELETE /endpoints/{id}`.

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
    if !change.delete_endpoint(id).await? {
        return Err(Problem::not_found("endpoint", &path));
    }
    change.commit().await?;
    Ok(HttpResponse::NoContent().finish())
}
