//! The queue that verdicts come back to: one for each session that sends commands.

use crate::waiters::Waiters;
use events::Verdict;
use futures_util::StreamExt;
use lapin::options::{BasicConsumeOptions, QueueDeclareOptions};
use lapin::types::{AMQPValue, FieldTable, ShortString};
use lapin::{Channel, Connection};
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// Declares the queue and wakes the waiters as their verdicts come, until the session is lost. The name of the queue.
pub(crate) async fn open(
    connection: &Connection,
    waiters: &Arc<Waiters>,
    lost: &CancellationToken,
) -> lapin::Result<ShortString> {
    let (queue, consumer, channel) = declare_and_consume(connection).await?;
    tokio::spawn(read_verdicts(channel, consumer, Arc::clone(waiters), lost.clone()));
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
            // Verdicts are stored: a sender that hears nothing finds its own there.
            Err(error) => tracing::error!(%error, "verdicts could not be read"),
        }
    }
    lost.cancel();
    drop(channel);
}
