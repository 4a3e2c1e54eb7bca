//! `DELETE /organizations/{id}`.

use super::shown;
use crate::audit::Act;
use crate::context::{AdminContext, path_id};
use crate::problem::{Problem, ProblemKind};
use ::events::OrganizationId;
use actix_web::HttpResponse;
use actix_web::web::Path;
use std::fmt::Display;
use store::ListPage;

/// Of what is left so many are named.
const MOST_NAMED: u16 = 5;

/// Deletes an organization, with its domains, admin keys and portal links.
///
/// As long as it has directories, or endpoints that get events of it alone, it stays: the answer names them.
#[utoipa::path(
    delete,
    path = "/organizations/{id}",
    operation_id = "delete_organization",
    tag = "Organizations",
    responses((status = 204, description = "It is gone.")),
)]
pub(crate) async fn handler(context: AdminContext, path: Path<String>) -> Result<HttpResponse, Problem> {
    let id: OrganizationId = path_id("organization", &path)?;
    let some = ListPage {
        limit: MOST_NAMED,
        cursor: None,
    };
    let endpoints = context.store().endpoints().list(Some(id), &some).await?.data;
    let change = context.change(None).await?;
    let found = change.held_organization(id).await?;
    let found = shown(found.ok_or_else(|| Problem::not_found("organization", &path))?);
    let directories = change.some_directories(id, MOST_NAMED.into()).await?;
    let mut left = Vec::new();
    left.extend(named("directories", directories.iter()));
    left.extend(named("endpoints", endpoints.iter().map(|endpoint| endpoint.id)));
    if !left.is_empty() {
        let detail = format!("The organization still has {}. Delete them first.", left.join(" and "));
        return Err(Problem::new(ProblemKind::Conflict, detail));
    }
    change.delete_organization(id).await?;
    let act = Act::deleted("organization", id, &found).of(Some(id));
    change.commit(&context, act).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// What is left of one kind, if there is any.
fn named<I: Display>(what: &str, ids: impl ExactSizeIterator<Item = I>) -> Option<String> {
    let more = if ids.len() >= usize::from(MOST_NAMED) {
        " and perhaps more"
    } else {
        ""
    };
    let ids: Vec<_> = ids.map(|id| id.to_string()).collect();
    (!ids.is_empty()).then(|| format!("{what} ({}{more})", ids.join(", ")))
}
