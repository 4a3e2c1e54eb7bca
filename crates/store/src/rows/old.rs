//! Set-based statements: a whole batch of rows travels as one JSON parameter.
//!
//! One statement text per table and database means one prepared plan whatever the batch size, and no limit on the
//! number of parameters. On PostgreSQL the rows come out of `jsonb_to_recordset`, on SQLite out of `json_each`.

use crate::Dialect;

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
