//! One page of a list as one statement, whose cost is that of the page.
//!
//! Where a page begins is found first, or the ids that it has; only then are resources read, each once, and what they refer
//! to. A page ends before it would hold more bytes than it may, so that it costs little memory however large the resources
//! are, but it always has a first row (RFC 7644 §3.4.2.4: fewer than asked for is lawful).
//!
//! None of this is left to the planner, which takes a table that was filled a moment ago for nearly empty: a subselect
//! with `OFFSET 0` and one in the place of a value stay what they are, and a comparison `IS TRUE` is checked in each row,
//! never searched by. So every row here is found by its primary key or the one index that is meant.

mod ids;
mod one;
mod references;

pub(crate) use ids::{Sorting, is_after, matching};
pub(crate) use one::{by_id, by_ids, by_name};
pub(crate) use references::{MEMBERSHIP, member_name, membership};

use crate::Dialect;
use crate::directory::filter::{Kind, ROW, row};
use db::entity::{group_members, users};
use db::expr::{Texts, call, count, fixed, limited, number, parameter, truth};
use ids::Whole;
use references::{own, references_of};
use sea_orm::sea_query::{
    Asterisk, CommonTableExpression, Expr, ExprTrait as _, Frame, FrameType, Func, JoinType, Order, OrderedStatement,
    Query, SelectStatement, WindowStatement, WithClause,
};
use users::Column::{CreatedAt, DirectoryId, Id, Resource, UpdatedAt, Version};

/// Bytes that an answer has of each resource beside its attributes: `id`, `meta`, `schemas`.
const FRAME_BYTES: i64 = 400;
/// Bytes that it has of each group of a user, or member of a group.
const REFERENCE_BYTES: i64 = 200;

/// The ids, and one of them; a row found by it.
const IDS: &str = "page";
const ONE: &str = "p";
const FOUND: &str = "x";
/// The rows with the bytes of the page up to each.
const SUMMED: &str = "s";
/// SQLite: by what a row is found at once.
const ROWID: &str = "rowid";
/// Columns beside those of the tables: `key` is the `rowid` of a row, on SQLite alone; `size` are the bytes of a resource
/// without what it refers to, and `referred` is how much that is.
const KEY: &str = "key";
const SORT: &str = "sort";
const SIZE: &str = "size";
const REFERRED: &str = "referred";
const BYTES: &str = "bytes";
const MORE: &str = "more";
const REFERENCES: &str = "refs";
const TOTAL: &str = "total";

/// The statement of a page.
#[derive(Clone, Debug)]
pub(crate) struct PageStatement {
    pub(crate) dialect: Dialect,
    pub(crate) kind: Kind,
    /// With a column `refs`: see [`references_of`].
    pub(crate) references: bool,
    /// With a column `total`.
    pub(crate) total: Option<Expr>,
    pub(crate) of: Of,
    /// Their order before that of creation; the ids have a column for it.
    pub(crate) sorting: Option<Sorting>,
    /// How large the page may be, in bytes.
    pub(crate) most_bytes: Expr,
}

/// Which resources a page has, at most.
#[derive(Clone, Debug)]
pub(crate) enum Of {
    /// Those with these ids, made by [`Whole`] or [`matching`].
    Ids(SelectStatement),
    /// PostgreSQL: so many of these rows, made by [`Whole`]. The index that has their order leads to the rows themselves, which
    /// is a third cheaper than to find ids first and then a row for each. SQLite does not see that they are in order.
    First(SelectStatement, Expr),
}

impl PageStatement {
    /// Its columns are those of the resource (`id`, `version`, `created_at`, `updated_at`, `resource`), the bytes of the
    /// page up to it (`bytes`), and 1 where another one follows that the page could have (`more`).
    pub(crate) fn select(&self) -> SelectStatement {
        let summed = |column: &'static str| Expr::col((SUMMED, column));
        let fits = summed(BYTES).lte(self.most_bytes.clone());
        let is_first = summed(BYTES).eq(self.whole_size(SUMMED));
        let mut page = Query::select();
        page.from_subquery(self.summed(), SUMMED);
        let row = match self.dialect {
            Dialect::Postgres => SUMMED,
            Dialect::Sqlite => {
                page.cross_join(self.kind.rows())
                    .and_where(Expr::col((ROW, ROWID)).eq(summed(KEY)));
                ROW
            }
        };
        page.columns([Id, Version, CreatedAt, UpdatedAt, Resource].map(|column| (row, column)))
            .columns([(SUMMED, BYTES), (SUMMED, MORE)])
            .and_where(fits.or(is_first));
        if self.references {
            // Where there are none, that is known from the size.
            let references = references_of(self.dialect, self.kind, row);
            page.expr_as(Expr::case(summed(REFERRED).gt(number(0)), references), REFERENCES);
        }
        if let Some(total) = &self.total {
            page.expr_as(total.clone(), TOTAL);
        }
        self.put_in_order(&mut page, SUMMED);
        let Of::Ids(ids) = &self.of else { return page };
        let ids = CommonTableExpression::new()
            .query(ids.clone())
            .table_name(IDS)
            .materialized(true)
            .to_owned();
        page.with_cte(WithClause::new().cte(ids).to_owned()).take()
    }

