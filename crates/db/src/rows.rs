//! Rows that travel with a statement: a batch of any size stands in its text as one table.
//!
//! One text for each statement means one prepared plan whatever the size of the batch, and no limit on the number of
//! parameters. PostgreSQL gets an array for each column and takes rows out of `unnest`, which costs a quarter of what JSON
//! costs there. SQLite, which has no arrays, gets one JSON text and takes them out of `json_each`.
//!
//! ```text
//! static COLUMNS: LazyLock<Columns> = LazyLock::new(|| Columns::of([publications::Column::DirectoryId, …]));
//! let mut rows = Rows::new(&COLUMNS);
//! rows.push([Id(directory).into(), sequence.into()]);
//! query.from(rows.table(dialect, "r"));
//! ```

mod array;
mod field;
mod json;

pub use field::ValueKind;

use crate::Dialect;
use crate::expr::{call, parameter};
use field::Field;
use sea_orm::sea_query::extension::postgres::PgFunc;
use sea_orm::sea_query::{BinOper, DynIden, Expr, ExprTrait as _, Func, IntoIden, Query, TableRef};
use sea_orm::{ColumnTrait, Value};
use uuid::Uuid;

/// The columns of rows, with their names and types.
#[derive(Clone, Debug, Default)]
pub struct Columns(Vec<Field>);

impl Columns {
    /// Columns of an entity, named and typed as there.
    pub fn of<C: ColumnTrait>(columns: impl IntoIterator<Item = C>) -> Self {
        let field = |column: C| {
            let def = column.def();
            Field {
                name: IntoIden::into_iden(column.as_str()),
                kind: ValueKind::of(def.get_column_type()),
                is_nullable: def.is_null(),
            }
        };
        Self(columns.into_iter().map(field).collect())
    }

    /// With another column, which always has a value.
    #[must_use]
    pub fn and(self, name: impl IntoIden, kind: ValueKind) -> Self {
        self.with(name, kind, false)
    }

    /// With another column, which may have no value.
    #[must_use]
    pub fn and_nullable(self, name: impl IntoIden, kind: ValueKind) -> Self {
        self.with(name, kind, true)
    }

    fn with(mut self, name: impl IntoIden, kind: ValueKind, is_nullable: bool) -> Self {
        let name = name.into_iden();
        self.0.push(Field {
            name,
            kind,
            is_nullable,
        });
        self
    }

    /// Their names, in order.
    pub fn names(&self) -> impl Iterator<Item = DynIden> {
        self.0.iter().map(|field| field.name.clone())
    }

    fn table_of(&self, dialect: Dialect, mut values: impl Iterator<Item = Expr>, alias: &'static str) -> TableRef {
        let mut rows = Query::select();
        match dialect {
            Dialect::Postgres => {
                for (field, array) in self.0.iter().zip(values) {
                    rows.expr_as(unnested(field.kind, array), field.name.clone());
                }
            }
            Dialect::Sqlite => {
                for (place, field) in (0_i64..).zip(&self.0) {
                    let value = Expr::col("value").binary(BinOper::Custom("->>"), Expr::Constant(place.into()));
                    rows.expr_as(json::read(field.kind, value), field.name.clone());
                }
                rows.from_function(Func::cust("json_each").args(values.next()), "each");
            }
        }
        TableRef::SubQuery(Box::new(rows), alias.into_iden())
    }
}

/// The parameters of a [`crate::expr::fixed`] statement, numbered in the order in which they are named here.
#[derive(Debug)]
pub struct Parameters {
    dialect: Dialect,
    next: u8,
}

impl Parameters {
    /// From `$1` on.
    pub const fn new(dialect: Dialect) -> Self {
        Self { dialect, next: 1 }
    }

    /// One value.
    pub fn value(&mut self) -> Expr {
        let value = parameter(self.next);
        self.next += 1;
        value
    }

