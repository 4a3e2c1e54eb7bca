//! `/directories`: the sources of users and groups.

mod change;
mod create;
mod release;
mod schemas;
mod settings;
mod view;

pub(super) use change::{delete, update};
pub(super) use create::create;
pub(super) use release::release;
pub(crate) use view::about;

use super::ListAnswer;
use crate::context::{Context, path_id};
use crate::problem::Problem;
use crate::query::Query;
use ::events::{DirectoryId, OrganizationId};
use actix_web::HttpRequest;
use actix_web::web::{Json, Path};
use store::DirectoryFilter;
use view::View;

/// What may stand behind a directory: the name on the wire and the name for people.
const PROVIDERS: &[(&str, &str)] = &[
    ("entra_id", "Microsoft Entra ID"),
    ("okta", "Okta"),
    ("onelogin", "OneLogin"),
    ("jumpcloud", "JumpCloud"),
    ("ping", "PingOne"),
    ("google", "Google Workspace"),
    ("custom_scim", "Custom SCIM"),
    ("entra_graph", "Microsoft Graph"),
];

pub(super) async fn list(context: Context, request: HttpRequest) -> Result<Json<ListAnswer<View>>, Problem> {
    let mut query = Query::new(&request, &["organization_id", "limit", "cursor"]);
    let organization_id: Option<OrganizationId> = query.parsed("organization_id", "the id of an organization");
    let page = query.page();
    query.finish()?;
    let directories = context.store().directories();
    let list = directories.list(DirectoryFilter { organization_id }, &page).await?;
    let ids: Vec<DirectoryId> = list.data.iter().map(|directory| directory.id).collect();
    let mut counts = directories.counts(&ids).await?;
    Ok(Json(ListAnswer::new(list, |directory| {
        let counts = counts.remove(&directory.id).unwrap_or_default();
        View::new(&context, directory).with_counts(counts)
    })))
}

pub(super) async fn get(context: Context, path: Path<String>) -> Result<Json<View>, Problem> {
    let id: DirectoryId = path_id("directory", &path)?;
    let directories = context.store().directories();
    let found = directories
        .by_id(id)
        .await?
        .ok_or_else(|| Problem::not_found("directory", &path))?;
    let counts = directories.counts(&[id]).await?.remove(&id).unwrap_or_default();
    let refusal = directories.last_refusal(id).await?;
    Ok(Json(
        View::new(&context, found).with_counts(counts).with_refusal(refusal),
    ))
}
