//! One batch, one transaction: everything of it or nothing, and each command exactly once.

use crate::apply::{ApplyError, Work, apply, poisoned};
use events::{CommandId, Event, Timestamp, Verdict};
use store::{ProjectionError, Store, StoreError};

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
    /// These have a verdict already: applied before, or given up by their sender.
    Settled(Vec<CommandId>),
    /// Something in the batch cannot be processed.
    Poisoned(ApplyError),
}

/// Commits a batch. Commands that have a verdict already are answered with it; a command that cannot be processed is
/// found by halving the batch and refused with 500, so that its neighbours never suffer.
pub(crate) async fn commit(store: &Store, held: &[(u16, i64)], batch: &[Work<'_>]) -> Result<Committed, CommitError> {
    let mut committed = Committed::default();
    let mut parts: Vec<Vec<Work<'_>>> = vec![batch.to_vec()];
    while let Some(part) = parts.pop() {
        if part.is_empty() {
            continue;
        }
        match attempt(store, held, &part).await? {
            Attempt::Done(done) => {
                committed.verdicts.extend(done.verdicts);
                committed.events.extend(done.events);
            }
            Attempt::Settled(settled) => {
                let verdicts = store.verdicts(&settled).await.map_err(unavailable)?;
                let answered: Vec<CommandId> = verdicts.iter().map(|verdict| verdict.command_id).collect();
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

async fn attempt(store: &Store, held: &[(u16, i64)], part: &[Work<'_>]) -> Result<Attempt, CommitError> {
    let now = Timestamp::now();
    let projection = store.project(held).await.map_err(fenced_or_away)?;
    let result = match apply(&projection, part, now).await {
        Ok(result) => result,
        Err(ApplyError::Store(error)) if error.is_transient() => return Err(CommitError::Unavailable(error)),
        Err(error) => return Ok(Attempt::Poisoned(error)),
    };
    let settled = match projection.claim(&result.verdicts, now).await {
        Ok(settled) => settled,
        Err(error) if error.is_transient() => return Err(CommitError::Unavailable(error)),
        Err(error) => return Ok(Attempt::Poisoned(error.into())),
    };
    if !settled.is_empty() {
        projection.rollback().await.map_err(unavailable)?;
        return Ok(Attempt::Settled(settled));
    }
    match projection.commit().await {
        Ok(()) => Ok(Attempt::Done(Committed {
            verdicts: result.verdicts,
            events: result.events,
        })),
        // Also when the connection broke in COMMIT itself: the next attempt finds the verdicts, or does not.
        Err(error) if error.is_transient() => Err(CommitError::Unavailable(error)),
        Err(error) => Ok(Attempt::Poisoned(error.into())),
    }
}

/// Stores the refusal of a command that cannot be processed, unless its sender has given it up.
async fn refuse(store: &Store, held: &[(u16, i64)], work: &Work<'_>) -> Result<Vec<Verdict>, CommitError> {
    let verdict = poisoned(work.command);
    let projection = store.project(held).await.map_err(fenced_or_away)?;
    let settled = projection
        .claim(std::slice::from_ref(&verdict), Timestamp::now())
        .await
        .map_err(unavailable)?;
    if settled.is_empty() {
        projection.commit().await.map_err(unavailable)?;
        return Ok(vec![verdict]);
    }
    projection.rollback().await.map_err(unavailable)?;
    store.verdicts(&settled).await.map_err(unavailable)
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
