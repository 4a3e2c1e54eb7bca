//! `DELETE /dead-letters/{id}`.

use super::shown;
use crate::audit::Act;
use crate::context::{AdminContext, path_id};
use crate::problem::{Problem, ProblemKind};
use ::events::DeadLetterId;
use actix_web::HttpResponse;
use actix_web::web::Path;

/// Discards a message that could not be processed.
///
/// A change that it asked for is never made, and an event in it stays in the log. Not for keys of one organization.
#[utoipa::path(
    delete,
    path = "/dead-letters/{id}",
    operation_id = "discard_dead_letter",
    tag = "Dead letters",
    responses((status = 204, description = "It is gone.")),
)]
pub(crate) async fn handler(context: AdminContext, path: Path<String>) -> Result<HttpResponse, Problem> {
    let id: DeadLetterId = path_id("dead letter", &path)?;
    let change = context.change(None).await?;
    let letter = change.dead_letter(id).await?;
    let letter = letter.ok_or_else(|| Problem::not_found("dead letter", &path))?;
    if !change.delete_dead_letter(&letter).await? {
        let detail = "The message was just put aside once more. Look at it before you discard it.";
        return Err(Problem::new(ProblemKind::Conflict, detail));
    }
    let (organization, directory) = (letter.organization_id, letter.directory_id);
    let act = Act::deleted("dead_letter", id, &shown(letter))
        .named("discarded")
        .about(organization, directory);
    change.commit(&context, act).await?;
    Ok(HttpResponse::NoContent().finish())
}
