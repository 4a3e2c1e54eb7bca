//! The bus: commands to the projector and verdicts back, events to the dispatcher.
//!
//! A directory travels in one *lane*; each lane is one ordered queue of commands and one of events, each with a single
//! active consumer. Two implementations keep the same contract (`tests/contract`): RabbitMQ, and queues inside the
//! process. Nothing here is exactly-once: a message comes again when its consumer went away before acknowledging it,
//! and an event is published again when its confirmation was lost. What makes that harmless is the inbox of the
//! projector and the unique deliveries of the dispatcher, not the bus.

mod consumer;
mod dead;
mod embedded;
mod error;
mod inbound;
mod message;
mod rabbit;
#[cfg(feature = "testing")]
pub mod testing;
pub mod topology;
mod trace;
mod waiters;

pub use consumer::{Acker, Consumer, Replier};
pub use dead::{DeadLetter, DeadMessage, TakenLetters};
pub use error::{BusError, RequestError};
pub use inbound::{Health, Inbound, Receipt};
pub use message::{Message, Role};
pub use rabbit::{QueueDepth, RabbitOptions, look};

use embedded::{Embedded, Half};
use events::{Command, Event, Verdict};
use rabbit::Rabbit;
use std::sync::Arc;
use std::time::Instant;

/// A handle on the bus; clones share one bus.
#[derive(Clone, Debug)]
pub struct Bus(Transport);

#[derive(Clone, Debug)]
enum Transport {
    Rabbit(Arc<Rabbit>),
    Embedded(Arc<Embedded>),
}

impl Bus {
    /// A bus on RabbitMQ, 3.10 or later. Connects in the background, again and again for as long as the bus exists:
    /// a broker that is down is a state ([`Bus::health`]), not an error.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    #[must_use]
    pub fn rabbit(options: RabbitOptions) -> Self {
        Self::rabbit_with_max_length(options, topology::COMMANDS_MAX_LENGTH)
    }

    /// As [`Bus::rabbit`], with another bound on the commands that may wait in a lane. Queues that exist already keep
    /// their bound, and the broker refuses a different one: every process must give the same.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    #[must_use]
    pub fn rabbit_with_max_length(options: RabbitOptions, commands_max_length: u32) -> Self {
        Self(Transport::Rabbit(Rabbit::start(options, commands_max_length)))
    }

    /// A bus inside this process.
    #[must_use]
    pub fn embedded(partitions: u16) -> Self {
        Self::embedded_with_max_length(partitions, topology::COMMANDS_MAX_LENGTH)
    }

    /// As [`Bus::embedded`], with another bound on the messages that may wait in a lane.
    #[must_use]
    pub fn embedded_with_max_length(partitions: u16, max_length: u32) -> Self {
        Self(Transport::Embedded(Embedded::new(partitions, max_length)))
    }

    /// The number of lanes.
    #[must_use]
    pub fn partitions(&self) -> u16 {
        match &self.0 {
            Transport::Rabbit(rabbit) => rabbit.partitions(),
            Transport::Embedded(embedded) => embedded.partitions(),
        }
    }

    /// Publishes a command and waits for its verdict, until its deadline and a second more; measured as
    /// `rollcall_bus_request_seconds`.
    ///
    /// # Errors
    /// See [`RequestError`]: after anything but [`RequestError::Unavailable`] the caller must settle the command.
    pub async fn request(&self, command: &Command) -> Result<Verdict, RequestError> {
        self.request_in_turn(command, || {}).await
    }

    /// The same for one of several requests whose order matters: `sent` is called once the command has its place in the
    /// lane, so that the next one may be sent without waiting for this one's verdict. When the command cannot be sent,
    /// `sent` is dropped uncalled.
    ///
    /// # Errors
    /// As [`Bus::request`].
    pub async fn request_in_turn(
        &self,
        command: &Command,
        sent: impl FnOnce() + Send,
    ) -> Result<Verdict, RequestError> {
        let started = Instant::now();
        let outcome = match &self.0 {
            Transport::Rabbit(rabbit) => rabbit.request(command, sent).await,
            Transport::Embedded(embedded) => embedded.request(command, sent).await,
        };
        metrics::histogram!("rollcall_bus_request_seconds").record(started.elapsed());
        outcome
    }

