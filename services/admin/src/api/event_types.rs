//! `/event-types`: the catalogue of what can happen.

use super::ListAnswer;
use crate::context::Context;
use ::events::{EventType, catalogued};
use actix_web::web::Json;
use serde::Serialize;
use serde_json::Value;

#[derive(Serialize)]
pub(super) struct View {
    r#type: EventType,
    description: &'static str,
    /// JSON Schema (2020-12) of the body.
    schema: Value,
    /// A body.
    example: Value,
}

pub(super) async fn list(_: Context) -> Json<ListAnswer<View>> {
    let view = |kind: &EventType| {
        let entry = catalogued(*kind);
        View {
            r#type: *kind,
            description: kind.description(),
            schema: entry.schema,
            example: entry.example,
        }
    };
    Json(ListAnswer {
        data: EventType::ALL.iter().map(view).collect(),
        next_cursor: None,
    })
}
