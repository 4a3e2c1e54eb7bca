//! From the head of a request to the last of its answer: what its connection is doing meanwhile, how long its body may
//! take, and how much of its answer waits.

use super::connection::{Connection, RequestInFlight};
use super::connections::Connections;
use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::error::PayloadError;
use actix_web::middleware::Next;
use actix_web::web::Bytes;
use actix_web::{Error, HttpMessage as _, HttpRequest};
use futures_util::Stream;
use std::future::Future as _;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::time::{Instant, Sleep};

/// An answer is handed on in pieces of so many bytes: what is handed on is copied, and must not be the whole of it.
const PIECE_BYTES: usize = 32 * 1024;

/// What a request can be asked about its connection.
#[derive(Clone, Debug)]
pub(super) struct OnConnection {
    pub(super) connection: Arc<Connection>,
    pub(super) connections: Connections,
}

/// Tells the connection of a request that its peer has shown a key: when there are more connections than there may be,
/// those of strangers go first. The code that checks the key calls it.
pub fn proven(request: &HttpRequest) {
    if let Some(on) = request.conn_data::<OnConnection>() {
        on.connection.prove();
    }
}

/// Whether a body could not be read because it took longer than it may ([`Settings::body_timeout`]).
///
/// [`Settings::body_timeout`]: crate::Settings::body_timeout
pub(super) fn body_was_too_slow(error: &PayloadError) -> bool {
    matches!(error, PayloadError::Io(error) if error.kind() == io::ErrorKind::TimedOut)
}

/// Middleware around all others: times the request's body and watches the answer. On a connection that is not watched, as
/// in tests without a socket, it does nothing.
pub(super) async fn watched(
    body_time: Duration,
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let Some(on) = request.conn_data::<OnConnection>().cloned() else {
        return Ok(next.call(request).await?.map_into_boxed_body());
    };
    let payload = request.take_payload();
    let has_body = !matches!(payload, Payload::None);
    let handling = on.connection.begin(has_body);
    if has_body {
        let body = TimedBody {
            payload,
            connection: on.connection,
            due: Instant::now() + body_time,
            timer: None,
            over: false,
        };
        request.set_payload(Payload::Stream {
            payload: Box::pin(body),
        });
    }
    let response = next.call(request).await?;
    Ok(response.map_body(|_, body| AnswerBody::new(body.boxed(), on.connections, handling).boxed()))
}

/// The body of a request. After its time it is an error that [`body_was_too_slow`] knows.
struct TimedBody {
    payload: Payload,
    connection: Arc<Connection>,
    due: Instant,
    /// Made when the body must be waited for: most come with their head.
    timer: Option<Pin<Box<Sleep>>>,
    over: bool,
}

impl Stream for TimedBody {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.over {
            return Poll::Ready(None);
        }
        match Pin::new(&mut self.payload).poll_next(context) {
            Poll::Ready(Some(Ok(chunk))) => Poll::Ready(Some(Ok(chunk))),
            Poll::Ready(ended) => {
                self.over = true;
                self.connection.body_came();
                Poll::Ready(ended)
            }
            Poll::Pending => {
                let due = self.due;
                let timer = self
                    .timer
                    .get_or_insert_with(|| Box::pin(tokio::time::sleep_until(due)));
                if timer.as_mut().poll(context).is_pending() {
                    return Poll::Pending;
                }
                self.over = true;
                self.connection.leave_body();
                let late = io::Error::new(io::ErrorKind::TimedOut, "the body did not arrive in time");
                Poll::Ready(Some(Err(PayloadError::Io(late))))
            }
        }
    }
}

impl Drop for TimedBody {
    fn drop(&mut self) {
        if !self.over {
            self.connection.leave_body();
        }
    }
}

/// The body of an answer, in pieces.
struct AnswerBody {
    body: BoxBody,
    /// What is left of the part that was made last.
    part: Bytes,
    /// The whole answer is there, and counted.
    whole: bool,
    connections: Connections,
    handling: RequestInFlight,
}

impl AnswerBody {
    fn new(body: BoxBody, connections: Connections, handling: RequestInFlight) -> Self {
        let size = match body.size() {
            BodySize::Sized(size) => usize::try_from(size).unwrap_or(usize::MAX),
            BodySize::None | BodySize::Stream => 0,
        };
        if size > 0 {
            connections.hold(handling.connection(), size);
        }
        Self {
            body,
            part: Bytes::new(),
            whole: size > 0,
            connections,
            handling,
        }
    }
}

impl MessageBody for AnswerBody {
    type Error = Box<dyn std::error::Error>;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, Self::Error>>> {
        if self.part.is_empty() {
            match Pin::new(&mut self.body).poll_next(context) {
                Poll::Ready(Some(Ok(part))) => {
                    if !self.whole {
                        self.connections.hold(self.handling.connection(), part.len());
                    }
                    self.part = part;
                }
                other => return other,
            }
        }
        let piece = PIECE_BYTES.min(self.part.len());
        Poll::Ready(Some(Ok(self.part.split_to(piece))))
    }
}

impl Drop for AnswerBody {
    fn drop(&mut self) {
        self.connections.hold(self.handling.connection(), 0);
    }
}
