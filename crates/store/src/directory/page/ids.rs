//! Which resources a page may have, and what they are ordered by.

use super::{KEY, Of, ROWID, SORT};
use crate::Dialect;
use crate::directory::filter::{Kind, ROW, row};
use db::entity::{directory_counts, users};
use db::expr::{limited, number};
use sea_orm::sea_query::{
    Asterisk, Expr, ExprTrait as _, Func, NullOrdering, Order, Query, SelectStatement, UnionType,
};
use users::Column::{CreatedAt, DirectoryId, Id};

/// An order of a list before that of creation.
#[derive(Clone, Debug)]
pub(crate) struct Sorting {
    pub(crate) by: Expr,
    pub(crate) order: Order,
    pub(crate) nulls: NullOrdering,
}

/// All of a kind in the directory, in order of creation.
#[derive(Clone, Debug)]
pub(crate) struct Whole {
    pub(crate) dialect: Dialect,
    pub(crate) kind: Kind,
    pub(crate) directory: Expr,
}

impl Whole {
    /// At most `limit` after the first `offset`.
    pub(crate) fn by_offset(&self, limit: Expr, offset: &Expr) -> Of {
        match self.dialect {
            Dialect::Postgres => {
                let begins_at = Expr::from(self.ids_by_offset(&number(1), offset));
                let rows = self.in_order(&Order::Asc).and_where(place().gte(begins_at)).take();
                Of::First(rows, limit)
            }
            Dialect::Sqlite => Of::Ids(self.ids_by_offset(&limit, offset)),
        }
    }

    /// At most `limit` after the place of the row created at a time with an id.
    pub(crate) fn after(&self, limit: Expr, created_at: Expr, id: Expr) -> Of {
        let rows = self.in_order(&Order::Asc).and_where(is_after(created_at, id)).take();
        match self.dialect {
            Dialect::Postgres => Of::First(rows, limit),
            Dialect::Sqlite => Of::Ids(self.ids_of(rows, limit, None)),
        }
    }

    /// The ids of at most `limit` after the first `offset`. Skips from the nearer end: how many there are is kept.
    fn ids_by_offset(&self, limit: &Expr, offset: &Expr) -> SelectStatement {
        let (limit, offset) = (|| limit.clone(), || offset.clone());
        // Without a kept number the beginning is what is known.
        let is_near_end = number(2).mul(offset()).gt(self.kept());
        let is_near_end: Expr = Func::coalesce([is_near_end, Expr::Constant(false.into())]).into();
        let not_negative = |number_: Expr| Expr::from(Func::greatest([number_, number(0)]));
        let of_the_rest = not_negative(Func::least([limit(), self.kept().sub(offset())]).into());
        let from_start = Expr::case(is_near_end.clone(), number(0)).finally(limit());
        let from_end = Expr::case(is_near_end, of_the_rest).finally(number(0));
        let end_offset = not_negative(Func::coalesce([self.kept().sub(offset()).sub(limit()), number(0)]).into());
        let ids = |order: Order, limit: Expr, offset: Expr| self.ids_of(self.in_order(&order), limit, Some(offset));
        ids(Order::Asc, from_start.into(), offset())
            .union(UnionType::All, ids(Order::Desc, from_end.into(), end_offset))
            .take()
    }

    /// How many there are, where that is kept.
    pub(crate) fn kept(&self) -> Expr {
        let column = match self.kind {
            Kind::User => directory_counts::Column::Users,
            Kind::Group => directory_counts::Column::Groups,
        };
        Query::select()
            .column(column)
            .from(directory_counts::Entity)
            .and_where(Expr::col(directory_counts::Column::DirectoryId).eq(self.directory.clone()))
            .take()
            .into()
    }

    /// Rows in the order of an index, from either end, without columns.
    fn in_order(&self, order: &Order) -> SelectStatement {
        let by = [DirectoryId, CreatedAt, Id].map(|column| ((ROW, column), order.clone()));
        Query::select()
            .from(self.kind.rows())
            .and_where(row(DirectoryId).eq(self.directory.clone()))
            .order_by_columns(by)
            .take()
    }

    /// The ids of at most `limit` of these rows after the first `offset`.
    fn ids_of(&self, mut rows: SelectStatement, limit: Expr, offset: Option<Expr>) -> SelectStatement {
        add_ids(&mut rows, self.dialect);
        Query::select()
            .column(Asterisk)
            .from_function(limited(self.dialect, rows, limit, offset), "ids")
            .take()
    }
}

/// Those that match a condition, in the order asked for.
pub(crate) fn matching(dialect: Dialect, kind: Kind, condition: Expr, sorting: Option<&Sorting>) -> SelectStatement {
    let mut matching = Query::select();
    matching.from(kind.rows()).and_where(condition);
    add_ids(&mut matching, dialect);
    if let Some(Sorting { by, order, nulls }) = sorting {
        matching
            .expr_as(by.clone(), SORT)
            .order_by_with_nulls(SORT, order.clone(), *nulls);
    }
    matching
        .order_by((ROW, CreatedAt), Order::Asc)
        .order_by((ROW, Id), Order::Asc)
        .take()
}

/// Whether a row comes after this place in the order of creation.
pub(crate) fn is_after(created_at: Expr, id: Expr) -> Expr {
    place().gt(Expr::tuple([created_at, id]))
}

/// Where a row is in the order of creation.
fn place() -> Expr {
    Expr::tuple([row(CreatedAt), row(Id)])
}

fn add_ids(rows: &mut SelectStatement, dialect: Dialect) {
    rows.columns([CreatedAt, Id].map(|column| (ROW, column)));
    if dialect == Dialect::Sqlite {
        rows.expr_as(Expr::col((ROW, ROWID)), KEY);
    }
}
