//! The loop: take, commit, answer, hand over to the relay.

use crate::apply::Work;
use crate::commit::{CommitError, commit};
use crate::relay::{Done, Handover, Told};
use crate::rounds::Rounds;
use crate::stages::{Lap, Stage};
use crate::{Config, Deps, spans};
use bus::{Consumer, Delivery};
use events::{Command, Timestamp, Verdict};
use futures_util::FutureExt as _;
use runtime::Shutdown;
use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};
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

/// A database that does not answer for this long may answer another projector: the lanes pass on, and are asked for again
/// when it does. Long enough for a server that restarts, short enough for the commands that wait.
const PASS_ON_AFTER: Duration = Duration::from_secs(3);
/// A command this long past its deadline is not applied any more: its sender has settled it or is gone. Long enough for
/// clocks that differ or jump by minutes, because dropping is only a convenience: the inbox is what decides.
const STALE: Duration = Duration::from_mins(10);

/// The commands to apply: each once, though one that is delivered again may meet itself; none that is stale.
fn fresh<'a>(batch: &'a [Delivery<Command>], spans: &[tracing::Span]) -> Vec<Work<'a>> {
    let now = Timestamp::now();
    let mut met = HashSet::with_capacity(batch.len());
    let mut stale = 0;
    let mut work = Vec::with_capacity(batch.len());
    for (delivery, span) in batch.iter().zip(spans) {
        let command = &delivery.payload;
        if now >= command.deadline.plus(STALE) {
            stale += 1;
        } else if met.insert(command.id) {
            work.push(Work {
                command,
                traceparent: telemetry::traceparent_of(span),
            });
        }
    }
    if stale > 0 {
        tracing::warn!(commands = stale, "commands far past their deadline are dropped");
    }
    work
}

/// Takes commands and commits them, batch after batch.
pub(crate) struct Worker {
    config: Config,
    deps: Deps,
    consumer: Consumer<Command>,
    /// What the consumer has handed out and no batch has taken yet.
    rounds: Rounds<Delivery<Command>>,
    committed: mpsc::Sender<Told>,
    /// For each lane the subscription and the epoch under which it is held.
    held: HashMap<u16, (u64, i64)>,
    /// How many commands came at once of late, at most.
    usual: usize,
}

impl Worker {
    pub(crate) fn new(config: Config, deps: Deps, consumer: Consumer<Command>, committed: mpsc::Sender<Told>) -> Self {
        Self {
            config,
            deps,
            consumer,
            rounds: Rounds::default(),
            committed,
            held: HashMap::new(),
            usual: 0,
        }
    }

    /// Until a soft stop, or until the bus is closed. The consumer is handed back: as long as it lives, what it handed
    /// out can be acknowledged.
    pub(crate) async fn run(mut self, shutdown: Shutdown) -> Consumer<Command> {
        loop {
            let more = tokio::select! {
                biased;
                () = shutdown.soft.cancelled() => break,
                more = self.arrivals() => more,
            };
            if !more {
                break;
            }
            tokio::select! {
                () = self.work() => {}
                // What is not committed by then is rolled back and delivered again.
                () = shutdown.hard.cancelled() => break,
            }
        }
        self.consumer.stop();
        self.consumer
    }

    /// Waits until there is something to do, and takes what has come up to the window, so that a batch is formed out of
    /// all that waits and not only out of what came first. `false` once the bus is closed.
    async fn arrivals(&mut self) -> bool {
        let window = self.config.window.max(self.config.max_batch);
        let arrived = if self.rounds.is_empty() {
            self.consumer.next(window).await
        } else if self.rounds.len() < window {
            match self.consumer.next(window - self.rounds.len()).now_or_never() {
                Some(arrived) => arrived,
                None => return true,
            }
        } else {
            return true;
        };
        let Some(arrived) = arrived else { return false };
        self.rounds.extend(arrived);
        true
    }

    /// Commits the next round, and what comes with it.
    async fn work(&mut self) {
        self.linger().await;
        let batch = self.rounds.take(self.config.max_batch);
        self.usual = batch.len().max(self.usual - self.usual.div_ceil(8));
        let mut rest = batch.into_iter().peekable();
        while rest.peek().is_some() {
            let mut bytes = 0;
            let mut portion = Vec::with_capacity(rest.len());
            while let Some(next) =
                rest.next_if(|next| portion.is_empty() || bytes + next.size() <= self.config.max_bytes)
            {
                bytes += next.size();
                portion.push(next);
            }
            if !self.process(portion).await {
                return;
            }
        }
    }

