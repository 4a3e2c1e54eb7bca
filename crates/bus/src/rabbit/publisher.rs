//! Publishing on one channel, in order, every message confirmed.
//!
//! A channel's confirmations are counted, so its messages must be handed over one after the other: each channel is
//! used by one task only. Waiting for each message to be written before the next would cost a change of thread per
//! message; so the task hands over (the first poll does that) and collects the confirmations as they come.

use super::requester::Refusal;
use super::wire::{self, Outgoing};
use crate::RequestError;
use crate::waiters::Waiters;
use events::CommandId;
use futures_util::stream::{FuturesUnordered, StreamExt};
use lapin::options::BasicPublishOptions;
use lapin::types::ShortString;
use lapin::{Channel, Confirmation};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

/// Commands handed over and not confirmed yet; further ones wait in the queue before this task.
const MAX_UNCONFIRMED: usize = 4_096;

/// A message on its way: what it is known by, and what the broker said.
pub(crate) type Publishing<'a, K> = Pin<Box<dyn Future<Output = (K, lapin::Result<Confirmation>)> + Send + 'a>>;

/// Prepares the publishing of a message; nothing happens before [`hand_over`].
pub(crate) fn publishing<K: Send + 'static>(
    channel: &Channel,
    key: K,
    mandatory: bool,
    message: Outgoing,
) -> Publishing<'_, K> {
    Box::pin(async move {
        let options = BasicPublishOptions {
            mandatory,
            immediate: false,
        };
        let Outgoing {
            exchange,
            routing_key,
            properties,
            body,
        } = message;
        let published = channel
            .basic_publish(exchange.into(), routing_key, options, &body, properties)
            .await;
        let confirmation = match published {
            Ok(confirm) => confirm.await,
            Err(error) => Err(error),
        };
        (key, confirmation)
    })
}

/// Hands the message to the connection, behind those handed over before. Gives the outcome when there already is one.
pub(crate) async fn hand_over<K>(publishing: &mut Publishing<'_, K>) -> Option<(K, lapin::Result<Confirmation>)> {
    std::future::poll_fn(|context| {
        Poll::Ready(match publishing.as_mut().poll(context) {
            Poll::Ready(outcome) => Some(outcome),
            Poll::Pending => None,
        })
    })
    .await
}

/// What a confirmation says: whether this message was refused, and which message was returned. The client hands out a
/// returned message with the next confirmation, whichever message that one is about, so it is known by its own id.
#[derive(Debug)]
pub(crate) struct Receipt {
    pub(crate) nacked: bool,
    pub(crate) returned: Option<ShortString>,
}

impl Receipt {
    pub(crate) fn read(confirmation: Confirmation) -> Self {
        let nacked = confirmation.is_nack();
        let returned = confirmation.take_message();
        Self {
            nacked,
            returned: returned.and_then(|message| message.delivery.properties.message_id().clone()),
        }
    }
}

/// Publishes the commands of one session until it is lost.
pub(crate) async fn publish_commands(
    channel: Channel,
    mut commands: mpsc::Receiver<(CommandId, Outgoing)>,
    waiters: Arc<Waiters>,
    lost: CancellationToken,
) {
    let mut unconfirmed = FuturesUnordered::new();
    loop {
        let outcome = tokio::select! {
            biased;
            () = lost.cancelled() => return,
            Some(outcome) = unconfirmed.next() => Some(outcome),
            command = commands.recv(), if unconfirmed.len() < MAX_UNCONFIRMED => {
                let Some((id, message)) = command else { break };
                let mut publishing = publishing(&channel, id, true, message);
                let outcome = hand_over(&mut publishing).await;
                if outcome.is_none() {
                    unconfirmed.push(publishing);
                }
                outcome
            }
        };
        if let Some((id, confirmation)) = outcome
            && !settle(&waiters, id, confirmation)
        {
            lost.cancel();
            return;
        }
    }
}

/// Wakes the requester of a command that was refused; `false` when the channel is gone.
fn settle(waiters: &Waiters, id: CommandId, confirmation: lapin::Result<Confirmation>) -> bool {
    let receipt = match confirmation {
        Ok(confirmation) => Receipt::read(confirmation),
        Err(error) => {
            tracing::debug!(%error, command.id = %id, "a command was not confirmed");
            return false;
        }
    };
    if receipt.nacked {
        refuse(waiters, id, Refusal::QueueFull);
    }
    if let Some(returned) = wire::command_id(receipt.returned.as_ref()) {
        refuse(waiters, returned, Refusal::Unroutable);
    }
    true
}

fn refuse(waiters: &Waiters, id: CommandId, refusal: Refusal) {
    tracing::debug!(command.id = %id, refusal = refusal.as_str(), "the broker refused a command");
    waiters.resolve(id, Err(RequestError::Refused));
}
