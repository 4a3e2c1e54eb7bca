//! Reading the event log: by directory, as one feed, and what is not yet on the bus.

use crate::args::Args;
use crate::sql::{Row, query_all, query_one};
use crate::{Dialect, Store, StoreError};
use events::{DirectoryId, Event, EventId, EventType, OrganizationId};
use sea_orm::{QueryResult, Value};

const COLUMNS: &str =
    "e.id, e.type, e.organization_id, e.directory_id, e.sequence, e.subject_id, e.traceparent, e.body";

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
        let sql = format!("SELECT {COLUMNS} FROM events e WHERE e.id = $1");
        query_one(self.store.read(), &sql, [id.uuid().into()])
            .await?
            .as_ref()
            .map(event)
            .transpose()
    }

    /// The log of one directory after a sequence number, in order; `types` empty means all.
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
        let mut args = Args::new(self.store.dialect());
        let directory = args.bind(directory_id.uuid());
        let after = args.bind(after);
        let of_types = of_types(&mut args, types);
        let limit = args.bind(i64::from(limit));
        let sql = format!(
            "SELECT {COLUMNS} FROM events e WHERE e.directory_id = {directory} AND e.sequence > {after}{of_types} \
             ORDER BY e.sequence LIMIT {limit}"
        );
        self.fetch(&sql, args).await
    }

    /// The log of all directories in one order that never changes and in which nothing is ever inserted before what
    /// was read: the id of the last event read is a cursor that misses nothing.
    ///
    /// # Errors
    /// [`StoreError::Invalid`] when `after` is not in the log; [`StoreError::Gone`] when what follows it is not kept any
    /// more; [`StoreError::Unavailable`] without a database.
    pub async fn feed(&self, feed: &Feed<'_>) -> Result<Vec<Event>, StoreError> {
        let after = match feed.after {
            Some(id) => Some(self.place_of(id).await?),
            None if feed.from_oldest => None,
            None => {
                self.is_whole(feed).await?;
                None
            }
        };
        if let Some(directory) = feed.directory_id
            && feed.organization_id.is_none()
            && after.as_ref().is_none_or(|place| place.directory_id == directory)
        {
            // Sequence numbers are given in commit order, so this needs no regard for transactions still open.
            let sequence = after.map_or(0, |place| place.sequence);
            return self.of_directory(directory, sequence, feed.types, feed.limit).await;
        }
        let mut args = Args::new(self.store.dialect());
        let mut conditions = vec![horizon(self.store.dialect()).to_owned()];
        if let Some(place) = after {
            conditions.push(place.beyond(&mut args));
        }
        if let Some(organization) = feed.organization_id {
            conditions.push(format!("e.organization_id = {}", args.bind(organization.uuid())));
        }
        if let Some(directory) = feed.directory_id {
            conditions.push(format!("e.directory_id = {}", args.bind(directory.uuid())));
        }
        let of_types = of_types(&mut args, feed.types);
        let order = commit_order(self.store.dialect());
        let limit = args.bind(i64::from(feed.limit));
        let conditions = conditions.join(" AND ");
        let sql = format!("SELECT {COLUMNS} FROM events e WHERE {conditions}{of_types} ORDER BY {order} LIMIT {limit}");
        self.fetch(&sql, args).await
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

    /// Events of these lanes that are not yet marked as published, in order within each directory.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] without a database.
    pub async fn unpublished(&self, lanes: &[u16], limit: u32) -> Result<Vec<Event>, StoreError> {
        let lanes = serde_json::Value::from(lanes).to_string();
        let (postgres, sqlite) = (
            "SELECT value::integer FROM jsonb_array_elements_text($1::jsonb) AS l(value)",
            "SELECT value FROM json_each($1)",
        );
        let sql = |lanes: &str| {
            format!(
                "SELECT {COLUMNS} FROM sequences s LEFT JOIN publications p ON p.directory_id = s.directory_id \
                 JOIN events e ON e.directory_id = s.directory_id AND e.sequence > COALESCE(p.sequence, 0) \
                 WHERE s.last > COALESCE(p.sequence, 0) AND s.lane IN ({lanes}) \
                 ORDER BY e.directory_id, e.sequence LIMIT $2"
            )
        };
        let (postgres, sqlite) = (sql(postgres), sql(sqlite));
        let values: [Value; 2] = [lanes.into(), i64::from(limit).into()];
        query_all(self.store.read(), (postgres.as_str(), sqlite.as_str()), values)
            .await?
            .iter()
            .map(event)
            .collect()
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

    async fn fetch(&self, sql: &str, args: Args) -> Result<Vec<Event>, StoreError> {
        let (sql, values) = args.finish(sql);
        query_all(self.store.read(), &sql, values)
            .await?
            .iter()
            .map(event)
            .collect()
    }
}

fn gone() -> StoreError {
    StoreError::Gone(
        "events from here on are no longer kept; take the users and groups as they are now, then go on with after=oldest"
            .to_owned(),
    )
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
    fn beyond(self, args: &mut Args) -> String {
        let position = args.bind(self.position);
        match self.tx {
            Some(tx) => format!("(e.tx, e.position) > ({}::text::xid8, {position})", args.bind(tx)),
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

fn of_types(args: &mut Args, types: &[EventType]) -> String {
    if types.is_empty() {
        return String::new();
    }
    format!(
        " AND e.type IN ({})",
        args.bind_texts(types.iter().map(|kind| kind.as_str()))
    )
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
