//! `GET /event-types`.

use crate::context::AdminContext;
use ::events::{EventType, catalogued};
use actix_web::web::Json;
use api::{EventTypeEntry, List};

/// Lists what can happen, with a JSON Schema and an example of each.
#[utoipa::path(
    get,
    path = "/event-types",
    operation_id = "list_event_types",
    tag = "Events",
    responses((status = 200, description = "All types of events.", body = api::List<api::EventTypeEntry>)),
)]
pub(crate) async fn handler(_: AdminContext) -> Json<List<EventTypeEntry>> {
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
