//! Reading the event log: by directory, as one feed, and what is not yet on the bus.
//!
//! Every page is bounded twice: it ends before it would have more bytes than it may, and no statement looks at more than
//! a stretch of the log for events of the types that are asked for, however rare those are.

mod place;
mod stretch;
mod unpublished;

pub(crate) use stretch::event;

use crate::{CopyName, Dialect, Store, StoreError};
use db::entity::column::Id;
use db::entity::{directories, events as log, log_copies};
use db::expr::{null, number};
use db::rows::{ValueKind, is_one_of, list};
use db::send::{fetch_all, fetch_one};
use events::{DirectoryId, Event, EventId, EventType, OrganizationId};
use log::Column::{DirectoryId as Directory, OrganizationId as Organization, Position, Sequence};
use place::{Place, TX, event_has, horizon, in_commit_order};
use sea_orm::sea_query::{Expr, ExprTrait as _, Func, Order, Query, SelectStatement};
use sea_orm::{
    ColumnTrait as _, EntityTrait as _, FromQueryResult, QueryFilter as _, QuerySelect as _, QueryTrait as _,
};
use stretch::{EVENT, SEEN, Stretch, StretchPage};
use unpublished::unpublished;

/// Events that one statement looks at for those that are wanted.
const STRETCH: u32 = 5_000;
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
    /// The last event that was looked at, wanted or not: after it goes on who comes again later, so that nobody looks twice
    /// at what is not wanted. `None` when there was none.
    pub read_to: Option<EventId>,
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
        let event = log::Entity::find().filter(log::Column::Id.eq(Id(id)));
        let event: Option<log::Model> = fetch_one(self.store.read(), event.as_query()).await?;
        event.map(of_model).transpose()
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
        let StretchPage { mut events, is_cut, .. } = self.stretch(&start, &asked).await?;
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let goes_on = is_cut || events.len() > limit;
        events.truncate(limit);
        let read_to = events.last().map(|event| event.id);
        let next = read_to.filter(|_| goes_on);
        Ok(EventPage { events, next, read_to })
    }

    /// The log of all directories in one order that never changes and in which nothing is ever inserted before what
    /// was read: the id of the last event read is a cursor that misses nothing.
    ///
    /// # Errors
    /// [`StoreError::BadParameter`] when `after` is not in the log; [`StoreError::Gone`] when what follows it is not kept any
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
        let mut before = None;
        for looked in 1..=STRETCHES {
            let StretchPage {
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
                Some(last) if events.is_empty() && looked < STRETCHES => {
                    place = Some(self.place_of(last).await?);
                    before = Some(last);
                }
                _ => {
                    let read_to = next.or(last).or(before);
                    return Ok(EventPage { events, next, read_to });
                }
            }
        }
        Ok(EventPage::default())
    }

    /// What is wanted of the next stretch of the log.
    async fn stretch(&self, start: &Start, feed: &Feed<'_>) -> Result<StretchPage, StoreError> {
        let dialect = self.store.dialect();
        let mut wanted = Vec::new();
        let mut events = Query::select().from_as(log::Entity, EVENT).take();
        match start {
            Start::Sequence(directory, sequence) => {
                events
                    .and_where(event_has(Directory).eq(directory.uuid()))
                    .and_where(event_has(Sequence).gt(*sequence))
                    .order_by((EVENT, Directory), Order::Asc)
                    .order_by((EVENT, Sequence), Order::Asc);
            }
            Start::Place(place) => {
                if let Some(organization) = feed.organization_id {
                    events
                        .and_where(event_has(Organization).eq(organization.uuid()))
                        .order_by((EVENT, Organization), Order::Asc);
                }
                in_commit_order(dialect, &mut events);
                events.and_where_option(place.as_ref().map(Place::beyond));
                let directory = feed.directory_id.map(|id| seen_has(Directory).eq(id.uuid()));
                wanted.extend(directory);
            }
        }
        if !feed.types.is_empty() {
            let types = list(dialect, ValueKind::Text, feed.types.iter().map(|kind| kind.as_str()));
            let is_wanted = is_one_of(
                dialect,
                seen_has(log::Column::EventType),
                ValueKind::Text,
                Expr::val(types),
            );
            wanted.push(is_wanted);
        }
        let stretch = Stretch {
            events,
            most: if wanted.is_empty() { feed.limit } else { STRETCH },
            limit: feed.limit,
            wanted,
        };
        stretch.read(self.store).await
    }

    /// The newest event that a reader of the feed could have come to by now: where one begins who wants what happens from
    /// now on. `None` where there is none.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] without a database.
    pub async fn newest(&self, organization: Option<OrganizationId>) -> Result<Option<EventId>, StoreError> {
        self.before_the_last(0, organization, None).await
    }

    /// The event that as many others follow, in the log of a directory, of an organization or of all: where one begins who
    /// wants to read those. `None` where there are no more than these.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] without a database.
    pub async fn before_the_last(
        &self,
        number: u32,
        organization: Option<OrganizationId>,
        directory: Option<DirectoryId>,
    ) -> Result<Option<EventId>, StoreError> {
        let mut newest = Query::select().column(log::Column::Id).from(log::Entity).take();
        newest.limit(1).offset(u64::from(number));
        if let Some(directory) = directory {
            // Within a directory the order of sequence numbers is that of commits.
            newest
                .and_where(Expr::col(Directory).eq(directory.uuid()))
                .and_where_option(organization.map(|id| Expr::col(Organization).eq(id.uuid())))
                .order_by(Directory, Order::Desc)
                .order_by(Sequence, Order::Desc);
            let newest: Option<Newest> = fetch_one(self.store.read(), &newest).await?;
            return Ok(newest.map(|newest| newest.id.0));
        }
        if let Some(organization) = organization {
            newest
                .and_where(Expr::col(Organization).eq(organization.uuid()))
                .order_by(Organization, Order::Desc);
        }
        if self.store.dialect() == Dialect::Postgres {
            newest.and_where(Expr::col(TX).lt(horizon())).order_by(TX, Order::Desc);
        } else {
            // All of them; said so that SQLite begins at the end of the index, and not with a scan.
            newest.and_where(Expr::col(Position).gte(0));
        }
        newest.order_by(Position, Order::Desc);
        let newest: Option<Newest> = fetch_one(self.store.read(), &newest).await?;
        Ok(newest.map(|newest| newest.id.0))
    }

    /// What moves whenever a reader of the log would find more: the newest position there is, and the newest that is
    /// followed by nothing older. Cheap, whatever the size of the log.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] without a database.
    pub async fn head(&self) -> Result<(i64, i64), StoreError> {
        let newest = Query::select().expr(Expr::col(Position).max()).from(log::Entity).take();
        let settled = match self.store.dialect() {
            Dialect::Postgres => Query::select()
                .column(Position)
                .from(log::Entity)
                .and_where(Expr::col(TX).lt(horizon()))
                .order_by(TX, Order::Desc)
                .order_by(Position, Order::Desc)
                .limit(1)
                .take(),
            Dialect::Sqlite => newest.clone(),
        };
        let or_none = |position: SelectStatement| Func::coalesce([position.into(), number(0)]);
        let head = Query::select()
            .expr_as(or_none(newest), "newest")
            .expr_as(or_none(settled), "settled")
            .take();
        let head: Option<LogEnd> = fetch_one(self.store.read(), &head).await?;
        let head = head.ok_or_else(|| StoreError::corrupt("a maximum without a row"))?;
        Ok((head.newest, head.settled))
    }

    /// Positions and types of the first events behind a position, in the order of positions; `None` for a type that this
    /// version does not know. On PostgreSQL, one whose transaction takes longer may come to stand before the position, and is
    /// not among any of them.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] without a database.
    pub async fn types_behind(&self, position: i64, limit: u32) -> Result<Vec<(i64, Option<EventType>)>, StoreError> {
        let behind = Query::select()
            .column(Position)
            .expr_as(Expr::col(log::Column::EventType), "event_type")
            .from(log::Entity)
            .and_where(Expr::col(Position).gt(position))
            .order_by(Position, Order::Asc)
            .limit(limit.into())
            .take();
        let behind: Vec<Behind> = fetch_all(self.store.read(), &behind).await?;
        let read = |event: Behind| (event.position, event.event_type.parse().ok());
        Ok(behind.into_iter().map(read).collect())
    }

    /// Events of these lanes that are not yet marked as published, in order within each directory: those of one directory
    /// after those of another, each looked up behind its own mark. `next` is set when there may be more.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] without a database.
    pub async fn unpublished(&self, lanes: &[u16], limit: u32) -> Result<EventPage, StoreError> {
        let stretch = Stretch {
            events: unpublished(self.store.dialect(), lanes, limit),
            wanted: Vec::new(),
            most: limit,
            limit,
        };
        let found = stretch.read(self.store).await?;
        let read_to = found.events.last().map(|event| event.id);
        Ok(EventPage {
            next: read_to.filter(|_| found.is_cut || !found.is_end),
            events: found.events,
            read_to,
        })
    }

    async fn place_of(&self, id: EventId) -> Result<Place, StoreError> {
        let tx = match self.store.dialect() {
            Dialect::Postgres => Expr::col(TX).cast_as("text"),
            Dialect::Sqlite => null("text"),
        };
        let place = Query::select()
            .columns([Directory, Sequence, Position])
            .expr_as(tx, TX)
            .from(log::Entity)
            .and_where(Expr::col(log::Column::Id).eq(id.uuid()))
            .take();
        match fetch_one(self.store.read(), &place).await? {
            Some(place) => Ok(place),
            None => Err(self.unknown(id).await?),
        }
    }

    /// That no event of the feed was cut off.
    async fn is_whole(&self, feed: &Feed<'_>) -> Result<(), StoreError> {
        let mut cut = cut_logs();
        if let Some(directory) = feed.directory_id {
            cut = cut.filter(log_copies::Column::DirectoryId.eq(Id(directory)));
        }
        if let Some(organization) = feed.organization_id {
            let directories = directories::Entity::find()
                .select_only()
                .column(directories::Column::Id)
                .filter(directories::Column::OrganizationId.eq(Id(organization)));
            cut = cut.filter(log_copies::Column::DirectoryId.in_subquery(directories.into_query()));
        }
        let cut: Option<log_copies::Model> = fetch_one(self.store.read(), cut.as_query()).await?;
        cut.map_or(Ok(()), |_| Err(gone()))
    }

    /// Why an event is not in the log: it was cut off, or it never was.
    async fn unknown(&self, id: EventId) -> Result<StoreError, StoreError> {
        // Ids grow with time, and logs are cut off at their beginning.
        let older = Query::select()
            .expr(number(1))
            .from(log::Entity)
            .and_where(Expr::col(log::Column::Id).lte(id.uuid()))
            .take();
        let cut = cut_logs().filter(Expr::exists(older).not());
        let cut: Option<log_copies::Model> = fetch_one(self.store.read(), cut.as_query()).await?;
        Ok(match cut {
            Some(_) => gone(),
            None => StoreError::BadParameter {
                parameter: "after",
                detail: format!(
                    "There is no event {id} to continue after. Use the id of an event that was read, or 0."
                ),
            },
        })
    }
}

