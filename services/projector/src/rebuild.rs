//! `rebuild`: the stored state of a directory is made again from its log.
//!
//! Base and log are put together in a copy, page by page, while everything goes on; then the copy takes the place of
//! what is stored, where they differ, in one transaction that holds the directory's log.

use directory::Images;
use directory::replay::ReplayError;
use events::{DirectoryId, EventBody, Timestamp};
use store::{RebuildReport, Store, StoreError};

/// Events put together at once.
const PAGE_EVENTS: u32 = 1_000;
/// How often the log may go on between the last page and the swap before this gives up.
const MOST_ATTEMPTS: usize = 100;

/// Why a directory could not be rebuilt; nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum RebuildError {
    /// The database says no.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// An event cannot be read.
    #[error("an event of the log is not readable JSON")]
    Body(#[from] serde_json::Error),
    /// The log has a gap, or an event without an image.
    #[error(transparent)]
    Replay(#[from] ReplayError),
    /// The directory is written to faster than its log can be read.
    #[error("the log grows faster than it is replayed; pause the directory and try again")]
    Outrun,
}

/// Rebuilds one directory; `dry_run` only tells what would change.
///
/// # Errors
/// See [`RebuildError`].
pub async fn rebuild(
    store: &Store,
    directory: DirectoryId,
    lane: u16,
    dry_run: bool,
) -> Result<RebuildReport, RebuildError> {
    let copies = store.log_copies(directory);
    let mut sequence = copies.begin_fresh(Timestamp::now()).await?;
    for _ in 0..MOST_ATTEMPTS {
        while let Some(images) = page(store, directory, sequence, i64::MAX).await? {
            sequence = images.sequence;
            copies.extend_fresh(&images, Timestamp::now()).await?;
        }
        if let Some(mended) = copies.swap(lane, dry_run, Timestamp::now()).await? {
            return Ok(mended);
        }
    }
    Err(RebuildError::Outrun)
}

/// What the next page of the log leaves, up to the event `last`; `None` at the end.
pub(crate) async fn page(
    store: &Store,
    directory: DirectoryId,
    after: i64,
    last: i64,
) -> Result<Option<Images>, RebuildError> {
    let events = store.events().of_directory(directory, after, &[], PAGE_EVENTS).await?;
    let mut images = Images::after(after);
    for event in events.iter().filter(|event| event.sequence <= last) {
        let body: EventBody = serde_json::from_str(&event.body)?;
        images.add(&body)?;
    }
    Ok((images.sequence > after).then_some(images))
}
