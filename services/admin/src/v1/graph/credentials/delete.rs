//! `DELETE /directories/{id}/graph/credentials/{credential_id}`.

use super::credential;
use crate::audit::Act;
use crate::context::AdminContext;
use crate::problem::{Problem, ProblemKind};
use crate::v1::graph::view::credential as shown;
use crate::v1::graph::{CREDENTIAL, held, pulled};
use actix_web::HttpResponse;
use actix_web::web::Path;
use store::GraphCredentialState;

/// Removes a credential that is not used: one that never was, or one before.
#[utoipa::path(
    delete,
    path = "/directories/{id}/graph/credentials/{credential_id}",
    operation_id = "delete_graph_credential",
    tag = "Graph",
    responses((status = 204, description = "It is gone.")),
)]
pub(crate) async fn handler(context: AdminContext, path: Path<(String, String)>) -> Result<HttpResponse, Problem> {
    let (directory, _) = pulled(&context, &path.0).await?;
    let change = context.change(None).await?;
    // While the pull is held, no other credential comes to be used.
    held(&change, &directory).await?;
    let found = credential(&context, &directory, &path.1).await?;
    if found.state == GraphCredentialState::Active {
        let detail = "This credential is used. Activate another one first.";
        return Err(Problem::new(ProblemKind::Conflict, detail));
    }
    if !change.remove_graph_credential(directory.id, found.id).await? {
        return Err(Problem::not_found("credential", &path.1));
    }
    let act = Act::deleted(CREDENTIAL, found.id, &shown(&found)?).within(&directory);
    change.commit(&context, act).await?;
    Ok(HttpResponse::NoContent().finish())
}
