//! The event log as a stream that goes on over every interruption: Server-Sent Events with `Last-Event-ID`.

mod messages;

use crate::call::{Call, Method};
use crate::connection::{Client, refused};
use crate::error::ClientError;
use api::EventStreamParameters;
use messages::{Message, Messages};
use reqwest::Response;
use std::time::Duration;

/// The server sends a sign of life every 15 seconds. Without one for so long the connection is dead.
const SILENCE: Duration = Duration::from_secs(45);
/// How long the first bytes may take.
const OPENING: Duration = Duration::from_secs(20);
/// The longest pause before the stream is opened again.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// The place from which on only what is new comes.
const NEWEST: &str = "newest";
/// The largest refusal that is read.
const LARGEST_REFUSAL: usize = 64 * 1024;

/// An event as the stream has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamedEvent {
    /// Its id, the place to go on after.
    pub id: String,
    /// Its type.
    pub kind: String,
    /// Its body, byte for byte that of the webhook.
    pub body: String,
}

/// What a stream tells.
#[derive(Debug)]
pub enum StreamItem {
    /// The connection stands.
    Connected,
    /// An event.
    Event(StreamedEvent),
    /// The connection is lost; after the pause it is made again, and goes on where it was.
    Interrupted {
        /// Why.
        reason: String,
        /// Until the next try.
        pause: Duration,
    },
}

/// The event log from a place on, without end and without loss.
#[derive(Debug)]
pub struct EventStream {
    client: Client,
    parameters: EventStreamParameters,
    last: Option<String>,
    connection: Option<(Response, Messages)>,
    /// The connection stands, and that was not told yet: the server has not said where the stream begins.
    greeting: bool,
    pause: Option<Duration>,
    next_pause: Duration,
    asked_pause: Duration,
}

impl EventStream {
    /// A stream that is not opened yet. `after` of the parameters says where it begins; `newest` is the end of the log as it
    /// is when the stream is first opened.
    #[must_use]
    pub fn new(client: Client, parameters: EventStreamParameters) -> Self {
        let asked_pause = Duration::from_secs(1);
        Self {
            client,
            parameters,
            last: None,
            connection: None,
            greeting: false,
            pause: None,
            next_pause: asked_pause,
            asked_pause,
        }
    }

    /// The id of the last event that was handed out, or where the stream began: where to go on another time.
    #[must_use]
    pub fn last(&self) -> Option<&str> {
        self.last.as_deref()
    }

    /// The next thing to tell. What is handed out counts as done when this is called again.
    ///
    /// # Errors
    /// When the server refuses the stream for good: the key is wrong, or the place is not in the log any more.
    pub async fn next(&mut self) -> Result<StreamItem, ClientError> {
        let from_newest = self.parameters.after.as_deref() == Some(NEWEST);
        loop {
            if let Some(pause) = self.pause.take() {
                tokio::time::sleep(pause).await;
            }
            let Some((response, messages)) = &mut self.connection else {
                match self.open().await {
                    Ok(()) => continue,
                    Err(error) if error.is_transient() => return Ok(self.interrupted(&chain(&error))),
                    Err(error) => return Err(error),
                }
            };
            match messages.next() {
                Ok(Some(Message::Retry(pause))) => {
                    self.asked_pause = pause.min(LONGEST_PAUSE);
                    self.next_pause = self.asked_pause;
                }
                Ok(Some(Message::Place(id))) => self.last = Some(id),
                // Whoever asks for what happens from now on is told once it is known from where on.
                Ok(None) if self.greeting && messages.has_begun() && (self.last.is_some() || !from_newest) => {
                    self.greeting = false;
                    return Ok(StreamItem::Connected);
                }
                Ok(Some(Message::Event(event))) => {
                    self.greeting = false;
                    self.next_pause = self.asked_pause;
                    self.last = Some(event.id.clone());
                    return Ok(StreamItem::Event(event));
                }
                Ok(None) => match tokio::time::timeout(SILENCE, response.chunk()).await {
                    Ok(Ok(Some(chunk))) => messages.feed(&chunk),
                    Ok(Ok(None)) => return Ok(self.interrupted("the server ended the stream")),
                    Ok(Err(error)) => {
                        let error = self.client.unreachable(error);
                        return Ok(self.interrupted(&chain(&error)));
                    }
                    Err(_) => return Ok(self.interrupted("the server is silent")),
                },
                Err(reason) => return Ok(self.interrupted(reason)),
            }
        }
    }

    async fn open(&mut self) -> Result<(), ClientError> {
        let call = Call::new(Method::Get, ["events", "stream"]).with_all(&self.parameters);
        let mut request = self.client.request(&call, None).header("accept", "text/event-stream");
        if let Some(last) = &self.last {
            request = request.header("last-event-id", last);
        }
        let Ok(opened) = tokio::time::timeout(OPENING, request.send()).await else {
            return Err(ClientError::Silent(self.client.url().to_string()));
        };
        let response = opened.map_err(|error| self.client.unreachable(error))?;
        if !response.status().is_success() {
            return Err(self.refusal(response).await);
        }
        self.connection = Some((response, Messages::default()));
        self.greeting = true;
        Ok(())
    }

    async fn refusal(&self, mut response: Response) -> ClientError {
        let status = response.status().as_u16();
        let mut body = Vec::new();
        while let Ok(Ok(Some(chunk))) = tokio::time::timeout(OPENING, response.chunk()).await {
            if body.len() + chunk.len() > LARGEST_REFUSAL {
                break;
            }
            body.extend_from_slice(&chunk);
        }
        refused(status, &body)
    }

    /// What was received and not handed out is forgotten: it comes again.
    fn interrupted(&mut self, reason: &str) -> StreamItem {
        self.connection = None;
        let pause = self.next_pause;
        self.pause = Some(pause);
        self.next_pause = (pause * 2).min(LONGEST_PAUSE);
        StreamItem::Interrupted {
            reason: reason.to_owned(),
            pause,
        }
    }
}

/// An error and its causes on one line.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        text = format!("{text}: {next}");
        cause = next.source();
    }
    text
}
