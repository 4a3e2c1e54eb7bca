//! Sends statements that sea-orm builds. Like those of [`crate::sql`], each is reported to the tests, with its place in the
//! source: methods of sea-orm that send one by themselves are not used.

use crate::sql::{Queryable as _, dialect_of, note};
use crate::{Dialect, Lookup, StoreError};
use sea_orm::{ConnectionTrait, DbBackend, DbErr, FromQueryResult, QueryResult, StatementBuilder};

/// A row of which nothing is read: whether there is one is all that is asked.
#[derive(Clone, Copy, Debug)]
pub struct AnyRow;

impl FromQueryResult for AnyRow {
    fn from_query_result(_: &QueryResult, _: &str) -> Result<Self, DbErr> {
        Ok(Self)
    }
}

/// The answer to [`crate::expr::count_up_to`].
#[derive(Clone, Copy, Debug, FromQueryResult)]
pub struct Counted {
    /// How many.
    pub n: i64,
}

/// Runs a statement; the number of rows that it touched.
#[track_caller]
pub fn execute<C: ConnectionTrait>(
    connection: &C,
    query: &impl StatementBuilder,
) -> impl Future<Output = Result<u64, StoreError>> {
    let statement = query.build(&connection.get_database_backend());
    note(dialect_of(connection.get_database_backend()), &statement.sql);
    async move { Ok(connection.execute_raw(statement).await?.rows_affected()) }
}

/// The first row of a query, if there is one.
#[track_caller]
pub fn fetch_one<M: FromQueryResult, C: ConnectionTrait>(
    connection: &C,
    query: &impl StatementBuilder,
) -> impl Future<Output = Result<Option<M>, StoreError>> {
    let statement = query.build(&connection.get_database_backend());
    note(dialect_of(connection.get_database_backend()), &statement.sql);
    async move {
        let row = connection.query_one_raw(statement).await?;
        Ok(row.map(|row| M::from_query_result(&row, "")).transpose()?)
    }
}

/// The row that a unique key leads to, if there is one, over a connection that keeps its plans.
#[track_caller]
pub fn look_up<M: FromQueryResult>(
    lookup: Lookup<'_>,
    query: &impl StatementBuilder,
) -> impl Future<Output = Result<Option<M>, StoreError>> {
    let dialect = lookup.dialect();
    let backend = match dialect {
        Dialect::Postgres => DbBackend::Postgres,
        Dialect::Sqlite => DbBackend::Sqlite,
    };
    let statement = query.build(&backend);
    note(dialect, &statement.sql);
    async move {
        // In a box, or the types of what awaits it grow deeper than the compiler follows.
        let row = Box::pin(lookup.first(statement)).await?;
        Ok(row.map(|row| M::from_query_result(&row, "")).transpose()?)
    }
}

/// All rows of a query.
#[track_caller]
pub fn fetch_all<M: FromQueryResult, C: ConnectionTrait>(
    connection: &C,
    query: &impl StatementBuilder,
) -> impl Future<Output = Result<Vec<M>, StoreError>> {
    let statement = query.build(&connection.get_database_backend());
    note(dialect_of(connection.get_database_backend()), &statement.sql);
    async move {
        let rows = connection.query_all_raw(statement).await?;
        Ok(rows
            .iter()
            .map(|row| M::from_query_result(row, ""))
            .collect::<Result<_, _>>()?)
    }
}

/// All rows of a query, to be read column by column.
#[track_caller]
pub fn query_rows<C: ConnectionTrait>(
    connection: &C,
    query: &impl StatementBuilder,
) -> impl Future<Output = Result<Vec<QueryResult>, StoreError>> {
    let statement = query.build(&connection.get_database_backend());
    note(dialect_of(connection.get_database_backend()), &statement.sql);
    async move { Ok(connection.query_all_raw(statement).await?) }
}
