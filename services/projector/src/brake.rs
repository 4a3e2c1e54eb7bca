//! The mass-change brake within a batch: what it knows is read in the transaction that also writes, under the lane's lock, so
//! it never decides by something stale. Only a command that goes apart on SQLite reads it before: then it counts every
//! change that came before it, and an operator's word of the last moments holds from the next command on.

use crate::command::Work;
use directory::{BrakeSettings, BrakeWrites, DirectoryRows, HoldReason, may_take_away};
use events::{DirectoryId, EventId, EventType, Source, Timestamp};
use serde_json::json;
use std::collections::{BTreeMap, HashMap};
use store::{BatchTx, DirectoryState, EventDraft, StoreError};

/// Gives the brake of each directory what it has to know. Asks nothing where no command could take a user away.
pub(crate) async fn put_on(
    projection: &mut BatchTx,
    directories: &mut HashMap<DirectoryId, DirectoryRows>,
    batch: &[Work<'_>],
    now: Timestamp,
) -> Result<(), StoreError> {
    let mut asked: BTreeMap<DirectoryId, u64> = BTreeMap::new();
    for work in batch.iter().filter(|work| may_take_away(work.command)) {
        *asked.entry(work.command.directory_id).or_default() += 1;
    }
    let wanted: Vec<(DirectoryId, BrakeSettings, u64)> = asked
        .into_iter()
        .filter_map(|(id, asked)| Some((id, directories.get(&id)?.brake_settings()?, asked)))
        .collect();
    if wanted.is_empty() {
        return Ok(());
    }
    for (id, facts) in projection.brakes(&wanted, now).await? {
        if let Some(directory) = directories.get_mut(&id) {
            directory.set_brake(facts, now);
        }
    }
    Ok(())
}

/// `directory.held`, in the log right after what was still let through; [`describe`] completes it.
pub(crate) fn announcement(work: &Work<'_>, held: HoldReason, now: Timestamp) -> EventDraft {
    let command = work.command;
    tracing::warn!(
        directory.id = %command.directory_id,
        removed = held.removed,
        allowed = held.allowed,
        active_users = held.active_users,
        "the directory is held: too many of its users would be deactivated or deleted at once"
    );
    metrics::counter!("rollcall_directories_held_total").increment(1);
    EventDraft {
        id: EventId::new(),
        kind: EventType::DirectoryHeld,
        organization_id: command.organization_id,
        directory_id: command.directory_id,
        source: Source::System,
        subject_id: None,
        timestamp: now,
        traceparent: work.traceparent.clone(),
        data: json!({ "held": held }),
    }
}

/// Tells which directories are held, as every event about a directory does. Seldom any.
pub(crate) async fn describe(projection: &mut BatchTx, drafts: &mut [EventDraft]) -> Result<(), StoreError> {
    let mut drafts: Vec<&mut EventDraft> = drafts
        .iter_mut()
        .filter(|draft| draft.kind == EventType::DirectoryHeld)
        .collect();
    let ids: Vec<DirectoryId> = drafts.iter().map(|draft| draft.directory_id).collect();
    if ids.is_empty() {
        return Ok(());
    }
    for mut directory in projection.described(&ids).await? {
        if directory.state == DirectoryState::Active {
            directory.state = DirectoryState::Held;
        }
        for draft in drafts.iter_mut().filter(|draft| draft.directory_id == directory.id) {
            directory.updated_at = draft.timestamp;
            draft.data = json!({ "directory": directory.about(), "held": draft.data["held"] });
        }
    }
    Ok(())
}

/// Stores what the batch did to the brakes.
pub(crate) async fn save(
    projection: &mut BatchTx,
    directories: &HashMap<DirectoryId, DirectoryRows>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let writes: Vec<(DirectoryId, BrakeWrites)> = directories
        .iter()
        .map(|(id, directory)| (*id, directory.brake_writes()))
        .filter(|(_, writes)| *writes != BrakeWrites::default())
        .collect();
    if writes.is_empty() {
        return Ok(());
    }
    projection.save_brakes(&writes, now).await
}
