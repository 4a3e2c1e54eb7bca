//! `GET /directories/{id}/oauth-clients`.

use super::shown;
use crate::context::{Context, path_id};
use crate::problem::Problem;
use crate::query::Query;
use crate::v1::page;
use ::events::DirectoryId;
use actix_web::HttpRequest;
use actix_web::web::{Json, Path};
use api::{List, OauthClient};

pub(crate) async fn handler(
    context: Context,
    path: Path<String>,
    request: HttpRequest,
) -> Result<Json<List<OauthClient>>, Problem> {
    let mut query = Query::new(&request, &["limit", "cursor"]);
    let wanted = query.page();
    query.finish()?;
    let id: DirectoryId = path_id("directory", &path)?;
    let directory = context.store().directories().by_id(id).await?;
    directory.ok_or_else(|| Problem::not_found("directory", &path))?;
    let clients = context.store().oauth_clients(id).list(&wanted).await?;
    Ok(Json(page(clients, |client| shown(&context, client, None))))
}
