//! Publishing in batches: events, and messages that are parked.

use super::Rabbit;
use super::bundle::{self, BundlePart};
use super::publisher::{PublishConfirm, hand_over, publishing};
use super::wire::{self, OutgoingMessage};
use crate::BusError;
use crate::trace::event_span;
use events::{Event, lane_of};
use futures_util::stream::{FuturesUnordered, StreamExt};
use lapin::types::ShortString;
use lapin::{Channel, Confirmation};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use telemetry::semconv::messaging_system;
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;
use tracing::Span;

/// A broker that does not confirm for so long is stuck.
const CONFIRM_TIMEOUT: Duration = Duration::from_secs(30);
/// Batches that wait are published together, up to about so many messages.
const MOST_MESSAGES_TOGETHER: usize = 1_024;
/// Events handed over at once: what waits for confirmation, and the memory it takes, does not grow with what a change
/// announces, and parked messages and the events of others find their way in between.
const EVENTS_A_PORTION: usize = 512;

/// Messages that are published together; an empty batch is done when all before it are.
#[derive(Debug)]
pub(crate) struct PublishBatch {
    messages: Vec<OutgoingMessage>,
    done: oneshot::Sender<Result<(), BusError>>,
}

impl Rabbit {
    pub(crate) async fn publish(&self, events: &[Event]) -> Result<(), BusError> {
        let session = self.shared().session().ok_or(BusError::Unavailable)?;
        for portion in events.chunks(EVENTS_A_PORTION) {
            let (messages, spans) = self.messages(portion)?;
            let outcome = publish(session.batches(), messages).await;
            // The spans last until everything is confirmed.
            drop(spans);
            outcome?;
        }
        Ok(())
    }

    /// An event for the dispatcher alone.
    pub(crate) async fn dispatch_again(&self, event: &Event) -> Result<(), BusError> {
        let session = self.shared().session().ok_or(BusError::Unavailable)?;
        let lane = lane_of(event.directory_id, self.partitions());
        let span = event_span(event, lane, messaging_system::RABBITMQ);
        let part = BundlePart {
            traceparent: telemetry::traceparent_of(&span).or_else(|| event.traceparent.clone()),
            message: event,
        };
        let message = wire::events(&[part], lane)?;
        publish(session.batches(), vec![message]).await
    }

    /// Each event by itself for others, and all of a lane together for the dispatcher; in the given order.
    fn messages(&self, events: &[Event]) -> Result<(Vec<OutgoingMessage>, Vec<Span>), BusError> {
        let mut spans = Vec::with_capacity(events.len());
        let mut messages = Vec::with_capacity(events.len() + 1);
        let mut lanes: BTreeMap<u16, Vec<BundlePart<&Event>>> = BTreeMap::new();
        for event in events {
            let lane = lane_of(event.directory_id, self.partitions());
            let span = event_span(event, lane, messaging_system::RABBITMQ);
            let traceparent = telemetry::traceparent_of(&span).or_else(|| event.traceparent.clone());
            messages.push(wire::event(event, lane, traceparent.clone()));
            let part = BundlePart {
                traceparent,
                message: event,
            };
            lanes.entry(lane).or_default().push(part);
            spans.push(span);
        }
        for (lane, parts) in lanes {
            for run in bundle::runs(parts, |part| part.message.body.len()) {
                messages.push(wire::events(&run, lane)?);
            }
        }
        Ok((messages, spans))
    }
}

/// Publishes and waits for all confirmations.
pub(crate) async fn publish(
    batches: &mpsc::Sender<PublishBatch>,
    messages: Vec<OutgoingMessage>,
) -> Result<(), BusError> {
    let (done, outcome) = oneshot::channel();
    batches
        .send(PublishBatch { messages, done })
        .await
        .map_err(|_| BusError::Unavailable)?;
    outcome.await.unwrap_or(Err(BusError::Lost))
}

