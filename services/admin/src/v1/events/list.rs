//! `GET /events`.

use super::LogSelection;
use crate::context::AdminContext;
use crate::problem::Problem;
use crate::query::RequestQuery;
use ::events::Event;
use actix_web::HttpRequest;
use actix_web::web::Json;
use api::{EventsParameters, List};
use serde_json::value::RawValue;

/// Lists the event log, gapless and in order.
///
/// `next_cursor` goes into `after`; it is null when the log ends here, and then the id of the last event read is where to
/// go on. A page may have fewer events than asked for, even none: it ends before it has more bytes than a page may, and no
/// longer stretch of the log is searched for events of rare types than a page is worth.
#[utoipa::path(
    get,
    path = "/events",
    operation_id = "list_events",
    tag = "Events",
    params(api::EventsParameters),
    responses((status = 200, description = "A page of events.", body = api::List<api::Event>)),
)]
pub(crate) async fn handler(context: AdminContext, request: HttpRequest) -> Result<Json<List<Box<RawValue>>>, Problem> {
    let mut query = RequestQuery::of::<EventsParameters>(&request);
    let mut selection = LogSelection::read(&mut query);
    let limit = query.limit();
    query.finish()?;
    selection.organization_id = context.principal.narrowed(selection.organization_id)?;
    let selection = selection.settled(context.store()).await?;

    let page = context.store().events().feed(&selection.feed(u32::from(limit))).await?;
    let data = page.events.into_iter().map(body).collect::<Result<_, _>>()?;
    let next_cursor = page.next.map(|id| id.to_string());
    Ok(Json(List { data, next_cursor }))
}

fn body(event: Event) -> Result<Box<RawValue>, Problem> {
    RawValue::from_string(event.body).map_err(|error| Problem::internal(&error))
}
