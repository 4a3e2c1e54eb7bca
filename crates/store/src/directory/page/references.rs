//! What a resource refers to: the groups of a user, the members of a group.

use crate::Dialect;
use crate::directory::filter::Kind;
use db::entity::{group_members, groups, users};
use db::expr::{call, checked, number};
use group_members::Column::{DirectoryId, GroupId, Kind as MemberKind, MemberId};
use sea_orm::sea_query::{Expr, ExprTrait as _, Func, Order, Query, SelectStatement};
use std::iter;

/// A membership.
pub(crate) const MEMBERSHIP: &str = "m";
/// The memberships of one resource, in order.
const ORDERED: &str = "o";
const DISPLAY: &str = "display";

pub(crate) fn membership(column: group_members::Column) -> Expr {
    Expr::col((MEMBERSHIP, column))
}

/// The column of a membership that has the resource itself.
pub(super) const fn own(kind: Kind) -> group_members::Column {
    match kind {
        Kind::User => MemberId,
        Kind::Group => GroupId,
    }
}

/// What the resource in the row `row` refers to as JSON text, NULL or empty for nothing: the groups of a user as pairs of id
/// and name; the members of a group as triples of id, kind and name. In order of their ids.
pub(super) fn references_of(dialect: Dialect, kind: Kind, row: &'static str) -> Expr {
    let is_own = membership(own(kind)).eq(Expr::col((row, users::Column::Id)));
    let is_here = membership(DirectoryId).eq(Expr::col((row, users::Column::DirectoryId)));
    let mut memberships = Query::select()
        .from_as(group_members::Entity, MEMBERSHIP)
        .and_where(is_own)
        .and_where(checked(is_here))
        .take();
    match (kind, dialect) {
        // The groups of a user are few and in no index in their order, so the aggregate sorts them; `sea_query` has no
        // aggregates with an order. Asked for rows in order, the planner could go through all memberships.
        (Kind::User, Dialect::Postgres) => {
            let pair = call("json_build_array", [membership(GroupId), name_of_group(GroupId)]);
            let pairs = Expr::cust_with_exprs("json_agg($1 ORDER BY $2)", [pair, membership(GroupId)]);
            memberships.expr(pairs.cast_as("text")).take().into()
        }
        (Kind::User, Dialect::Sqlite) => {
            let ordered = memberships
                .order_by_columns(ascending([MemberId, GroupId]))
                .column((MEMBERSHIP, GroupId))
                .expr_as(name_of_group(GroupId), DISPLAY)
                .take();
            let pair = [digits(GroupId), Expr::col((ORDERED, DISPLAY))];
            aggregated(ordered, call("json_group_array", [call("json_array", pair)]))
        }
        (Kind::Group, _) => {
            let ordered = memberships
                .order_by_columns(ascending([GroupId, MemberId]))
                .columns([(MEMBERSHIP, MemberId), (MEMBERSHIP, MemberKind)])
                .expr_as(member_name(), DISPLAY)
                .take();
            let kind_and_display = [Expr::col((ORDERED, MemberKind)), Expr::col((ORDERED, DISPLAY))];
            let triples = match dialect {
                Dialect::Postgres => {
                    let triple = iter::once(Expr::col((ORDERED, MemberId))).chain(kind_and_display);
                    call("json_agg", [call("json_build_array", triple)]).cast_as("text")
                }
                Dialect::Sqlite => {
                    let triple = iter::once(digits(MemberId)).chain(kind_and_display);
                    call("json_group_array", [call("json_array", triple)])
                }
            };
            aggregated(ordered, triples)
        }
    }
}

fn ascending(columns: [group_members::Column; 2]) -> [((&'static str, group_members::Column), Order); 2] {
    columns.map(|column| ((MEMBERSHIP, column), Order::Asc))
}

fn aggregated(ordered: SelectStatement, value: Expr) -> Expr {
    Query::select()
        .expr(value)
        .from_subquery(ordered, ORDERED)
        .take()
        .into()
}

/// SQLite: an id as its hexadecimal digits.
fn digits(column: group_members::Column) -> Expr {
    Func::lower(call("hex", [Expr::col((ORDERED, column))])).into()
}

/// What the member of a membership is shown with: its own `displayName`, if it has one.
pub(crate) fn member_name() -> Expr {
    let of_user = Query::select()
        .column(("u", users::Column::DisplayName))
        .from_as(users::Entity, "u")
        .and_where(Expr::col(("u", users::Column::Id)).eq(membership(MemberId)))
        .and_where(is_of_the_same_directory("u"))
        .take();
    Expr::case(membership(MemberKind).eq(number(0)), of_user)
        .finally(name_of_group(MemberId))
        .into()
}

/// The name of a group of a membership; NULL when it is not of the same directory.
fn name_of_group(id: group_members::Column) -> Expr {
    Query::select()
        .column(("g", groups::Column::DisplayName))
        .from_as(groups::Entity, "g")
        .and_where(Expr::col(("g", groups::Column::Id)).eq(membership(id)))
        .and_where(is_of_the_same_directory("g"))
        .take()
        .into()
}

fn is_of_the_same_directory(row: &'static str) -> Expr {
    checked(Expr::col((row, users::Column::DirectoryId)).eq(membership(DirectoryId)))
}
