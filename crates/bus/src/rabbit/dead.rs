//! The dead letters: taken one by one, on a channel of their own that gives them back when it ends.

use super::connection::{self, broker_error};
use super::wire::{self, Parking};
use super::{Rabbit, bundle};
use crate::dead::queue_of;
use crate::message::Role;
use crate::topology::DEAD;
use crate::{BusError, DeadLetter, DeadMessage, Message, TakenLetters};
use events::{Command, Event};
use lapin::Channel;
use lapin::message::Delivery;
use lapin::options::{BasicAckOptions, BasicGetOptions};
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
}

impl Rabbit {
    pub(crate) async fn take_dead(&self, most: usize) -> Result<TakenLetters, BusError> {
        let session = self.shared().session().ok_or(BusError::Unavailable)?;
        let taking = async {
            let channel = session.connection().create_channel().await?;
            let (mut letters, mut last, mut bytes) = (Vec::new(), None, 0);
            while letters.len() < most
                && bytes < MOST_BYTES
                && let Some(got) = channel.basic_get(DEAD.into(), BasicGetOptions::default()).await?
            {
                last = Some(got.delivery.delivery_tag);
                bytes += got.delivery.data.len();
                letters.extend(read(got.delivery));
            }
            Ok(TakenLetters::rabbit(letters, HeldLetters { channel, last }))
        };
        tokio::time::timeout(TIMEOUT, taking)
            .await
            .map_err(|_| BusError::TimedOut)?
            .map_err(broker_error)
    }
}

impl HeldLetters {
    pub(crate) async fn ack(self) -> Result<(), BusError> {
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