/// Publishes the batches of one session until it is lost.
pub(crate) async fn publish_batches(
    channel: Channel,
    mut batches: mpsc::Receiver<PublishBatch>,
    blocked: Arc<AtomicBool>,
    lost: CancellationToken,
) {
    while let Some(Some(first)) = lost.run_until_cancelled(batches.recv()).await {
        let mut size = first.messages.len();
        let mut group = vec![first];
        while size < MOST_MESSAGES_TOGETHER
            && let Ok(batch) = batches.try_recv()
        {
            size += batch.messages.len();
            group.push(batch);
        }
        // When the session is lost meanwhile, the batches are dropped, which tells their senders.
        let Some(outcome) = lost.run_until_cancelled(publish_group(&channel, group)).await else {
            return;
        };
        match outcome {
            GroupOutcome::Settled => {}
            // A broker that says that it takes nothing now is not stuck.
            GroupOutcome::TimedOut if blocked.load(Ordering::Relaxed) => {}
            GroupOutcome::TimedOut | GroupOutcome::ChannelGone => lost.cancel(),
        }
    }
}

enum GroupOutcome {
    Settled,
    TimedOut,
    ChannelGone,
}

/// The fate of the batches of a group.
struct BatchGroup {
    /// Which batch each message belongs to.
    ids: Vec<(ShortString, usize)>,
    /// For each batch, whether a message of it was refused.
    refused: Vec<bool>,
}

impl BatchGroup {
    /// `false` when the channel is gone.
    fn settle(&mut self, batch: usize, confirmation: lapin::Result<Confirmation>) -> bool {
        let receipt = match confirmation {
            Ok(confirmation) => PublishConfirm::read(confirmation),
            Err(error) => {
                tracing::debug!(%error, "a batch was not confirmed");
                return false;
            }
        };
        if receipt.nacked {
            self.refuse(batch);
        }
        if let Some(returned) = receipt.returned {
            let batches: Vec<usize> = self
                .ids
                .iter()
                .filter(|(id, _)| *id == returned)
                .map(|(_, batch)| *batch)
                .collect();
            batches.into_iter().for_each(|batch| self.refuse(batch));
        }
        true
    }

    fn refuse(&mut self, batch: usize) {
        if let Some(refused) = self.refused.get_mut(batch) {
            *refused = true;
        }
    }
}

/// Publishes a group in order. A message of a group can only be returned before the group is confirmed as a whole, so
/// no batch takes the blame for another group's message.
async fn publish_group(channel: &Channel, group: Vec<PublishBatch>) -> GroupOutcome {
    let mut fate = BatchGroup {
        ids: Vec::new(),
        refused: vec![false; group.len()],
    };
    let mut senders = Vec::with_capacity(group.len());
    let mut unconfirmed = FuturesUnordered::new();
    for (index, batch) in group.into_iter().enumerate() {
        senders.push(batch.done);
        for message in batch.messages {
            if let Some(id) = message.message_id() {
                fate.ids.push((id.clone(), index));
            }
            let mut publishing = publishing(channel, index, message);
            match hand_over(&mut publishing).await {
                None => unconfirmed.push(publishing),
                Some((index, confirmation)) => {
                    if !fate.settle(index, confirmation) {
                        return GroupOutcome::ChannelGone;
                    }
                }
            }
        }
    }
    let confirmed = tokio::time::timeout(CONFIRM_TIMEOUT, async {
        while let Some((index, confirmation)) = unconfirmed.next().await {
            if !fate.settle(index, confirmation) {
                return false;
            }
        }
        true
    });
    match confirmed.await {
        Ok(true) => {
            for (sender, refused) in senders.into_iter().zip(fate.refused) {
                let _ = sender.send(if refused { Err(BusError::Refused) } else { Ok(()) });
            }
            GroupOutcome::Settled
        }
        Ok(false) => GroupOutcome::ChannelGone,
        Err(_) => {
            for sender in senders {
                let _ = sender.send(Err(BusError::TimedOut));
            }
            GroupOutcome::TimedOut
        }
    }
}

/// Returns once everything sent so far is confirmed or given up.
pub(crate) async fn flush(batches: &mpsc::Sender<PublishBatch>) {
    // The outcome is that of an empty batch.
    let _ = publish(batches, Vec::new()).await;
}
