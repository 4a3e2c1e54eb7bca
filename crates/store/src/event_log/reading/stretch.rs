//! A stretch of the log as one statement: which events it has is found first, without their bodies; then those that are
//! wanted are read, each by its id, as far as a page may go.

use crate::{Dialect, Store, StoreError};
use ::events::{Event, EventId};
use db::entity::events;
use db::expr::{call, count, number, truth};
use db::send::query_rows;
use db::sql::ReadColumns;
use events::Column::{Body, DirectoryId, EventType, Id, OrganizationId, Sequence, SubjectId, Traceparent};
use sea_orm::QueryResult;
use sea_orm::sea_query::{
    Asterisk, CommonTableExpression, Expr, ExprTrait as _, Func, IntoIden as _, JoinType, Order, Query,
    SelectStatement, TableRef, WindowStatement, WithClause,
};

/// Bytes that a page has of each event, beside its body.
const FRAME_BYTES: i64 = 200;

/// An event.
pub(super) const EVENT: &str = "e";
/// All events that are looked at, those that are wanted, and those with the bytes of the page up to each.
const ALL: &str = "seen";
const MATCHING: &str = "matching";
const PAGE: &str = "page";
/// A row of each.
pub(super) const SEEN: &str = "s";
const MATCH: &str = "m";
const SHOWN: &str = "p";
/// Columns beside those of an event: its place in the stretch and in the page, its bytes, and those of the page up to it.
const N: &str = "n";
const PLACE: &str = "place";
const SIZE: &str = "size";
const BYTES: &str = "bytes";
/// What is said about the stretch beside its events.
const LOOKED_AT: &str = "looked_at";
const LAST_ID: &str = "last_id";
const MATCHES: &str = "matches";

/// Which events to look at, and which of them to give.
pub(super) struct Stretch {
    /// A `FROM` with the events [`EVENT`], and everything up to their order.
    pub(super) events: SelectStatement,
    /// What those that are wanted satisfy: conditions on a row [`SEEN`] of `directory_id`, `organization_id` and `type`.
    pub(super) wanted: Vec<Expr>,
    /// At most so many are looked at.
    pub(super) most: u32,
    /// At most so many are given.
    pub(super) limit: u32,
}

/// What a stretch has.
pub(super) struct StretchPage {
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
    pub(super) async fn read(self, store: &Store) -> Result<StretchPage, StoreError> {
        let most = self.most;
        let rows = query_rows(store.read(), &self.select(store.dialect(), store.page_bytes())).await?;
        let first = rows
            .first()
            .ok_or_else(|| StoreError::corrupt("a SELECT of counts gave no row"))?;
        let (looked_at, matches): (i64, i64) = (first.get(LOOKED_AT)?, first.get(MATCHES)?);
        let last = first.opt_id(LAST_ID)?;
        let found: Vec<Event> = if matches == 0 {
            Vec::new()
        } else {
            rows.iter().map(event).collect::<Result<_, _>>()?
        };
        Ok(StretchPage {
            is_cut: usize::try_from(matches).is_ok_and(|matches| matches > found.len()),
            is_end: looked_at < i64::from(most),
            events: found,
            last,
        })
    }

    /// A row for each event of the page, or one without an event.
    fn select(self, dialect: Dialect, page_bytes: u64) -> SelectStatement {
        let Self {
            events,
            wanted,
            most,
            limit,
        } = self;
        let mut matching = Query::select();
        matching
            .columns([N, "id", SIZE].map(|column| (SEEN, column)))
            .from_as(ALL, SEEN)
            .order_by((SEEN, N), Order::Asc)
            .limit(limit.into());
        for condition in wanted {
            matching.and_where(condition);
        }
        let with = WithClause::new()
            .cte(materialized(ALL, seen(events, most)))
            .cte(materialized(MATCHING, matching))
            .cte(materialized(PAGE, page()))
            .to_owned();
        let told = Query::select()
            .expr_as(Query::select().expr(count()).from(ALL).take(), LOOKED_AT)
            .expr_as(last_id(), LAST_ID)
            .expr_as(Query::select().expr(count()).from(MATCHING).take(), MATCHES)
            .take();
        Query::select()
            .columns([LOOKED_AT, LAST_ID, MATCHES].map(|column| ("t", column)))
            .column(("f", Asterisk))
            .from_subquery(told, "t")
            .join_subquery(JoinType::LeftJoin, shown(dialect, page_bytes), "f", truth(true))
            .order_by(("f", N), Order::Asc)
            .with_cte(with)
            .take()
    }
}

fn materialized(name: &'static str, query: SelectStatement) -> CommonTableExpression {
    CommonTableExpression::new()
        .query(query)
        .table_name(name)
        .materialized(true)
        .to_owned()
}

/// What there is of the stretch, numbered, without bodies.
fn seen(mut events: SelectStatement, most: u32) -> SelectStatement {
    let size = call("octet_length", [Expr::col((EVENT, Body))]).add(number(FRAME_BYTES));
    let events = events
        .columns([Id, DirectoryId, OrganizationId, EventType].map(|column| (EVENT, column)))
        .expr_as(size, SIZE)
        .limit(most.into())
        .take();
    Query::select()
        .expr_window_as(Func::cust("ROW_NUMBER"), WindowStatement::new(), N)
        .column(("w", Asterisk))
        .from_subquery(events, "w")
        .take()
}

/// What is wanted, with the bytes of the page up to each.
fn page() -> SelectStatement {
    let in_order = || WindowStatement::new().order_by((MATCH, N), Order::Asc).take();
    Query::select()
        .columns([N, "id", SIZE].map(|column| (MATCH, column)))
        .expr_window_as(Func::cust("ROW_NUMBER"), in_order(), PLACE)
        .expr_window_as(Func::sum(Expr::col((MATCH, SIZE))), in_order(), BYTES)
        .from_as(MATCHING, MATCH)
        .take()
}

fn last_id() -> SelectStatement {
    Query::select()
        .column((SEEN, Id))
        .from_as(ALL, SEEN)
        .order_by((SEEN, N), Order::Desc)
        .limit(1)
        .take()
}

/// The events of the page that fit, and the first in any case, each read by its id.
fn shown(dialect: Dialect, page_bytes: u64) -> SelectStatement {
    let columns = [
        Id,
        EventType,
        OrganizationId,
        DirectoryId,
        Sequence,
        SubjectId,
        Traceparent,
        Body,
    ]
    .map(|column| ("b", column));
    let is_it = Expr::col(("b", Id)).eq(Expr::col((SHOWN, Id)));
    let most = i64::try_from(page_bytes).unwrap_or(i64::MAX);
    let fits = Expr::col((SHOWN, BYTES)).lte(most);
    let is_first = Expr::col((SHOWN, PLACE)).eq(number(1));
    let mut shown = Query::select();
    shown.column((SHOWN, N)).columns(columns).from_as(PAGE, SHOWN);
    // Left to the planner, neither of these would always be a search by id.
    match dialect {
        Dialect::Postgres => {
            let one = Query::select()
                .columns(columns)
                .from_as(events::Entity, "b")
                .and_where(is_it)
                .offset(0)
                .take();
            shown.join_lateral(JoinType::InnerJoin, one, "b", truth(true));
        }
        Dialect::Sqlite => {
            shown
                .cross_join(TableRef::from(events::Entity.into_iden()).alias("b"))
                .and_where(is_it);
        }
    }
    shown.and_where(is_first.or(fits)).take()
}

/// An event of a row with its columns.
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
