//! `GET /directories/{id}/graph`.

use super::pulled;
use super::view::shown;
use crate::context::AdminContext;
use crate::problem::Problem;
use actix_web::web::{Json, Path};
use api::GraphPull;

/// Shows how a directory is pulled.
#[utoipa::path(
    get,
    path = "/directories/{id}/graph",
    operation_id = "get_graph",
    tag = "Graph",
    responses((status = 200, description = "How it is pulled.", body = api::GraphPull)),
)]
pub(crate) async fn handler(context: AdminContext, path: Path<String>) -> Result<Json<GraphPull>, Problem> {
    let (directory, pull) = pulled(&context, &path).await?;
    let credentials = context.store().graph_credentials(directory.id).all().await?;
    Ok(Json(shown(&context, &pull, &credentials)?))
}
