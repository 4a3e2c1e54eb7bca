//! The two kinds of messages that lanes carry.

use crate::DeadMessage;
use events::{Command, DirectoryId, Event, Verb};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Map, Value};

/// What a lane carries: a [`Command`] or an [`Event`].
pub trait Message: sealed::MessageKind {}

impl Message for Command {}
impl Message for Event {}

/// Which of a lane's two queues.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// `rollcall.commands.<lane>`, consumed by the projector.
    Commands,
    /// `rollcall.dispatch.<lane>`, consumed by the dispatcher.
    Events,
}

impl Role {
    /// The lane's queue.
    #[must_use]
    pub fn queue(self, lane: u16) -> String {
        match self {
            Self::Commands => crate::topology::commands_queue(lane),
            Self::Events => crate::topology::dispatch_queue(lane),
        }
    }

    /// For names of connections and log lines.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Commands => "commands",
            Self::Events => "events",
        }
    }
}

pub(crate) mod sealed {
    use super::*;

    /// What the bus needs to know of a message; nobody else implements it.
    pub trait MessageKind: Clone + std::fmt::Debug + Serialize + DeserializeOwned + Send + Sync + 'static {
        /// Which queue.
        const ROLE: Role;
        /// Goes to `message_id`.
        fn message_id(&self) -> String;
        /// Goes to `type`.
        fn name(&self) -> &'static str;
        /// Goes to `x-directory`.
        fn directory(&self) -> DirectoryId;
        /// About how many bytes it has on the wire.
        fn size(&self) -> usize;
        /// As it is told of when it could not be processed.
        fn into_dead(self) -> DeadMessage;
    }
}

impl sealed::MessageKind for Command {
    const ROLE: Role = Role::Commands;

    fn message_id(&self) -> String {
        self.id.to_string()
    }

    fn name(&self) -> &'static str {
        Self::name(self)
    }

    fn directory(&self) -> DirectoryId {
        self.directory_id
    }

    fn size(&self) -> usize {
        let map =
            |map: &Map<String, Value>| -> usize { map.iter().map(|(name, value)| name.len() + weight(value)).sum() };
        ENVELOPE_BYTES
            + match &self.verb {
                Verb::Create(attributes) | Verb::Replace(attributes) => map(attributes),
                Verb::Patch(message) => weight(message),
                Verb::Delete => 0,
            }
    }

    fn into_dead(self) -> DeadMessage {
        DeadMessage::Command(Box::new(self))
    }
}

impl sealed::MessageKind for Event {
    const ROLE: Role = Role::Events;

    fn message_id(&self) -> String {
        self.id.to_string()
    }

    fn name(&self) -> &'static str {
        self.kind.as_str()
    }

    fn directory(&self) -> DirectoryId {
        self.directory_id
    }

    fn size(&self) -> usize {
        ENVELOPE_BYTES + self.body.len()
    }

    fn into_dead(self) -> DeadMessage {
        DeadMessage::Event(Box::new(self))
    }
}

/// Ids, names and times of a message.
const ENVELOPE_BYTES: usize = 400;

/// About how long a value is as text.
fn weight(value: &Value) -> usize {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => 6,
        Value::String(text) => text.len() + 3,
        Value::Array(items) => 2 + items.iter().map(weight).sum::<usize>(),
        Value::Object(map) => {
            2 + map
                .iter()
                .map(|(name, value)| name.len() + 4 + weight(value))
                .sum::<usize>()
        }
    }
}
