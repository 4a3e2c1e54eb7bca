//! The loop: take, commit, answer, hand over to the relay.

use crate::apart::{ApartCommand, SUSPECT_AFTER};
use crate::command::Work;
use crate::commit::{BatchMode, CommitError, Terms};
use crate::config::Config;
use crate::deps::Deps;
use crate::desk::{BACKOFF, BatchLost, Desk, RetryLimits};
use crate::relay::RelayMessage;
use crate::rounds::{Rounds, Weighted};
use crate::spans;
use crate::stages::Stage;
use bus::{Consumer, Inbound};
use events::{Command, DirectoryId, Timestamp};
use futures_util::FutureExt as _;
use runtime::Shutdown;
use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};
use store::PROJECTOR;
use telemetry::chain;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tracing::Instrument as _;

/// A command this long past its deadline is not applied any more: its sender has settled it or is gone. Long enough for
/// clocks that differ or jump by minutes, because dropping is only a convenience: the inbox is what decides.
const STALE_AFTER: Duration = Duration::from_mins(10);

/// What is handed out by the bus and not taken into a batch, at most: as many as requests of one process may wait.
const MOST_WAITING_COMMANDS: usize = 16_384;

/// How long all commands of a directory go apart after some of them took too long together.
const SLOW_FOR: Duration = Duration::from_mins(1);

/// A command that waits here.
#[derive(Debug)]
struct WaitingCommand {
    delivery: Inbound<Command>,
    weight: u64,
    apart: bool,
}

impl WaitingCommand {
    fn new(delivery: Inbound<Command>) -> Self {
        let weight = directory::weight(&delivery.payload, delivery.size());
        let apart = weight > directory::HEAVY_BYTES || delivery.delivery_count >= SUSPECT_AFTER;
        Self {
            delivery,
            weight,
            apart,
        }
    }

    /// One that was found to reach far.
    const fn left_out(delivery: Inbound<Command>, weight: u64, apart: bool) -> Self {
        Self {
            delivery,
            weight,
            apart,
        }
    }
}

impl Weighted for WaitingCommand {
    fn directory(&self) -> DirectoryId {
        self.delivery.payload.directory_id
    }

    fn lane(&self) -> u16 {
        self.delivery.lane
    }

    fn session(&self) -> u64 {
        self.delivery.session
    }

    fn weight(&self) -> u64 {
        self.weight
    }

    fn goes_apart(&self) -> bool {
        self.apart
    }
}

