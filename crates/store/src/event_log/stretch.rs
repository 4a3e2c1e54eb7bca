//! A stretch of the log as one statement: which events it has is found first, without their bodies; then those that are
//! wanted are read, each by its id, as far as a page may go.

use super::event;
use crate::args::Args;
use crate::sql::{Row, query_all};
use crate::{Dialect, Store, StoreError};
use events::{Event, EventId};

/// What a page has of each event, beside its body.
const FRAME: u32 = 200;

/// Which events to look at, and which of them to give.
pub(super) struct Stretch {
    pub(super) args: Args,
    /// A `FROM` with the events `e`, and everything up to their order.
    pub(super) events: String,
    /// What those that are wanted satisfy, as conditions on a row `s` of `directory_id`, `organization_id` and `type`.
    pub(super) wanted: Vec<String>,
    /// At most so many are looked at.
    pub(super) most: u32,
    /// At most so many are given.
    pub(super) limit: u32,
}

/// What a stretch has.
pub(super) struct Found {
    /// What is wanted of it, in order.
    pub(super) events: Vec<Event>,
    /// More of it is wanted, and did not fit.
    pub(super) is_cut: bool,
    /// The last event looked at.
    pub(super) last: Option<EventId>,
    /// Behind it is nothing.
    pub(super) is_end: bool,
}

impl Stretch {
    pub(super) async fn read(self, store: &Store) -> Result<Found, StoreError> {
        let Self {
            mut args,
            events,
            wanted,
            most,
            limit,
        } = self;
        let (most_rows, limit) = (args.bind(i64::from(most)), args.bind(i64::from(limit)));
        let most_bytes = args.bind(i64::try_from(store.page_bytes()).unwrap_or(i64::MAX));
        let wanted = if wanted.is_empty() {
            "TRUE".to_owned()
        } else {
            wanted.join(" AND ")
        };
        let columns =
            "b.id, b.type, b.organization_id, b.directory_id, b.sequence, b.subject_id, b.traceparent, b.body";
        // Left to the planner, neither of these would always be a search by id.
        let bodies = match store.dialect() {
            Dialect::Postgres => {
                format!("page p CROSS JOIN LATERAL (SELECT {columns} FROM events b WHERE b.id = p.id OFFSET 0) AS b")
            }
            Dialect::Sqlite => "page p CROSS JOIN events b ON b.id = p.id".to_owned(),
        };
        let sql = format!(
            "WITH seen AS MATERIALIZED (SELECT ROW_NUMBER() OVER () AS n, w.* FROM \
             (SELECT e.id, e.directory_id, e.organization_id, e.type, octet_length(e.body) + {FRAME} AS size \
             {events} LIMIT {most_rows}) AS w), \
             matching AS MATERIALIZED (SELECT s.n, s.id, s.size FROM seen s WHERE {wanted} ORDER BY s.n LIMIT {limit}), \
             page AS MATERIALIZED (SELECT m.n, m.id, m.size, ROW_NUMBER() OVER (ORDER BY m.n) AS place, \
             SUM(m.size) OVER (ORDER BY m.n) AS bytes FROM matching m) \
             SELECT t.looked_at, t.last_id, t.matches, f.* FROM (SELECT (SELECT COUNT(*) FROM seen) AS looked_at, \
             (SELECT s.id FROM seen s ORDER BY s.n DESC LIMIT 1) AS last_id, \
             (SELECT COUNT(*) FROM matching) AS matches) AS t \
             LEFT JOIN (SELECT p.n, {columns} FROM {bodies} WHERE p.place = 1 OR p.bytes <= {most_bytes}) AS f ON TRUE \
             ORDER BY f.n"
        );
        let (sql, values) = args.finish(&sql);
        let rows = query_all(store.read(), &sql, values).await?;
        let first = rows
            .first()
            .ok_or_else(|| StoreError::corrupt("a SELECT of counts gave no row"))?;
        let (looked_at, matches): (i64, i64) = (first.get("looked_at")?, first.get("matches")?);
        let last = first.opt_id("last_id")?;
        let found: Vec<Event> = if matches == 0 {
            Vec::new()
        } else {
            rows.iter().map(event).collect::<Result<_, _>>()?
        };
        Ok(Found {
            is_cut: usize::try_from(matches).is_ok_and(|matches| matches > found.len()),
            is_end: looked_at < i64::from(most),
            events: found,
            last,
        })
    }
}
