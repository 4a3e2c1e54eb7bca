//! `GET /directories/{id}/keys`.

use super::{others, shown};
use crate::context::AdminContext;
use crate::problem::Problem;
use crate::query::RequestQuery;
use crate::v1::page;
use actix_web::HttpRequest;
use actix_web::web::{Json, Path};
use api::{Key, List, PageParameters};

/// Lists the keys of a directory, the newest first.
#[utoipa::path(
    get,
    path = "/directories/{id}/keys",
    operation_id = "list_keys",
    tag = "Directory keys",
    params(api::PageParameters),
    responses((status = 200, description = "A page of keys.", body = api::List<api::Key>)),
)]
pub(crate) async fn handler(
    context: AdminContext,
    path: Path<String>,
    request: HttpRequest,
) -> Result<Json<List<Key>>, Problem> {
    let mut query = RequestQuery::of::<PageParameters>(&request);
    let wanted = query.page();
    query.finish()?;
    let id = context.directory(&path).await?.id;
    let keys = context.store().directory_keys(id).list(&wanted).await?;
    let others = others(&context, &keys.data, id).await?;
    Ok(Json(page(keys, |key| shown(key, &others))))
}
