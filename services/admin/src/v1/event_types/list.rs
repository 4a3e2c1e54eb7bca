//! `GET /event-types`.

use crate::context::Context;
use ::events::{EventType, catalogued};
use actix_web::web::Json;
use api::{EventTypeEntry, List};

pub(crate) async fn handler(_: Context) -> Json<List<EventTypeEntry>> {
    let entry = |kind: &EventType| {
        let catalogued = catalogued(*kind);
        EventTypeEntry {
            r#type: *kind,
            description: kind.description().to_owned(),
            schema: catalogued.schema,
            example: catalogued.example,
        }
    };
    Json(List {
        data: EventType::ALL.iter().map(entry).collect(),
        next_cursor: None,
    })
}
