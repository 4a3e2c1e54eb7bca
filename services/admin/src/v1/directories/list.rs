//! `GET /directories`.

use super::view::{counted, shown};
use crate::context::Context;
use crate::problem::Problem;
use crate::query::Query;
use crate::v1::page;
use ::events::{DirectoryId, OrganizationId};
use actix_web::HttpRequest;
use actix_web::web::Json;
use api::{Directory, List};
use store::DirectoryFilter;

pub(crate) async fn handler(context: Context, request: HttpRequest) -> Result<Json<List<Directory>>, Problem> {
    let mut query = Query::new(&request, &["organization_id", "limit", "cursor"]);
    let organization_id: Option<OrganizationId> = query.parsed("organization_id", "the id of an organization");
    let wanted = query.page();
    query.finish()?;
    let directories = context.store().directories();
    let list = directories.list(DirectoryFilter { organization_id }, &wanted).await?;
    let ids: Vec<DirectoryId> = list.data.iter().map(|directory| directory.id).collect();
    let mut counts = directories.counts(&ids).await?;
    Ok(Json(page(list, |directory| {
        let counts = counts.remove(&directory.id).unwrap_or_default();
        counted(shown(&context, directory), counts)
    })))
}
