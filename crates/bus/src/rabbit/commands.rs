//! Commands on their way to the broker.
//!
//! A command that finds its lane idle is sent at once. While one is on its way, those that come after it wait and then
//! travel together, as small segments do on a connection with Nagle's algorithm: so the number of messages adapts to
//! how fast the broker confirms them, and a lone client never waits.

use super::bundle::{FULL_BYTES, MOST_MESSAGES};
use super::letter::Letter;
use super::publisher::{PublishConfirm, PublishFuture, hand_over, publishing};
use super::wire;
use crate::RequestError;
use crate::waiters::Waiters;
use events::CommandId;
use futures_util::stream::{FuturesUnordered, StreamExt};
use lapin::{Channel, Confirmation};
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

/// Messages handed over and not confirmed yet; further commands wait in the queue before this task.
const MAX_UNCONFIRMED: usize = 256;

/// Publishes the commands of one session until it is lost.
pub(crate) async fn publish_commands(
    channel: Channel,
    mut commands: mpsc::Receiver<Letter>,
    waiters: Arc<Waiters>,
    lost: CancellationToken,
) {
    let mut outbox = LaneSender::new(&channel, &waiters);
    loop {
        let going_on = tokio::select! {
            biased;
            () = lost.cancelled() => return,
            Some((sent, confirmation)) = outbox.unconfirmed.next() => outbox.settle(sent, confirmation).await,
            letter = commands.recv(), if outbox.unconfirmed.len() < MAX_UNCONFIRMED => {
                let Some(first) = letter else { break };
                let more = std::iter::from_fn(|| commands.try_recv().ok()).take(MOST_MESSAGES - 1);
                outbox.take(std::iter::once(first).chain(more)).await
            }
        };
        if !going_on {
            lost.cancel();
            return;
        }
    }
}

/// Why the broker refused a message with commands.
#[derive(Clone, Copy, Debug)]
enum BrokerRefusal {
    QueueFull,
    Unroutable,
}

impl BrokerRefusal {
    const fn as_str(self) -> &'static str {
        match self {
            Self::QueueFull => "queue full",
            Self::Unroutable => "no queue takes it",
        }
    }
}

/// A message on its way.
#[derive(Debug)]
struct InFlightMessage {
    lane: u16,
    /// What it is known by when it comes back: the id of its first command.
    id: CommandId,
}

#[derive(Debug, Default)]
struct CommandLane {
    waiting: Vec<Letter>,
    bytes: usize,
    unconfirmed: usize,
}

impl CommandLane {
    fn is_full(&self) -> bool {
        self.waiting.len() >= MOST_MESSAGES || self.bytes >= FULL_BYTES
    }
}

struct LaneSender<'a> {
    channel: &'a Channel,
    waiters: &'a Waiters,
    lanes: HashMap<u16, CommandLane>,
    unconfirmed: FuturesUnordered<PublishFuture<'a, InFlightMessage>>,
    /// The commands of the last messages, by the id of the first: a message may be named as returned a little after it
    /// was confirmed.
    recent: VecDeque<Vec<CommandId>>,
}

impl<'a> LaneSender<'a> {
    fn new(channel: &'a Channel, waiters: &'a Waiters) -> Self {
        Self {
            channel,
            waiters,
            lanes: HashMap::new(),
            unconfirmed: FuturesUnordered::new(),
            recent: VecDeque::new(),
        }
    }

    /// Takes commands and sends what may be sent. `false` when the channel is gone, here and below.
    async fn take(&mut self, letters: impl Iterator<Item = Letter>) -> bool {
        let mut touched = Vec::new();
        for letter in letters {
            let number = letter.lane;
            let lane = self.lanes.entry(number).or_default();
            lane.bytes += letter.part.message.get().len();
            lane.waiting.push(letter);
            if lane.is_full() {
                if !self.send(number).await {
                    return false;
                }
            } else if !touched.contains(&number) {
                touched.push(number);
            }
        }
        for number in touched {
            if self.lanes.get(&number).is_some_and(|lane| lane.unconfirmed == 0) && !self.send(number).await {
                return false;
            }
        }
        true
    }

    /// Sends what waits in a lane, as one message.
    async fn send(&mut self, number: u16) -> bool {
        let Some(lane) = self.lanes.get_mut(&number) else {
            return true;
        };
        lane.bytes = 0;
        let letters = std::mem::take(&mut lane.waiting);
        let Some(id) = letters.first().map(|letter| letter.id) else {
            return true;
        };
        let ids: Vec<CommandId> = letters.iter().map(|letter| letter.id).collect();
        let message = match wire::commands(letters) {
            Ok(message) => message,
            Err(error) => {
                tracing::error!(%error, commands = ids.len(), "commands could not be encoded");
                self.refuse(&ids, RequestError::Unavailable);
                return true;
            }
        };
        lane.unconfirmed += 1;
        self.recent.push_back(ids);
        while self.recent.len() > MAX_UNCONFIRMED * 2 {
            self.recent.pop_front();
        }
        let mut publishing = publishing(self.channel, InFlightMessage { lane: number, id }, message);
        match hand_over(&mut publishing).await {
            None => {
                self.unconfirmed.push(publishing);
                true
            }
            Some((sent, confirmation)) => self.note(&sent, confirmation),
        }
    }

    /// What the broker said of a message; the next one may go when it was the last on its way.
    async fn settle(&mut self, sent: InFlightMessage, confirmation: lapin::Result<Confirmation>) -> bool {
        let idle = |lane: &CommandLane| lane.unconfirmed == 0 && !lane.waiting.is_empty();
        self.note(&sent, confirmation) && (!self.lanes.get(&sent.lane).is_some_and(idle) || self.send(sent.lane).await)
    }

    /// Wakes the requesters of what was refused.
    fn note(&mut self, sent: &InFlightMessage, confirmation: lapin::Result<Confirmation>) -> bool {
        if let Some(lane) = self.lanes.get_mut(&sent.lane) {
            lane.unconfirmed -= 1;
        }
        let receipt = match confirmation {
            Ok(confirmation) => PublishConfirm::read(confirmation),
            Err(error) => {
                tracing::debug!(%error, command.id = %sent.id, "a command was not confirmed");
                return false;
            }
        };
        if receipt.nacked {
            self.refused(sent.id, BrokerRefusal::QueueFull);
        }
        if let Some(returned) = wire::command_id(receipt.returned.as_ref()) {
            self.refused(returned, BrokerRefusal::Unroutable);
        }
        true
    }

    fn refused(&self, first: CommandId, refusal: BrokerRefusal) {
        tracing::debug!(command.id = %first, refusal = refusal.as_str(), "the broker refused a message with commands");
        let of_message = |ids: &&Vec<CommandId>| ids.first() == Some(&first);
        if let Some(ids) = self.recent.iter().find(of_message) {
            self.refuse(ids, RequestError::Refused);
        }
    }

    fn refuse(&self, ids: &[CommandId], error: RequestError) {
        for id in ids {
            self.waiters.resolve(*id, Err(error));
        }
    }
}
