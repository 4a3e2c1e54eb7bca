//! `/directories/{id}/graph`: how a directory is pulled from Microsoft Graph.

pub(super) mod certificate;
mod check;
mod consent;
pub(super) mod create;
pub(super) mod credentials;
pub(super) mod delete;
pub(super) mod drift;
pub(super) mod get;
mod look;
mod map;
pub(super) mod pause;
pub(super) mod release;
pub(super) mod resume;
mod session;
pub(super) mod status;
mod stored;
pub(super) mod sync;
pub(super) mod test;
pub(super) mod update;
mod view;

use crate::context::AdminContext;
use crate::problem::{Problem, ProblemKind};
use store::{AdminTx, Directory, GraphPull};

/// What the audit log calls a pull, and what it proves itself with.
const PULL: &str = "graph_pull";
const CREDENTIAL: &str = "graph_credential";

/// The directory of a path, and how it is pulled.
///
/// # Errors
/// 404 without such a directory, and for one that is not pulled; otherwise as the store.
async fn pulled(context: &AdminContext, id: &str) -> Result<(Directory, GraphPull), Problem> {
    let directory = context.directory(id).await?;
    let found = context.store().graph_pulls().by_directory(directory.id).await?;
    let pull = found.ok_or_else(|| not_pulled(&directory))?;
    Ok((directory, pull))
}

/// How a directory is pulled, held until the change ends.
///
/// # Errors
/// 404 for one that is not pulled; otherwise as the store.
async fn held(change: &AdminTx, directory: &Directory) -> Result<GraphPull, Problem> {
    let found = change.graph_pull(directory.id).await?;
    found.ok_or_else(|| not_pulled(directory))
}

fn not_pulled(directory: &Directory) -> Problem {
    let detail = format!(
        "The directory \"{}\" is not pulled from Microsoft Graph. POST …/graph sets it up.",
        directory.id
    );
    Problem::new(ProblemKind::NotFound, detail)
}
