//! `/events`: the log, gapless and in order, each body byte for byte as the webhooks carry it.

use super::ListAnswer;
use crate::context::Context;
use crate::problem::Problem;
use crate::query::Query;
use ::events::{DirectoryId, Event, EventId, EventType, OrganizationId};
use actix_web::HttpRequest;
use actix_web::web::Json;
use serde_json::value::RawValue;
use store::Feed;

/// What `after` is at the beginning of the log.
const BEGINNING: &str = "0";

/// `next_cursor` goes into `after`; it is null when the log ends here, and then the id of the last event read is where
/// to go on.
pub(super) async fn list(context: Context, request: HttpRequest) -> Result<Json<ListAnswer<Box<RawValue>>>, Problem> {
    let mut query = Query::new(
        &request,
        &["directory_id", "organization_id", "types", "after", "limit"],
    );
    let directory_id: Option<DirectoryId> = query.parsed("directory_id", "the id of a directory");
    let organization_id: Option<OrganizationId> = query.parsed("organization_id", "the id of an organization");
    let types: Vec<EventType> = query.several("types");
    let after = query
        .text("after")
        .filter(|after| after != BEGINNING)
        .map(|after| after.parse::<EventId>());
    if matches!(after, Some(Err(_))) {
        query.fault("after", "Must be the id of an event, or 0 for the beginning.");
    }
    let limit = query.limit();
    query.finish()?;
    let after = after.and_then(Result::ok);

    // One more than asked for tells whether the log goes on.
    let feed = Feed {
        after,
        organization_id,
        directory_id,
        types: &types,
        limit: u32::from(limit) + 1,
    };
    let mut events = context.store().events().feed(&feed).await?;
    let goes_on = events.len() > usize::from(limit);
    events.truncate(usize::from(limit));
    let next_cursor = events.last().filter(|_| goes_on).map(|event| event.id.to_string());
    let data = events.into_iter().map(body).collect::<Result<_, _>>()?;
    Ok(Json(ListAnswer { data, next_cursor }))
}

fn body(event: Event) -> Result<Box<RawValue>, Problem> {
    RawValue::from_string(event.body).map_err(|error| Problem::internal(&error))
}
