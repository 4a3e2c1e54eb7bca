//! What every batch goes through: committed until it works, answered, handed over to the relay.

use crate::command::Work;
use crate::commit::{CommitError, CommittedBatch, Terms, commit, give_up};
use crate::relay::{Handover, PublishedBatch, RelayMessage};
use crate::spans;
use crate::stages::{Lap, Stage};
use bus::{Acker, Inbound, Replier};
use events::{Command, CommandId, Verdict};
use std::collections::HashMap;
use std::time::{Duration, Instant};
use store::Store;
use telemetry::chain;
use tokio::sync::{mpsc, oneshot};
use tracing::Span;

/// Between attempts while the database is away.
pub(crate) const BACKOFF: [Duration; 5] = [
    Duration::from_millis(50),
    Duration::from_millis(100),
    Duration::from_millis(250),
    Duration::from_millis(500),
    Duration::from_secs(1),
];

/// A database that does not answer for this long may answer another projector: the lanes pass on, and are asked for again
/// when it does. Long enough for a server that restarts, short enough for the commands that wait.
pub(crate) const PASS_ON_AFTER: Duration = Duration::from_secs(3);

/// Why a batch goes back to the bus.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BatchLost {
    /// The lanes are another projector's now.
    Fenced,
    /// The database is away.
    Away,
}

/// How long is tried until it works or the batch is lost.
#[derive(Debug)]
pub(crate) struct RetryLimits {
    began: Instant,
    attempts: usize,
}

impl RetryLimits {
    pub(crate) fn new() -> Self {
        Self {
            began: Instant::now(),
            attempts: 0,
        }
    }

    /// Waits until it may be tried again after this failure.
    pub(crate) async fn after(&mut self, error: CommitError) -> Result<(), BatchLost> {
        match error {
            CommitError::Fenced(lanes) => {
                tracing::warn!(
                    ?lanes,
                    "another projector has taken over; the commands go back to the bus"
                );
                return Err(BatchLost::Fenced);
            }
            error if self.began.elapsed() > PASS_ON_AFTER => {
                tracing::warn!(error = %chain(&error), "the database is away; the lanes pass on until it is back");
                return Err(BatchLost::Away);
            }
            error => tracing::warn!(error = %chain(&error), "a batch could not be committed; trying again"),
        }
        let pause = BACKOFF[self.attempts.min(BACKOFF.len() - 1)];
        metrics::counter!("rollcall_projector_retries_total").increment(1);
        self.attempts += 1;
        tokio::time::sleep(pause).await;
        Ok(())
    }
}

/// The ends of the bus and of the relay, for one subscription.
#[derive(Clone, Debug)]
pub(crate) struct Desk {
    pub(crate) store: Store,
    pub(crate) replier: Replier,
    pub(crate) acker: Acker<Command>,
    pub(crate) committed: mpsc::Sender<RelayMessage>,
}

impl Desk {
    /// Commits.
    pub(crate) async fn commit(&self, terms: Terms<'_>, work: &[Work<'_>]) -> Result<CommittedBatch, BatchLost> {
        let mut patience = RetryLimits::new();
        loop {
            match commit(&self.store, terms, work).await {
                Ok(done) => return Ok(done),
                Err(error) => patience.after(error).await?,
            }
        }
    }

    /// Gives up a command that nobody comes to an end with.
    pub(crate) async fn give_up(&self, terms: Terms<'_>, work: &Work<'_>) -> Result<Vec<Verdict>, BatchLost> {
        let mut patience = RetryLimits::new();
        loop {
            match give_up(&self.store, terms, work).await {
                Ok(verdicts) => return Ok(verdicts),
                Err(error) => patience.after(error).await?,
            }
        }
    }

    /// Answers the commands, and hands their events over; `published` hears when they are on the bus.
    pub(crate) async fn conclude(
        &self,
        batch: Vec<Inbound<Command>>,
        spans: Vec<Span>,
        done: CommittedBatch,
        published: Option<oneshot::Sender<()>>,
    ) {
        let by_command: HashMap<CommandId, &Verdict> = done
            .verdicts
            .iter()
            .map(|verdict| (verdict.command_id, verdict))
            .collect();
        let mut lap = Lap::start(batch.len());
        let mut answers = Vec::with_capacity(batch.len());
        for (delivery, span) in batch.iter().zip(&spans) {
            if let Some(verdict) = by_command.get(&delivery.payload.id) {
                span.record("verdict.status", spans::status(&verdict.outcome));
                answers.push((delivery, *verdict));
            }
        }
        self.replier.reply_all(&answers).await;
        lap.end(Stage::Reply);
        drop(spans);
        let handover = Handover {
            events: done.events,
            done: PublishedBatch {
                deliveries: batch,
                acker: self.acker.clone(),
                committed: Instant::now(),
                published,
            },
        };
        // Fails only when the relay is gone, and then the commands are delivered again and answered from the inbox.
        let _ = self.committed.send(RelayMessage::Committed(handover)).await;
    }
}
