//! Set-based statements: a whole batch of rows travels as one JSON parameter.
//!
//! One statement text per table and database means one prepared plan whatever the batch size, and no limit on the
//! number of parameters. On PostgreSQL the rows come out of `jsonb_to_recordset`, on SQLite out of `json_each`.
//!
//! The projector's transaction, where every microsecond is waited for by a whole batch, sends its rows to PostgreSQL as
//! one array for each column instead ([`RowSet`]): reading a row out of `unnest` costs a quarter of reading it out of
//! JSON, and nothing has to be escaped.

use crate::Dialect;
use sea_orm::Value;
use uuid::Uuid;

/// Type of a column of a row set.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Column {
    /// A UUID, written with [`crate::sql::json_id`].
    Id,
    /// Text.
    Text,
    /// A 64-bit integer.
    Int,
    /// A boolean.
    Bool,
}

/// The `FROM` item that turns parameter `$n` (a JSON array of objects) into rows `alias(columns…)`.
pub(crate) fn row_set(dialect: Dialect, n: usize, alias: &str, columns: &[(&str, Column)]) -> String {
    match dialect {
        Dialect::Postgres => {
            let kind = |column: Column| match column {
                Column::Id => "uuid",
                Column::Text => "text",
                Column::Int => "bigint",
                Column::Bool => "boolean",
            };
            let columns: Vec<_> = columns
                .iter()
                .map(|(name, column)| format!("{name} {}", kind(*column)))
                .collect();
            format!("jsonb_to_recordset(${n}::jsonb) AS {alias}({})", columns.join(", "))
        }
        Dialect::Sqlite => {
            let expression = |name: &str, column: Column| match column {
                Column::Id => format!("unhex(value->>'$.{name}') AS {name}"),
                _ => format!("value->>'$.{name}' AS {name}"),
            };
            let columns: Vec<_> = columns.iter().map(|(name, column)| expression(name, *column)).collect();
            format!("(SELECT {} FROM json_each(${n})) AS {alias}", columns.join(", "))
        }
    }
}

/// One value of a row.
#[derive(Clone, Debug)]
pub(crate) enum Cell {
    /// A nullable id.
    Id(Option<Uuid>),
    /// A nullable text.
    Text(Option<String>),
    /// A nullable number.
    Int(Option<i64>),
    /// A truth value.
    Bool(bool),
}

impl From<Uuid> for Cell {
    fn from(id: Uuid) -> Self {
        Self::Id(Some(id))
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self::Text(Some(text))
    }
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Self::Text(Some(text.to_owned()))
    }
}

impl From<Option<&str>> for Cell {
    fn from(text: Option<&str>) -> Self {
        Self::Text(text.map(str::to_owned))
    }
}

impl From<Option<String>> for Cell {
    fn from(text: Option<String>) -> Self {
        Self::Text(text)
    }
}

impl From<i64> for Cell {
    fn from(number: i64) -> Self {
        Self::Int(Some(number))
    }
}

impl From<bool> for Cell {
    fn from(truth: bool) -> Self {
        Self::Bool(truth)
    }
}

/// A parameter of a statement in the projector's transaction.
#[derive(Debug)]
pub(crate) enum Param {
    /// A column of ids (PostgreSQL).
    Ids(Vec<Option<Uuid>>),
    /// A column of texts (PostgreSQL).
    Texts(Vec<Option<String>>),
    /// A column of numbers (PostgreSQL).
    Ints(Vec<Option<i64>>),
    /// A column of truth values (PostgreSQL).
    Bools(Vec<bool>),
    /// One text, or a whole row set (SQLite).
    Text(String),
}

impl Param {
    /// As a parameter for SQLite, which has no arrays.
    pub(crate) fn into_value(self) -> Value {
        match self {
            Self::Text(text) => text.into(),
            Self::Ids(_) | Self::Texts(_) | Self::Ints(_) | Self::Bools(_) => Value::String(None),
        }
    }
}

/// Rows that are put together cell by cell, to travel as the database takes them best.
#[derive(Debug)]
pub(crate) struct RowSet {
    columns: &'static [(&'static str, Column)],
    rows: Vec<Vec<Cell>>,
}