    /// Waits a moment for more when much less came than usual: those who got their verdicts with the batch before are
    /// just sending their next commands, and a transaction costs the same for one of them as for all. Whoever sends
    /// alone never waits.
    async fn linger(&mut self) {
        let enough = (self.usual * 3 / 4).min(self.config.max_batch);
        let until = tokio::time::Instant::now() + self.config.linger;
        while self.rounds.len() < enough {
            let room = self.config.max_batch - self.rounds.len();
            match tokio::time::timeout_at(until, self.consumer.next(room)).await {
                Ok(Some(more)) => self.rounds.extend(more),
                Ok(None) | Err(_) => return,
            }
        }
    }

    /// Commits, answers and hands over; `false` when the lanes are somebody else's now, and what was taken from them too.
    async fn process(&mut self, batch: Vec<Delivery<Command>>) -> bool {
        let spans: Vec<_> = batch.iter().map(spans::process).collect();
        metrics::histogram!("rollcall_projector_batch_size").record(u32::try_from(batch.len()).unwrap_or(u32::MAX));
        Stage::Wait.record_each(batch.iter().map(Delivery::received));
        let work = fresh(&batch, &spans);
        let span = spans::group_commit(&spans);
        let Some(done) = self.commit(&batch, &work).instrument(span).await else {
            return false;
        };
        let by_command: HashMap<_, &Verdict> = done
            .verdicts
            .iter()
            .map(|verdict| (verdict.command_id, verdict))
            .collect();
        let mut lap = Lap::start(batch.len());
        let mut answers = Vec::with_capacity(batch.len());
        for (delivery, span) in batch.iter().zip(&spans) {
            if let Some(verdict) = by_command.get(&delivery.payload.id) {
                span.record("verdict.status", crate::spans::status(&verdict.outcome));
                answers.push((delivery, *verdict));
            }
        }
        self.consumer.replier().reply_all(&answers).await;
        lap.end(Stage::Reply);
        drop(spans);
        let handover = Handover {
            events: done.events,
            done: Done {
                deliveries: batch,
                acker: self.consumer.acker(),
                committed: Instant::now(),
                published: None,
            },
        };
        // Fails only when the relay is gone, and then the commands are delivered again and answered from the inbox.
        let _ = self.committed.send(Told::Committed(handover)).await;
        true
    }

    /// Commits until it works. `None` when the lane is somebody else's now.
    async fn commit(&mut self, batch: &[Delivery<Command>], work: &[Work<'_>]) -> Option<crate::commit::Committed> {
        let mut attempt = 0;
        let began = Instant::now();
        loop {
            let result = match self.hold(batch).await {
                Ok(held) => commit(&self.deps.store, &self.config.limits, &held, work).await,
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
                    self.subscribe((0..self.deps.bus.partitions()).collect());
                    return None;
                }
                Err(error) if began.elapsed() > PASS_ON_AFTER => {
                    tracing::warn!(error = %chain(&error), "the database is away; the lanes pass on until it is back");
                    self.stand_aside().await;
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

    /// Holds no lane while the database is away, so that another projector may. Asking for the lanes again and again
    /// instead would wear out the commands' delivery limit.
    async fn stand_aside(&mut self) {
        self.subscribe(Vec::new());
        while let Err(error) = self.deps.store.ping().await {
            tracing::debug!(error = %chain(&error), "the database is still away");
            tokio::time::sleep(BACKOFF[BACKOFF.len() - 1]).await;
        }
        tracing::info!("the database is back; asking for the lanes again");
        self.subscribe((0..self.deps.bus.partitions()).collect());
    }

    /// Gives up what is held, and asks for these lanes.
    fn subscribe(&mut self, lanes: Vec<u16>) {
        self.consumer = self.deps.bus.commands(lanes);
        self.held.clear();
        self.rounds.clear();
    }

    /// Makes sure that every lane of the batch is held, and returns their epochs. A new subscription is a new tenure:
    /// somebody else may have worked in the lane in between.
    async fn hold(&mut self, batch: &[Delivery<Command>]) -> Result<Vec<(u16, i64)>, store::StoreError> {
        let mut held: Vec<(u16, i64)> = Vec::new();
        // The last one's subscription counts: what an earlier one handed out comes again through it.
        for delivery in batch.iter().rev() {
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
                    let _ = self.committed.send(Told::TakenOver).await;
                    epoch
                }
            };
            held.push((lane, epoch));
        }
        Ok(held)
    }
}
