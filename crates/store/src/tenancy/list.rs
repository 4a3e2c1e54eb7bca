//! Keyset lists over the management tables.
//!
//! Lists go from the newest row to the oldest: ids are UUID v7, so the id alone is the order, and a row that comes
//! while somebody pages is never shown twice. A part of a list ends before it would have more bytes than it may, and looks
//! at no more than a stretch of rows for those that are to be shown.

use crate::{Dialect, StoreError};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use db::expr::{build, call, number, truth};
use db::sql::{Queryable, ReadColumns, query_all};
use sea_orm::sea_query::{
    Asterisk, CommonTableExpression, DynIden, Expr, ExprTrait as _, Func, JoinType, Order, Query, SelectStatement,
    WindowStatement, WithClause,
};
use sea_orm::{ColumnTrait, EntityTrait, FromQueryResult, QueryResult, QueryTrait as _, Select, Value};
use std::fmt::Display;
use uuid::Uuid;

/// Which part of a list is asked for.
#[derive(Clone, Debug)]
pub struct ListPage {
    /// At most this many rows; at least one is read.
    pub limit: u16,
    /// Where the part before ended: the `next_cursor` of that answer.
    pub cursor: Option<String>,
}

/// One part of a list, newest first.
#[derive(Clone, Debug)]
pub struct List<T> {
    /// The rows.
    pub data: Vec<T>,
    /// Names the part that follows; `None` at the end. Opaque, and good for this list with these filters only.
    pub next_cursor: Option<String>,
}

impl<T> List<T> {
    /// The same list of what is made of its rows.
    pub(crate) fn map<U>(self, into: impl Fn(T) -> U) -> List<U> {
        List {
            data: self.data.into_iter().map(into).collect(),
            next_cursor: self.next_cursor,
        }
    }

    /// The same list of what is made of its rows, where that may fail.
    pub(crate) fn try_map<U>(self, into: impl Fn(T) -> Result<U, StoreError>) -> Result<List<U>, StoreError> {
        Ok(List {
            data: self.data.into_iter().map(into).collect::<Result<_, _>>()?,
            next_cursor: self.next_cursor,
        })
    }
}

/// A list to be read: which rows, and how large each is.
#[derive(Debug)]
pub(crate) struct Listing {
    rows: SelectStatement,
    name: String,
    /// What an index has its rows in order of, before the id.
    order: Vec<(DynIden, DynIden)>,
    shown: Option<Expr>,
    size: Expr,
}

/// Queryable that are looked at for those that are to be shown.
const STRETCH_ROWS: u64 = 5_000;
/// About how many bytes an answer has of each row, beside its texts of any length.
const FRAME_BYTES: i64 = 500;

/// A row in the condition of [`Listing::showing`].
pub(crate) const ROW: &str = "r";
/// The column that every list is in order of.
const ID: &str = "id";
/// The rows that are looked at, those of them that match, and the part that may be shown.
const SEEN: &str = "seen";
const MATCHING: &str = "matching";
const PART: &str = "part";
/// What is known of all rows together.
const TOTALS: &str = "totals";
const LOOKED_AT: &str = "looked_at";
const LAST_SEEN: &str = "last_seen";
const MATCHES: &str = "matches";
/// Where a row stands in its part, and the bytes up to it.
const PLACE: &str = "place";
const BYTES: &str = "bytes";

impl Listing {
    /// The rows of a query with an id. `name` is bound into the cursors.
    pub(crate) fn new<E: EntityTrait>(name: &str, rows: Select<E>) -> Self {
        Self {
            rows: rows.into_query(),
            name: name.to_owned(),
            order: Vec::new(),
            shown: None,
            size: number(FRAME_BYTES),
        }
    }

    /// Only rows that satisfy a condition on [`ROW`] which no index serves. A part of the list may then have fewer than were
    /// asked for, or none, and still not be the last.
    pub(crate) fn showing(mut self, condition: Expr) -> Self {
        self.shown = Some(condition);
        self
    }

