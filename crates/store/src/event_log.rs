//! Reading the event log: by directory, as one feed, and what is not yet on the bus.
//!
//! Every page is bounded twice: it ends before it would have more bytes than it may, and no statement looks at more than
//! a stretch of the log for events of the types that are asked for, however rare those are.

mod stretch;

use crate::args::Args;
use crate::sql::{Row, query_one};
use crate::{Dialect, Store, StoreError};
use events::{DirectoryId, Event, EventId, EventType, OrganizationId};
use sea_orm::QueryResult;
use stretch::{Found, Stretch};

/// Events that one statement looks at for those that are wanted.
const STRETCH: u32 = 5_000;
/// More than there are. A subselect with a limit is computed row by row, and not made into a join.
const ALL_DIRECTORIES: u32 = 1_000_000_000;
/// Such stretches looked at for one page.
const STRETCHES: usize = 20;

/// Which part of the feed to read.
#[derive(Clone, Debug, Default)]
pub struct Feed<'a> {
    /// Only what follows this event; `None` starts with the first.
    pub after: Option<EventId>,
    /// Without `after`: start with the oldest event that is kept, even if there were others before it.
    pub from_oldest: bool,
    /// Only of this organization.
    pub organization_id: Option<OrganizationId>,
    /// Only of this directory.
    pub directory_id: Option<DirectoryId>,
    /// Only of these types; empty means all.
    pub types: &'a [EventType],
    /// At most so many.
    pub limit: u32,
}

/// A part of the log.
#[derive(Clone, Debug, Default)]
pub struct EventPage {
    /// The events, in order. Fewer than asked for, and even none, do not mean that the log ends.
    pub events: Vec<Event>,
    /// After which event to go on; `None` when the log ends here.
    pub next: Option<EventId>,
}

/// The event log.
#[derive(Clone, Copy, Debug)]
pub struct Events<'a> {
    store: &'a Store,
}

impl Store {
    /// The event log.
    #[must_use]
    pub const fn events(&self) -> Events<'_> {
        Events { store: self }
    }
}

