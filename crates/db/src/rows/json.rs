//! Rows and lists of values as JSON text, as SQLite takes them.

use super::field::{ValueKind, hex};
use crate::expr::call;
use sea_orm::Value;
use sea_orm::sea_query::Expr;

/// What SQLite makes of a value out of JSON.
pub(super) fn read(kind: ValueKind, value: Expr) -> Expr {
    match kind {
        ValueKind::Id | ValueKind::Bytes => call("unhex", [value]),
        _ => value,
    }
}

/// Rows as an array of arrays. Ids and bytes are written as hexadecimal digits.
pub(super) fn rows(width: usize, cells: &[Value]) -> String {
    let rows = cells.chunks(width.max(1)).map(array);
    serde_json::Value::Array(rows.collect()).to_string()
}

/// Values as an array.
pub(super) fn list(values: &[Value]) -> String {
    array(values).to_string()
}

fn array(values: &[Value]) -> serde_json::Value {
    serde_json::Value::Array(values.iter().map(json).collect())
}

/// # Panics
/// For a value of a kind that no column has.
fn json(value: &Value) -> serde_json::Value {
    match value {
        Value::Uuid(id) => id.map(|id| id.simple().to_string()).into(),
        Value::String(text) => text.clone().into(),
        Value::BigInt(number) => (*number).into(),
        Value::Int(number) => (*number).into(),
        Value::SmallInt(number) => (*number).into(),
        Value::Bool(truth) => (*truth).into(),
        Value::Bytes(bytes) => bytes.as_deref().map(hex).into(),
        other => unreachable!("a column of rows is given {other:?}"),
    }
}
