//! `GET /connections/{id}/sessions`.

use super::shown;
use crate::context::{AdminContext, path_id};
use crate::problem::Problem;
use crate::query::RequestQuery;
use crate::v1::page;
use ::events::ConnectionId;
use actix_web::HttpRequest;
use actix_web::web::{Json, Path};
use api::{List, PageParameters, SsoSession};

/// Lists the sessions of those who came by a connection, the newest first; also those that are over, for a while.
#[utoipa::path(
    get,
    path = "/connections/{id}/sessions",
    operation_id = "list_sso_sessions",
    tag = "SSO sessions",
    params(api::PageParameters),
    responses((status = 200, description = "A page of sessions.", body = api::List<api::SsoSession>)),
)]
pub(crate) async fn handler(
    context: AdminContext,
    path: Path<String>,
    request: HttpRequest,
) -> Result<Json<List<SsoSession>>, Problem> {
    let id: ConnectionId = path_id("connection", &path)?;
    let mut query = RequestQuery::of::<PageParameters>(&request);
    let wanted = query.page();
    query.finish()?;
    if context.store().connections().by_id(id).await?.is_none() {
        return Err(Problem::not_found("connection", &path));
    }
    let list = context.store().sso_sessions().list(id, &wanted).await?;
    Ok(Json(page(list, |session| shown(&session, context.now))))
}
