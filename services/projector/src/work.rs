//! The loop: take, commit, answer, hand over to the relay.

use crate::apply::Work;
use crate::commit::{CommitError, commit};
use crate::relay::Handover;
use crate::{Config, Deps, spans};
use bus::{Consumer, Delivery};
use events::{Command, Timestamp, Verdict};
use runtime::Shutdown;
use std::collections::HashMap;
use std::time::Duration;
use store::PROJECTOR;
use telemetry::chain;
use tokio::sync::mpsc;
use tracing::Instrument as _;

/// Between attempts while the database is away.
const BACKOFF: [Duration; 5] = [
    Duration::from_millis(50),
    Duration::from_millis(100),
    Duration::from_millis(250),
    Duration::from_millis(500),
    Duration::from_secs(1),
];

/// A command this long past its deadline is not applied any more: its sender has settled it or is gone. Long enough for
/// clocks that differ or jump by minutes, because dropping is only a convenience: the inbox is what decides.
const STALE: Duration = Duration::from_mins(10);

/// Takes commands and commits them, batch after batch.
pub(crate) struct Worker {
    config: Config,
    deps: Deps,
    consumer: Consumer<Command>,
    committed: mpsc::Sender<Handover>,
    /// For each lane the subscription and the epoch under which it is held.
    held: HashMap<u16, (u64, i64)>,
    /// Whether a lane was taken over since the last hand-over.
    taken_over: bool,
}

impl Worker {
    pub(crate) fn new(
        config: Config,
        deps: Deps,
        consumer: Consumer<Command>,
        committed: mpsc::Sender<Handover>,
    ) -> Self {
        Self {
            config,
            deps,
            consumer,
            committed,
            held: HashMap::new(),
            taken_over: false,
        }
    }

    /// Until a soft stop, or until the bus is closed. The consumer is handed back: as long as it lives, what it handed
    /// out can be acknowledged.
    pub(crate) async fn run(mut self, shutdown: Shutdown) -> Consumer<Command> {
        loop {
            let batch = tokio::select! {
                biased;
                () = shutdown.soft.cancelled() => break,
                batch = self.consumer.next(self.config.max_batch) => batch,
            };
            let Some(batch) = batch else { break };
            if batch.is_empty() {
                continue;
            }
            tokio::select! {
                () = self.process(batch) => {}
                // What is not committed by then is rolled back and delivered again.
                () = shutdown.hard.cancelled() => break,
            }
        }
        self.consumer.stop();
        self.consumer
    }

    async fn process(&mut self, batch: Vec<Delivery<Command>>) {
        let spans: Vec<_> = batch.iter().map(spans::process).collect();
        metrics::histogram!("rollcall_projector_batch_size").record(u32::try_from(batch.len()).unwrap_or(u32::MAX));
        let now = Timestamp::now();
        let work: Vec<Work<'_>> = batch
            .iter()
            .zip(&spans)
            .filter(|(delivery, _)| now < delivery.payload.deadline.plus(STALE))
            .map(|(delivery, span)| Work {
                command: &delivery.payload,
                traceparent: telemetry::traceparent_of(span),
            })
            .collect();
        let stale = batch.len() - work.len();
        if stale > 0 {
            tracing::warn!(commands = stale, "commands far past their deadline are dropped");
        }
        let span = spans::group_commit(&spans);
        let Some(done) = self.commit(&batch, &work).instrument(span).await else {
            return;
        };
        let by_command: HashMap<_, &Verdict> = done
            .verdicts
            .iter()
            .map(|verdict| (verdict.command_id, verdict))
            .collect();
        let replier = self.consumer.replier();
        for (delivery, span) in batch.iter().zip(&spans) {
            if let Some(verdict) = by_command.get(&delivery.payload.id) {
                span.record("verdict.status", crate::spans::status(&verdict.outcome));
                replier.reply(delivery, verdict).await;
            }
        }
        drop(spans);
        // Fails only when the relay is gone, and then the commands are delivered again and answered from the inbox.
        let taken_over = std::mem::take(&mut self.taken_over);
        let acker = self.consumer.acker();
        let _ = self
            .committed
            .send(Handover {
                events: done.events,
                deliveries: batch,
                acker,
                taken_over,
            })
            .await;
    }

    /// Commits until it works. `None` when the lane is somebody else's now.
    async fn commit(&mut self, batch: &[Delivery<Command>], work: &[Work<'_>]) -> Option<crate::commit::Committed> {
        let mut attempt = 0;
        loop {
            let result = match self.hold(batch).await {
                Ok(held) => commit(&self.deps.store, &held, work).await,
                Err(error) => Err(CommitError::Unavailable(error)),
            };
            match result {
                Ok(committed) => return Some(committed),
                Err(CommitError::Fenced(lanes)) => {
                    tracing::warn!(
                        ?lanes,
                        "another projector has taken over; the commands go back to the bus"
                    );
                    // A new subscription gives back what the old one held; whoever is active now gets it, in order.
                    self.consumer = self.deps.bus.commands((0..self.deps.bus.partitions()).collect());
                    self.held.clear();
                    return None;
                }
                Err(error) => {
                    let pause = BACKOFF[attempt.min(BACKOFF.len() - 1)];
                    tracing::warn!(error = %chain(&error), "a batch could not be committed; trying again");
                    metrics::counter!("rollcall_projector_retries_total").increment(1);
                    attempt += 1;
                    tokio::time::sleep(pause).await;
                }
            }
        }
    }

    /// Makes sure that every lane of the batch is held, and returns their epochs. A new subscription is a new tenure:
    /// somebody else may have worked in the lane in between.
    async fn hold(&mut self, batch: &[Delivery<Command>]) -> Result<Vec<(u16, i64)>, store::StoreError> {
        let mut held: Vec<(u16, i64)> = Vec::new();
        for delivery in batch {
            let lane = delivery.lane;
            if held.iter().any(|(known, _)| *known == lane) {
                continue;
            }
            let epoch = match self.held.get(&lane) {
                Some((session, epoch)) if *session == delivery.session => *epoch,
                _ => {
                    let lanes = self.deps.store.lanes(PROJECTOR);
                    let epoch = lanes.take(lane, &self.deps.instance, Timestamp::now()).await?;
                    tracing::info!(lane, epoch, "lane taken");
                    self.held.insert(lane, (delivery.session, epoch));
                    self.taken_over = true;
                    epoch
                }
            };
            held.push((lane, epoch));
        }
        Ok(held)
    }
}
