//! Messages as they travel: properties, headers and bodies.

use super::bundle::BundlePart;
use super::letter::Letter;
use crate::message::sealed::MessageKind;
use crate::topology::{COMMANDS, DEAD, DELIVERY_LIMIT, DISPATCH, EVENTS};
use crate::{Inbound, Message};
use events::{CommandId, DirectoryId, Event, Timestamp, Verdict};
use lapin::BasicProperties;
use lapin::types::{AMQPValue, FieldTable, ShortString};

const TRACEPARENT: &str = "traceparent";
const DEADLINE: &str = "x-deadline-ms";
const DIRECTORY: &str = "x-directory";
const REASON: &str = "x-reason";
const QUEUE: &str = "x-queue";
const DELIVERY_COUNT: &str = "x-delivery-count";
/// How often a parked message was handed over.
const TRIED: &str = "x-tried";
/// What the broker says of a message that it put aside by itself.
const DEATHS: &str = "x-death";
const JSON: &str = "application/json";
/// Bytes of a reason that are kept.
const MAX_REASON: usize = 1_000;
/// Survives a restart of the broker; dead letters keep it.
const PERSISTENT: u8 = 2;

/// A message ready to be published.
#[derive(Debug)]
pub(crate) struct OutgoingMessage {
    pub(crate) exchange: &'static str,
    pub(crate) routing_key: ShortString,
    /// Comes back when no queue takes it.
    pub(crate) mandatory: bool,
    pub(crate) properties: BasicProperties,
    pub(crate) body: Vec<u8>,
}

impl OutgoingMessage {
    pub(crate) fn message_id(&self) -> Option<&ShortString> {
        self.properties.message_id().as_ref()
    }
}

/// Commands of one lane and one requester: one travels as it is, several as a bundle.
pub(crate) fn commands(mut letters: Vec<Letter>) -> Result<OutgoingMessage, serde_json::Error> {
    let (Some(first), several) = (letters.first(), letters.len() > 1) else {
        return Err(serde::ser::Error::custom("no command"));
    };
    let (routing_key, reply_to) = (short(&first.lane.to_string()), first.reply_to.clone());
    let id = short(&first.id.to_string());
    let mut properties = persistent(id.clone(), if several { "commands" } else { first.name }).with_reply_to(reply_to);
    let body = if several {
        let parts: Vec<_> = letters.iter().map(|letter| &letter.part).collect();
        serde_json::to_vec(&parts)?
    } else {
        let letter = letters.remove(0);
        let mut headers = headers(letter.directory, letter.part.traceparent);
        headers.insert(DEADLINE.into(), AMQPValue::LongLongInt(letter.deadline.millis()));
        properties = properties.with_correlation_id(id).with_headers(headers);
        String::from(Box::<str>::from(letter.part.message)).into_bytes()
    };
    Ok(OutgoingMessage {
        exchange: COMMANDS,
        routing_key,
        mandatory: true,
        properties,
        body,
    })
}

/// An event for others that have bound a queue for it; often there are none. The body is the one that the webhook has.
pub(crate) fn event(event: &Event, lane: u16, traceparent: Option<String>) -> OutgoingMessage {
    OutgoingMessage {
        exchange: EVENTS,
        routing_key: short(&format!("{lane}.{}", event.kind.as_str())),
        mandatory: false,
        properties: properties(event, traceparent),
        body: event.body.clone().into_bytes(),
    }
}

/// Events of one lane for the dispatcher.
pub(crate) fn events(parts: &[BundlePart<&Event>], lane: u16) -> Result<OutgoingMessage, serde_json::Error> {
    let id = parts.first().map(|part| part.message.message_id()).unwrap_or_default();
    Ok(OutgoingMessage {
        exchange: DISPATCH,
        routing_key: short(&lane.to_string()),
        mandatory: true,
        properties: persistent(short(&id), "events"),
        body: serde_json::to_vec(parts)?,
    })
}

/// Verdicts for the requesters behind one reply queue. Each says which command it is about.
pub(crate) fn verdicts(verdicts: &[&Verdict], reply_to: &str) -> Result<OutgoingMessage, serde_json::Error> {
    let properties = BasicProperties::default()
        .with_content_type(JSON.into())
        .with_type("verdicts".into());
    Ok(OutgoingMessage {
        exchange: "",
        routing_key: short(reply_to),
        // A requester that went away settles its command by itself.
        mandatory: false,
        properties,
        body: serde_json::to_vec(verdicts)?,
    })
}

