//! Server-Sent Events out of the bytes of a connection (HTML Living Standard §9.2.6).

use super::StreamedEvent;
use std::time::Duration;

/// The longest line, and the largest event: a group of 60,000 members has some MiB.
const MOST_BYTES: usize = 64 * 1024 * 1024;
const TOO_LARGE: &str = "an event has more than 64 MiB";

/// What the stream says.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Message {
    /// An event.
    Event(StreamedEvent),
    /// An id without an event: where to go on.
    Place(String),
    /// How long to wait before connecting again.
    Retry(Duration),
}

/// Bytes that came, and the event that is being read.
#[derive(Debug, Default)]
pub(super) struct Messages {
    bytes: Vec<u8>,
    /// Bytes that were read already.
    done: usize,
    /// Bytes that were looked at for the end of their line.
    looked: usize,
    id: Option<String>,
    kind: String,
    data: Option<String>,
}

impl Messages {
    pub(super) fn feed(&mut self, chunk: &[u8]) {
        if self.done > 0 {
            self.bytes.drain(..self.done);
            self.looked -= self.done;
            self.done = 0;
        }
        self.bytes.extend_from_slice(chunk);
    }

    /// Whether anything came.
    pub(super) const fn has_begun(&self) -> bool {
        self.done > 0
    }

    /// The next message of what was fed; `None` when more is needed.
    ///
    /// # Errors
    /// When an event is larger than any can be.
    pub(super) fn next(&mut self) -> Result<Option<Message>, &'static str> {
        loop {
            let Some(end) = self.bytes[self.looked..].iter().position(|byte| *byte == b'\n') else {
                self.looked = self.bytes.len();
                let held = self.bytes.len() - self.done + self.data.as_ref().map_or(0, String::len);
                return if held > MOST_BYTES { Err(TOO_LARGE) } else { Ok(None) };
            };
            let line = &self.bytes[self.done..self.looked + end];
            let line = String::from_utf8_lossy(line.strip_suffix(b"\r").unwrap_or(line)).into_owned();
            self.looked += end + 1;
            self.done = self.looked;
            if let Some(message) = self.line(&line)? {
                return Ok(Some(message));
            }
        }
    }

    fn line(&mut self, line: &str) -> Result<Option<Message>, &'static str> {
        if line.is_empty() {
            return Ok(self.dispatched());
        }
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "id" if !value.contains('\0') => self.id = Some(value.to_owned()),
            "event" => value.clone_into(&mut self.kind),
            "data" => match &mut self.data {
                None => self.data = Some(value.to_owned()),
                Some(data) if data.len() + value.len() > MOST_BYTES => return Err(TOO_LARGE),
                Some(data) => {
                    data.push('\n');
                    data.push_str(value);
                }
            },
            "retry" => {
                return Ok(value
                    .parse()
                    .ok()
                    .map(|millis| Message::Retry(Duration::from_millis(millis))));
            }
            // Comments begin with a colon, and what nobody knows is passed over.
            _ => {}
        }
        Ok(None)
    }

    fn dispatched(&mut self) -> Option<Message> {
        let (id, kind) = (self.id.take(), std::mem::take(&mut self.kind));
        match (self.data.take(), id) {
            (Some(body), Some(id)) => Some(Message::Event(StreamedEvent { id, kind, body })),
            (None, Some(id)) => Some(Message::Place(id)),
            // Without an id there would be no place to go on after; this API sends no such event.
            (_, None) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const STREAM: &str = "retry: 1000\nid: 0\n\n: still here\n\nid: 1\nevent: user.created\ndata: {\"a\":1}\n\nid: 2\r\n\
                          event: user.updated\r\ndata: {\r\ndata: }\r\n\r\nunknown: x\nid: 3\nevent: a\ndata: unfinished\n";

    fn read(chunks: &[&[u8]]) -> Vec<Message> {
        let mut messages = Messages::default();
        let mut read = Vec::new();
        for chunk in chunks {
            messages.feed(chunk);
            while let Some(message) = messages.next().unwrap() {
                read.push(message);
            }
        }
        read
    }

    fn event(id: &str, kind: &str, body: &str) -> Message {
        Message::Event(StreamedEvent {
            id: id.to_owned(),
            kind: kind.to_owned(),
            body: body.to_owned(),
        })
    }

    #[test]
    fn whole_events_places_and_pauses_are_read_and_what_is_unfinished_is_not() {
        let expected = [
            Message::Retry(Duration::from_secs(1)),
            Message::Place("0".to_owned()),
            event("1", "user.created", "{\"a\":1}"),
            event("2", "user.updated", "{\n}"),
        ];
        assert_eq!(read(&[STREAM.as_bytes()]), expected);
    }

    proptest! {
        #[test]
        fn it_does_not_matter_where_the_network_cuts(cuts in proptest::collection::vec(0..STREAM.len(), 0..12)) {
            let mut cuts = cuts;
            cuts.extend([0, STREAM.len()]);
            cuts.sort_unstable();
            let chunks: Vec<&[u8]> = cuts.windows(2).map(|pair| &STREAM.as_bytes()[pair[0]..pair[1]]).collect();
            prop_assert_eq!(read(&chunks), read(&[STREAM.as_bytes()]));
        }
    }
}
