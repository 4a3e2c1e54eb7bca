//! From commands to rows, events and verdicts, inside an open transaction.

use crate::brake;
use crate::command::Work;
use directory::{DirectoryRows, Needs, Writes};
use events::{Command, DirectoryId, EventId, Outcome, Source, Timestamp, Verdict};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;
use store::{BatchTx, EventDraft, StoreError};

/// The result of applying a batch, before it is written.
#[derive(Debug)]
pub(crate) struct Result {
    pub(crate) verdicts: Vec<Verdict>,
    pub(crate) writes: Vec<(DirectoryId, Writes)>,
    pub(crate) events: Vec<EventDraft>,
}

/// A command that the rules could not digest: a defect, found by working one command at a time.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ApplyError {
    /// The rules panicked.
    #[error("applying a command failed unexpectedly")]
    Panicked,
    /// They took longer than they may.
    #[error("the commands take longer than they may")]
    TooSlow,
    /// The database says no.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The directories of these commands, each once.
pub(crate) fn directories(batch: &[Work<'_>]) -> Vec<DirectoryId> {
    let ids: BTreeSet<DirectoryId> = batch.iter().map(|work| work.command.directory_id).collect();
    ids.into_iter().collect()
}

/// Applies the commands in their order to what is loaded, as long as the time is not over.
pub(crate) fn apply(
    directories: &mut HashMap<DirectoryId, DirectoryRows>,
    batch: &[Work<'_>],
    now: Timestamp,
    is_over: impl Fn() -> bool,
) -> std::result::Result<Result, ApplyError> {
    let mut verdicts = Vec::with_capacity(batch.len());
    let mut events = Vec::with_capacity(batch.len());
    for work in batch {
        if is_over() {
            return Err(ApplyError::TooSlow);
        }
        let command = work.command;
        let outcome = match directories.get_mut(&command.directory_id) {
            None => gone(command.directory_id),
            Some(directory) => {
                let applied = catch_unwind(AssertUnwindSafe(|| directory.apply(command, now)))
                    .map_err(|_| ApplyError::Panicked)?;
                events.extend(applied.events.into_iter().map(|event| EventDraft {
                    id: EventId::new(),
                    kind: event.kind,
                    organization_id: command.organization_id,
                    directory_id: command.directory_id,
                    source: command.source,
                    subject_id: Some(event.subject_id),
                    timestamp: now,
                    traceparent: work.traceparent.clone(),
                    data: event.data,
                }));
                if let Some(held) = directory.newly_held() {
                    events.push(brake::announcement(work, held, now));
                }
                applied.outcome
            }
        };
        verdicts.push(Verdict {
            command_id: command.id,
            outcome,
        });
    }
    let mut writes: Vec<_> = directories
        .iter()
        .map(|(id, directory)| (*id, directory.writes()))
        .collect();
    writes.retain(|(_, writes)| !writes.is_empty());
    Ok(Result {
        verdicts,
        writes,
        events,
    })
}

/// Loads what the commands touch.
pub(crate) async fn load(
    projection: &mut BatchTx,
    batch: &[Work<'_>],
) -> std::result::Result<HashMap<DirectoryId, DirectoryRows>, StoreError> {
    let mut needs: BTreeMap<DirectoryId, Needs> = BTreeMap::new();
    for work in batch {
        let command = work.command;
        if let Some(facts) = projection.directories().get(&command.directory_id) {
            needs
                .entry(command.directory_id)
                .or_default()
                .add(command, &facts.policy);
        }
    }
    projection.load(needs.into_iter().collect()).await
}

/// The directory was deleted while the command was on its way.
fn gone(directory: DirectoryId) -> Outcome {
    Outcome::Refused {
        status: 404,
        scim_type: None,
        detail: format!("directory {directory} does not exist any more"),
    }
}

/// The verdict on a command that takes longer than a change may even alone.
pub(crate) fn too_slow(command: &Command, budget: Duration) -> Verdict {
    let detail = format!(
        "this change takes longer than the {} seconds that one change may take, so it was not applied; send it in several \
         requests that change less each, or again when the server has less to do",
        budget.as_secs_f32()
    );
    refusal(command, 503, detail)
}

/// The verdict on a command that has been taken up several times, and each time the projector came to no verdict.
pub(crate) fn hopeless(command: &Command) -> Verdict {
    let detail = format!(
        "the server has tried several times to process this request and was interrupted each time, so it was not applied; \
         it is put aside as command {} for the server's operator",
        command.id
    );
    refusal(command, 503, detail)
}

/// The verdict on a command that cannot be processed even alone.
pub(crate) fn poisoned(command: &Command) -> Verdict {
    let who = match command.source {
        Source::Scim => "the identity provider",
        Source::Api | Source::Graph | Source::System => "the sender",
    };
    let detail = format!(
        "the server could not process this request and has not applied it; it is logged as command {}, and repeating \
         it from {who} will not help until that is fixed",
        command.id
    );
    refusal(command, 500, detail)
}

fn refusal(command: &Command, status: u16, detail: String) -> Verdict {
    Verdict {
        command_id: command.id,
        outcome: Outcome::Refused {
            status,
            scim_type: None,
            detail,
        },
    }
}