/// A message that cannot be processed, as it goes to the dead letters: a copy with the reason and where it came from.
pub(crate) fn parked<T: Message>(delivery: &Inbound<T>, reason: &str) -> Result<OutgoingMessage, serde_json::Error> {
    let message = &delivery.payload;
    let original = properties(message, delivery.traceparent.clone());
    let mut headers = original.headers().clone().unwrap_or_default();
    let tried = i64::from(delivery.delivery_count) + 1;
    headers.insert(TRIED.into(), AMQPValue::LongLongInt(tried));
    let original = original.with_headers(headers);
    let body = serde_json::to_vec(message)?;
    Ok(dead_letter::<T>(&original, body, delivery.lane, reason))
}

/// As [`parked`], for what could not even be read.
pub(crate) fn dead_letter<T: Message>(
    original: &BasicProperties,
    body: Vec<u8>,
    lane: u16,
    reason: &str,
) -> OutgoingMessage {
    let mut headers = original.headers().clone().unwrap_or_default();
    headers.insert(REASON.into(), AMQPValue::LongString(bounded(reason).into()));
    headers.insert(QUEUE.into(), AMQPValue::LongString(T::ROLE.queue(lane).into()));
    // A returned message is known by its id, so it needs one.
    let id = original
        .message_id()
        .clone()
        .unwrap_or_else(|| short(&uuid::Uuid::now_v7().to_string()));
    // An expiry would remove it from the dead letters; a user id would have to be that of this connection.
    let mut properties = BasicProperties::default()
        .with_message_id(id)
        .with_delivery_mode(PERSISTENT)
        .with_timestamp(seconds())
        .with_headers(headers);
    if let Some(kind) = original.kind() {
        properties = properties.with_type(kind.clone());
    }
    if let Some(content_type) = original.content_type() {
        properties = properties.with_content_type(content_type.clone());
    }
    OutgoingMessage {
        exchange: DEAD,
        routing_key: short(&T::ROLE.queue(lane)),
        mandatory: true,
        properties,
        body,
    }
}

/// What a dead letter says about why it is one.
#[derive(Debug)]
pub(crate) struct Parking {
    pub(crate) queue: String,
    pub(crate) reason: String,
    pub(crate) tried: Option<u32>,
    pub(crate) parked_at: Option<Timestamp>,
    pub(crate) traceparent: Option<String>,
}

impl Parking {
    /// Reads what [`dead_letter`] wrote, or what the broker says of a message that came back too often.
    pub(crate) fn read(properties: &BasicProperties, routing_key: &str) -> Self {
        let headers = properties.headers().as_ref().map(FieldTable::inner);
        let header = |name| headers.and_then(|headers| headers.get(name));
        let death = header(DEATHS).and_then(last_death);
        let death = |name| death.and_then(|death| death.inner().get(name));
        let queue = header(QUEUE).and_then(text).or_else(|| death("queue").and_then(text));
        let why = death("reason").and_then(text);
        let reason = header(REASON).and_then(text).or_else(|| match why.as_deref() {
            Some("delivery_limit") => Some("delivery limit reached".to_owned()),
            other => other.map(|other| format!("put aside by the broker: {other}")),
        });
        let limit = (why.as_deref() == Some("delivery_limit")).then_some(DELIVERY_LIMIT + 1);
        let returned = || Some(header(DELIVERY_COUNT).and_then(number)?.saturating_add(1));
        let stamp = match death("time") {
            Some(AMQPValue::Timestamp(seconds)) => Some(*seconds),
            _ => *properties.timestamp(),
        };
        Self {
            queue: queue.unwrap_or_else(|| routing_key.to_owned()),
            reason: bounded(reason.as_deref().unwrap_or("nothing says why")).to_owned(),
            tried: header(TRIED).and_then(number).or(limit).or_else(returned),
            parked_at: stamp
                .and_then(|seconds| Some(Timestamp::from_millis(i64::try_from(seconds).ok()?.checked_mul(1_000)?))),
            traceparent: header(TRACEPARENT).and_then(text),
        }
    }
}

/// What the broker did to the message last.
fn last_death(deaths: &AMQPValue) -> Option<&FieldTable> {
    match deaths {
        AMQPValue::FieldArray(deaths) => deaths.as_slice().iter().find_map(|death| match death {
            AMQPValue::FieldTable(death) => Some(death),
            _ => None,
        }),
        _ => None,
    }
}

/// The id and the name of a message.
pub(crate) fn names(properties: &BasicProperties) -> (Option<String>, Option<String>) {
    let owned = |text: &Option<ShortString>| text.as_ref().map(|text| text.as_str().to_owned());
    (owned(properties.message_id()), owned(properties.kind()))
}

/// What a delivery says about itself besides its body.
#[derive(Debug)]
pub(crate) struct Envelope {
    pub(crate) traceparent: Option<String>,
    pub(crate) delivery_count: u32,
    pub(crate) reply_to: Option<String>,
}

