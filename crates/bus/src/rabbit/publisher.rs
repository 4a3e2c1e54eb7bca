//! Publishing on one channel, in order, every message confirmed.
//!
//! A channel's confirmations are counted, so its messages must be handed over one after the other: each channel is
//! used by one task only. Waiting for each message to be written before the next would cost a change of thread per
//! message; so the task hands over (the first poll does that) and collects the confirmations as they come.

use super::wire::OutgoingMessage;
use lapin::options::BasicPublishOptions;
use lapin::types::ShortString;
use lapin::{Channel, Confirmation};
use std::future::Future;
use std::pin::Pin;
use std::task::Poll;

/// A message on its way: what it is known by, and what the broker said.
pub(crate) type PublishFuture<'a, K> = Pin<Box<dyn Future<Output = (K, lapin::Result<Confirmation>)> + Send + 'a>>;

/// Prepares the publishing of a message; nothing happens before [`hand_over`].
pub(crate) fn publishing<K: Send + 'static>(
    channel: &Channel,
    key: K,
    message: OutgoingMessage,
) -> PublishFuture<'_, K> {
    Box::pin(async move {
        let OutgoingMessage {
            exchange,
            routing_key,
            mandatory,
            properties,
            body,
        } = message;
        let options = BasicPublishOptions {
            mandatory,
            immediate: false,
        };
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
pub(crate) async fn hand_over<K>(publishing: &mut PublishFuture<'_, K>) -> Option<(K, lapin::Result<Confirmation>)> {
    std::future::poll_fn(|context| {
        Poll::Ready(match publishing.as_mut().poll(context) {
            Poll::Ready(outcome) => Some(outcome),
            Poll::Pending => None,
        })
    })
    .await
}

/// What a confirmation says: whether this message was refused, and which message was returned. The client hands out a
/// returned message with the next confirmation, even if that is about another message, so it is known by its own id.
#[derive(Debug)]
pub(crate) struct PublishConfirm {
    pub(crate) nacked: bool,
    pub(crate) returned: Option<ShortString>,
}

impl PublishConfirm {
    pub(crate) fn read(confirmation: Confirmation) -> Self {
        let nacked = confirmation.is_nack();
        let returned = confirmation.take_message();
        Self {
            nacked,
            returned: returned.and_then(|message| message.delivery.properties.message_id().clone()),
        }
    }
}
