//! What is asked for a page of a directory as it was.

use crate::Dialect;
use ::events::{EventType, ResourceKind};
use db::entity::{events, group_members, groups, users};
use db::expr::{call, text, truth};
use events::Column::{Body, CreatedAt, DirectoryId, EventType as Type, Sequence, SubjectId};
use sea_orm::sea_query::{
    BinOper, CommonTableExpression, DynIden, Expr, ExprTrait as _, Func, IntoIden, JoinType, Order, Query,
    SelectStatement, TableRef, UnionType, WithClause,
};
use uuid::Uuid;

/// An event, a membership, and a group.
const EVENT: &str = "e";
const MEMBERSHIP: &str = "m";
const GROUP: &str = "g";
/// What an event tells of a membership.
const LATER: &str = "later";
const GROUP_ID: &str = "group_id";
const MEMBER_ID: &str = "member_id";
const SEQUENCE: &str = "sequence";

/// The moment and the page of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct MomentPage<K> {
    pub(super) directory: Uuid,
    pub(super) sequence: i64,
    pub(super) after: K,
    pub(super) limit: u32,
}

/// The resources of a kind as they are now.
pub(super) fn resources(kind: ResourceKind, stretch: MomentPage<Uuid>) -> SelectStatement {
    use users::Column::{CreatedAt, DirectoryId, Id, Resource, UpdatedAt, Version};
    let mut resources = Query::select();
    match kind {
        ResourceKind::User => resources.from(users::Entity),
        ResourceKind::Group => resources.from(groups::Entity),
    };
    resources
        .columns([Id, Version, CreatedAt, UpdatedAt, Resource])
        .and_where(Expr::col(DirectoryId).eq(stretch.directory))
        .and_where(Expr::col(Id).gt(stretch.after))
        .order_by(DirectoryId, Order::Asc)
        .order_by(Id, Order::Asc)
        .limit(stretch.limit.into())
        .take()
}

/// The first event after the moment about each of them, up to an id.
pub(super) fn first_events(
    dialect: Dialect,
    kind: ResourceKind,
    stretch: MomentPage<Uuid>,
    end: Uuid,
) -> SelectStatement {
    let kinds: &[EventType] = match kind {
        ResourceKind::User => &[
            EventType::UserCreated,
            EventType::UserUpdated,
            EventType::UserDeactivated,
            EventType::UserReactivated,
            EventType::UserDeleted,
        ],
        ResourceKind::Group => &[
            EventType::GroupCreated,
            EventType::GroupUpdated,
            EventType::GroupDeleted,
        ],
    };
    let events = later_events(&stretch, kinds)
        .columns([SubjectId, Type, Body, CreatedAt].map(|column| (EVENT, column)))
        .and_where(event(SubjectId).gt(stretch.after))
        .and_where(event(SubjectId).lte(end))
        .limit(stretch.limit.into())
        .take();
    firsts(dialect, events, EVENT, [SubjectId.into_iden()])
}

/// Memberships as they are now, group by group: those of all directories stand side by side.
pub(super) fn memberships(dialect: Dialect, stretch: MomentPage<(Uuid, Uuid)>) -> SelectStatement {
    use group_members::Column::{GroupId, Kind, MemberId};
    let (group, member) = stretch.after;
    let id_in = |row: &'static str| Expr::col((row, groups::Column::Id));
    let place = [GroupId, MemberId].map(|column| Expr::col((MEMBERSHIP, column)));
    let is_after = Expr::tuple(place).gt(Expr::tuple([group.into(), member.into()]));
    let are_of = |row: &'static str| Expr::col((MEMBERSHIP, GroupId)).eq(id_in(row)).and(is_after.clone());
    let mut groups = Query::select()
        .from_as(groups::Entity, GROUP)
        .and_where(Expr::col((GROUP, groups::Column::DirectoryId)).eq(stretch.directory))
        .and_where(id_in(GROUP).gte(group))
        .take();
    let mut memberships = match dialect {
        // What has an OFFSET is planned by itself: an index in order, and from each group into another.
        Dialect::Postgres => {
            let order = [groups::Column::DirectoryId, groups::Column::Id].map(|column| ((GROUP, column), Order::Asc));
            let those = Query::select()
                .columns([GroupId, MemberId, Kind].map(|column| (MEMBERSHIP, column)))
                .from_as(group_members::Entity, MEMBERSHIP)
                .and_where(are_of("o"))
                .order_by((MEMBERSHIP, GroupId), Order::Asc)
                .order_by((MEMBERSHIP, MemberId), Order::Asc)
                .limit(stretch.limit.into())
                .take();
            let groups = groups
                .column((GROUP, groups::Column::Id))
                .order_by_columns(order)
                .offset(0);
            Query::select()
                .from_subquery(groups.take(), "o")
                .join_lateral(JoinType::InnerJoin, those, MEMBERSHIP, truth(true))
                .take()
        }
        // A CROSS JOIN goes from left to right there, and has no condition of its own.
        Dialect::Sqlite => groups
            .cross_join(TableRef::from(group_members::Entity.into_iden()).alias(MEMBERSHIP))
            .and_where(are_of(GROUP))
            .order_by((GROUP, groups::Column::Id), Order::Asc)
            .order_by((MEMBERSHIP, MemberId), Order::Asc)
            .take(),
    };
    memberships
        .columns([GroupId, MemberId, Kind].map(|column| (MEMBERSHIP, column)))
        .limit(stretch.limit.into())
        .take()
}

