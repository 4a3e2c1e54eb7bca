//! `DELETE /test-receivers/{id}`.

use super::super::view::{listed, owner};
use crate::audit::Act;
use crate::context::{AdminContext, path_id};
use crate::problem::Problem;
use ::events::EndpointId;
use actix_web::HttpResponse;
use actix_web::web::Path;

/// Deletes a test receiver with its endpoint and with what came.
#[utoipa::path(
    delete,
    path = "/test-receivers/{id}",
    operation_id = "delete_test_receiver",
    tag = "Endpoints",
    responses((status = 204, description = "It is gone.")),
)]
pub(crate) async fn handler(context: AdminContext, path: Path<String>) -> Result<HttpResponse, Problem> {
    let id: EndpointId = path_id("test receiver", &path)?;
    let missing = || Problem::not_found("test receiver", &path);
    context.store().test_receivers().by_id(id).await?.ok_or_else(missing)?;
    let change = context.change(None).await?;
    let endpoint = change.endpoint(id).await?.ok_or_else(missing)?;
    change.delete_endpoint(id).await?;
    let owner = owner(&endpoint);
    let act = Act::deleted("test_receiver", id, &listed(&context, endpoint)?).of(owner);
    change.commit(&context, act).await?;
    Ok(HttpResponse::NoContent().finish())
}
