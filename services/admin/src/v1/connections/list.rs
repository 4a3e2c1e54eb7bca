//! `GET /connections`.

use super::view::shown;
use crate::context::AdminContext;
use crate::problem::Problem;
use crate::query::RequestQuery;
use ::events::{DirectoryId, OrganizationId};
use actix_web::HttpRequest;
use actix_web::web::Json;
use api::{Connection, ConnectionsParameters, List};
use store::ConnectionFilter;

/// Lists the connections, the newest first.
#[utoipa::path(
    get,
    path = "/connections",
    operation_id = "list_connections",
    tag = "Connections",
    params(api::ConnectionsParameters),
    responses((status = 200, description = "A page of connections.", body = api::List<api::Connection>)),
)]
pub(crate) async fn handler(context: AdminContext, request: HttpRequest) -> Result<Json<List<Connection>>, Problem> {
    let mut query = RequestQuery::of::<ConnectionsParameters>(&request);
    let organization: Option<OrganizationId> = query.parsed("organization_id", "the id of an organization");
    let directory: Option<DirectoryId> = query.parsed("directory_id", "the id of a directory");
    let wanted = query.page();
    query.finish()?;
    let own = context.principal.directory;
    if let Some(other) = directory.filter(|asked| own.is_some_and(|own| own != *asked)) {
        return Err(Problem::hidden("directory", &other.to_string()));
    }
    let filter = ConnectionFilter {
        organization_id: context.principal.narrowed(organization)?,
        directory_id: own.or(directory),
    };
    let store::List { data, next_cursor } = context.store().connections().list(filter, &wanted).await?;
    let shown = data.into_iter().map(|connection| shown(&context, connection));
    Ok(Json(List {
        data: shown.collect::<Result<_, _>>()?,
        next_cursor,
    }))
}
