//! Columns of values as arrays of PostgreSQL.
//!
//! The driver takes no arrays with NULL in them, so a column that may have none is sent in the text form of an array
//! (PostgreSQL documentation, "Array Input and Output Syntax").

use super::field::{Field, ValueKind, hex};
use sea_orm::Value;
use sea_orm::sea_query::ArrayType;
use std::fmt::Write as _;

pub(super) const fn type_name(kind: ValueKind) -> &'static str {
    match kind {
        ValueKind::Id => "uuid[]",
        ValueKind::Text | ValueKind::Json => "text[]",
        ValueKind::BigInt => "bigint[]",
        ValueKind::Int => "integer[]",
        ValueKind::SmallInt => "smallint[]",
        ValueKind::Bool => "boolean[]",
        ValueKind::Bytes => "bytea[]",
    }
}

/// An array for each column, out of the values of all rows.
pub(super) fn columns(fields: &[Field], cells: Vec<Value>) -> Vec<Value> {
    let rows = cells.len() / fields.len().max(1);
    let mut columns: Vec<Vec<Value>> = fields.iter().map(|_| Vec::with_capacity(rows)).collect();
    let mut cells = cells.into_iter();
    for _ in 0..rows {
        for (column, cell) in columns.iter_mut().zip(cells.by_ref()) {
            column.push(cell);
        }
    }
    let array = |(field, column): (&Field, Vec<Value>)| {
        if field.is_nullable {
            literal(&column).into()
        } else {
            of(field.kind, column)
        }
    };
    fields.iter().zip(columns).map(array).collect()
}

/// An array without NULL.
pub(super) fn of(kind: ValueKind, values: Vec<Value>) -> Value {
    let kind = match kind {
        ValueKind::Id => ArrayType::Uuid,
        ValueKind::Text | ValueKind::Json => ArrayType::String,
        ValueKind::BigInt => ArrayType::BigInt,
        ValueKind::Int => ArrayType::Int,
        ValueKind::SmallInt => ArrayType::SmallInt,
        ValueKind::Bool => ArrayType::Bool,
        ValueKind::Bytes => ArrayType::Bytes,
    };
    Value::Array(kind, Some(Box::new(values)))
}

/// An array in its text form.
fn literal(values: &[Value]) -> String {
    let mut out = String::with_capacity(2 + 16 * values.len());
    out.push('{');
    for (place, value) in values.iter().enumerate() {
        if place > 0 {
            out.push(',');
        }
        element(&mut out, value);
    }
    out.push('}');
    out
}

/// # Panics
/// For a value of a kind that no column has.
fn element(out: &mut String, value: &Value) {
    // Writing to a String cannot fail.
    let _ = match value {
        Value::Uuid(Some(id)) => write!(out, "{}", id.hyphenated()),
        Value::BigInt(Some(number)) => write!(out, "{number}"),
        Value::Int(Some(number)) => write!(out, "{number}"),
        Value::SmallInt(Some(number)) => write!(out, "{number}"),
        Value::Bool(Some(truth)) => write!(out, "{truth}"),
        Value::String(Some(text)) => {
            quote(out, text);
            Ok(())
        }
        Value::Bytes(Some(bytes)) => write!(out, "\"\\\\x{}\"", hex(bytes)),
        Value::Uuid(None)
        | Value::BigInt(None)
        | Value::Int(None)
        | Value::SmallInt(None)
        | Value::Bool(None)
        | Value::String(None)
        | Value::Bytes(None) => write!(out, "NULL"),
        other => unreachable!("a column of rows is given {other:?}"),
    };
}

fn quote(out: &mut String, text: &str) {
    out.push('"');
    for part in text.split_inclusive(['"', '\\']) {
        match part.as_bytes().split_last() {
            Some((last @ (b'"' | b'\\'), before)) => {
                out.push_str(&part[..before.len()]);
                out.push('\\');
                out.push(char::from(*last));
            }
            _ => out.push_str(part),
        }
    }
    out.push('"');
}
