//! One batch, one transaction: everything of it or nothing, and each command exactly once.
//!
//! A batch holds its lanes while it lasts, and the other directories in them wait. So what is known to take long is left to go
//! apart ([`BatchMode::Apart`]), a command in a transaction of its own beside those of the batches; and a batch that turns out
//! to take long is given up and comes in parts, of which the slow one goes apart.

use crate::apply::{self, ApplyError, poisoned, too_slow};
use crate::brake;
use crate::command::Work;
use crate::stages::{Lap, Stage};
use directory::{DirectoryRows, HEAVY_ROWS, Reach};
use events::{CommandId, DirectoryId, Event, Timestamp, Verdict};
use scim::Limits;
use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::time::{Duration, Instant};
use store::{Batch, BatchError, BatchTx, Opening, SaveOutcome, Store, StoreError};
use telemetry::chain;
use tokio::sync::Semaphore;

/// Computations that have taken too long and are left to themselves: no more than so many at a time.
static LEFT_ALONE: Semaphore = Semaphore::const_new(2);

/// How a batch goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BatchMode {
    /// With others, in its lanes' turn. What is heavy or slow is left out, to go apart.
    Together,
    /// Beside the others: a command by itself, which is refused when it takes too long.
    Apart,
}

/// What a batch is committed under.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Terms<'a> {
    /// The lanes, with the epochs under which they are held.
    pub(crate) held: &'a [(u16, i64)],
    pub(crate) way: BatchMode,
    /// The most time that a transaction may take, once it has its lanes.
    pub(crate) budget: Duration,
    /// What one resource may hold.
    pub(crate) limits: Limits,
}

/// What was committed.
#[derive(Debug, Default)]
pub(crate) struct CommittedBatch {
    /// One for each command that is not left out, in any order.
    pub(crate) verdicts: Vec<Verdict>,
    /// In the order of each directory's sequence.
    pub(crate) events: Vec<Event>,
    /// Commands that are left to go apart: with each all that come after it in its directory.
    pub(crate) left_out: HashSet<CommandId>,
    /// Directories whose commands took too long together.
    pub(crate) slow: HashSet<DirectoryId>,
}

/// Why nothing was committed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CommitError {
    /// Lanes were taken over by another projector, which will be given their commands.
    #[error("lanes {0:?} have been taken over by another projector")]
    Fenced(Vec<u16>),
    /// The database is away; trying the same batch again is safe.
    #[error("the database is not available")]
    Unavailable(#[source] StoreError),
}

/// Why a transaction was given up.
#[derive(Debug)]
enum CommitAttempt {
    Done,
    /// Some have got a verdict meanwhile: given up by their sender.
    Settled,
    /// Something in the batch cannot be processed.
    Poisoned(ApplyError),
    /// It took too long.
    Slow(ApplyError),
    /// Something was written between reading and writing, by a projector that held the lanes before this one: to be read
    /// again, once.
    Overtaken,
}

/// Commits a batch, in which each command is once. Commands that have a verdict already are answered with it and cost no
/// more than that; a command that cannot be processed is found by halving the batch and refused with 500, so that its
/// neighbours never suffer.
pub(crate) async fn commit(store: &Store, terms: Terms<'_>, batch: &[Work<'_>]) -> Result<CommittedBatch, CommitError> {
    let mut work = BatchCommit {
        store,
        terms,
        committed: CommittedBatch::default(),
        left_out: HashSet::new(),
        overtaken: HashSet::new(),
    };
    let parts = match terms.way {
        BatchMode::Together => vec![batch.to_vec()],
        BatchMode::Apart => batch.iter().map(|work| vec![work.clone()]).collect(),
    };
    work.commit(parts).await?;
    Ok(work.committed)
}

/// Refuses a command that was handed over several times and never got a verdict, unless it has one by now.
pub(crate) async fn give_up(store: &Store, terms: Terms<'_>, work: &Work<'_>) -> Result<Vec<Verdict>, CommitError> {
    refuse(store, terms, apply::hopeless(work.command)).await
}

