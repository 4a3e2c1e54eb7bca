//! `GET /directories`.

use super::view::{counted, shown};
use crate::context::AdminContext;
use crate::problem::Problem;
use crate::query::RequestQuery;
use crate::v1::page;
use ::events::{DirectoryId, OrganizationId};
use actix_web::HttpRequest;
use actix_web::web::Json;
use api::{DirectoriesParameters, Directory, List};
use store::DirectoryFilter;

/// Lists the directories, the newest first.
#[utoipa::path(
    get,
    path = "/directories",
    operation_id = "list_directories",
    tag = "Directories",
    params(api::DirectoriesParameters),
    responses((status = 200, description = "A page of directories.", body = api::List<api::Directory>)),
)]
pub(crate) async fn handler(context: AdminContext, request: HttpRequest) -> Result<Json<List<Directory>>, Problem> {
    let mut query = RequestQuery::of::<DirectoriesParameters>(&request);
    let organization_id: Option<OrganizationId> = query.parsed("organization_id", "the id of an organization");
    let wanted = query.page();
    query.finish()?;
    let organization_id = context.principal.narrowed(organization_id)?;
    let directories = context.store().directories();
    let list = directories.list(DirectoryFilter { organization_id }, &wanted).await?;
    let ids: Vec<DirectoryId> = list.data.iter().map(|directory| directory.id).collect();
    let mut counts = directories.counts(&ids).await?;
    let synced = context.store().sync_states(&ids).await?;
    Ok(Json(page(list, |directory| {
        let counts = counts.remove(&directory.id).unwrap_or_default();
        let synced = synced.get(&directory.id);
        counted(shown(&context, directory, synced, context.now), counts)
    })))
}
