//! Pieces of statements that `sea_query` has no word for, or that it would bind where they never change.

use crate::Dialect;
use sea_orm::Value;
use sea_orm::sea_query::extension::postgres::PgFunc;
use sea_orm::sea_query::{
    Asterisk, BinOper, Expr, ExprTrait as _, Func, FunctionCall, InsertStatement, IntoIden, IntoTableRef,
    PostgresQueryBuilder, Query, QueryStatementWriter, SelectStatement, SqliteQueryBuilder,
};
use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

/// A call of a function that only one of the databases has, or that `sea_query` has no name for.
pub fn call(name: &'static str, args: impl IntoIterator<Item = Expr>) -> Expr {
    Func::cust(name).args(args).into()
}

/// A text that is written into the statement: one of the program, never one from outside.
pub fn text(text: &'static str) -> Expr {
    Expr::Constant(text.into())
}

/// A number that is written into the statement.
pub fn number(number: i64) -> Expr {
    Expr::Constant(number.into())
}

/// `TRUE` or `FALSE`.
pub fn truth(holds: bool) -> Expr {
    Expr::Constant(holds.into())
}

/// How many rows there are.
pub fn count() -> Expr {
    Expr::col(Asterisk).count()
}

/// A condition that each row is checked for: no database searches an index by one that `IS TRUE`.
pub fn checked(condition: Expr) -> Expr {
    condition.is(truth(true))
}

/// A value and a text put together, NULL where one of them is. `sea_query` has the operator for PostgreSQL alone.
pub fn concat(left: Expr, right: Expr) -> Expr {
    left.binary(BinOper::Custom("||"), right)
}

/// A text that is compared and sorted by its code points, whatever the collation of the database.
pub fn by_code_point(dialect: Dialect, value: Expr) -> Expr {
    match dialect {
        Dialect::Postgres => value.binary(BinOper::Custom("COLLATE"), Expr::custom_keyword("\"C\"")),
        Dialect::Sqlite => value,
    }
}

/// No value of a type.
pub fn null(kind: &'static str) -> Expr {
    Expr::null().cast_as(kind)
}

/// How many rows a query gives, counted no further than `most`.
pub fn count_up_to(most: u64, mut rows: SelectStatement) -> Expr {
    let rows = rows.expr(number(1)).limit(most).take();
    Query::select()
        .expr(count())
        .from_subquery(rows, "counted")
        .take()
        .into()
}

/// Whether an expression is one of the rows of a query, which has one column. PostgreSQL gets them as an array and looks each
/// up by its value: against a set of rows, whose size it cannot know, it may prefer to go through the whole table.
pub fn is_one_of_rows(dialect: Dialect, what: Expr, rows: SelectStatement) -> Expr {
    match dialect {
        Dialect::Postgres => what.eq(PgFunc::any(call("ARRAY", [rows.into()]))),
        Dialect::Sqlite => what.in_subquery(rows),
    }
}

/// The text of a query and its values.
pub fn build(dialect: Dialect, query: &impl QueryStatementWriter) -> (String, Vec<Value>) {
    let (text, values) = match dialect {
        Dialect::Postgres => query.build(PostgresQueryBuilder),
        Dialect::Sqlite => query.build(SqliteQueryBuilder),
    };
    (text, values.0)
}

/// The text of a statement whose values are all [`parameter`]s.
pub fn fixed(dialect: Dialect, query: &impl QueryStatementWriter) -> String {
    match dialect {
        Dialect::Postgres => query.to_string(PostgresQueryBuilder),
        Dialect::Sqlite => query.to_string(SqliteQueryBuilder),
    }
}

/// The value that is sent as the `n`th with a [`fixed`] query, counted from 1.
pub fn parameter(n: u8) -> Expr {
    Expr::custom_keyword(format!("${n}"))
}

/// The rows of a query after the first `offset`, at most `limit`, for a FROM. For numbers that are expressions, where
/// `sea_query` takes only values.
pub fn limited(dialect: Dialect, query: SelectStatement, limit: Expr, offset: Option<Expr>) -> FunctionCall {
    let text = match (dialect, &offset) {
        (Dialect::Postgres, None) => "SELECT * FROM $1 AS o LIMIT $2",
        (Dialect::Postgres, Some(_)) => "SELECT * FROM $1 AS o LIMIT $2 OFFSET $3",
        (Dialect::Sqlite, None) => "SELECT * FROM ? AS o LIMIT ?",
        (Dialect::Sqlite, Some(_)) => "SELECT * FROM ? AS o LIMIT ? OFFSET ?",
    };
    let parts = [query.into(), limit].into_iter().chain(offset);
    // A subselect in the parentheses of a function without a name.
    Func::cust("").arg(Expr::cust_with_exprs(text, parts))
}

/// Writes what a query gives, whose columns are those named.
///
/// # Panics
/// When the query has another number of columns.
pub fn insert_from<C: IntoIden>(
    table: impl IntoTableRef,
    columns: impl IntoIterator<Item = C>,
    query: SelectStatement,
) -> InsertStatement {
    let mut insert = Query::insert();
    if let Err(error) = insert.into_table(table).columns(columns).select_from(query) {
        unreachable!("a query with a value for each column: {error}");
    }
    insert
}

/// The texts of a [`fixed`] query that differs by a few facts: one text for each combination, made when it is first sent.
#[derive(Debug)]
pub struct Texts<const COMBINATIONS: usize>([OnceLock<String>; COMBINATIONS]);

impl<const COMBINATIONS: usize> Default for Texts<COMBINATIONS> {
    fn default() -> Self {
        Self::new()
    }
}

impl<const COMBINATIONS: usize> Texts<COMBINATIONS> {
    /// None made yet.
    pub const fn new() -> Self {
        Self([const { OnceLock::new() }; COMBINATIONS])
    }

    /// The text for these facts.
    pub fn get<const FACTS: usize>(&'static self, facts: [bool; FACTS], make: impl FnOnce() -> String) -> &'static str {
        const { assert!(1 << FACTS == COMBINATIONS) };
        let index = facts.iter().fold(0, |index, fact| 2 * index + usize::from(*fact));
        self.0[index].get_or_init(make)
    }
}

/// The texts of [`fixed`] statements that are put together of parts: one for each key, made when it is first sent. So few
/// keys are in use that none is ever forgotten.
#[derive(Debug)]
pub struct Assembled<K>(RwLock<BTreeMap<K, Arc<str>>>);

impl<K: Ord> Default for Assembled<K> {
    fn default() -> Self {
        Self::new()
    }
}

impl<K: Ord> Assembled<K> {
    /// None made yet.
    pub const fn new() -> Self {
        Self(RwLock::new(BTreeMap::new()))
    }

    /// The text for this key.
    pub fn get(&self, key: K, make: impl FnOnce() -> String) -> Arc<str> {
        if let Some(known) = self.0.read().unwrap_or_else(PoisonError::into_inner).get(&key) {
            return Arc::clone(known);
        }
        let made = Arc::from(make());
        let mut texts = self.0.write().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(texts.entry(key).or_insert(made))
    }
}
