//! What could not be processed, taken off the bus to be kept elsewhere.
//!
//! A queue cannot be looked through: what is read from it is taken from it, and given back at another place. So the letters
//! are taken, stored by whoever takes them, and only then acknowledged ([`TakenLetters::ack`]). Until then the bus has them
//! too, and gives them to the next who asks.

use crate::message::Role;
use crate::{BusError, embedded, rabbit};
use events::{Command, Event, Timestamp};

/// A message that could not be processed.
#[derive(Clone, Debug)]
pub struct DeadLetter {
    /// The queue that it was to be processed from.
    pub queue: String,
    /// The lane of that queue; `None` where the queue is none of ours.
    pub lane: Option<u16>,
    /// The message itself.
    pub message: DeadMessage,
    /// Why it was put aside.
    pub reason: String,
    /// How often it was handed over, as far as that is known.
    pub tried: Option<u32>,
    /// When it was put aside, to the second on a broker; `None` where nothing says so.
    pub parked_at: Option<Timestamp>,
    /// W3C `traceparent` of the sender's span.
    pub traceparent: Option<String>,
}

/// What a dead letter is about.
#[derive(Clone, Debug)]
pub enum DeadMessage {
    /// A change that the projector brought to no end.
    Command(Box<Command>),
    /// An event that the dispatcher could make no deliveries of.
    Event(Box<Event>),
    /// What cannot be read as the messages of its queue.
    Unreadable {
        /// The message's own id, if it had one.
        id: Option<String>,
        /// What it was called, if anything.
        name: Option<String>,
        /// Its bytes.
        body: Vec<u8>,
    },
}

/// Dead letters that are taken and not yet acknowledged. Dropping them gives them back.
#[derive(Debug)]
pub struct TakenLetters {
    letters: Vec<DeadLetter>,
    held: Held,
}

#[derive(Debug)]
enum Held {
    Rabbit(rabbit::HeldLetters),
    Embedded(embedded::HeldLetters),
}

impl TakenLetters {
    pub(crate) const fn rabbit(letters: Vec<DeadLetter>, held: rabbit::HeldLetters) -> Self {
        Self {
            letters,
            held: Held::Rabbit(held),
        }
    }

    pub(crate) fn embedded(held: embedded::HeldLetters) -> Self {
        Self {
            letters: held.letters(),
            held: Held::Embedded(held),
        }
    }

    /// The letters, those that waited longest first.
    #[must_use]
    pub fn letters(&self) -> &[DeadLetter] {
        &self.letters
    }

    /// Takes them off the bus for good: they are kept elsewhere from now on.
    ///
    /// # Errors
    /// When that may not have reached the bus: then it gives them out again.
    pub async fn ack(self) -> Result<(), BusError> {
        self.ack_except(&[]).await
    }

    /// Takes them off the bus, except those at these places of [`TakenLetters::letters`], which can be kept nowhere else: the
    /// bus keeps them, and does not give them out again. On a broker they are in the queue
    /// [`DEAD_UNSTORED`](crate::topology::DEAD_UNSTORED), together with what travelled in the same message. Inside one
    /// process, they are kept as long as it lives, and an event among them is not done with.
    ///
    /// # Errors
    /// When that may not have reached the bus: then it gives all of them out again.
    pub async fn ack_except(self, unstored: &[usize]) -> Result<(), BusError> {
        match self.held {
            Held::Rabbit(held) => held.ack_except(unstored).await,
            Held::Embedded(held) => {
                held.ack_except(unstored);
                Ok(())
            }
        }
    }
}

/// The role and the lane of a queue, by its name.
pub(crate) fn queue_of(name: &str) -> Option<(Role, u16)> {
    [Role::Commands, Role::Events].into_iter().find_map(|role| {
        let (prefix, lane) = name.rsplit_once('.')?;
        let lane = lane.parse().ok()?;
        (role.queue(lane) == name && !prefix.is_empty()).then_some((role, lane))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_queue_is_known_by_its_name() {
        assert_eq!(queue_of("rollcall.commands.0"), Some((Role::Commands, 0)));
        assert_eq!(queue_of("rollcall.dispatch.17"), Some((Role::Events, 17)));
        for name in [
            "rollcall.dead",
            "rollcall.commands.x",
            "rollcall.commands.00",
            "other.commands.0",
            "",
        ] {
            assert_eq!(queue_of(name), None, "{name}");
        }
    }
}