/// Of each membership what its first change after the moment tells: whether there was one (`was`), and whether of a group
/// (`is_group`).
pub(super) fn first_changes(dialect: Dialect, stretch: MomentPage<(Uuid, Uuid)>) -> SelectStatement {
    let body = || body(dialect);
    let is_removal = event(Type).eq(text(EventType::GroupMemberRemoved.as_str()));
    let member = Func::coalesce([
        text_at(dialect, body(), ("{data,user,id}", "$.data.user.id")),
        text_at(dialect, body(), ("{data,member,id}", "$.data.member.id")),
    ]);
    let user = json_at(dialect, body(), ("{data,user}", "$.data.user"));
    let mut changes = later_events(&stretch, &[EventType::GroupMemberAdded, EventType::GroupMemberRemoved])
        .expr_as(event(SubjectId), GROUP_ID)
        .expr_as(id_of(dialect, member.into()), MEMBER_ID)
        .expr_as(event(Sequence), SEQUENCE)
        .expr_as(is_removal, "was")
        .expr_as(user.is_null(), "is_group")
        .take();
    // A deleted user or group leaves its groups without an event of each.
    let left = match dialect {
        Dialect::Postgres => {
            let groups = body().binary(BinOper::Custom("#>"), text("{data,user,groups}"));
            Func::cust("jsonb_array_elements").arg(groups)
        }
        Dialect::Sqlite => Func::cust("json_each").args([body(), text("$.data.user.groups")]),
    };
    let group = text_at(dialect, Expr::col((GROUP, "value")), ("{id}", "$.id"));
    let departures = later_events(&stretch, &[EventType::UserDeleted])
        .from_function(left, GROUP)
        .expr(id_of(dialect, group))
        .expr(event(SubjectId))
        .expr(event(Sequence))
        .expr(truth(true))
        .expr(truth(false))
        .take();
    let later = CommonTableExpression::new()
        .query(changes.union(UnionType::All, departures).take())
        .table_name(LATER)
        .to_owned();
    let (group, member) = stretch.after;
    let place = Expr::tuple([Expr::col(GROUP_ID), Expr::col(MEMBER_ID)]);
    let changes = Query::select()
        .columns([GROUP_ID, MEMBER_ID, "was", "is_group"])
        .from(LATER)
        .and_where(place.gt(Expr::tuple([group.into(), member.into()])))
        .limit(stretch.limit.into())
        .take();
    firsts(dialect, changes, LATER, [GROUP_ID, MEMBER_ID].map(IntoIden::into_iden))
        .with_cte(WithClause::new().cte(later).to_owned())
        .take()
}

/// Events of these types after the moment.
fn later_events<K>(stretch: &MomentPage<K>, types: &[EventType]) -> SelectStatement {
    Query::select()
        .from_as(events::Entity, EVENT)
        .and_where(event(DirectoryId).eq(stretch.directory))
        .and_where(event(Sequence).gt(stretch.sequence))
        .and_where(event(Type).is_in(types.iter().map(|kind| text(kind.as_str()))))
        .take()
}

/// Of the rows with the same keys the one with the lowest sequence, in order of the keys.
fn firsts<const KEYS: usize>(
    dialect: Dialect,
    mut rows: SelectStatement,
    alias: &'static str,
    keys: [DynIden; KEYS],
) -> SelectStatement {
    let keys = keys.map(|key| (alias, key));
    let order = keys.clone().map(|key| (key, Order::Asc));
    rows.order_by_columns(order);
    match dialect {
        Dialect::Postgres => rows.distinct_on(keys).order_by((alias, SEQUENCE), Order::Asc),
        // Beside a single MIN, SQLite takes the other columns from the row that has it.
        Dialect::Sqlite => rows.expr(Expr::col((alias, SEQUENCE)).min()).group_by_columns(keys),
    }
    .take()
}

fn event(column: events::Column) -> Expr {
    Expr::col((EVENT, column))
}

/// What an event says, as JSON.
fn body(dialect: Dialect) -> Expr {
    match dialect {
        Dialect::Postgres => event(Body).cast_as("jsonb"),
        Dialect::Sqlite => event(Body),
    }
}

/// What stands at a place in JSON, which PostgreSQL and SQLite write differently.
fn json_at(dialect: Dialect, json: Expr, (postgres, sqlite): (&'static str, &'static str)) -> Expr {
    match dialect {
        Dialect::Postgres => json.binary(BinOper::Custom("#>"), text(postgres)),
        Dialect::Sqlite => json.binary(BinOper::Custom("->"), text(sqlite)),
    }
}

/// The same as text.
fn text_at(dialect: Dialect, json: Expr, (postgres, sqlite): (&'static str, &'static str)) -> Expr {
    match dialect {
        Dialect::Postgres => json.binary(BinOper::Custom("#>>"), text(postgres)),
        Dialect::Sqlite => json.binary(BinOper::Custom("->>"), text(sqlite)),
    }
}

/// A hyphenated id as a column has it.
fn id_of(dialect: Dialect, id: Expr) -> Expr {
    match dialect {
        Dialect::Postgres => id.cast_as("uuid"),
        Dialect::Sqlite => call("unhex", [call("replace", [id, text("-"), text("")])]),
    }
}
