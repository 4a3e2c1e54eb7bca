//! `DELETE /directories/{id}/graph`.

use super::view::shown;
use super::{PULL, held, pulled};
use crate::audit::Act;
use crate::context::AdminContext;
use crate::problem::Problem;
use actix_web::HttpResponse;
use actix_web::web::Path;
use store::{Directory, GraphPullState};

/// Rows that are forgotten at a time.
const PORTION: u16 = 5_000;

/// Ends that a directory is pulled, and forgets its credentials and what is known of the tenant. Users and groups stay as they are.
///
/// Of a large tenant that takes a while. Where it is broken off, the pull is paused, and may be deleted again or started anew.
#[utoipa::path(
    delete,
    path = "/directories/{id}/graph",
    operation_id = "delete_graph",
    tag = "Graph",
    responses((status = 204, description = "It is pulled no more.")),
)]
pub(crate) async fn handler(context: AdminContext, path: Path<String>) -> Result<HttpResponse, Problem> {
    let (directory, found) = pulled(&context, &path).await?;
    let credentials = context.store().graph_credentials(directory.id).all().await?;
    if found.state != GraphPullState::Draft {
        stop(&context, &directory).await?;
        while context.store().forget_graph_portion(directory.id, PORTION).await? {}
    }
    let change = context.change(None).await?;
    let pull = held(&change, &directory).await?;
    change.delete_graph_pull(directory.id).await?;
    let act = Act::deleted(PULL, directory.id, &shown(&context, &pull, &credentials)?).within(&directory);
    change.commit(&context, act).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Has nobody work on it any more, nor go on later with what is forgotten now.
async fn stop(context: &AdminContext, directory: &Directory) -> Result<(), Problem> {
    let change = context.change(None).await?;
    let pull = held(&change, directory).await?;
    change.pause_graph_pull(directory.id, context.now).await?;
    change.update_graph_pull(&pull, true, context.now).await?;
    let act = Act::new("stopped", PULL, directory.id).within(directory);
    change.commit(context, act.saying("It is about to be deleted.")).await
}
