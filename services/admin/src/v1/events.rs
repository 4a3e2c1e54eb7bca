//! `/events`: the log, gapless and in order, each body byte for byte as the webhooks carry it.

pub(super) mod get;
pub(super) mod list;
pub(super) mod stream;

use crate::query::RequestQuery;
use ::events::{DirectoryId, EventId, EventPattern, EventType, OrganizationId};
use store::{Feed, Store, StoreError};

/// What `after` is at the beginning of the log.
const BEGINNING: &str = "0";
/// What `after` is to begin with the oldest event that is kept.
const OLDEST: &str = "oldest";
/// What `after` is to begin with what happens from now on.
const NEWEST: &str = "newest";

/// Which part of the log is asked for.
#[derive(Clone, Debug)]
struct LogSelection {
    directory_id: Option<DirectoryId>,
    organization_id: Option<OrganizationId>,
    types: Vec<EventType>,
    after: Option<EventId>,
    /// Begin with the oldest event that is kept.
    from_oldest: bool,
    /// Begin with what happens from now on: see [`Self::settled`].
    from_newest: bool,
    /// Begin so many events before the end: see [`Self::settled`].
    last: Option<u32>,
}

/// The most events before the end that `last` may name.
const MOST_LAST: u32 = 200;

impl LogSelection {
    /// Types may be globs.
    fn read(query: &mut RequestQuery) -> Self {
        let directory_id = query.parsed("directory_id", "the id of a directory");
        let organization_id = query.parsed("organization_id", "the id of an organization");
        let patterns: Vec<EventPattern> = query.several("types");
        let after = query.text("after");
        let from_oldest = after.as_deref() == Some(OLDEST);
        let from_newest = after.as_deref() == Some(NEWEST);
        let last = query.parsed::<u32>("last", "a number from 1 to 200");
        if last.is_some_and(|last| !(1..=MOST_LAST).contains(&last)) {
            query.fault("last", "Must be a number from 1 to 200.");
        }
        if last.is_some() && after.is_some() {
            query.fault("last", "Give either \"last\" or \"after\".");
        }
        let after = after
            .filter(|_| !from_oldest && !from_newest)
            .and_then(|text| Self::place(query, "after", &text));
        let wanted = |kind: &EventType| patterns.iter().any(|pattern| pattern.matches(*kind));
        Self {
            directory_id,
            organization_id,
            types: EventType::ALL.iter().copied().filter(wanted).collect(),
            after,
            from_oldest,
            from_newest,
            last,
        }
    }

    /// The same with "newest" made a place that stays: that of the newest event now.
    async fn settled(mut self, store: &Store) -> Result<Self, StoreError> {
        if self.from_newest {
            self.after = store.events().newest(self.organization_id).await?;
            // Where nothing is, what happens from now on is the oldest that there will be.
            self.from_oldest = self.after.is_none();
        }
        if let Some(last) = self.last {
            let (organization, directory) = (self.organization_id, self.directory_id);
            self.after = store.events().before_the_last(last, organization, directory).await?;
            self.from_oldest = self.after.is_none();
        }
        Ok(self)
    }

    /// The id of an event, or the beginning.
    fn place(query: &mut RequestQuery, name: &str, text: &str) -> Option<EventId> {
        if text == BEGINNING {
            return None;
        }
        let id = text.parse().ok();
        if id.is_none() {
            query.fault(
                name,
                "Must be the id of an event, 0 for the beginning, \"oldest\" or \"newest\".",
            );
        }
        id
    }

    fn feed(&self, limit: u32) -> Feed<'_> {
        Feed {
            after: self.after,
            from_oldest: self.from_oldest,
            organization_id: self.organization_id,
            directory_id: self.directory_id,
            types: &self.types,
            limit,
        }
    }
}
