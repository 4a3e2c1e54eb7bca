//! `GET /events/stream`: the log as Server-Sent Events.
//!
//! A stream is pulled: the next page is read from the database when the connection has taken the one before, so a slow
//! reader costs a page of memory and nothing else. At the end of the log it waits for word of something new, which one
//! task of the process asks the database for while anybody listens.

use super::{LogSelection, OLDEST};
use crate::context::AdminContext;
use crate::problem::{Problem, ProblemKind};
use crate::query::RequestQuery;
use crate::streams::MOST_STREAMS;
use ::events::Event;
use actix_web::http::header;
use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse};
use api::{EventStreamParameters, Fault};
use futures_util::stream;
use std::convert::Infallible;
use std::fmt::Write as _;
use std::time::Duration;
use store::{EventPage, Store, StoreError};
use tokio::sync::watch;

/// The header in which a client that reconnects says how far it came.
const LAST_EVENT_ID: &str = "last-event-id";
/// Events read at once, and held for one stream.
const PAGE_EVENTS: u32 = 100;
/// A comment is sent when nothing else was for so long: proxies close what is silent.
const HEARTBEAT_INTERVAL: Duration = Duration::from_secs(15);
/// How long a client waits before it connects again, in milliseconds.
const RECONNECT_MILLIS: u32 = 1_000;

/// A stream between two chunks.
struct Reader {
    store: Store,
    selection: LogSelection,
    moved: watch::Receiver<(i64, i64)>,
    /// There may be more to read at once.
    more: bool,
    greeted: bool,
}

/// Streams the event log as Server-Sent Events.
///
/// Each message has the id of the event, its type and its body. A reader that comes again says with `Last-Event-ID` how far
/// it came.
#[utoipa::path(
    get,
    path = "/events/stream",
    operation_id = "stream_events",
    tag = "Events",
    params(api::EventStreamParameters, api::EventStreamHeaders),
    responses((status = 200, description = "Events without end.", body = String, content_type = "text/event-stream")),
)]
pub(crate) async fn handler(context: AdminContext, request: HttpRequest) -> Result<HttpResponse, Problem> {
    let mut query = RequestQuery::of::<EventStreamParameters>(&request);
    let mut selection = LogSelection::read(&mut query);
    let mut place = "after";
    if let Some(last) = request.headers().get(LAST_EVENT_ID) {
        let last = last.to_str().unwrap_or("?").trim().to_owned();
        if !last.is_empty() {
            place = LAST_EVENT_ID;
            selection.from_newest = false;
            selection.from_oldest = last == OLDEST;
            selection.after = match selection.from_oldest {
                true => None,
                false => LogSelection::place(&mut query, place, &last),
            };
        }
    }
    query.finish()?;
    selection.organization_id = context.principal.narrowed(selection.organization_id)?;
    let selection = selection.settled(context.store()).await?;
    // A place that is not in the log is refused now, as long as there is a status to say so.
    if let Err(error) = context.store().events().feed(&selection.feed(1)).await {
        return Err(match error {
            StoreError::BadParameter { detail, .. } => Problem::bad_query(vec![Fault::in_query(place, detail)]),
            error => error.into(),
        });
    }
    let moved = context.streams().listen(context.store()).ok_or_else(|| {
        let most = format!("There are {MOST_STREAMS} streams already, or this server is stopping. Try again soon.");
        Problem::new(ProblemKind::Unavailable, most)
    })?;
    let reader = Reader {
        store: context.store().clone(),
        selection,
        moved,
        more: true,
        greeted: false,
    };
    Ok(HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, "text/event-stream"))
        .insert_header(("x-accel-buffering", "no"))
        .streaming(stream::unfold(reader, |reader| async move {
            let (chunk, reader) = reader.next().await?;
            Some((Ok::<_, Infallible>(chunk), reader))
        })))
}

impl Reader {
    /// The next chunk; `None` ends the stream, and the client comes again.
    async fn next(mut self) -> Option<(Bytes, Self)> {
        if !self.greeted {
            self.greeted = true;
            // A reader that is cut off before the first event comes again to the same place, if it has asked for "newest".
            let place = match (self.selection.from_newest, self.selection.after) {
                (true, Some(id)) => format!("id: {id}\n"),
                (true, None) => format!("id: {OLDEST}\n"),
                (false, _) => String::new(),
            };
            return Some((Bytes::from(format!("retry: {RECONNECT_MILLIS}\n{place}\n")), self));
        }
        let silent_until = tokio::time::Instant::now() + HEARTBEAT_INTERVAL;
        loop {
            if self.more {
                // Marked before reading: what comes meanwhile is a reason to read again.
                self.moved.mark_unchanged();
                let page = match self.page().await {
                    Ok(page) => page,
                    Err(error) => {
                        tracing::warn!(error = %telemetry::chain(&error), "a stream of events ends; its reader comes again");
                        return None;
                    }
                };
                self.more = page.next.is_some();
                self.selection.after = page.read_to.or(self.selection.after);
                if !page.events.is_empty() {
                    return Some((messages(&page.events), self));
                }
                if self.more && tokio::time::Instant::now() < silent_until {
                    // What is asked for is rare, and the log is long: the next stretch.
                    continue;
                }
            }
            match tokio::time::timeout_at(silent_until, self.moved.changed()).await {
                Ok(Ok(())) => self.more = true,
                // The process stops.
                Ok(Err(_)) => return None,
                Err(_) => return Some((Bytes::from_static(b": still here\n\n"), self)),
            }
        }
    }

    async fn page(&self) -> Result<EventPage, StoreError> {
        self.store.events().feed(&self.selection.feed(PAGE_EVENTS)).await
    }
}

fn messages(page: &[Event]) -> Bytes {
    let mut text = String::with_capacity(page.iter().map(|event| event.body.len() + 100).sum());
    for event in page {
        // A body is JSON on one line. Writing to a String cannot fail.
        let _ = write!(
            text,
            "id: {}\nevent: {}\ndata: {}\n\n",
            event.id, event.kind, event.body
        );
    }
    text.into()
}
