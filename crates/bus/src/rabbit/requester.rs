//! Commands out, verdicts back.

use super::Rabbit;
use super::commands::Letter;
use super::session::Session;
use crate::RequestError;
use crate::trace::{request_span, traced};
use crate::waiters::Waiters;
use events::{Command, Verdict, lane_of};
use futures_util::StreamExt;
use lapin::options::{BasicConsumeOptions, QueueDeclareOptions};
use lapin::types::{AMQPValue, FieldTable, ShortString};
use lapin::{Channel, Connection};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use telemetry::semconv::messaging_system;
use tokio_util::sync::CancellationToken;

/// A request gives up on a broker that does not even declare its reply queue in this time.
const REPLY_QUEUE_TIMEOUT: Duration = Duration::from_secs(2);

/// Why the broker refused a message with commands.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Refusal {
    QueueFull,
    Unroutable,
}

impl Refusal {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::QueueFull => "queue full",
            Self::Unroutable => "no queue takes it",
        }
    }
}

impl Rabbit {
    pub(crate) async fn request(&self, command: &Command, sent: impl FnOnce() + Send) -> Result<Verdict, RequestError> {
        let lane = lane_of(command.directory_id, self.partitions());
        let span = request_span(command, lane, messaging_system::RABBITMQ);
        traced(span, self.exchange(command, lane, sent)).await
    }

    async fn exchange(
        &self,
        command: &Command,
        lane: u16,
        sent: impl FnOnce() + Send,
    ) -> Result<Verdict, RequestError> {
        self.shared().requests.store(true, Ordering::Relaxed);
        let session = self.shared().session().ok_or(RequestError::Unavailable)?;
        let reply_to = reply_queue(&session).await.ok_or(RequestError::Unavailable)?;
        let letter = Letter::new(command, lane, reply_to, telemetry::traceparent()).map_err(|error| {
            tracing::error!(%error, command.id = %command.id, "a command could not be encoded");
            RequestError::Unavailable
        })?;
        let waiter = session
            .waiters()
            .register(command.id)
            .ok_or(RequestError::Unavailable)?;
        // A full queue means that the broker is not keeping up: better refused now than late.
        session
            .commands()
            .try_send(letter)
            .map_err(|_| RequestError::Unavailable)?;
        sent();
        waiter.wait(command.deadline).await
    }
}

/// The session's reply queue, opened at its first request.
pub(crate) async fn reply_queue(session: &Session) -> Option<ShortString> {
    let opening = session.reply_queue().get_or_try_init(|| open_reply_queue(session));
    match tokio::time::timeout(REPLY_QUEUE_TIMEOUT, opening).await {
        Ok(Ok(queue)) => Some(queue.clone()),
        Ok(Err(error)) => {
            tracing::warn!(%error, "the reply queue could not be opened");
            None
        }
        Err(_) => None,
    }
}

async fn open_reply_queue(session: &Session) -> lapin::Result<ShortString> {
    let (queue, consumer, channel) = declare_and_consume(session.connection()).await?;
    let task = read_verdicts(channel, consumer, Arc::clone(session.waiters()), session.lost().clone());
    tokio::spawn(task);
    Ok(queue)
}

async fn declare_and_consume(connection: &Connection) -> lapin::Result<(ShortString, lapin::Consumer, Channel)> {
    let channel = connection.create_channel().await?;
    let options = QueueDeclareOptions {
        exclusive: true,
        auto_delete: true,
        ..QueueDeclareOptions::default()
    };
    let mut arguments = FieldTable::default();
    // Said explicitly, because a virtual host may have another default type, and quorum queues cannot be exclusive.
    arguments.insert("x-queue-type".into(), AMQPValue::LongString("classic".into()));
    let queue = channel
        .queue_declare("".into(), options, arguments)
        .await?
        .name()
        .clone();
    let options = BasicConsumeOptions {
        no_ack: true,
        ..BasicConsumeOptions::default()
    };
    let consumer = channel
        .basic_consume(queue.clone(), "".into(), options, FieldTable::default())
        .await?;
    Ok((queue, consumer, channel))
}

/// Wakes the requesters as their verdicts come; the end of the stream is the end of the session.
async fn read_verdicts(
    channel: Channel,
    mut consumer: lapin::Consumer,
    waiters: Arc<Waiters>,
    lost: CancellationToken,
) {
    while let Some(Some(Ok(delivery))) = lost.run_until_cancelled(consumer.next()).await {
        match serde_json::from_slice::<Vec<Verdict>>(&delivery.data) {
            Ok(verdicts) => {
                for verdict in verdicts {
                    waiters.resolve(verdict.command_id, Ok(verdict));
                }
            }
            // Verdicts are stored: a sender that waits in vain finds its own there.
            Err(error) => tracing::error!(%error, "verdicts could not be read"),
        }
    }
    lost.cancel();
    drop(channel);
}
