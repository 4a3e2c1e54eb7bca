//! One page of a list as one statement, whose cost is that of the page.
//!
//! The ids of the page are found first; only then are resources read, each by its id, and what they refer to. A page ends
//! before it would hold more bytes than it may, so that it costs little memory however large the resources are, but
//! it always has a first row (RFC 7644 §3.4.2.4: fewer than asked for is lawful).
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
use crate::entity::{group_members, users};
use crate::expr::{Texts, call, count, fixed, limited, number, parameter, truth};
use crate::filter::{Kind, ROW, row};
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

/// The ids, and one of them.
const IDS: &str = "page";
const ONE: &str = "p";
/// The rows with the bytes of the page up to each.
const SUMMED: &str = "s";
/// SQLite: by what a row is found at once.
const ROWID: &str = "rowid";
/// Columns beside those of the tables. `key` is the `rowid` of a row, on SQLite alone.
const KEY: &str = "key";
const SORT: &str = "sort";
const SIZE: &str = "size";
const BYTES: &str = "bytes";
const FOUND: &str = "found";
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
    /// Which resources, at most: made by [`Whole`] or [`matching`].
    pub(crate) ids: SelectStatement,
    /// Their order before that of creation; `ids` has a column for it.
    pub(crate) sorting: Option<Sorting>,
    /// How large the page may be, in bytes.
    pub(crate) most_bytes: Expr,
}

impl PageStatement {
    /// Its columns are those of the resource (`id`, `version`, `created_at`, `updated_at`, `resource`), the bytes of the
    /// page up to it (`bytes`), and how many ids there were (`found`).
    pub(crate) fn select(&self) -> SelectStatement {
        let ids = CommonTableExpression::new()
            .query(self.ids.clone())
            .table_name(IDS)
            .materialized(true)
            .to_owned();
        let found = Query::select().expr(count()).from(IDS).take();
        let summed = |column: &'static str| Expr::col((SUMMED, column));
        let fits = summed(BYTES).lte(self.most_bytes.clone());
        let is_first = summed(BYTES).eq(summed(SIZE));
        let mut page = Query::select();
        let row = match self.dialect {
            Dialect::Postgres => {
                page.from_subquery(self.summed_rows(), SUMMED)
                    // The sum of whole numbers is one of any length there.
                    .expr_as(summed(BYTES).cast_as("bigint"), BYTES);
                SUMMED
            }
            Dialect::Sqlite => {
                page.from_subquery(self.summed_sizes(), SUMMED)
                    .cross_join(self.kind.rows())
                    .and_where(Expr::col((ROW, ROWID)).eq(summed(KEY)))
                    .column((SUMMED, BYTES));
                ROW
            }
        };
        page.columns([Id, Version, CreatedAt, UpdatedAt, Resource].map(|column| (row, column)))
            .expr_as(found, FOUND)
            .and_where(fits.or(is_first));
        if self.references {
            page.expr_as(references_of(self.dialect, self.kind, row), REFERENCES);
        }
        if let Some(total) = &self.total {
            page.expr_as(total.clone(), TOTAL);
        }
        self.put_in_order(&mut page, SUMMED);
        page.with_cte(WithClause::new().cte(ids).to_owned()).take()
    }

    /// PostgreSQL: whole rows, each read once.
    fn summed_rows(&self) -> SelectStatement {
        let columns = [Id, DirectoryId, Version, CreatedAt, UpdatedAt, Resource].map(|column| (ROW, column));
        let of_the_id = Query::select()
            .columns(columns)
            .expr_as(self.size(), SIZE)
            .from(self.kind.rows())
            .and_where(row(Id).eq(Expr::col((ONE, Id))))
            .offset(0)
            .take();
        let mut rows = Query::select();
        rows.from_as(IDS, ONE)
            .join_lateral(JoinType::InnerJoin, of_the_id, "x", truth(true))
            .column(("x", Asterisk));
        self.with_sums(rows, "x")
    }

    /// SQLite: what rows are found by, and their sizes. Windows there copy all that passes through them, so resources do not.
    fn summed_sizes(&self) -> SelectStatement {
        let sizes = Query::select()
            .column((ONE, Asterisk))
            .expr_as(self.size(), SIZE)
            .from_as(IDS, ONE)
            .cross_join(self.kind.rows())
            .and_where(Expr::col((ROW, ROWID)).eq(Expr::col((ONE, KEY))))
            .take();
        let columns = [CreatedAt, Id].map(|column| (ONE, column));
        let mut rows = Query::select();
        rows.from_subquery(sizes, ONE)
            .columns(columns)
            .columns([(ONE, KEY), (ONE, SIZE)]);
        self.with_sums(rows, ONE)
    }

    /// With the bytes up to each row, and what rows are ordered by before creation.
    fn with_sums(&self, mut rows: SelectStatement, sized: &'static str) -> SelectStatement {
        let mut window = WindowStatement::new();
        self.put_in_order(&mut window, ONE);
        window.frame_start(FrameType::Rows, Frame::UnboundedPreceding);
        let sum = Func::sum(Expr::col((sized, SIZE)));
        rows.expr_window_as(sum, window, BYTES);
        if self.sorting.is_some() {
            rows.column((ONE, SORT));
        }
        rows
    }

    fn put_in_order<S: OrderedStatement>(&self, statement: &mut S, alias: &'static str) {
        if let Some(Sorting { order, nulls, .. }) = &self.sorting {
            statement.order_by_with_nulls((alias, SORT), order.clone(), *nulls);
        }
        statement.order_by((alias, CreatedAt), Order::Asc);
        statement.order_by((alias, Id), Order::Asc);
    }

    /// About how many bytes an answer has of the resource in the row.
    fn size(&self) -> Expr {
        let attributes = call("octet_length", [row(Resource)]).add(number(FRAME_BYTES));
        if !self.references {
            return attributes;
        }
        let references = Query::select()
            .expr(number(1))
            .from_as(group_members::Entity, MEMBERSHIP)
            .and_where(membership(own(self.kind)).eq(row(Id)))
            .take();
        // Counted no further than it matters.
        let limit = self.most_bytes.clone().div(number(REFERENCE_BYTES)).add(number(1));
        let counted = Query::select()
            .expr(count())
            .from_function(limited(self.dialect, references, limit, None), "counted")
            .take();
        attributes.add(number(REFERENCE_BYTES).mul(counted))
    }
}

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
        let ids = if is_after_a_row {
            whole.after(parameter(2), parameter(4), parameter(5))
        } else {
            whole.by_offset(&parameter(2), &parameter(4))
        };
        let statement = PageStatement {
            dialect,
            kind,
            references,
            total: total.then(|| whole.kept()),
            ids,
            sorting: None,
            most_bytes: parameter(3),
        };
        fixed(dialect, &statement.select())
    })
}
