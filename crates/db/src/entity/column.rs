//! Types of columns: values of this program as the databases hold them.

use ::events::Timestamp;
use sea_orm::sea_query::{ArrayType, ColumnType, Nullable, ValueType, ValueTypeErr};
use sea_orm::{ColIdx, DbErr, DeriveValueType, QueryResult, TryFromU64, TryGetError, TryGetable, Value};
use uuid::Uuid;

/// An id of [`events`] in a column: those types know nothing of databases.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Id<I>(pub I);

impl<I> From<I> for Id<I> {
    fn from(id: I) -> Self {
        Self(id)
    }
}

impl<I: Into<Uuid>> From<Id<I>> for Value {
    fn from(id: Id<I>) -> Self {
        let uuid: Uuid = id.0.into();
        uuid.into()
    }
}

impl<I: From<Uuid>> TryGetable for Id<I> {
    fn try_get_by<C: ColIdx>(row: &QueryResult, column: C) -> Result<Self, TryGetError> {
        Uuid::try_get_by(row, column).map(|uuid| Self(uuid.into()))
    }
}

impl<I: From<Uuid>> ValueType for Id<I> {
    fn try_from(value: Value) -> Result<Self, ValueTypeErr> {
        <Uuid as ValueType>::try_from(value).map(|uuid| Self(uuid.into()))
    }

    fn type_name() -> String {
        Uuid::type_name()
    }

    fn array_type() -> ArrayType {
        Uuid::array_type()
    }

    fn column_type() -> ColumnType {
        Uuid::column_type()
    }
}

impl<I> Nullable for Id<I> {
    fn null() -> Value {
        Uuid::null()
    }
}

impl<I> TryFromU64 for Id<I> {
    fn try_from_u64(_: u64) -> Result<Self, DbErr> {
        Err(DbErr::ConvertFromU64("Id"))
    }
}

/// A point in time: milliseconds since the Unix epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, DeriveValueType)]
pub struct Millis(pub i64);

impl From<Timestamp> for Millis {
    fn from(at: Timestamp) -> Self {
        Self(at.millis())
    }
}

impl From<Millis> for Timestamp {
    fn from(millis: Millis) -> Self {
        Self::from_millis(millis.0)
    }
}
