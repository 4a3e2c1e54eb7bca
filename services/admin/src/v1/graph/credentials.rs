//! `/directories/{id}/graph/credentials`: what a directory proves itself with, and how one takes the place of another without a
//! gap: a second one is added, seen to work and used; the first one is kept for a while, and removed.

pub(in crate::v1) mod activate;
pub(in crate::v1) mod create;
pub(in crate::v1) mod delete;
pub(super) mod new;

use crate::context::{AdminContext, path_id};
use crate::problem::Problem;
use ::events::GraphCredentialId;
use store::{Directory, GraphCredential};

/// The credential that a path names.
///
/// # Errors
/// 404 where the directory has none with this id.
async fn credential(context: &AdminContext, directory: &Directory, id: &str) -> Result<GraphCredential, Problem> {
    let credential_id: GraphCredentialId = path_id("credential", id)?;
    let found = context
        .store()
        .graph_credentials(directory.id)
        .by_id(credential_id)
        .await?;
    let found = found.ok_or_else(|| Problem::not_found("credential", id))?;
    Ok(found.0)
}
