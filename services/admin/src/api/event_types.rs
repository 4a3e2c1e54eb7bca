//! `/event-types`: the catalogue of what can happen.

use super::ListAnswer;
use crate::context::Context;
use ::events::EventType;
use actix_web::web::Json;
use serde::Serialize;

#[derive(Serialize)]
pub(super) struct View {
    r#type: EventType,
    description: &'static str,
}

pub(super) async fn list(_: Context) -> Json<ListAnswer<View>> {
    let data = EventType::ALL
        .iter()
        .map(|kind| View {
            r#type: *kind,
            description: kind.description(),
        })
        .collect();
    Json(ListAnswer {
        data,
        next_cursor: None,
    })
}
