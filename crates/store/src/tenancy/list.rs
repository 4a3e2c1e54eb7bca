//! Keyset lists over the management tables.
//!
//! Lists go from the newest row to the oldest: ids are UUID v7, so the id alone is the order, and a row that comes
//! while somebody pages is never shown twice.

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
}

impl Listing {
    /// `name` is bound into the cursors; `select` must end in a `WHERE` condition.
    pub(crate) fn new(name: &str, select: &'static str) -> Self {
        Self {
            select,
            name: name.to_owned(),
            conditions: Vec::new(),
        }
    }

    /// Only rows with this id in the column.
    pub(crate) fn with_id(mut self, column: &'static str, id: Option<Uuid>) -> Self {
        if let Some(id) = id {
            self.name.push_str(&format!("/{column}={id}"));
            self.conditions.push((column, id.into()));
        }
        self
    }

    /// Reads one part.
    ///
    /// # Errors
    /// `Invalid` for a cursor that this list did not give out; otherwise as any query.
    pub(crate) async fn read<T, C: Rows>(
        self,
        connection: &C,
        page: &ListPage,
        read: Read<T>,
    ) -> Result<List<T>, StoreError> {
        let after = page.cursor.as_deref().map(|cursor| self.position(cursor)).transpose()?;
        let (mut sql, mut values) = (self.select.to_owned(), Vec::new());
        for (column, value) in &self.conditions {
            values.push(value.clone());
            sql.push_str(&format!(" AND {column} = ${}", values.len()));
        }
        if let Some(after) = after {
            values.push(after.into());
            sql.push_str(&format!(" AND id < ${}", values.len()));
        }
        let limit = usize::from(page.limit.max(1));
        sql.push_str(&format!(" ORDER BY id DESC LIMIT {}", limit + 1));
        let rows = query_all(connection, &sql, values).await?;
        let more = rows.len() > limit;
        let last = rows
            .get(limit - 1)
            .filter(|_| more)
            .map(|row| row.id("id"))
            .transpose()?;
        let data = rows.iter().take(limit).map(read).collect::<Result<_, _>>()?;
        Ok(List {
            data,
            next_cursor: last.map(|id| self.cursor(id)),
        })
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
