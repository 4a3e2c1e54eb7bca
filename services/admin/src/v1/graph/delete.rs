//! `DELETE /directories/{id}/graph`.

use super::view::shown;
use super::{PULL, held, pulled};
use crate::audit::Act;
use crate::context::AdminContext;
use crate::problem::Problem;
use actix_web::HttpResponse;
use actix_web::web::Path;

/// Ends that a directory is pulled, and forgets its credentials. Users and groups stay as they are.
#[utoipa::path(
    delete,
    path = "/directories/{id}/graph",
    operation_id = "delete_graph",
    tag = "Graph",
    responses((status = 204, description = "It is pulled no more.")),
)]
pub(crate) async fn handler(context: AdminContext, path: Path<String>) -> Result<HttpResponse, Problem> {
    let (directory, _) = pulled(&context, &path).await?;
    let credentials = context.store().graph_credentials(directory.id).all().await?;
    let change = context.change(None).await?;
    let pull = held(&change, &directory).await?;
    change.delete_graph_pull(directory.id).await?;
    let act = Act::deleted(PULL, directory.id, &shown(&context, &pull, &credentials)?).within(&directory);
    change.commit(&context, act).await?;
    Ok(HttpResponse::NoContent().finish())
}