    /// The rows with the bytes up to each, and whether another one follows.
    fn summed(&self) -> SelectStatement {
        let mut window = WindowStatement::new();
        self.put_in_order(&mut window, ONE);
        window.frame_start(FrameType::Rows, Frame::UnboundedPreceding);
        Query::select()
            .column((ONE, Asterisk))
            .expr_window_as(Func::sum(self.whole_size(ONE)), window.clone(), BYTES)
            .expr_window_as(Func::cust("LEAD").arg(number(1)), window, MORE)
            .from_subquery(self.sized(), ONE)
            .take()
    }

    /// The rows with their sizes, each read once. On SQLite what rows are found by: windows there copy all that passes
    /// through them, so resources do not.
    fn sized(&self) -> SelectStatement {
        match (&self.of, self.dialect) {
            (Of::First(rows, limit), dialect) => {
                let mut rows = rows.clone();
                rows.columns(COLUMNS.map(|column| (ROW, column)));
                self.add_size(&mut rows);
                Query::select()
                    .column(Asterisk)
                    .from_function(limited(dialect, rows, limit.clone(), None), "first")
                    .take()
            }
            (Of::Ids(_), Dialect::Postgres) => {
                let mut of_the_id = Query::select();
                of_the_id
                    .columns(COLUMNS.map(|column| (ROW, column)))
                    .from(self.kind.rows())
                    .and_where(row(Id).eq(Expr::col((ONE, Id))))
                    .offset(0);
                self.add_size(&mut of_the_id);
                let mut rows = Query::select();
                rows.column((FOUND, Asterisk)).from_as(IDS, ONE).join_lateral(
                    JoinType::InnerJoin,
                    of_the_id,
                    FOUND,
                    truth(true),
                );
                if self.sorting.is_some() {
                    rows.column((ONE, SORT));
                }
                rows
            }
            (Of::Ids(_), Dialect::Sqlite) => {
                let mut rows = Query::select();
                rows.column((ONE, Asterisk))
                    .from_as(IDS, ONE)
                    .cross_join(self.kind.rows())
                    .and_where(Expr::col((ROW, ROWID)).eq(Expr::col((ONE, KEY))));
                self.add_size(&mut rows);
                rows
            }
        }
    }

    fn put_in_order<S: OrderedStatement>(&self, statement: &mut S, alias: &'static str) {
        if let Some(Sorting { order, nulls, .. }) = &self.sorting {
            statement.order_by_with_nulls((alias, SORT), order.clone(), *nulls);
        }
        statement.order_by((alias, CreatedAt), Order::Asc);
        statement.order_by((alias, Id), Order::Asc);
    }

    /// Adds to a select of rows about how many bytes an answer has of each, and how much it refers to.
    fn add_size(&self, rows: &mut SelectStatement) {
        rows.expr_as(call("octet_length", [row(Resource)]).add(number(FRAME_BYTES)), SIZE);
        if !self.references {
            return;
        }
        let references = Query::select()
            .expr(number(1))
            .from_as(group_members::Entity, MEMBERSHIP)
            .and_where(membership(own(self.kind)).eq(row(Id)))
            .take();
        // Counted no further than it matters.
        let limit = self.most_bytes.clone().div(number(REFERENCE_BYTES)).add(number(1));
        let counted = Query::select()
            // Of whole numbers of this type PostgreSQL makes cheap sums.
            .expr(count().cast_as("integer"))
            .from_function(limited(self.dialect, references, limit, None), "counted")
            .take();
        rows.expr_as(Expr::from(counted), REFERRED);
    }

    /// About how many bytes an answer has of a row with its size.
    fn whole_size(&self, alias: &'static str) -> Expr {
        let size = Expr::col((alias, SIZE));
        if self.references {
            size.add(number(REFERENCE_BYTES).mul(Expr::col((alias, REFERRED))))
        } else {
            size
        }
    }
}

/// What is read of a row.
const COLUMNS: [users::Column; 6] = [Id, DirectoryId, Version, CreatedAt, UpdatedAt, Resource];

/// The statement of a page of all that the directory `$1` has: at most `$2` resources and about `$3` bytes, after the first
/// `$4`, or after the row created at `$4` with the id `$5`. With a column `total` if wanted.
pub(crate) fn of_whole(
    dialect: Dialect,
    kind: Kind,
    references: bool,
    total: bool,
    is_after_a_row: bool,
) -> &'static str {
    static TEXTS: Texts<32> = Texts::new();
    let facts = [
        dialect == Dialect::Sqlite,
        kind == Kind::Group,
        references,
        total,
        is_after_a_row,
    ];
    TEXTS.get(facts, || {
        let directory = parameter(1);
        let whole = Whole {
            dialect,
            kind,
            directory,
        };
        let of = if is_after_a_row {
            whole.after(parameter(2), parameter(4), parameter(5))
        } else {
            whole.by_offset(parameter(2), &parameter(4))
        };
        let statement = PageStatement {
            dialect,
            kind,
            references,
            total: total.then(|| whole.kept()),
            of,
            sorting: None,
            most_bytes: parameter(3),
        };
        fixed(dialect, &statement.select())
    })
}