impl Events<'_> {
    /// One event.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] without a database.
    pub async fn by_id(&self, id: EventId) -> Result<Option<Event>, StoreError> {
        let sql = "SELECT e.id, e.type, e.organization_id, e.directory_id, e.sequence, e.subject_id, e.traceparent, e.body \
                   FROM events e WHERE e.id = $1";
        query_one(self.store.read(), sql, [id.uuid().into()])
            .await?
            .as_ref()
            .map(event)
            .transpose()
    }

    /// The log of one directory after a sequence number, in order; `types` empty means all. Fewer than `limit` do not mean
    /// that it ends; none do.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] without a database.
    pub async fn of_directory(
        &self,
        directory_id: DirectoryId,
        after: i64,
        types: &[EventType],
        limit: u32,
    ) -> Result<Vec<Event>, StoreError> {
        let mut start = Start::Sequence(directory_id, after);
        loop {
            let found = self
                .stretch(
                    &start,
                    &Feed {
                        types,
                        limit,
                        ..Feed::default()
                    },
                )
                .await?;
            match found.last.filter(|_| found.events.is_empty() && !found.is_end) {
                Some(last) => start = Start::Sequence(directory_id, self.place_of(last).await?.sequence),
                None => return Ok(found.events),
            }
        }
    }

    /// A page of the log of one directory after a sequence number, in order. `next` tells exactly whether it goes on.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] without a database.
    pub async fn page_of(&self, directory_id: DirectoryId, after: i64, limit: u32) -> Result<EventPage, StoreError> {
        let start = Start::Sequence(directory_id, after);
        // One more than asked for tells whether it goes on.
        let asked = Feed {
            limit: limit.saturating_add(1),
            ..Feed::default()
        };
        let Found { mut events, is_cut, .. } = self.stretch(&start, &asked).await?;
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let goes_on = is_cut || events.len() > limit;
        events.truncate(limit);
        let next = events.last().map(|event| event.id).filter(|_| goes_on);
        Ok(EventPage { events, next })
    }

    /// The log of all directories in one order that never changes and in which nothing is ever inserted before what
    /// was read: the id of the last event read is a cursor that misses nothing.
    ///
    /// # Errors
    /// [`StoreError::Invalid`] when `after` is not in the log; [`StoreError::Gone`] when what follows it is not kept any
    /// more; [`StoreError::Unavailable`] without a database.
    pub async fn feed(&self, feed: &Feed<'_>) -> Result<EventPage, StoreError> {
        let mut place = match feed.after {
            Some(id) => Some(self.place_of(id).await?),
            None if feed.from_oldest => None,
            None => {
                self.is_whole(feed).await?;
                None
            }
        };
        // One more than asked for tells whether the log goes on.
        let asked = Feed {
            limit: feed.limit.saturating_add(1),
            ..feed.clone()
        };
        let limit = usize::try_from(feed.limit).unwrap_or(usize::MAX);
        for looked in 1..=STRETCHES {
            let Found {
                mut events,
                is_cut,
                last,
                is_end,
            } = self.stretch(&Start::of(feed, place), &asked).await?;
            let goes_on = is_cut || events.len() > limit;
            events.truncate(limit);
            let next = match events.last().filter(|_| goes_on) {
                Some(shown) => Some(shown.id),
                None => last.filter(|_| !is_end),
            };
            match next {
                Some(last) if events.is_empty() && looked < STRETCHES => place = Some(self.place_of(last).await?),
                _ => return Ok(EventPage { events, next }),
            }
        }
        Ok(EventPage::default())
    }

    /// What is wanted of the next stretch of the log.
    async fn stretch(&self, start: &Start, feed: &Feed<'_>) -> Result<Found, StoreError> {
        let dialect = self.store.dialect();
        let mut args = Args::new(dialect);
        let (mut conditions, mut wanted) = (Vec::new(), Vec::new());
        let order = match start {
            Start::Sequence(directory, sequence) => {
                conditions.push(format!("e.directory_id = {}", args.bind(directory.uuid())));
                conditions.push(format!("e.sequence > {}", args.bind(*sequence)));
                "e.directory_id, e.sequence"
            }
            Start::Place(place) => {
                conditions.push(horizon(dialect).to_owned());
                conditions.extend(place.as_ref().map(|place| place.beyond(&mut args)));
                let mut order = commit_order(dialect).to_owned();
                if let Some(organization) = feed.organization_id {
                    conditions.push(format!("e.organization_id = {}", args.bind(organization.uuid())));
                    order = format!("e.organization_id, {order}");
                }
                if let Some(directory) = feed.directory_id {
                    wanted.push(format!("s.directory_id = {}", args.bind(directory.uuid())));
                }
                &order.clone()
            }
        };
        if !feed.types.is_empty() {
            let types = args.bind_texts(feed.types.iter().map(|kind| kind.as_str()));
            wanted.push(format!("s.type IN ({types})"));
        }
        let stretch = Stretch {
            events: format!("FROM events e WHERE {} ORDER BY {order}", conditions.join(" AND ")),
            most: if wanted.is_empty() { feed.limit } else { STRETCH },
            limit: feed.limit,
            args,
            wanted,
        };
        stretch.read(self.store).await
    }

    /// What moves whenever a reader of the log would find more: the newest position there is, and the newest that is
    /// followed by nothing older. Cheap, whatever the size of the log.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] without a database.
    pub async fn head(&self) -> Result<(i64, i64), StoreError> {
        let sql = (
            "SELECT COALESCE((SELECT MAX(position) FROM events), 0) AS newest, COALESCE((SELECT e.position FROM events e \
             WHERE e.tx < pg_snapshot_xmin(pg_current_snapshot()) ORDER BY e.tx DESC, e.position DESC LIMIT 1), 0) AS settled",
            "SELECT COALESCE(MAX(position), 0) AS newest, COALESCE(MAX(position), 0) AS settled FROM events",
        );
        let row = query_one(self.store.read(), sql, []).await?;
        let row = row.ok_or_else(|| StoreError::corrupt("a maximum without a row"))?;
        Ok((row.get("newest")?, row.get("settled")?))
    }

    /// Events of these lanes that are not yet marked as published, in order within each directory: those of one directory
    /// after those of another, each looked up behind its own mark. `next` is set when there may be more.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] without a database.
    pub async fn unpublished(&self, lanes: &[u16], limit: u32) -> Result<EventPage, StoreError> {
        let mut args = Args::new(self.store.dialect());
        let lanes = args.bind(serde_json::Value::from(lanes).to_string());
        let each = args.bind(i64::from(limit));
        let behind = |lanes: &str| {
            format!(
                "(SELECT o.directory_id, o.mark FROM (SELECT s.directory_id, s.last, COALESCE((SELECT p.sequence \
                 FROM publications p WHERE p.directory_id = s.directory_id), 0) AS mark \
                 FROM sequences s WHERE s.lane IN ({lanes}) LIMIT {ALL_DIRECTORIES}) AS o \
                 WHERE o.last > o.mark LIMIT {each}) AS b"
            )
        };
        let events = match self.store.dialect() {
            Dialect::Postgres => format!(
                "FROM {} CROSS JOIN LATERAL (SELECT * FROM events l WHERE l.directory_id = b.directory_id \
                 AND l.sequence > b.mark ORDER BY l.directory_id, l.sequence LIMIT {each}) AS e",
                behind(&format!(
                    "SELECT value::integer FROM jsonb_array_elements_text({lanes}::jsonb) AS l(value)"
                ))
            ),
            Dialect::Sqlite => format!(
                "FROM {} CROSS JOIN events e ON e.directory_id = b.directory_id AND e.sequence > b.mark",
                behind(&format!("SELECT value FROM json_each({lanes})"))
            ),
        };
        let stretch = Stretch {
            args,
            events,
            wanted: Vec::new(),
            most: limit,
            limit,
        };
        let found = stretch.read(self.store).await?;
        let next = found.events.last().map(|event| event.id);
        Ok(EventPage {
            next: next.filter(|_| found.is_cut || !found.is_end),
            events: found.events,
        })
    }

    async fn place_of(&self, id: EventId) -> Result<Place, StoreError> {
        let sql = (
            "SELECT directory_id, sequence, position, tx::text AS tx FROM events WHERE id = $1",
            "SELECT directory_id, sequence, position, NULL AS tx FROM events WHERE id = $1",
        );
        let row = query_one(self.store.read(), sql, [id.uuid().into()]).await?;
        let Some(row) = row else {
            return Err(self.unknown(id).await?);
        };
        Ok(Place {
            directory_id: row.id("directory_id")?,
            sequence: row.get("sequence")?,
            position: row.get("position")?,
            tx: row.get("tx")?,
        })
    }

    /// That no event of the feed was cut off.
    async fn is_whole(&self, feed: &Feed<'_>) -> Result<(), StoreError> {
        let mut args = Args::new(self.store.dialect());
        let mut conditions = String::new();
        if let Some(directory) = feed.directory_id {
            conditions = format!(" AND c.directory_id = {}", args.bind(directory.uuid()));
        }
        if let Some(organization) = feed.organization_id {
            let organization = args.bind(organization.uuid());
            conditions = format!(
                "{conditions} AND c.directory_id IN (SELECT d.id FROM directories d WHERE d.organization_id = {organization})"
            );
        }
        let (sql, values) = args.finish(&format!(
            "SELECT 1 AS one FROM log_copies c WHERE c.name = 'base'{conditions} LIMIT 1"
        ));
        match query_one(self.store.read(), &sql, values).await? {
            None => Ok(()),
            Some(_) => Err(gone()),
        }
    }

    /// Why an event is not in the log: it was cut off, or it never was.
    async fn unknown(&self, id: EventId) -> Result<StoreError, StoreError> {
        // Ids grow with time, and logs are cut off at their beginning.
        let sql = "SELECT 1 AS one FROM log_copies WHERE name = 'base' \
                   AND NOT EXISTS (SELECT 1 FROM events WHERE id <= $1) LIMIT 1";
        let cut = query_one(self.store.read(), sql, [id.uuid().into()]).await?;
        Ok(match cut {
            Some(_) => gone(),
            None => StoreError::Invalid(format!("there is no event {id} to continue after")),
        })
    }
}

