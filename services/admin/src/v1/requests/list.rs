//! `GET /directories/{id}/requests`.

use super::shown;
use crate::context::AdminContext;
use crate::problem::Problem;
use crate::query::RequestQuery;
use crate::v1::page;
use actix_web::HttpRequest;
use actix_web::web::{Json, Path};
use api::{List, Request, RequestsParameters};
use store::RequestFilter;

/// Lists the requests of a directory's identity provider, the newest first. With filters, a page may have fewer than were
/// asked for and still not be the last: a page looks at 5,000 requests.
#[utoipa::path(
    get,
    path = "/directories/{id}/requests",
    operation_id = "list_requests",
    tag = "Requests",
    params(api::RequestsParameters),
    responses((status = 200, description = "A page of requests.", body = api::List<api::Request>)),
)]
pub(crate) async fn handler(
    context: AdminContext,
    path: Path<String>,
    request: HttpRequest,
) -> Result<Json<List<Request>>, Problem> {
    let mut query = RequestQuery::of::<RequestsParameters>(&request);
    let filter = RequestFilter {
        status_class: status_class(&mut query),
        method: query.text("method"),
        since: query.parsed("since", "a time such as 2026-11-20T12:00:00Z"),
        cycle_id: query.parsed("cycle_id", "the id of a cycle"),
        text: query.text("path"),
        trace_id: query.text("trace_id").map(|trace| trace.to_ascii_lowercase()),
    };
    let wanted = query.page();
    query.finish()?;
    let id = context.directory(&path).await?.id;
    let requests = context.store().requests(id).list(&filter, &wanted).await?;
    Ok(Json(page(requests, shown)))
}

/// `2xx` to `5xx`.
fn status_class(query: &mut RequestQuery) -> Option<u8> {
    let text = query.text("status")?;
    let class = text.strip_suffix("xx").and_then(|class| class.parse().ok());
    let class = class.filter(|class| (1..=5).contains(class));
    if class.is_none() {
        query.fault("status", "Must be one of: 2xx, 3xx, 4xx, 5xx.");
    }
    class
}
