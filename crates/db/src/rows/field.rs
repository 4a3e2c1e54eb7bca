//! What a column of rows is.

use sea_orm::sea_query::{ColumnType, DynIden};

/// What a column of rows holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ValueKind {
    /// A UUID.
    Id,
    /// Text.
    Text,
    /// JSON. It travels as text, and is what the database keeps JSON as.
    Json,
    /// 64 bits.
    BigInt,
    /// 32 bits.
    Int,
    /// 16 bits.
    SmallInt,
    /// A truth value.
    Bool,
    /// Bytes.
    Bytes,
}

impl ValueKind {
    /// The kind of an entity's column.
    ///
    /// # Panics
    /// For a type that no table of this program has.
    pub(super) fn of(kind: &ColumnType) -> Self {
        match kind {
            ColumnType::Uuid => Self::Id,
            ColumnType::Text | ColumnType::String(_) => Self::Text,
            ColumnType::Json | ColumnType::JsonBinary => Self::Json,
            ColumnType::BigInteger => Self::BigInt,
            ColumnType::Integer => Self::Int,
            ColumnType::SmallInteger => Self::SmallInt,
            ColumnType::Boolean => Self::Bool,
            ColumnType::Blob | ColumnType::Binary(_) | ColumnType::VarBinary(_) => Self::Bytes,
            other => unreachable!("rows do not have columns of type {other:?}"),
        }
    }
}

/// A column of rows.
#[derive(Clone, Debug)]
pub(super) struct Field {
    pub(super) name: DynIden,
    pub(super) kind: ValueKind,
    pub(super) is_nullable: bool,
}

/// Bytes as hexadecimal digits.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
