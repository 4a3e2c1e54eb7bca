//! Keyset lists over the management tables.
//!
//! Lists go from the newest row to the oldest: ids are UUID v7, so the id alone is the order, and a row that comes
//! while somebody pages is never shown twice. A part of a list ends before it would have more bytes than it may, and looks
//! at no more than a stretch of rows for those that are to be shown.

use crate::StoreError;
use crate::sql::{Row, Rows, query_all};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sea_orm::{QueryResult, Value};
use uuid::Uuid;

/// How a row becomes a value.
type Read<T> = fn(&QueryResult) -> Result<T, StoreError>;

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

/// A list to be read: a query that ends in its `WHERE`, and equalities to be added.
#[derive(Debug)]
pub(crate) struct Listing {
    select: &'static str,
    name: String,
    conditions: Vec<(&'static str, Value)>,
    shown: Option<&'static str>,
    size: &'static str,
}

/// Rows that are looked at for those that are to be shown.
const STRETCH: usize = 5_000;
/// About how many bytes an answer has of each row, beside its texts of any length.
const FRAME: u32 = 500;

impl Listing {
    /// `name` is bound into the cursors; `select` must end in a `WHERE` condition.
    pub(crate) fn new(name: &str, select: &'static str) -> Self {
        Self {
            select,
            name: name.to_owned(),
            conditions: Vec::new(),
            shown: None,
            size: "0",
        }
    }

    /// Only rows that satisfy a condition which no index serves. A part of the list may then have fewer than were asked for,
    /// or none, and still not be the last.
    pub(crate) const fn showing(mut self, condition: &'static str) -> Self {
        self.shown = Some(condition);
        self
    }

    /// What a row has of texts of any length, as SQL: a number of bytes.
    pub(crate) const fn sized(mut self, size: &'static str) -> Self {
        self.size = size;
        self
    }

    /// Only rows with this id in the column.
    pub(crate) fn with_id(mut self, column: &'static str, id: Option<Uuid>) -> Self {
        if let Some(id) = id {
            self.name.push_str(&format!("/{column}={id}"));
            self.conditions.push((column, id.into()));
        }
        self
    }

    /// Reads one part, of at most `most_bytes` unless its first row alone has more.
    ///
    /// # Errors
    /// `Invalid` for a cursor that this list did not give out; otherwise as any query.
    pub(crate) async fn read<T, C: Rows>(
        self,
        connection: &C,
        page: &ListPage,
        most_bytes: u64,
        read: Read<T>,
    ) -> Result<List<T>, StoreError> {
        let after = page.cursor.as_deref().map(|cursor| self.position(cursor)).transpose()?;
        let limit = usize::from(page.limit.max(1));
        // One more than asked for tells whether the list goes on.
        let most = self.shown.map_or(limit + 1, |_| STRETCH);
        let (sql, values) = self.statement(after, limit, most, most_bytes);
        let rows = query_all(connection, &sql, values).await?;
        let first = rows
            .first()
            .ok_or_else(|| StoreError::corrupt("a SELECT of counts gave no row"))?;
        let (looked_at, matches): (i64, i64) = (first.get("looked_at")?, first.get("matches")?);
        let shown = if matches == 0 {
            &[]
        } else {
            &rows[..rows.len().min(limit)]
        };
        let next = if usize::try_from(matches).is_ok_and(|matches| matches > shown.len()) {
            shown.last().map(|row| row.id("id")).transpose()?
        } else if usize::try_from(looked_at).is_ok_and(|looked_at| self.shown.is_some() && looked_at >= most) {
            first.opt_id("last_seen")?
        } else {
            None
        };
        Ok(List {
            data: shown.iter().map(read).collect::<Result<_, _>>()?,
            next_cursor: next.map(|id| self.cursor(id)),
        })
    }

    fn statement(&self, after: Option<Uuid>, limit: usize, most: usize, most_bytes: u64) -> (String, Vec<Value>) {
        let (mut seen, mut values) = (self.select.to_owned(), Vec::new());
        for (column, value) in &self.conditions {
            values.push(value.clone());
            seen.push_str(&format!(" AND {column} = ${}", values.len()));
        }
        if let Some(after) = after {
            values.push(after.into());
            seen.push_str(&format!(" AND id < ${}", values.len()));
        }
        // In the order of the index that serves the conditions.
        let order: String = self
            .conditions
            .iter()
            .map(|(column, _)| format!("{column} DESC, "))
            .collect();
        let (shown, size) = (self.shown.unwrap_or("TRUE"), self.size);
        let sql = format!(
            "WITH seen AS MATERIALIZED ({seen} ORDER BY {order}id DESC LIMIT {most}), \
             matching AS MATERIALIZED (SELECT s.* FROM seen s WHERE {shown} ORDER BY s.id DESC LIMIT {}), \
             part AS (SELECT m.*, ROW_NUMBER() OVER (ORDER BY m.id DESC) AS place, \
             SUM({size} + {FRAME}) OVER (ORDER BY m.id DESC) AS bytes FROM matching m) \
             SELECT t.looked_at, t.last_seen, t.matches, p.* FROM (SELECT (SELECT COUNT(*) FROM seen) AS looked_at, \
             (SELECT s.id FROM seen s ORDER BY s.id LIMIT 1) AS last_seen, \
             (SELECT COUNT(*) FROM matching) AS matches) AS t \
             LEFT JOIN (SELECT * FROM part WHERE place = 1 OR bytes <= {most_bytes}) AS p ON TRUE ORDER BY p.id DESC",
            limit + 1
        );
        (sql, values)
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
            _ => Err(StoreError::Invalid("The cursor is not one of this list.".into())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_good_for_its_own_list_only() {
        let (id, tenant) = (Uuid::now_v7(), Uuid::now_v7());
        let list = |tenant| Listing::new("directories", "").with_id("organization_id", tenant);
        let cursor = list(Some(tenant)).cursor(id);
        assert_eq!(list(Some(tenant)).position(&cursor).unwrap(), id);
        assert!(list(None).position(&cursor).is_err());
        assert!(list(Some(Uuid::now_v7())).position(&cursor).is_err());
        assert!(Listing::new("endpoints", "").position(&cursor).is_err());
        assert!(list(None).position("%%%").is_err());
        assert!(list(None).position("").is_err());
    }
}