struct BatchCommit<'a> {
    store: &'a Store,
    terms: Terms<'a>,
    committed: CommittedBatch,
    /// Directories of which a command was left out: what comes after it must not overtake it.
    left_out: HashSet<DirectoryId>,
    /// The first commands of parts that were overtaken.
    overtaken: HashSet<CommandId>,
}

impl BatchCommit<'_> {
    /// Commits parts, one after the other; those of a directory stand in the order of its commands.
    async fn commit<'w>(&mut self, parts: Vec<Vec<Work<'w>>>) -> Result<(), CommitError> {
        let mut parts = VecDeque::from(parts);
        while let Some(mut part) = parts.pop_front() {
            match self.attempt(&mut part).await? {
                CommitAttempt::Done => {}
                CommitAttempt::Overtaken => parts.push_front(part),
                CommitAttempt::Settled => {
                    let ids: Vec<CommandId> = part.iter().map(|work| work.command.id).collect();
                    let verdicts = self.store.verdicts(&ids).await.map_err(CommitError::Unavailable)?;
                    self.settle(&mut part, verdicts);
                    parts.push_front(part);
                }
                CommitAttempt::Poisoned(error) if part.len() == 1 => {
                    let command = part[0].command;
                    tracing::error!(command.id = %command.id, error = %chain(&error), "a command cannot be processed; it is refused");
                    let verdicts = refuse(self.store, self.terms, poisoned(command)).await?;
                    self.committed.verdicts.extend(verdicts);
                }
                CommitAttempt::Poisoned(error) => {
                    tracing::warn!(commands = part.len(), error = %chain(&error), "a batch cannot be processed; it is split");
                    // Order within a directory must hold, so the first half goes first.
                    let second = part.split_off(part.len() / 2);
                    parts.push_front(second);
                    parts.push_front(part);
                }
                CommitAttempt::Slow(error) => {
                    metrics::counter!("rollcall_projector_slow_total").increment(1);
                    for part in self.slow(part, &error).await? {
                        parts.push_front(part);
                    }
                }
            }
        }
        Ok(())
    }

    /// What becomes of a part that took too long: each directory of it goes by itself, so that of all of them only one is
    /// slow once more; of that one each command goes apart, where it holds up nobody; and there the slow one is refused.
    async fn slow<'w>(&mut self, part: Vec<Work<'w>>, error: &ApplyError) -> Result<Vec<Vec<Work<'w>>>, CommitError> {
        tracing::warn!(commands = part.len(), error = %chain(error), "a batch takes too long and is given up");
        if self.terms.way == BatchMode::Apart {
            for work in part {
                let verdict = too_slow(work.command, self.terms.budget);
                let verdicts = refuse(self.store, self.terms, verdict).await?;
                self.committed.verdicts.extend(verdicts);
            }
            return Ok(Vec::new());
        }
        let mut by_directory: BTreeMap<DirectoryId, Vec<Work<'w>>> = BTreeMap::new();
        for work in part {
            by_directory.entry(work.command.directory_id).or_default().push(work);
        }
        if by_directory.len() > 1 {
            return Ok(by_directory.into_values().collect());
        }
        for (directory, part) in by_directory {
            self.committed.slow.insert(directory);
            self.left_out.insert(directory);
            let left = part.iter().map(|work| work.command.id);
            self.committed.left_out.extend(left);
        }
        Ok(Vec::new())
    }

    /// Takes out of the part what has a verdict.
    fn settle(&mut self, part: &mut Vec<Work<'_>>, verdicts: Vec<Verdict>) {
        let answered: HashSet<CommandId> = verdicts.iter().map(|verdict| verdict.command_id).collect();
        self.committed.verdicts.extend(verdicts);
        part.retain(|work| !answered.contains(&work.command.id));
    }

    /// Takes out of the part what is to go apart.
    fn leave_out(&mut self, part: &mut Vec<Work<'_>>, is_heavy: impl Fn(&Work<'_>) -> bool) {
        if self.terms.way == BatchMode::Apart {
            return;
        }
        part.retain(|work| {
            let directory = work.command.directory_id;
            if !self.left_out.contains(&directory) && !is_heavy(work) {
                return true;
            }
            self.left_out.insert(directory);
            self.committed.left_out.insert(work.command.id);
            false
        });
    }

    /// One transaction. What has a verdict or goes apart is not in the part any more afterwards, whatever came of it.
    async fn attempt(&mut self, part: &mut Vec<Work<'_>>) -> Result<CommitAttempt, CommitError> {
        self.leave_out(part, |_| false);
        if part.is_empty() {
            return Ok(CommitAttempt::Done);
        }
        let now = Timestamp::now();
        let mut lap = Lap::start(part.len());
        let mut projection = self.open(part).await?;
        let began = Instant::now();
        let settled = projection.take_settled();
        self.settle(part, settled);
        self.leave_out(part, |work| {
            let reach = work.reach.map(|reach| projection.reached(reach));
            reach.is_some_and(|reached| reached > HEAVY_ROWS)
        });
        if part.is_empty() {
            projection.rollback().await.map_err(CommitError::Unavailable)?;
            return Ok(CommitAttempt::Done);
        }
        lap.end(Stage::Begin);
        let clock = TransactionTime {
            began,
            budget: self.terms.budget,
        };
        match self.transact(projection, part, (now, clock), lap).await {
            Ok(attempt) => Ok(attempt),
            Err(TransactionEnd::TooSlow) => Ok(CommitAttempt::Slow(ApplyError::TooSlow)),
            Err(TransactionEnd::Apply(error)) => Ok(CommitAttempt::Poisoned(error)),
            Err(TransactionEnd::Store(error)) if error.was_cut_short() => Ok(CommitAttempt::Slow(error.into())),
            Err(TransactionEnd::Store(error)) if error.is_transient() => Err(CommitError::Unavailable(error)),
            Err(TransactionEnd::Store(error)) if error.is_conflict() && self.overtaken.insert(part[0].command.id) => {
                Ok(CommitAttempt::Overtaken)
            }
            // Any other failure is that of something in the batch.
            Err(TransactionEnd::Store(error)) => Ok(CommitAttempt::Poisoned(error.into())),
        }
    }

    async fn open(&self, part: &[Work<'_>]) -> Result<BatchTx, CommitError> {
        let commands: Vec<CommandId> = part.iter().map(|work| work.command.id).collect();
        let reaches: Vec<Reach> = match self.terms.way {
            BatchMode::Together => part.iter().filter_map(|work| work.reach).collect(),
            BatchMode::Apart => Vec::new(),
        };
        let opening = Opening {
            held: self.terms.held,
            directories: &apply::directories(part),
            commands: &commands,
            reaches: &reaches,
            apart: self.terms.way == BatchMode::Apart,
        };
        self.store.project(opening).await.map_err(fenced_or_away)
    }

    /// Loads, applies, saves and commits.
    async fn transact(
        &mut self,
        mut projection: BatchTx,
        part: &[Work<'_>],
        (now, clock): (Timestamp, TransactionTime),
        mut lap: Lap,
    ) -> Result<CommitAttempt, TransactionEnd> {
        let mut loaded = apply::load(&mut projection, part).await?;
        brake::put_on(&mut projection, &mut loaded, part, now).await?;
        clock.check()?;
        let limits = self.terms.limits;
        loaded.values_mut().for_each(|directory| directory.set_limits(limits));
        lap.end(Stage::Load);
        let (loaded, mut result) = match self.terms.way {
            BatchMode::Together => {
                let result = apply::apply(&mut loaded, part, now, || clock.is_over())?;
                (loaded, result)
            }
            BatchMode::Apart => apply_apart(loaded, part, now, clock).await?,
        };
        clock.check()?;
        lap.end(Stage::Apply);
        brake::describe(&mut projection, &mut result.events).await?;
        let batch = Batch {
            writes: result.writes,
            events: result.events,
            verdicts: &result.verdicts,
        };
        let SaveOutcome::Written(events) = projection.save(batch, now).await? else {
            projection.rollback().await?;
            return Ok(CommitAttempt::Settled);
        };
        brake::save(&mut projection, &loaded, now).await?;
        clock.check()?;
        lap.end(Stage::Save);
        // A failure that may pass is one also when the connection broke in COMMIT itself: the next attempt finds the
        // verdicts, or does not.
        projection.commit().await?;
        lap.end(Stage::Commit);
        self.committed.verdicts.extend(result.verdicts);
        self.committed.events.extend(events);
        Ok(CommitAttempt::Done)
    }
}

/// How long a transaction may still take.
#[derive(Clone, Copy, Debug)]
struct TransactionTime {
    began: Instant,
    budget: Duration,
}

impl TransactionTime {
    fn is_over(&self) -> bool {
        self.began.elapsed() > self.budget
    }

    fn left(&self) -> Duration {
        self.budget.saturating_sub(self.began.elapsed())
    }

    /// The transaction is dropped with the failure, and its connection with it.
    fn check(&self) -> Result<(), TransactionEnd> {
        if self.is_over() {
            Err(TransactionEnd::TooSlow)
        } else {
            Ok(())
        }
    }
}

/// Why a transaction ended before its commit.
enum TransactionEnd {
    TooSlow,
    Apply(ApplyError),
    Store(StoreError),
}

impl From<StoreError> for TransactionEnd {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<ApplyError> for TransactionEnd {
    fn from(error: ApplyError) -> Self {
        match error {
            ApplyError::TooSlow => Self::TooSlow,
            error => Self::Apply(error),
        }
    }
}

/// Applies a heavy command on a thread of its own, which is left to itself when the time is over: nothing can stop it, and
/// nobody shall wait for it.
async fn apply_apart(
    loaded: HashMap<DirectoryId, DirectoryRows>,
    part: &[Work<'_>],
    now: Timestamp,
    clock: TransactionTime,
) -> Result<(HashMap<DirectoryId, DirectoryRows>, apply::Result), TransactionEnd> {
    let commands: Vec<_> = part
        .iter()
        .map(|work| (work.command.clone(), work.traceparent.clone()))
        .collect();
    let Ok(Ok(permit)) = tokio::time::timeout(clock.left(), LEFT_ALONE.acquire()).await else {
        return Err(TransactionEnd::TooSlow);
    };
    let task = tokio::task::spawn_blocking(move || {
        let _permit = permit;
        let mut loaded = loaded;
        let part: Vec<Work<'_>> = commands
            .iter()
            .map(|(command, traceparent)| Work::new(command, traceparent.clone()))
            .collect();
        let result = apply::apply(&mut loaded, &part, now, || clock.is_over())?;
        Ok::<_, ApplyError>((loaded, result))
    });
    match tokio::time::timeout(clock.left(), task).await {
        Ok(Ok(applied)) => Ok(applied?),
        Ok(Err(_)) => Err(ApplyError::Panicked.into()),
        Err(_) => Err(TransactionEnd::TooSlow),
    }
}

/// Stores the refusal of a command, unless its sender has given it up.
async fn refuse(store: &Store, terms: Terms<'_>, verdict: Verdict) -> Result<Vec<Verdict>, CommitError> {
    let opening = Opening {
        held: terms.held,
        apart: terms.way == BatchMode::Apart,
        ..Opening::default()
    };
    let mut projection = store.project(opening).await.map_err(fenced_or_away)?;
    let batch = Batch {
        verdicts: std::slice::from_ref(&verdict),
        ..Batch::default()
    };
    let unavailable = CommitError::Unavailable;
    match projection.save(batch, Timestamp::now()).await.map_err(unavailable)? {
        SaveOutcome::Written(_) => {
            projection.commit().await.map_err(unavailable)?;
            Ok(vec![verdict])
        }
        SaveOutcome::Settled => {
            projection.rollback().await.map_err(unavailable)?;
            store.verdicts(&[verdict.command_id]).await.map_err(unavailable)
        }
    }
}

fn fenced_or_away(error: BatchError) -> CommitError {
    match error {
        BatchError::Fenced(lanes) => CommitError::Fenced(lanes),
        BatchError::Store(error) => CommitError::Unavailable(error),
    }
}
