//! The two kinds of messages that lanes carry.

use events::{Command, DirectoryId, Event};
use serde::{Serialize, de::DeserializeOwned};

/// What a lane carries: a [`Command`] or an [`Event`].
pub trait Message: sealed::Kind {}

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
    pub trait Kind: Clone + std::fmt::Debug + Serialize + DeserializeOwned + Send + Sync + 'static {
        /// Which queue.
        const ROLE: Role;
        /// Goes to `message_id`.
        fn message_id(&self) -> String;
        /// Goes to `type`.
        fn name(&self) -> &'static str;
        /// Goes to `x-directory`.
        fn directory(&self) -> DirectoryId;
    }
}

impl sealed::Kind for Command {
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
}

impl sealed::Kind for Event {
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
}