    /// A table of rows; what is sent for it are [`Rows::into_values`].
    pub fn table(&mut self, columns: &Columns, alias: &'static str) -> TableRef {
        let count = match self.dialect {
            Dialect::Postgres => columns.0.len(),
            Dialect::Sqlite => 1,
        };
        let values: Vec<Expr> = std::iter::repeat_with(|| self.value()).take(count).collect();
        columns.table_of(self.dialect, values.into_iter(), alias)
    }
}

/// The values of an array of PostgreSQL.
fn unnested(kind: ValueKind, array: Expr) -> Expr {
    let values = call("unnest", [array.cast_as(array::type_name(kind))]);
    match kind {
        ValueKind::Json => values.cast_as("jsonb"),
        _ => values,
    }
}

/// Rows of values.
#[derive(Clone, Debug)]
pub struct Rows {
    columns: &'static Columns,
    /// Row by row.
    cells: Vec<Value>,
}

impl Rows {
    /// No rows yet.
    pub const fn new(columns: &'static Columns) -> Self {
        Self {
            columns,
            cells: Vec::new(),
        }
    }

    /// Adds a row: a value of the column's type for each column, in their order. JSON is given as text.
    pub fn push<const WIDTH: usize>(&mut self, row: [Value; WIDTH]) {
        debug_assert_eq!(WIDTH, self.columns.0.len(), "a value for each column");
        self.cells.extend(row);
    }

    /// Their columns.
    pub const fn columns(&self) -> &'static Columns {
        self.columns
    }

    /// Whether there are none.
    pub const fn is_empty(&self) -> bool {
        self.cells.is_empty()
    }

    /// The same rows in sets of so many, in their order.
    pub fn portions(self, most: usize) -> impl Iterator<Item = Self> {
        let columns = self.columns;
        let most = most.saturating_mul(columns.0.len());
        let mut rest = self.cells;
        std::iter::from_fn(move || {
            let after = rest.split_off(most.min(rest.len()));
            let cells = std::mem::replace(&mut rest, after);
            (!cells.is_empty()).then_some(Self { columns, cells })
        })
    }

    /// A table of these rows, for a FROM.
    pub fn table(self, dialect: Dialect, alias: &'static str) -> TableRef {
        let columns = self.columns;
        let values = self.into_values(dialect).into_iter().map(Expr::val);
        columns.table_of(dialect, values, alias)
    }

    /// The parameters for [`Parameters::table`], in their order.
    pub fn into_values(self, dialect: Dialect) -> Vec<Value> {
        match dialect {
            Dialect::Postgres => array::columns(&self.columns.0, self.cells),
            Dialect::Sqlite => vec![json::rows(self.columns.0.len(), &self.cells).into()],
        }
    }
}

/// Whether an expression is one of a [`list`]. Each is looked up by its value: against a set of rows, whose size it cannot
/// know, PostgreSQL may prefer to go through the whole table.
pub fn is_one_of(dialect: Dialect, what: Expr, kind: ValueKind, list: Expr) -> Expr {
    match dialect {
        Dialect::Postgres => what.eq(PgFunc::any(list.cast_as(array::type_name(kind)))),
        Dialect::Sqlite => {
            let values = Query::select()
                .expr(json::read(kind, Expr::col("value")))
                .from_function(Func::cust("json_each").arg(list), "each")
                .take();
            what.in_subquery(values)
        }
    }
}

/// Whether an expression is one of these ids.
pub fn is_one_of_ids<I: Into<Uuid>>(dialect: Dialect, what: Expr, ids: impl IntoIterator<Item = I>) -> Expr {
    let ids = list(dialect, ValueKind::Id, ids.into_iter().map(Into::<Uuid>::into));
    is_one_of(dialect, what, ValueKind::Id, Expr::val(ids))
}

/// Values of one kind as one parameter, for [`is_one_of`].
pub fn list<V: Into<Value>>(dialect: Dialect, kind: ValueKind, values: impl IntoIterator<Item = V>) -> Value {
    let values: Vec<Value> = values.into_iter().map(Into::into).collect();
    match dialect {
        Dialect::Postgres => array::of(kind, values),
        Dialect::Sqlite => json::list(&values).into(),
    }
}

#[cfg(test)]
mod tests;