/// A directory whose log was cut off, if there is one.
fn cut_logs() -> sea_orm::Select<log_copies::Entity> {
    log_copies::Entity::find()
        .filter(log_copies::Column::Name.eq(CopyName::Base))
        .limit(1)
}

/// The last event of the log.
#[derive(FromQueryResult)]
struct Newest {
    id: Id<EventId>,
}

/// What is known at a glance of an event.
#[derive(Clone, Debug, FromQueryResult)]
struct Behind {
    position: i64,
    event_type: String,
}

/// How far the log goes.
#[derive(FromQueryResult)]
struct LogEnd {
    newest: i64,
    settled: i64,
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
            (Some(directory), None, Some(place)) if place.directory_id.0 == directory => {
                Self::Sequence(directory, place.sequence)
            }
            _ => Self::Place(place),
        }
    }
}

fn seen_has(column: log::Column) -> Expr {
    Expr::col((SEEN, column))
}

fn of_model(row: log::Model) -> Result<Event, StoreError> {
    Ok(Event {
        id: row.id.0,
        kind: row.event_type.parse().map_err(StoreError::corrupt)?,
        organization_id: row.organization_id.0,
        directory_id: row.directory_id.0,
        sequence: row.sequence,
        subject_id: row.subject_id.map(|id| id.0),
        traceparent: row.traceparent,
        body: row.body,
    })
}

#[cfg(test)]
mod tests;
