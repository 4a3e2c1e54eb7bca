//! The dead letters: taken one by one, on a channel of their own that gives them back when it ends.

use super::connection::{self, broker_error};
use super::publisher::PublishConfirm;
use super::wire::{self, Parking};
use super::{Rabbit, bundle};
use crate::dead::queue_of;
use crate::message::Role;
use crate::topology::{DEAD, DEAD_UNSTORED};
use crate::{BusError, DeadLetter, DeadMessage, Message, TakenLetters};
use events::{Command, Event};
use lapin::message::Delivery;
use lapin::options::{BasicAckOptions, BasicGetOptions, BasicPublishOptions, ConfirmSelectOptions};
use lapin::{BasicProperties, Channel};
use std::time::Duration;

/// A broker that blocks this connection answers nothing on it.
const TIMEOUT: Duration = Duration::from_secs(20);
/// Bytes after which no further message is taken.
const MOST_BYTES: usize = 4 * 1024 * 1024;

/// Letters that were taken; the broker gives them out again when the channel closes.
#[derive(Debug)]
pub(crate) struct HeldLetters {
    channel: Channel,
    last: Option<u64>,
    messages: Vec<TakenMessage>,
}

/// A message as it was taken.
#[derive(Debug)]
struct TakenMessage {
    properties: BasicProperties,
    body: Vec<u8>,
    /// How many letters were in it.
    letters: usize,
}

impl Rabbit {
    pub(crate) async fn take_dead(&self, most: usize) -> Result<TakenLetters, BusError> {
        let session = self.shared().session().ok_or(BusError::Unavailable)?;
        let taking = async {
            let channel = session.connection().create_channel().await?;
            let (mut letters, mut last, mut bytes) = (Vec::new(), None, 0);
            let mut messages = Vec::new();
            while letters.len() < most
                && bytes < MOST_BYTES
                && let Some(got) = channel.basic_get(DEAD.into(), BasicGetOptions::default()).await?
            {
                last = Some(got.delivery.delivery_tag);
                bytes += got.delivery.data.len();
                let (properties, body) = (got.delivery.properties.clone(), got.delivery.data.clone());
                let found = read(got.delivery);
                messages.push(TakenMessage {
                    properties,
                    body,
                    letters: found.len(),
                });
                letters.extend(found);
            }
            let held = HeldLetters {
                channel,
                last,
                messages,
            };
            Ok(TakenLetters::rabbit(letters, held))
        };
        tokio::time::timeout(TIMEOUT, taking)
            .await
            .map_err(|_| BusError::TimedOut)?
            .map_err(broker_error)
    }
}

impl HeldLetters {
    pub(crate) async fn ack_except(mut self, unstored: &[usize]) -> Result<(), BusError> {
        let mut next = 0;
        for message in std::mem::take(&mut self.messages) {
            let letters = next..next + message.letters;
            next = letters.end;
            if unstored.iter().any(|place| letters.contains(place)) {
                tokio::time::timeout(TIMEOUT, self.set_aside(message))
                    .await
                    .map_err(|_| BusError::TimedOut)??;
            }
        }
        let acknowledging = async {
            if let Some(last) = self.last {
                self.channel.basic_ack(last, BasicAckOptions { multiple: true }).await?;
            }
            // The broker answers once it has done what came before.
            self.channel.close(200, "OK".into()).await
        };
        tokio::time::timeout(TIMEOUT, acknowledging)
            .await
            .map_err(|_| BusError::TimedOut)?
            .map_err(connection::broker_error)
    }

    /// Puts a message as it is where nothing takes it from, before it goes from where it was.
    async fn set_aside(&self, message: TakenMessage) -> Result<(), BusError> {
        let publishing = async {
            self.channel.confirm_select(ConfirmSelectOptions::default()).await?;
            let options = BasicPublishOptions {
                mandatory: true,
                immediate: false,
            };
            let TakenMessage { properties, body, .. } = message;
            let published = self
                .channel
                .basic_publish("".into(), DEAD_UNSTORED.into(), options, &body, properties);
            published.await?.await
        };
        let confirm = PublishConfirm::read(publishing.await.map_err(broker_error)?);
        if confirm.nacked || confirm.returned.is_some() {
            return Err(BusError::Refused);
        }
        Ok(())
    }
}

/// The letters of a message: what travelled together is told one by one.
fn read(delivery: Delivery) -> Vec<DeadLetter> {
    let parking = Parking::read(&delivery.properties, delivery.routing_key.as_str());
    let parts = match queue_of(&parking.queue).map(|(role, _)| role) {
        Some(Role::Commands) => parts::<Command>(&delivery.data),
        Some(Role::Events) => parts::<Event>(&delivery.data),
        None => None,
    };
    let parts = parts.unwrap_or_else(|| {
        let (id, name) = wire::names(&delivery.properties);
        vec![(
            None,
            DeadMessage::Unreadable {
                id,
                name,
                body: delivery.data,
            },
        )]
    });
    let letter = |(traceparent, message): (Option<String>, DeadMessage)| DeadLetter {
        queue: parking.queue.clone(),
        lane: queue_of(&parking.queue).map(|(_, lane)| lane),
        message,
        reason: parking.reason.clone(),
        tried: parking.tried,
        parked_at: parking.parked_at,
        traceparent: traceparent.or_else(|| parking.traceparent.clone()),
    };
    parts.into_iter().map(letter).collect()
}

fn parts<T: Message>(body: &[u8]) -> Option<Vec<(Option<String>, DeadMessage)>> {
    let parts = bundle::read::<T>(body).ok()?;
    let part = |part: bundle::BundlePart<T>| (part.traceparent, part.message.into_dead());
    Some(parts.into_iter().map(part).collect())
}
