//! The consuming end of the bus.

use crate::{BusError, Inbound, Message, embedded, rabbit};
use events::{Command, Verdict};

/// Takes the messages of some lanes. Survives the loss of the broker: the messages that were not acknowledged come
/// again under a new session.
///
/// Dropping it passes its lanes on to the next consumer, with everything that is not acknowledged, in order.
#[derive(Debug)]
pub struct Consumer<T: Message>(ConsumerTransport<T>);

#[derive(Debug)]
enum ConsumerTransport<T: Message> {
    Rabbit(rabbit::Consumer<T>),
    Embedded(embedded::Consumer<T>),
}

impl<T: Message> Consumer<T> {
    pub(crate) const fn rabbit(consumer: rabbit::Consumer<T>) -> Self {
        Self(ConsumerTransport::Rabbit(consumer))
    }

    pub(crate) const fn embedded(consumer: embedded::Consumer<T>) -> Self {
        Self(ConsumerTransport::Embedded(consumer))
    }

    /// Waits for a message, then takes all that are ready, up to `max`: in order within each lane. `None` once the
    /// consumer is stopped or the bus closed. Nothing is lost when the call is given up half-way.
    pub async fn next(&self, max: usize) -> Option<Vec<Inbound<T>>> {
        match &self.0 {
            ConsumerTransport::Rabbit(consumer) => consumer.next(max).await,
            ConsumerTransport::Embedded(consumer) => consumer.next(max).await,
        }
    }

    /// What acknowledges deliveries of this consumer.
    #[must_use]
    pub fn acker(&self) -> Acker<T> {
        Acker(match &self.0 {
            ConsumerTransport::Rabbit(consumer) => Link::Rabbit(consumer.link().clone()),
            ConsumerTransport::Embedded(consumer) => Link::Embedded(consumer.link().clone()),
        })
    }

    /// Ends the stream: [`Consumer::next`] gives `None` from now on. What was handed out can still be acknowledged;
    /// as soon as all of it is, or the consumer is dropped, the lanes pass to the next consumer. They do not pass
    /// earlier, because then later messages would overtake the ones held here.
    pub fn stop(&self) {
        match &self.0 {
            ConsumerTransport::Rabbit(consumer) => consumer.stop(),
            ConsumerTransport::Embedded(consumer) => consumer.stop(),
        }
    }
}

impl Consumer<Command> {
    /// What sends verdicts to those who wait for them.
    #[must_use]
    pub fn replier(&self) -> Replier {
        Replier(self.acker().0)
    }
}

#[derive(Debug)]
enum Link<T: Message> {
    Rabbit(rabbit::Link<T>),
    Embedded(embedded::Link<T>),
}

impl<T: Message> Clone for Link<T> {
    fn clone(&self) -> Self {
        match self {
            Self::Rabbit(link) => Self::Rabbit(link.clone()),
            Self::Embedded(link) => Self::Embedded(link.clone()),
        }
    }
}

/// Acknowledges deliveries.
#[derive(Debug)]
pub struct Acker<T: Message>(Link<T>);

impl<T: Message> Clone for Acker<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T: Message> Acker<T> {
    /// Done with these, and with no others. Deliveries of a session that is over are ignored: they come again. On a broker
    /// several deliveries may have come as one message, which is acknowledged with the last of them: until then all of
    /// them may come again.
    pub async fn ack(&self, deliveries: &[Inbound<T>]) {
        match &self.0 {
            Link::Rabbit(link) => link.ack(deliveries),
            Link::Embedded(link) => link.ack(deliveries),
        }
    }

    /// Puts a message that cannot be processed aside, with the reason, and acknowledges it.
    ///
    /// # Errors
    /// When it could not be put aside; then it is not acknowledged either.
    pub async fn park(&self, delivery: &Inbound<T>, reason: &str) -> Result<(), BusError> {
        match &self.0 {
            Link::Rabbit(link) => link.park(delivery, reason).await,
            Link::Embedded(link) => {
                link.park(delivery, reason);
                Ok(())
            }
        }
    }
}

/// Sends verdicts.
#[derive(Clone, Debug)]
pub struct Replier(Link<Command>);

impl Replier {
    /// Sends the verdict to its sender. Nothing says whether it arrives: a sender that hears nothing looks
    /// the verdict up.
    pub async fn reply(&self, delivery: &Inbound<Command>, verdict: &Verdict) {
        self.reply_all(&[(delivery, verdict)]).await;
    }

    /// [`Replier::reply`] for many at once: those for the same connection travel in one message.
    pub async fn reply_all(&self, verdicts: &[(&Inbound<Command>, &Verdict)]) {
        match &self.0 {
            Link::Rabbit(link) => link.reply(verdicts).await,
            Link::Embedded(link) => {
                for (_, verdict) in verdicts {
                    link.bus().waiters().resolve(verdict.command_id, Ok((*verdict).clone()));
                }
            }
        }
    }
}
