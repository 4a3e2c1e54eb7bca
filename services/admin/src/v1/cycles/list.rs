//! `GET /directories/{id}/cycles`.

use super::shown;
use crate::context::AdminContext;
use crate::problem::Problem;
use crate::query::RequestQuery;
use crate::v1::page;
use actix_web::HttpRequest;
use actix_web::web::{Json, Path};
use api::{Cycle, List, PageParameters};

/// Lists the cycles of a directory's identity provider, the newest first.
#[utoipa::path(
    get,
    path = "/directories/{id}/cycles",
    operation_id = "list_cycles",
    tag = "Requests",
    params(api::PageParameters),
    responses((status = 200, description = "A page of cycles.", body = api::List<api::Cycle>)),
)]
pub(crate) async fn handler(
    context: AdminContext,
    path: Path<String>,
    request: HttpRequest,
) -> Result<Json<List<Cycle>>, Problem> {
    let mut query = RequestQuery::of::<PageParameters>(&request);
    let wanted = query.page();
    query.finish()?;
    let directory = context.directory(&path).await?;
    let id = directory.id;
    let state = context.store().sync_states(&[id]).await?.remove(&id);
    let standing = state
        .map(|state| state.contact.standing(&directory.provider))
        .unwrap_or_default();
    let cycles = context.store().cycles(id).list(&wanted).await?;
    Ok(Json(page(cycles, |cycle| shown(&cycle, &standing))))
}
