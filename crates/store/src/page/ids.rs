//! Which resources a page may have: their ids, and what they are ordered by.

use super::{KEY, ROWID, SORT};
use crate::Dialect;
use crate::entity::{directory_counts, users};
use crate::expr::{limited, number};
use crate::filter::{Kind, ROW, row};
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
    /// At most `limit` after the first `offset`. Skips from the nearer end: how many there are is kept.
    pub(crate) fn by_offset(&self, limit: &Expr, offset: &Expr) -> SelectStatement {
        let (limit, offset) = (|| limit.clone(), || offset.clone());
        // Without a kept number the beginning is what is known.
        let is_near_end = number(2).mul(offset()).gt(self.kept());
        let is_near_end: Expr = Func::coalesce([is_near_end, Expr::Constant(false.into())]).into();
        let not_negative = |number_: Expr| Expr::from(Func::greatest([number_, number(0)]));
        let of_the_rest = not_negative(Func::least([limit(), self.kept().sub(offset())]).into());
        let from_start = Expr::case(is_near_end.clone(), number(0)).finally(limit());
        let from_end = Expr::case(is_near_end, of_the_rest).finally(number(0));
        let end_offset = not_negative(Func::coalesce([self.kept().sub(offset()).sub(limit()), number(0)]).into());
        let rows = |order: Order, limit: Expr, offset: Expr| {
            let those = self.in_order(&order);
            Query::select()
                .column(Asterisk)
                .from_function(limited(self.dialect, those, limit, Some(offset)), "end")
                .take()
        };
        rows(Order::Asc, from_start.into(), offset())
            .union(UnionType::All, rows(Order::Desc, from_end.into(), end_offset))
            .take()
    }

    /// At most `limit` after the place of the row created at a time with an id.
    pub(crate) fn after(&self, limit: Expr, created_at: Expr, id: Expr) -> SelectStatement {
        let those = self.in_order(&Order::Asc).and_where(is_after(created_at, id)).take();
        Query::select()
            .column(Asterisk)
            .from_function(limited(self.dialect, those, limit, None), "start")
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

    /// In the order of an index, from either end.
    fn in_order(&self, order: &Order) -> SelectStatement {
        let by = [DirectoryId, CreatedAt, Id].map(|column| ((ROW, column), order.clone()));
        ids(self.dialect, self.kind)
            .and_where(row(DirectoryId).eq(self.directory.clone()))
            .order_by_columns(by)
            .take()
    }
}

/// Those that match a condition, in the order asked for.
pub(crate) fn matching(dialect: Dialect, kind: Kind, condition: Expr, sorting: Option<&Sorting>) -> SelectStatement {
    let mut matching = ids(dialect, kind).and_where(condition).take();
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
    Expr::tuple([row(CreatedAt), row(Id)]).gt(Expr::tuple([created_at, id]))
}

fn ids(dialect: Dialect, kind: Kind) -> SelectStatement {
    let mut ids = Query::select();
    ids.from(kind.rows()).columns([(ROW, CreatedAt), (ROW, Id)]);
    if dialect == Dialect::Sqlite {
        ids.expr_as(Expr::col((ROW, ROWID)), KEY);
    }
    ids
}
