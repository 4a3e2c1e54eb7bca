//! One batch, one transaction: everything of it or nothing, and each command exactly once.

use crate::apply::{self, ApplyError, Work, poisoned};
use crate::brake;
use crate::stages::{Lap, Stage};
use events::{CommandId, Event, Timestamp, Verdict};
use scim::Limits;
use std::collections::HashSet;
use store::{Batch, ProjectionError, Saved, Store, StoreError};

/// What was committed.
#[derive(Debug, Default)]
pub(crate) struct Committed {
    /// One for each command, in any order.
    pub(crate) verdicts: Vec<Verdict>,
    /// In the order of each directory's sequence.
    pub(crate) events: Vec<Event>,
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

/// One attempt at a transaction.
enum Attempt {
    Done(Committed),
    /// Some have a verdict already: applied before, or given up by their sender.
    Settled,
    /// Something in the batch cannot be processed.
    Poisoned(ApplyError),
}

/// Commits a batch, in which each command is once. Commands that have a verdict already are answered with it; a command that cannot be processed is
/// found by halving the batch and refused with 500, so that its neighbours never suffer.
pub(crate) async fn commit(
    store: &Store,
    limits: &Limits,
    held: &[(u16, i64)],
    batch: &[Work<'_>],
) -> Result<Committed, CommitError> {
    let mut committed = Committed::default();
    let mut parts: Vec<Vec<Work<'_>>> = vec![batch.to_vec()];
    while let Some(part) = parts.pop() {
        if part.is_empty() {
            continue;
        }
        match attempt(store, limits, held, &part).await? {
            Attempt::Done(done) => {
                committed.verdicts.extend(done.verdicts);
                committed.events.extend(done.events);
            }
            Attempt::Settled => {
                let ids: Vec<CommandId> = part.iter().map(|work| work.command.id).collect();
                let verdicts = store.verdicts(&ids).await.map_err(unavailable)?;
                let answered: HashSet<CommandId> = verdicts.iter().map(|verdict| verdict.command_id).collect();
                committed.verdicts.extend(verdicts);
                parts.push(
                    part.into_iter()
                        .filter(|work| !answered.contains(&work.command.id))
                        .collect(),
                );
            }
            Attempt::Poisoned(error) if part.len() == 1 => {
                tracing::error!(command.id = %part[0].command.id, error = %chain(&error), "a command cannot be processed; it is refused");
                committed.verdicts.extend(refuse(store, held, &part[0]).await?);
            }
            Attempt::Poisoned(error) => {
                tracing::warn!(commands = part.len(), error = %chain(&error), "a batch cannot be processed; it is split");
                let (first, second) = part.split_at(part.len() / 2);
                // Order within a directory must hold, so the first half is taken up first.
                parts.push(second.to_vec());
                parts.push(first.to_vec());
            }
        }
    }
    Ok(committed)
}

async fn attempt(
    store: &Store,
    limits: &Limits,
    held: &[(u16, i64)],
    part: &[Work<'_>],
) -> Result<Attempt, CommitError> {
    let now = Timestamp::now();
    let mut lap = Lap::start(part.len());
    let mut projection = store
        .project(held, &apply::directories(part))
        .await
        .map_err(fenced_or_away)?;
    lap.end(Stage::Begin);
    let mut loaded = match apply::load(&mut projection, part).await {
        Ok(loaded) => loaded,
        Err(error) => return away_or_poisoned(error),
    };
    if let Err(error) = brake::put_on(&mut projection, &mut loaded, part, now).await {
        return away_or_poisoned(error);
    }
    lap.end(Stage::Load);
    loaded.values_mut().for_each(|directory| directory.set_limits(*limits));
    let mut result = match apply::apply(&mut loaded, part, now) {
        Ok(result) => result,
        Err(error) => return Ok(Attempt::Poisoned(error)),
    };
    lap.end(Stage::Apply);
    if let Err(error) = brake::describe(&mut projection, &mut result.events).await {
        return away_or_poisoned(error);
    }
    let batch = Batch {
        writes: result.writes,
        events: result.events,
        verdicts: &result.verdicts,
    };
    let events = match projection.save(batch, now).await {
        Ok(Saved::Written(events)) => events,
        Ok(Saved::Settled) => {
            projection.rollback().await.map_err(unavailable)?;
            return Ok(Attempt::Settled);
        }
        Err(error) => return away_or_poisoned(error),
    };
    if let Err(error) = brake::save(&mut projection, &loaded, now).await {
        return away_or_poisoned(error);
    }
    lap.end(Stage::Save);
    // A failure that may pass is one also when the connection broke in COMMIT itself: the next attempt finds the
    // verdicts, or does not.
    if let Err(error) = projection.commit().await {
        return away_or_poisoned(error);
    }
    lap.end(Stage::Commit);
    Ok(Attempt::Done(Committed {
        verdicts: result.verdicts,
        events,
    }))
}

/// A failure that may pass ends the attempt; any other is that of something in the batch.
fn away_or_poisoned(error: StoreError) -> Result<Attempt, CommitError> {
    if error.is_transient() {
        return Err(unavailable(error));
    }
    Ok(Attempt::Poisoned(error.into()))
}

/// Stores the refusal of a command that cannot be processed, unless its sender has given it up.
async fn refuse(store: &Store, held: &[(u16, i64)], work: &Work<'_>) -> Result<Vec<Verdict>, CommitError> {
    let verdict = poisoned(work.command);
    let mut projection = store.project(held, &[]).await.map_err(fenced_or_away)?;
    let batch = Batch {
        verdicts: std::slice::from_ref(&verdict),
        ..Batch::default()
    };
    match projection.save(batch, Timestamp::now()).await.map_err(unavailable)? {
        Saved::Written(_) => {
            projection.commit().await.map_err(unavailable)?;
            Ok(vec![verdict])
        }
        Saved::Settled => {
            projection.rollback().await.map_err(unavailable)?;
            store.verdicts(&[verdict.command_id]).await.map_err(unavailable)
        }
    }
}

fn fenced_or_away(error: ProjectionError) -> CommitError {
    match error {
        ProjectionError::Fenced(lanes) => CommitError::Fenced(lanes),
        ProjectionError::Store(error) => CommitError::Unavailable(error),
    }
}

fn unavailable(error: StoreError) -> CommitError {
    CommitError::Unavailable(error)
}

/// An error with its causes, for the log.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}