    /// Which columns have texts or bytes of any length.
    pub(crate) fn sized<C: ColumnTrait>(mut self, columns: impl IntoIterator<Item = C>) -> Self {
        for column in columns {
            let length = call("octet_length", [Expr::col((ROW, column))]);
            self.size = self.size.add(Func::coalesce([length, number(0)]));
        }
        self
    }

    /// Only rows with this value in the column, if one is given.
    pub(crate) fn with<C: ColumnTrait>(mut self, column: C, value: Option<impl Display + Into<Value>>) -> Self {
        if let Some(value) = value {
            self.name.push_str(&format!("/{}={value}", column.as_str()));
            self.rows.and_where(column.eq(value));
            self.order.push(column.as_column_ref());
        }
        self
    }

    /// Reads one part, of at most `most_bytes` unless its first row alone has more.
    ///
    /// # Errors
    /// `BadParameter` for a cursor that this list did not give out; otherwise as any query.
    pub(crate) async fn read<M: FromQueryResult, C: Queryable>(
        self,
        connection: &C,
        page: &ListPage,
        most_bytes: u64,
    ) -> Result<List<M>, StoreError> {
        let after = page.cursor.as_deref().map(|cursor| self.position(cursor)).transpose()?;
        let limit = u64::from(Ord::max(page.limit, 1));
        // One more than asked for tells whether the list goes on.
        let most = if self.shown.is_some() { STRETCH_ROWS } else { limit + 1 };
        let (sql, values) = self.statement(connection.dialect(), after, limit, most, most_bytes);
        let rows = query_all(connection, &sql, values).await?;
        self.part(&rows, limit, most)
    }

    /// What the rows of a statement say: with counts in each, and without a row of the list where nothing matches.
    fn part<M: FromQueryResult>(&self, rows: &[QueryResult], limit: u64, most: u64) -> Result<List<M>, StoreError> {
        let first = rows
            .first()
            .ok_or_else(|| StoreError::corrupt("a list without its counts"))?;
        let count = |column| u64::try_from(first.get::<i64>(column)?).map_err(StoreError::corrupt);
        let (looked_at, matches) = (count(LOOKED_AT)?, count(MATCHES)?);
        let shown = if matches == 0 { 0 } else { limit };
        let shown = &rows[..rows.len().min(usize::try_from(shown).unwrap_or(usize::MAX))];
        let next: Option<Uuid> = if matches > shown.len() as u64 {
            shown.last().map(|row| row.get(ID)).transpose()?
        } else if self.shown.is_some() && looked_at >= most {
            first.get(LAST_SEEN)?
        } else {
            None
        };
        let data = shown.iter().map(|row| M::from_query_result(row, ""));
        Ok(List {
            data: data.collect::<Result<_, _>>()?,
            next_cursor: next.map(|id| self.cursor(id)),
        })
    }

    fn statement(
        &self,
        dialect: Dialect,
        after: Option<Uuid>,
        limit: u64,
        most: u64,
        most_bytes: u64,
    ) -> (String, Vec<Value>) {
        let with = WithClause::new()
            .cte(once(SEEN, self.seen(after, most)))
            .cte(once(MATCHING, self.matching(limit + 1)))
            .cte(
                CommonTableExpression::new()
                    .table_name(PART)
                    .query(self.summed())
                    .to_owned(),
            )
            .to_owned();
        let most_bytes = i64::try_from(most_bytes).unwrap_or(i64::MAX);
        let fits = Expr::col(PLACE).eq(number(1)).or(Expr::col(BYTES).lte(most_bytes));
        let part = Query::select().column(Asterisk).from(PART).and_where(fits).take();
        let list = Query::select()
            .columns([LOOKED_AT, LAST_SEEN, MATCHES].map(|column| (TOTALS, column)))
            .column((ROW, Asterisk))
            .from_subquery(totals(), TOTALS)
            .join_subquery(JoinType::LeftJoin, part, ROW, truth(true))
            .order_by((ROW, ID), Order::Desc)
            .with_cte(with)
            .take();
        build(dialect, &list)
    }

