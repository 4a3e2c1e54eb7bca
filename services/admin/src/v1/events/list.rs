//! `GET /events`.

use super::Selection;
use crate::context::Context;
use crate::problem::Problem;
use crate::query::Query;
use ::events::Event;
use actix_web::HttpRequest;
use actix_web::web::Json;
use api::List;
use serde_json::value::RawValue;

pub(crate) async fn handler(context: Context, request: HttpRequest) -> Result<Json<List<Box<RawValue>>>, Problem> {
    let [directory, organization, types, after] = Selection::PARAMETERS;
    let mut query = Query::new(&request, &[directory, organization, types, after, "limit"]);
    let selection = Selection::read(&mut query);
    let limit = query.limit();
    query.finish()?;

    let page = context.store().events().feed(&selection.feed(u32::from(limit))).await?;
    let data = page.events.into_iter().map(body).collect::<Result<_, _>>()?;
    let next_cursor = page.next.map(|id| id.to_string());
    Ok(Json(List { data, next_cursor }))
}

fn body(event: Event) -> Result<Box<RawValue>, Problem> {
    RawValue::from_string(event.body).map_err(|error| Problem::internal(&error))
}