    /// Publishes events in the given order and waits until the broker has all of them, however many they are: a broker is
    /// given some hundred at a time, and the bus inside the process takes as many as its consumer leaves room for. It
    /// keeps nothing over a restart: there the [`Receipt`] tells when the consumers are done with them.
    ///
    /// # Errors
    /// When they may not all have arrived. Publish the whole slice again: consumers know events by their id.
    pub async fn publish(&self, events: &[Event]) -> Result<Receipt, BusError> {
        match &self.0 {
            Transport::Rabbit(rabbit) => rabbit.publish(events).await.map(|()| Receipt::confirmed()),
            Transport::Embedded(embedded) => embedded.publish(events).await,
        }
    }

    /// Consumes the commands of some lanes; lanes that do not exist are ignored. Of several consumers of a lane one is
    /// active, the others stand by.
    #[must_use]
    pub fn commands(&self, lanes: Vec<u16>) -> Consumer<Command> {
        self.consume(lanes, Embedded::commands)
    }

    /// Consumes the events of some lanes, as [`Bus::commands`] does the commands.
    #[must_use]
    pub fn events(&self, lanes: Vec<u16>) -> Consumer<Event> {
        self.consume(lanes, Embedded::events)
    }

    fn consume<T: Message>(&self, mut lanes: Vec<u16>, half: fn(&Embedded) -> &Arc<Half<T>>) -> Consumer<T> {
        lanes.sort_unstable();
        lanes.dedup();
        lanes.retain(|lane| *lane < self.partitions());
        match &self.0 {
            Transport::Rabbit(rabbit) => Consumer::rabbit(rabbit::Consumer::start(Arc::clone(rabbit), lanes)),
            Transport::Embedded(embedded) => {
                let half = Arc::clone(half(embedded));
                Consumer::embedded(embedded::Consumer::new(Arc::clone(embedded), half, &lanes))
            }
        }
    }

    /// Hands an event to the dispatcher once more, without telling others of it again: what takes events knows them by
    /// their id. The [`Receipt`] is that of [`Bus::publish`].
    ///
    /// # Errors
    /// When it may not have arrived.
    pub async fn dispatch_again(&self, event: &Event) -> Result<Receipt, BusError> {
        match &self.0 {
            Transport::Rabbit(rabbit) => rabbit.dispatch_again(event).await.map(|()| Receipt::confirmed()),
            // There nobody else listens.
            Transport::Embedded(embedded) => embedded.publish(std::slice::from_ref(event)).await,
        }
    }

    /// Takes up to `most` dead letters, or some more where they travelled together, those that wait longest first; none
    /// where there are none. They stay on the bus until they are acknowledged. Several may take at a time: each gets others.
    ///
    /// # Errors
    /// When the broker cannot be asked.
    pub async fn take_dead(&self, most: usize) -> Result<TakenLetters, BusError> {
        match &self.0 {
            Transport::Rabbit(rabbit) => rabbit.take_dead(most).await,
            Transport::Embedded(embedded) => {
                let held = embedded::HeldLetters::take(embedded, most);
                Ok(TakenLetters::embedded(held))
            }
        }
    }

    /// How many messages are parked and can be kept nowhere but here ([`TakenLetters::ack_except`]).
    ///
    /// # Errors
    /// When the broker cannot be asked.
    pub async fn unstored_count(&self) -> Result<u64, BusError> {
        match &self.0 {
            Transport::Rabbit(rabbit) => rabbit.count_of(topology::DEAD_UNSTORED).await,
            Transport::Embedded(embedded) => Ok(embedded.dead().count_unstored()),
        }
    }

    /// How many messages are parked and not yet taken.
    ///
    /// # Errors
    /// When the broker cannot be asked.
    pub async fn dead_count(&self) -> Result<u64, BusError> {
        match &self.0 {
            Transport::Rabbit(rabbit) => rabbit.count_of(topology::DEAD).await,
            Transport::Embedded(embedded) => Ok(embedded.dead().count()),
        }
    }

    /// Whether the bus can be used right now.
    #[must_use]
    pub fn health(&self) -> Health {
        match &self.0 {
            Transport::Rabbit(rabbit) => rabbit.health(),
            Transport::Embedded(embedded) => embedded.health(),
        }
    }

    /// Closes the bus for all clones: takes nothing new, waits some seconds for what is on its way, and ends every
    /// consumer. Stop and drop the consumers first, else what they hold comes again elsewhere.
    pub async fn close(&self) {
        match &self.0 {
            Transport::Rabbit(rabbit) => rabbit.close().await,
            Transport::Embedded(embedded) => embedded.close().await,
        }
    }
}

/// Whether a URL names an AMQP broker, so that a configuration error shows at start instead of as a broker that never
/// comes up.
///
/// # Errors
/// [`BusError::InvalidUrl`] when it does not.
pub fn check_url(url: &str) -> Result<(), BusError> {
    rabbit::parse_url(url).map(drop)
}
