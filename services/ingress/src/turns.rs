//! How many changes of one directory may be under way at once.
//!
//! What the projector has been handed it shares out fairly, but it is handed no more than a window of what waits in a lane.
//! A directory that filled the window, with thousands of changes or with hundreds of large ones, would keep its neighbours
//! out of it. So each directory has places of its own here, and a request that finds none waits in line: behind its own directory, and
//! with nothing but its own connection. Each ingress process counts for itself.

use crate::failure::Failure;
use events::{Command, DirectoryId};
use moka::sync::Cache;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Changes of one directory under way at once.
const MOST_CHANGES: usize = 256;
/// Of these, large ones: more values in lists than weigh [`directory::HEAVY_BYTES`].
const MOST_LARGE_CHANGES: usize = 1;
/// The longest wait for a place. Identity providers allow 30 seconds or more, of which a change may take as long as its deadline.
const LONGEST_WAIT: Duration = Duration::from_secs(10);
/// When to come back after that.
const RETRY_AFTER: Duration = Duration::from_secs(10);
/// The most directories remembered; one that is forgotten starts with all its places.
const MOST_TRACKED_DIRECTORIES: u64 = 10_000;

/// The places of all directories.
#[derive(Debug)]
pub(crate) struct CommandTurns {
    directories: Cache<DirectoryId, Arc<Places>>,
}

#[derive(Debug)]
struct Places {
    changes: Arc<Semaphore>,
    large: Arc<Semaphore>,
}

/// A place; free again when this is dropped, which is when the verdict is known, whether or not the client still waits.
#[derive(Debug)]
pub(crate) struct CommandTurn {
    _change: OwnedSemaphorePermit,
    _large: Option<OwnedSemaphorePermit>,
}

impl CommandTurns {
    pub(crate) fn new() -> Self {
        let directories = Cache::builder()
            .max_capacity(MOST_TRACKED_DIRECTORIES)
            // Nothing is under way for so long.
            .time_to_idle(10 * LONGEST_WAIT)
            .build();
        Self { directories }
    }

    /// Waits for a place for this command. The large ones wait for theirs first, so that they hold none of the others'.
    ///
    /// # Errors
    /// 429 when none came free in time.
    pub(crate) async fn wait(&self, command: &Command) -> Result<CommandTurn, Failure> {
        let places = self.directories.get_with(command.directory_id, || {
            Arc::new(Places {
                changes: Arc::new(Semaphore::new(MOST_CHANGES)),
                large: Arc::new(Semaphore::new(MOST_LARGE_CHANGES)),
            })
        });
        let is_large = directory::weight(command, 0) > directory::HEAVY_BYTES;
        let turn = async {
            let large = match is_large {
                true => Some(Arc::clone(&places.large).acquire_owned().await.ok()?),
                false => None,
            };
            Some(CommandTurn {
                _change: Arc::clone(&places.changes).acquire_owned().await.ok()?,
                _large: large,
            })
        };
        // The semaphores are never closed, so what is missing is time.
        tokio::time::timeout(LONGEST_WAIT, turn)
            .await
            .ok()
            .flatten()
            .ok_or_else(|| too_many(is_large))
    }
}

fn too_many(is_large: bool) -> Failure {
    metrics::counter!("rollcall_ingress_turns_missed_total").increment(1);
    let what = if is_large {
        "large changes of this directory are taken one at a time, and those before this one are not done".to_owned()
    } else {
        format!("{MOST_CHANGES} changes of this directory are under way, which is the most at once")
    };
    let waited = LONGEST_WAIT.as_secs();
    let detail = format!("{what}; this one waited {waited} seconds and was not taken, nothing was changed: try again");
    Failure::Later {
        error: scim::Error::status(429, detail),
        retry_after: RETRY_AFTER,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use events::{CommandId, OrganizationId, ResourceId, ResourceKind, Source, Timestamp, Verb};
    use serde_json::{Value, json};

    fn command(directory_id: DirectoryId, members: usize) -> Command {
        let members: Vec<Value> = (0..members).map(|n| json!({ "value": n.to_string() })).collect();
        let attributes = json!({ "displayName": "All", "members": members });
        Command {
            id: CommandId::new(),
            organization_id: OrganizationId::new(),
            directory_id,
            source: Source::Scim,
            issued_at: Timestamp::now(),
            deadline: Timestamp::now(),
            kind: ResourceKind::Group,
            resource_id: ResourceId::new(),
            if_match: Vec::new(),
            verb: Verb::Create(attributes.as_object().cloned().unwrap()),
        }
    }

    #[tokio::test(start_paused = true)]
    async fn large_changes_of_a_directory_take_turns_and_hold_up_neither_small_ones_nor_neighbours() {
        let turns = CommandTurns::new();
        let (busy, neighbour) = (DirectoryId::new(), DirectoryId::new());
        let first = turns.wait(&command(busy, 16_000)).await.unwrap();
        let refused = turns.wait(&command(busy, 16_000)).await.unwrap_err().error();
        assert!(
            refused.status == 429 && refused.detail.contains("one at a time"),
            "{refused:?}"
        );
        turns.wait(&command(busy, 100)).await.unwrap();
        turns.wait(&command(neighbour, 16_000)).await.unwrap();
        let waiting = command(busy, 16_000);
        let (second, ()) = tokio::join!(turns.wait(&waiting), async { drop(first) });
        second.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn a_directory_has_so_many_changes_under_way_and_those_beyond_wait_for_the_first_that_ends() {
        let turns = CommandTurns::new();
        let busy = DirectoryId::new();
        let small = command(busy, 1);
        let mut held = Vec::new();
        for _ in 0..MOST_CHANGES {
            held.push(turns.wait(&small).await.unwrap());
        }
        let refused = turns.wait(&small).await.unwrap_err().error();
        assert!(
            refused.status == 429 && refused.detail.contains("256 changes"),
            "{refused:?}"
        );
        turns.wait(&command(DirectoryId::new(), 1)).await.unwrap();
        let (next, ()) = tokio::join!(turns.wait(&small), async { drop(held.pop()) });
        next.unwrap();
    }
}
