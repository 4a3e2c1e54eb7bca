//! What is written, as parts: a statement over rows for each kind of write.
//!
//! On PostgreSQL the parts of a batch are one statement, and all of them see the tables as they were before it. So no two parts
//! may touch the same row: what makes room for others (deletions, names set free) is a statement of its own before. SQLite has
//! no such statements, and a round trip there is a function call: it runs the parts one after the other.

use super::tables::Tables;
use super::{Tx, Way};
use crate::{Dialect, StoreError};
use db::expr::{Assembled, count, fixed, number};
use db::rows::{Parameters, Rows};
use db::sql::ReadColumns;
use sea_orm::sea_query::{
    CommonTableExpression, ExprTrait as _, Query, SelectStatement, SubQueryStatement, TableRef, WithClause,
};

/// The parts whose number of rows is looked at.
pub(super) const CLAIMED: &str = "claimed";
pub(super) const MOVED: &str = "moved";
/// What the rows of a part are called in its statement.
pub(super) const ROWS: &str = "r";

/// A statement over rows.
pub(super) struct Part {
    /// What it is called within the one statement, and among all parts.
    pub(super) name: &'static str,
    /// Where it writes.
    pub(super) tables: Tables,
    pub(super) rows: Rows,
    /// The statement over its rows, which stand in it as the table [`ROWS`].
    pub(super) write: fn(Dialect, Tables, TableRef) -> SubQueryStatement,
}

impl Part {
    /// A part that writes to the tables that everybody reads.
    pub(super) fn live(
        name: &'static str,
        rows: Rows,
        write: fn(Dialect, Tables, TableRef) -> SubQueryStatement,
    ) -> Self {
        Self {
            name,
            tables: Tables::Live,
            rows,
            write,
        }
    }

    /// Whether its rows may be written some at a time: those that may be very many, and know nothing of each other.
    fn is_divisible(&self) -> bool {
        matches!(self.name, "members_removed" | "members_written" | "logged")
    }

    fn statement(&self, dialect: Dialect, parameters: &mut Parameters) -> SubQueryStatement {
        let rows = parameters.table(self.rows.columns(), ROWS);
        (self.write)(dialect, self.tables, rows)
    }
}

/// How many rows came back from the two parts that tell.
#[derive(Default)]
pub(super) struct AffectedRows {
    pub(super) claimed: usize,
    pub(super) moved: usize,
}

/// Runs each part that has rows as a statement.
pub(super) async fn one_by_one(
    tx: &mut Tx,
    dialect: Dialect,
    parts: impl IntoIterator<Item = Part>,
) -> Result<AffectedRows, StoreError> {
    static TEXTS: Assembled<(Dialect, Tables, &str)> = Assembled::new();
    let mut written = AffectedRows::default();
    for part in parts.into_iter().filter(|part| !part.rows.is_empty()) {
        let most = if part.is_divisible() {
            Way::InPortions.most()
        } else {
            usize::MAX
        };
        let sql = TEXTS.get((dialect, part.tables, part.name), || {
            match part.statement(dialect, &mut Parameters::new(dialect)) {
                SubQueryStatement::InsertStatement(insert) => fixed(dialect, &insert),
                SubQueryStatement::UpdateStatement(update) => fixed(dialect, &update),
                SubQueryStatement::DeleteStatement(delete) => fixed(dialect, &delete),
                SubQueryStatement::SelectStatement(select) => fixed(dialect, &select),
                SubQueryStatement::WithStatement(with) => fixed(dialect, &with),
            }
        });
        for some in part.rows.portions(most) {
            let rows = tx.query(&sql, some.into_values(dialect)).await?.len();
            match part.name {
                CLAIMED => written.claimed += rows,
                MOVED => written.moved += rows,
                _ => {}
            }
        }
    }
    Ok(written)
}

/// Runs all parts that have rows as one statement (PostgreSQL).
pub(super) async fn at_once(tx: &mut Tx, dialect: Dialect, parts: Vec<Part>) -> Result<AffectedRows, StoreError> {
    static TEXTS: Assembled<Vec<&str>> = Assembled::new();
    let parts: Vec<Part> = parts.into_iter().filter(|part| !part.rows.is_empty()).collect();
    if parts.is_empty() {
        return Ok(AffectedRows::default());
    }
    let names = parts.iter().map(|part| part.name).collect();
    let sql = TEXTS.get(names, || fixed(dialect, &together(dialect, &parts)));
    let values = parts.into_iter().flat_map(|part| part.rows.into_values(dialect));
    let rows = tx.query(&sql, values.collect()).await?;
    let row = rows.first().ok_or_else(|| StoreError::corrupt("no count returned"))?;
    let count = |name| Ok::<_, StoreError>(usize::try_from(row.get::<i64>(name)?).unwrap_or_default());
    Ok(AffectedRows {
        claimed: count(CLAIMED)?,
        moved: count(MOVED)?,
    })
}

/// One statement that gives the numbers of rows of the parts that tell.
fn together(dialect: Dialect, parts: &[Part]) -> SelectStatement {
    let mut parameters = Parameters::new(dialect);
    let mut with = WithClause::new();
    for part in parts {
        let cte = CommonTableExpression::new()
            .query(part.statement(dialect, &mut parameters))
            .table_name(part.name)
            .to_owned();
        with.cte(cte);
    }
    let mut counts = Query::select();
    for name in [CLAIMED, MOVED] {
        let rows = if parts.iter().any(|part| part.name == name) {
            Query::select().expr(count()).from(name).take().into()
        } else {
            number(0).cast_as("bigint")
        };
        counts.expr_as(rows, name);
    }
    counts.with_cte(with).take()
}