fn gone() -> StoreError {
    StoreError::Gone(
        "events from here on are no longer kept; take the users and groups as they are now, then go on with after=oldest"
            .to_owned(),
    )
}

/// Where a stretch begins, and in which order it goes.
enum Start {
    /// The log of a directory after this sequence.
    Sequence(DirectoryId, i64),
    /// The log of all after this place.
    Place(Option<Place>),
}

impl Start {
    /// Sequence numbers are given in commit order, so the log of one directory needs no regard for transactions still open.
    fn of(feed: &Feed<'_>, place: Option<Place>) -> Self {
        match (feed.directory_id, feed.organization_id, &place) {
            (Some(directory), None, None) => Self::Sequence(directory, 0),
            (Some(directory), None, Some(place)) if place.directory_id == directory => {
                Self::Sequence(directory, place.sequence)
            }
            _ => Self::Place(place),
        }
    }
}

/// Where an event stands.
struct Place {
    directory_id: DirectoryId,
    sequence: i64,
    position: i64,
    /// PostgreSQL only: the transaction that wrote it.
    tx: Option<String>,
}

impl Place {
    fn beyond(&self, args: &mut Args) -> String {
        let position = args.bind(self.position);
        match &self.tx {
            Some(tx) => format!(
                "(e.tx, e.position) > ({}::text::xid8, {position})",
                args.bind(tx.as_str())
            ),
            None => format!("e.position > {position}"),
        }
    }
}

/// Positions are drawn when a row is written, not when it becomes visible, so on PostgreSQL a reader of several
/// writers' rows must stop before the oldest transaction still open. SQLite has one writer at a time.
const fn horizon(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Postgres => "e.tx < pg_snapshot_xmin(pg_current_snapshot())",
        Dialect::Sqlite => "TRUE",
    }
}

const fn commit_order(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Postgres => "e.tx, e.position",
        Dialect::Sqlite => "e.position",
    }
}

pub(crate) fn event(row: &QueryResult) -> Result<Event, StoreError> {
    Ok(Event {
        id: row.id("id")?,
        kind: row.get::<String>("type")?.parse().map_err(StoreError::corrupt)?,
        organization_id: row.id("organization_id")?,
        directory_id: row.id("directory_id")?,
        sequence: row.get("sequence")?,
        subject_id: row.opt_id("subject_id")?,
        traceparent: row.get("traceparent")?,
        body: row.get("body")?,
    })
}

#[cfg(test)]
mod tests;
