//! `GET /directories/{id}/oauth-clients`.

use super::shown;
use crate::context::AdminContext;
use crate::problem::Problem;
use crate::query::RequestQuery;
use crate::v1::page;
use actix_web::HttpRequest;
use actix_web::web::{Json, Path};
use api::{List, OauthClient, PageParameters};

/// Lists the OAuth clients of a directory, the newest first.
#[utoipa::path(
    get,
    path = "/directories/{id}/oauth-clients",
    operation_id = "list_oauth_clients",
    tag = "OAuth clients",
    params(api::PageParameters),
    responses((status = 200, description = "A page of clients.", body = api::List<api::OauthClient>)),
)]
pub(crate) async fn handler(
    context: AdminContext,
    path: Path<String>,
    request: HttpRequest,
) -> Result<Json<List<OauthClient>>, Problem> {
    let mut query = RequestQuery::of::<PageParameters>(&request);
    let wanted = query.page();
    query.finish()?;
    let id = context.directory(&path).await?.id;
    let clients = context.store().oauth_clients(id).list(&wanted).await?;
    Ok(Json(page(clients, |client| shown(&context, client, None))))
}