    /// The rows after a place, in the order of the index that serves their conditions.
    fn seen(&self, after: Option<Uuid>, most: u64) -> SelectStatement {
        let mut seen = self.rows.clone();
        if let Some(after) = after {
            seen.and_where(Expr::col(ID).lt(after));
        }
        for column in &self.order {
            seen.order_by(column.clone(), Order::Desc);
        }
        seen.order_by(ID, Order::Desc).limit(most).take()
    }

    fn matching(&self, most: u64) -> SelectStatement {
        let mut matching = Query::select();
        matching.column((ROW, Asterisk)).from_as(SEEN, ROW);
        if let Some(shown) = &self.shown {
            matching.and_where(shown.clone());
        }
        matching.order_by((ROW, ID), Order::Desc).limit(most).take()
    }

    fn summed(&self) -> SelectStatement {
        let newest_first = || WindowStatement::new().order_by((ROW, ID), Order::Desc).take();
        Query::select()
            .column((ROW, Asterisk))
            .expr_window_as(call("ROW_NUMBER", []), newest_first(), PLACE)
            .expr_window_as(Func::sum(self.size.clone()), newest_first(), BYTES)
            .from_as(MATCHING, ROW)
            .take()
    }

    /// The cursor after this row. The list's name is inside, so that a cursor of another list is refused.
    fn cursor(&self, id: Uuid) -> String {
        let mut bytes = id.as_bytes().to_vec();
        bytes.extend_from_slice(self.name.as_bytes());
        URL_SAFE_NO_PAD.encode(bytes)
    }

    fn position(&self, cursor: &str) -> Result<Uuid, StoreError> {
        let bytes = URL_SAFE_NO_PAD.decode(cursor).unwrap_or_default();
        match bytes.split_first_chunk::<16>() {
            Some((id, name)) if name == self.name.as_bytes() => Ok(Uuid::from_bytes(*id)),
            _ => Err(StoreError::foreign_cursor()),
        }
    }
}

/// A part of the statement that is worked out once.
fn once(name: &'static str, query: SelectStatement) -> CommonTableExpression {
    CommonTableExpression::new()
        .table_name(name)
        .query(query)
        .materialized(true)
        .to_owned()
}

/// How many rows were looked at, which was the last, and how many match.
fn totals() -> SelectStatement {
    let count = |rows: &'static str| Query::select().expr(Expr::col(Asterisk).count()).from(rows).take();
    let last = Query::select()
        .column(ID)
        .from(SEEN)
        .order_by(ID, Order::Asc)
        .limit(1)
        .take();
    Query::select()
        .expr_as(count(SEEN), LOOKED_AT)
        .expr_as(last, LAST_SEEN)
        .expr_as(count(MATCHING), MATCHES)
        .take()
}

#[cfg(test)]
mod tests {
    use super::*;
    use db::entity::{directories, endpoints};

    #[test]
    fn a_cursor_is_good_for_its_own_list_only() {
        let (id, tenant) = (Uuid::now_v7(), Uuid::now_v7());
        let list = |tenant| {
            let all = Listing::new("directories", directories::Entity::find());
            all.with(directories::Column::OrganizationId, tenant)
        };
        let cursor = list(Some(tenant)).cursor(id);
        assert_eq!(list(Some(tenant)).position(&cursor).unwrap(), id);
        assert!(list(None).position(&cursor).is_err());
        assert!(list(Some(Uuid::now_v7())).position(&cursor).is_err());
        let endpoints = Listing::new("endpoints", endpoints::Entity::find());
        assert!(endpoints.position(&cursor).is_err());
        assert!(list(None).position("%%%").is_err());
        assert!(list(None).position("").is_err());
    }
}