impl RowSet {
    /// No rows yet.
    pub(crate) const fn new(columns: &'static [(&'static str, Column)]) -> Self {
        Self {
            columns,
            rows: Vec::new(),
        }
    }

    /// Adds a row: a cell for each column, in their order.
    pub(crate) fn push(&mut self, row: Vec<Cell>) {
        debug_assert_eq!(row.len(), self.columns.len(), "a cell for each column");
        self.rows.push(row);
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The same rows in sets of so many, in their order.
    pub(crate) fn portions(self, most: usize) -> impl Iterator<Item = Self> {
        let columns = self.columns;
        let mut rows = self.rows.into_iter();
        std::iter::from_fn(move || {
            let rows: Vec<_> = rows.by_ref().take(most).collect();
            (!rows.is_empty()).then_some(Self { columns, rows })
        })
    }

    pub(crate) fn names(&self) -> Vec<&'static str> {
        self.columns.iter().map(|(name, _)| *name).collect()
    }
}

/// The parameters of one statement, which hand out what to write in their place.
#[derive(Debug)]
pub(crate) struct Params {
    dialect: Dialect,
    values: Vec<Param>,
}

impl Params {
    pub(crate) const fn new(dialect: Dialect) -> Self {
        Self {
            dialect,
            values: Vec::new(),
        }
    }

    pub(crate) fn into_values(self) -> Vec<Param> {
        self.values
    }

    /// A text's placeholder.
    pub(crate) fn text(&mut self, text: impl Into<String>) -> String {
        self.push(Param::Text(text.into()))
    }

    /// The `FROM` item that gives the rows as `alias(columns…)`.
    pub(crate) fn rows(&mut self, alias: &str, set: RowSet) -> String {
        let names = set.names();
        match self.dialect {
            Dialect::Postgres => {
                let arrays: Vec<String> = columns_of(set)
                    .into_iter()
                    .map(|(kind, column)| format!("{}::{kind}[]", self.push(column)))
                    .collect();
                format!("unnest({}) AS {alias}({})", arrays.join(", "), names.join(", "))
            }
            Dialect::Sqlite => {
                let read: Vec<String> = set
                    .columns
                    .iter()
                    .enumerate()
                    .map(|(n, (name, column))| match column {
                        Column::Id => format!("unhex(value->>{n}) AS {name}"),
                        _ => format!("value->>{n} AS {name}"),
                    })
                    .collect();
                let json = self.push(Param::Text(json_of(set)));
                format!("(SELECT {} FROM json_each({json})) AS {alias}", read.join(", "))
            }
        }
    }

    fn push(&mut self, value: Param) -> String {
        self.values.push(value);
        format!("${}", self.values.len())
    }
}

/// Each column by itself, with the name of its type on PostgreSQL.
fn columns_of(set: RowSet) -> Vec<(&'static str, Param)> {
    let room = set.rows.len();
    let mut columns: Vec<(&'static str, Param)> = set
        .columns
        .iter()
        .map(|(_, column)| match column {
            Column::Id => ("uuid", Param::Ids(Vec::with_capacity(room))),
            Column::Text => ("text", Param::Texts(Vec::with_capacity(room))),
            Column::Int => ("bigint", Param::Ints(Vec::with_capacity(room))),
            Column::Bool => ("boolean", Param::Bools(Vec::with_capacity(room))),
        })
        .collect();
    for row in set.rows {
        for ((_, column), cell) in columns.iter_mut().zip(row) {
            match (column, cell) {
                (Param::Ids(column), Cell::Id(id)) => column.push(id),
                (Param::Texts(column), Cell::Text(text)) => column.push(text),
                (Param::Ints(column), Cell::Int(number)) => column.push(number),
                (Param::Bools(column), Cell::Bool(truth)) => column.push(truth),
                (column, cell) => unreachable!("a column {column:?} is given {cell:?}"),
            }
        }
    }
    columns
}

/// The rows as a JSON array of arrays.
fn json_of(set: RowSet) -> String {
    let value = |cell| match cell {
        Cell::Id(id) => id.map(|id| id.simple().to_string()).into(),
        Cell::Text(text) => text.into(),
        Cell::Int(number) => number.into(),
        Cell::Bool(truth) => serde_json::Value::Bool(truth),
    };
    let rows = set
        .rows
        .into_iter()
        .map(|row| serde_json::Value::Array(row.into_iter().map(value).collect()));
    serde_json::Value::Array(rows.collect()).to_string()
}
