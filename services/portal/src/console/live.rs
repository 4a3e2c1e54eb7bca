//! `/console/live`: word that the log has moved, as Server-Sent Events, so that a page is fresh at once. What has happened is
//! not in it: the page asks for itself again.

use crate::api::query;
use crate::fault::Fault;
use crate::session::Operator;
use actix_web::HttpResponse;
use actix_web::http::header::CONTENT_TYPE;
use actix_web::web::{self, Bytes, Query, ServiceConfig};
use futures_util::StreamExt as _;
use std::collections::HashMap;
use std::convert::Infallible;

pub(super) fn configure(config: &mut ServiceConfig) {
    config.service(web::resource("/live").get(show));
}

async fn show(operator: Operator, wanted: Query<HashMap<String, String>>) -> Result<HttpResponse, Fault> {
    let value = |name: &str| wanted.get(name).map(String::as_str);
    let narrowed = [
        ("after", Some("newest")),
        ("types", value("types")),
        ("directory_id", value("directory_id")),
    ];
    let events = operator.api.stream(&query("/events/stream", narrowed)).await?;
    Ok(HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, "text/event-stream"))
        .insert_header(("x-accel-buffering", "no"))
        .streaming(events.map(|chunk| Ok::<_, Infallible>(word(&chunk)))))
}

/// What a chunk of the log means to a page: that there is something new, or only that the stream is alive.
fn word(chunk: &[u8]) -> Bytes {
    let has_event = chunk
        .split(|byte| *byte == b'\n')
        .any(|line| line.starts_with(b"event:"));
    Bytes::from_static(if has_event {
        b"event: moved\ndata: 1\n\n"
    } else {
        b": alive\n\n"
    })
}

#[cfg(test)]
mod tests {
    use super::word;

    #[test]
    fn nothing_of_an_event_is_told_but_that_there_is_one() {
        let told = word(b"id: 7\nevent: user.created\ndata: {\"type\":\"user.created\"}\n\n");
        assert_eq!(told, "event: moved\ndata: 1\n\n");
        assert_eq!(word(b":\n\n"), ": alive\n\n");
        assert_eq!(word(b"retry: 1000\nid: oldest\n\n"), ": alive\n\n");
    }
}