impl Envelope {
    pub(crate) fn read(properties: &BasicProperties) -> Self {
        let header = |name| {
            properties
                .headers()
                .as_ref()
                .and_then(|headers| headers.inner().get(name))
        };
        Self {
            traceparent: header(TRACEPARENT).and_then(text),
            delivery_count: header(DELIVERY_COUNT).and_then(number).unwrap_or(0),
            reply_to: properties.reply_to().as_ref().map(|queue| queue.as_str().to_owned()),
        }
    }
}

/// The command that a verdict or a returned message is about.
pub(crate) fn command_id(id: Option<&ShortString>) -> Option<CommandId> {
    id.and_then(|id| id.as_str().parse().ok())
}

fn properties<T: Message>(message: &T, traceparent: Option<String>) -> BasicProperties {
    persistent(short(&message.message_id()), message.name()).with_headers(headers(message.directory(), traceparent))
}

fn persistent(id: ShortString, name: &str) -> BasicProperties {
    BasicProperties::default()
        .with_message_id(id)
        .with_type(name.into())
        .with_content_type(JSON.into())
        .with_delivery_mode(PERSISTENT)
        .with_timestamp(seconds())
}

fn headers(directory: DirectoryId, traceparent: Option<String>) -> FieldTable {
    let mut headers = FieldTable::default();
    headers.insert(DIRECTORY.into(), AMQPValue::LongString(directory.to_string().into()));
    if let Some(traceparent) = traceparent {
        headers.insert(TRACEPARENT.into(), AMQPValue::LongString(traceparent.into()));
    }
    headers
}

/// Headers must fit into one frame.
fn bounded(reason: &str) -> &str {
    let end = (0..=reason.len().min(MAX_REASON))
        .rev()
        .find(|end| reason.is_char_boundary(*end));
    reason.get(..end.unwrap_or_default()).unwrap_or_default()
}

fn seconds() -> u64 {
    u64::try_from(Timestamp::now().millis() / 1000).unwrap_or_default()
}

/// Our own ids and names are far below the 255 bytes that a short string may have.
fn short(text: &str) -> ShortString {
    ShortString::try_new(text).unwrap_or_else(|_| ShortString::from(""))
}

fn text(value: &AMQPValue) -> Option<String> {
    match value {
        AMQPValue::LongString(text) => String::from_utf8(text.as_bytes().to_vec()).ok(),
        AMQPValue::ShortString(text) => Some(text.as_str().to_owned()),
        _ => None,
    }
}

fn number(value: &AMQPValue) -> Option<u32> {
    match value {
        AMQPValue::ShortShortInt(n) => u32::try_from(*n).ok(),
        AMQPValue::ShortShortUInt(n) => Some(u32::from(*n)),
        AMQPValue::ShortInt(n) => u32::try_from(*n).ok(),
        AMQPValue::ShortUInt(n) => Some(u32::from(*n)),
        AMQPValue::LongInt(n) => u32::try_from(*n).ok(),
        AMQPValue::LongUInt(n) => Some(*n),
        AMQPValue::LongLongInt(n) => u32::try_from(*n).ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn envelope(name: &str, value: AMQPValue) -> Envelope {
        let mut headers = FieldTable::default();
        headers.insert(name.into(), value);
        Envelope::read(&BasicProperties::default().with_headers(headers))
    }

    #[test]
    fn the_traceparent_is_read_from_both_kinds_of_strings() {
        for value in [
            AMQPValue::LongString("00-a-b-01".into()),
            AMQPValue::ShortString("00-a-b-01".into()),
        ] {
            assert_eq!(envelope(TRACEPARENT, value).traceparent.as_deref(), Some("00-a-b-01"));
        }
        let not_text = [
            AMQPValue::LongString(vec![0xff, 0xfe].into()),
            AMQPValue::Boolean(true),
            AMQPValue::Void,
        ];
        for value in not_text {
            assert_eq!(envelope(TRACEPARENT, value).traceparent, None);
        }
    }

    #[test]
    fn the_delivery_count_is_read_from_any_integer_and_absent_means_never() {
        assert_eq!(envelope(DELIVERY_COUNT, AMQPValue::LongLongInt(3)).delivery_count, 3);
        assert_eq!(envelope(DELIVERY_COUNT, AMQPValue::ShortShortUInt(3)).delivery_count, 3);
        assert_eq!(envelope(DELIVERY_COUNT, AMQPValue::LongLongInt(-1)).delivery_count, 0);
        assert_eq!(Envelope::read(&BasicProperties::default()).delivery_count, 0);
    }

    #[test]
    fn a_long_reason_is_cut_at_a_character() {
        assert_eq!(bounded("short"), "short");
        let long = "é".repeat(MAX_REASON);
        assert_eq!(bounded(&long).len(), MAX_REASON);
        assert_eq!(bounded(&format!("x{long}")).len(), MAX_REASON - 1);
    }

    #[test]
    fn names_that_are_too_long_do_not_panic() {
        assert_eq!(short(&"x".repeat(256)).as_str(), "");
    }
}
