//! Forgetting what nobody can ask for any more: old verdicts, old counts of the mass-change brake, and events that are
//! older than the log is to be.

use crate::Config;
use crate::rebuild::{RebuildError, page};
use events::{DirectoryId, Timestamp};
use store::{DirectoryFilter, ListPage, Store, StoreError};
use telemetry::chain;
use tokio_util::sync::CancellationToken;

/// Rows of one statement: short enough that nobody waits for it.
const PORTION_ROWS: u32 = 5_000;
/// Events cut off in one transaction.
const CUT_EVENTS: u32 = 1_000;
/// Directories looked at at once.
const DIRECTORIES_A_ROUND: u16 = 100;

pub(crate) async fn run(config: Config, store: Store, stop: CancellationToken) {
    let mut tick = tokio::time::interval(config.housekeeping);
    while stop.run_until_cancelled(tick.tick()).await.is_some() {
        let work = async {
            if let Err(error) = store.prune_removals(Timestamp::now()).await {
                tracing::warn!(error = %chain(&error), "old counts of removals could not be removed");
            }
            if let Err(error) = verdicts(&config, &store).await {
                tracing::warn!(error = %chain(&error), "old verdicts could not be removed");
            }
            if let Some(age) = config.keep_events
                && let Err(error) = logs(&store, Timestamp::now().minus(age)).await
            {
                tracing::warn!(error = %chain(&error), "old events could not be cut off");
            }
        };
        if stop.run_until_cancelled(work).await.is_none() {
            break;
        }
    }
}

async fn verdicts(config: &Config, store: &Store) -> Result<(), StoreError> {
    let before = Timestamp::now().minus(config.keep_verdicts);
    while store.inbox().prune(before, PORTION_ROWS).await? >= u64::from(PORTION_ROWS) {}
    Ok(())
}

/// Cuts the logs of all directories off before this time. A log that cannot be cut keeps no other from it.
async fn logs(store: &Store, before: Timestamp) -> Result<(), StoreError> {
    let mut list = ListPage {
        limit: DIRECTORIES_A_ROUND,
        cursor: None,
    };
    loop {
        let found = store.directories().list(DirectoryFilter::default(), &list).await?;
        for directory in found.data {
            if let Err(error) = cut(store, directory.id, before).await {
                tracing::warn!(directory.id = %directory.id, error = %chain(&error), "a log could not be cut off");
            }
        }
        if found.next_cursor.is_none() {
            return Ok(());
        }
        list.cursor = found.next_cursor;
    }
}

/// Moves the beginning of one directory's log, page by page. What the events leave stays as the log's base, so that the
/// state still follows from base and log.
pub async fn cut(store: &Store, directory: DirectoryId, before: Timestamp) -> Result<u64, RebuildError> {
    let copies = store.log_copies(directory);
    let mut events = 0;
    loop {
        let last = copies.cuttable(before, CUT_EVENTS).await?;
        let base = copies.sequence(store::CopyName::Base).await?;
        if last <= base {
            return Ok(events);
        }
        let Some(images) = page(store, directory, base, last).await? else {
            return Ok(events);
        };
        copies.cut(base, &images, Timestamp::now()).await?;
        events += u64::try_from(images.sequence - base).unwrap_or_default();
    }
}