/// The commands to apply: each once, though one that is delivered again may meet itself; none that is stale.
fn fresh<'a>(batch: &'a [WaitingCommand], spans: &[tracing::Span]) -> Vec<Work<'a>> {
    let now = Timestamp::now();
    let mut met = HashSet::with_capacity(batch.len());
    let mut stale = 0;
    let mut work = Vec::with_capacity(batch.len());
    for (item, span) in batch.iter().zip(spans) {
        let command = &item.delivery.payload;
        if now >= command.deadline.plus(STALE_AFTER) {
            stale += 1;
        } else if met.insert(command.id) {
            work.push(Work::new(command, telemetry::traceparent_of(span)));
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
    rounds: Rounds<WaitingCommand>,
    committed: mpsc::Sender<RelayMessage>,
    /// For each lane the subscription and the epoch under which it is held.
    held: HashMap<u16, (u64, i64)>,
    /// How many commands came at once of late, at most.
    usual: usize,
    /// The command that goes apart.
    apart: Option<RunningCommand>,
    /// Numbers the subscriptions.
    tenure: u64,
    /// Directories that have been slow, and since when.
    slow: HashMap<DirectoryId, Instant>,
}

impl Worker {
    pub(crate) fn new(
        config: Config,
        deps: Deps,
        consumer: Consumer<Command>,
        committed: mpsc::Sender<RelayMessage>,
    ) -> Self {
        Self {
            config,
            deps,
            consumer,
            rounds: Rounds::default(),
            committed,
            held: HashMap::new(),
            usual: 0,
            apart: None,
            tenure: 0,
            slow: HashMap::new(),
        }
    }

    /// Until a soft stop, or until the bus is closed. The consumer is handed back: as long as it lives, what it handed
    /// out can be acknowledged.
    pub(crate) async fn run(mut self, shutdown: Shutdown) -> Consumer<Command> {
        loop {
            let going_on = tokio::select! {
                biased;
                () = shutdown.soft.cancelled() => false,
                (tenure, end) = ended(&mut self.apart) => {
                    self.end_apart(tenure, end).await;
                    true
                }
                more = arrivals(&self.config, &self.consumer, &mut self.rounds) => more,
            };
            if !going_on {
                break;
            }
            tokio::select! {
                () = self.work() => {}
                // What is not committed by then is rolled back and delivered again.
                () = shutdown.hard.cancelled() => break,
            }
        }
        let is_under_way = self.apart.is_some();
        tokio::select! {
            _ = ended(&mut self.apart), if is_under_way => {}
            () = shutdown.hard.cancelled(), if is_under_way => {}
            else => {}
        }
        self.consumer.stop();
        self.consumer
    }

    /// Commits the next batch, if there is one, and starts what goes apart: before it, and what is next after it.
    async fn work(&mut self) {
        self.rejoin();
        self.begin_apart().await;
        if self.rounds.ready() > 0 {
            self.linger().await;
            let batch = self.rounds.take(self.config.max_batch, self.config.max_weight);
            self.usual = batch.len().max(self.usual - self.usual.div_ceil(8));
            self.process(batch).await;
            self.begin_apart().await;
        }
    }

    /// Waits a moment for more when much less came than usual: those who got their verdicts with the batch before are
    /// just sending their next commands, and a transaction costs the same for one of them as for all. A client that sends
    /// alone never waits.
    async fn linger(&mut self) {
        let enough = (self.usual * 3 / 4).min(self.config.max_batch);
        let until = tokio::time::Instant::now() + self.config.linger;
        while self.rounds.ready() < enough {
            let room = self.config.max_batch - self.rounds.ready();
            match tokio::time::timeout_at(until, self.consumer.next(room)).await {
                Ok(Some(more)) => self.rounds.extend(more.into_iter().map(WaitingCommand::new)),
                Ok(None) | Err(_) => return,
            }
        }
    }

    /// Commits, answers and hands over; what is left out goes back, to go apart.
    async fn process(&mut self, batch: Vec<WaitingCommand>) {
        let spans: Vec<_> = batch.iter().map(|item| spans::process(&item.delivery)).collect();
        metrics::histogram!("rollcall_projector_batch_size").record(u32::try_from(batch.len()).unwrap_or(u32::MAX));
        Stage::Wait.record_each(batch.iter().map(|item| item.delivery.received()));
        let work = fresh(&batch, &spans);
        let span = spans::group_commit(&spans);
        let Some(held) = self.hold(batch.iter().map(|item| &item.delivery)).await else {
            return;
        };
        let terms = Terms {
            held: &held,
            way: BatchMode::Together,
            budget: self.config.budget,
            limits: self.config.limits,
        };
        let desk = self.desk();
        let done = match desk.commit(terms, &work).instrument(span).await {
            Ok(done) => done,
            Err(lost) => return self.lose(lost).await,
        };
        let now = Instant::now();
        for directory in &done.slow {
            self.slow.insert(*directory, now);
            self.rounds.set_slow(*directory, true);
        }
        let (mut deliveries, mut open, mut left_out) = (Vec::new(), Vec::new(), Vec::new());
        let mut met = HashSet::new();
        for (item, span) in batch.into_iter().zip(spans) {
            if done.left_out.contains(&item.delivery.payload.id) {
                // The first of a directory is the one for whose sake it is left out.
                let is_first = met.insert(item.directory());
                left_out.push(WaitingCommand::left_out(item.delivery, item.weight, is_first));
            } else {
                deliveries.push(item.delivery);
                open.push(span);
            }
        }
        self.rounds.put_back(left_out);
        if !deliveries.is_empty() {
            desk.conclude(deliveries, open, done, None).await;
        }
    }

    /// Starts the next command that goes apart, unless one is under way.
    async fn begin_apart(&mut self) {
        if self.apart.is_some() {
            return;
        }
        let Some(item) = self.next_apart().await else { return };
        let Some(held) = self.hold([&item.delivery].into_iter()).await else {
            return self.rounds.done_apart();
        };
        metrics::counter!("rollcall_projector_apart_total").increment(1);
        let apart = ApartCommand {
            desk: self.desk(),
            delivery: item.delivery,
            held,
            budget: self.config.apart_budget,
            limits: self.config.limits,
        };
        self.apart = Some(RunningCommand {
            task: apart.start(),
            tenure: self.tenure,
        });
    }

    /// The next one whose sender may still wait.
    async fn next_apart(&mut self) -> Option<WaitingCommand> {
        loop {
            let item = self.rounds.take_apart()?;
            if Timestamp::now() < item.delivery.payload.deadline.plus(STALE_AFTER) {
                return Some(item);
            }
            tracing::warn!(commands = 1, "commands far past their deadline are dropped");
            self.desk().acker.ack(std::slice::from_ref(&item.delivery)).await;
            self.rounds.done_apart();
        }
    }

    async fn end_apart(&mut self, tenure: u64, end: Result<(), BatchLost>) {
        self.rounds.done_apart();
        if let Err(lost) = end
            && tenure == self.tenure
        {
            self.lose(lost).await;
        }
    }

    /// Directories that have not been slow for a while go with the others again.
    fn rejoin(&mut self) {
        let rounds = &mut self.rounds;
        self.slow.retain(|directory, since| {
            let is_slow = since.elapsed() < SLOW_FOR;
            if !is_slow {
                rounds.set_slow(*directory, false);
            }
            is_slow
        });
    }

    fn desk(&self) -> Desk {
        Desk {
            store: self.deps.store.clone(),
            replier: self.consumer.replier(),
            acker: self.consumer.acker(),
            committed: self.committed.clone(),
        }
    }

    /// The lanes are somebody else's, or may be, and what was taken from them too.
    async fn lose(&mut self, lost: BatchLost) {
        match lost {
            // A new subscription gives back what the old one held; the active one gets it, in order.
            BatchLost::Fenced => self.subscribe((0..self.deps.bus.partitions()).collect()),
            BatchLost::Away => self.stand_aside().await,
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

    /// Gives up what is held, and asks for these lanes. What is under way apart comes to its end: the inbox tells the one
    /// who gets it again.
    fn subscribe(&mut self, lanes: Vec<u16>) {
        self.consumer = self.deps.bus.commands(lanes);
        self.held.clear();
        self.rounds.clear();
        self.tenure += 1;
    }

    /// Makes sure that every lane of the batch is held, and returns their epochs; `None` when the database is away. A new
    /// subscription is a new tenure: somebody else may have worked in the lane in between.
    async fn hold<'d>(
        &mut self,
        batch: impl DoubleEndedIterator<Item = &'d Inbound<Command>>,
    ) -> Option<Vec<(u16, i64)>> {
        let mut held: Vec<(u16, i64)> = Vec::new();
        // The last one's subscription counts: what an earlier one handed out comes again through it.
        for delivery in batch.rev() {
            let lane = delivery.lane;
            if held.iter().any(|(known, _)| *known == lane) {
                continue;
            }
            let epoch = match self.held.get(&lane) {
                Some((session, epoch)) if *session == delivery.session => *epoch,
                _ => self.take_lane(lane, delivery.session).await?,
            };
            held.push((lane, epoch));
        }
        Some(held)
    }

    async fn take_lane(&mut self, lane: u16, session: u64) -> Option<i64> {
        let mut patience = RetryLimits::new();
        loop {
            let lanes = self.deps.store.lanes(PROJECTOR);
            match lanes.take(lane, &self.deps.instance, Timestamp::now()).await {
                Ok(epoch) => {
                    tracing::info!(lane, epoch, "lane taken");
                    self.held.insert(lane, (session, epoch));
                    let _ = self.committed.send(RelayMessage::TakenOver).await;
                    return Some(epoch);
                }
                Err(error) => {
                    if let Err(lost) = patience.after(CommitError::Unavailable(error)).await {
                        self.lose(lost).await;
                        return None;
                    }
                }
            }
        }
    }
}

/// Waits until there is something to do, and takes what has come up to the window, so that a batch is formed out of all
/// that waits and not only out of what came first. What waits behind a command that goes apart takes no part of the
/// window, else it would keep others out of it. `false` once the bus is closed.
async fn arrivals(config: &Config, consumer: &Consumer<Command>, rounds: &mut Rounds<WaitingCommand>) -> bool {
    let window = config.window.max(config.max_batch);
    let room = window.saturating_sub(rounds.ready());
    let room = room.min(MOST_WAITING_COMMANDS.saturating_sub(rounds.len()));
    let has_work = rounds.ready() > 0;
    if room == 0 && has_work {
        return true;
    }
    let arrived = if room == 0 {
        // Full of what waits behind the one that is under way apart.
        return std::future::pending().await;
    } else if has_work {
        match consumer.next(room).now_or_never() {
            Some(arrived) => arrived,
            None => return true,
        }
    } else {
        consumer.next(room).await
    };
    let Some(arrived) = arrived else { return false };
    rounds.extend(arrived.into_iter().map(WaitingCommand::new));
    true
}

/// What goes apart.
struct RunningCommand {
    task: JoinHandle<Result<(), BatchLost>>,
    /// Under which subscription it was begun.
    tenure: u64,
}

/// Waits for the end of what goes apart, for ever if nothing does.
async fn ended(apart: &mut Option<RunningCommand>) -> (u64, Result<(), BatchLost>) {
    let Some(RunningCommand { task, tenure }) = apart else {
        return std::future::pending().await;
    };
    let end = task.await.unwrap_or_else(|error| {
        // A defect: the command comes again with a new subscription, and is parked when it does so too often.
        tracing::error!(error = %chain(&error), "a command that went apart ended unexpectedly");
        Err(BatchLost::Fenced)
    });
    let tenure = *tenure;
    *apart = None;
    (tenure, end)
}
