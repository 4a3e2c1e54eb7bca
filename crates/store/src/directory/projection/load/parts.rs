//! The questions that a batch may have: each gives rows of the same columns for the rows that it asks about.

use db::entity::column::Id;
use db::entity::{group_members, groups, user_emails, users};
use db::expr::{null, number};
use db::rows::{Columns, Parameters, Rows, ValueKind};
use directory::Needs;
use events::{DirectoryId, ResourceId};
use group_members::Column as Member;
use groups::Column as Group;
use sea_orm::sea_query::{Expr, ExprTrait as _, IntoIden, JoinType, Query, SelectStatement, TableRef};
use std::sync::LazyLock;
use user_emails::Column as Email;
use users::Column as User;

/// What the rows of a part are; the number stands in the row.
pub(super) const USER: i64 = 0;
pub(super) const GROUP: i64 = 1;
pub(super) const USER_BRIEF: i64 = 2;
pub(super) const GROUP_BRIEF: i64 = 3;
pub(super) const MEMBERSHIP: i64 = 4;

/// The rows that a part asks about, a membership, and a user or group.
pub(super) const ASKED: &str = "r";
const MEMBER: &str = "m";
const FOUND: &str = "x";
const KEY: &str = "key";

/// One of the questions.
pub(super) struct Question {
    /// What its rows are.
    kind: i64,
    /// From the rows [`ASKED`] to the row [`FOUND`], or [`MEMBER`] of a membership.
    join: fn(&mut SelectStatement),
    /// What it asks by.
    pub(super) columns: fn() -> &'static Columns,
    /// Puts what one directory needs into the rows.
    pub(super) pick: fn(DirectoryId, &Needs, &mut Rows),
}

impl Question {
    pub(super) fn select(&self, parameters: &mut Parameters) -> SelectStatement {
        let mut part = select(self.kind, parameters.table((self.columns)(), ASKED));
        (self.join)(&mut part);
        part
    }
}

/// By an id in a directory, a key in one, and a group and a member in one.
pub(super) static BY_ID: LazyLock<Columns> = LazyLock::new(|| Columns::of([User::DirectoryId, User::Id]));
static BY_KEY: LazyLock<Columns> = LazyLock::new(|| Columns::of([User::DirectoryId]).and(KEY, ValueKind::Text));
static BY_PAIR: LazyLock<Columns> =
    LazyLock::new(|| Columns::of([Member::DirectoryId, Member::GroupId, Member::MemberId]));

pub(super) const PARTS: [Question; 14] = [
    Question {
        kind: USER,
        join: |part| join_users(part, found(User::Id).eq(asked(User::Id))),
        columns: || &BY_ID,
        pick: |directory, needs, rows| ids(directory, &needs.users, rows),
    },
    Question {
        kind: USER,
        join: |part| join_users(part, found(User::UserNameKey).eq(key())),
        columns: || &BY_KEY,
        pick: |directory, needs, rows| keys(directory, &needs.user_names, rows),
    },
    Question {
        kind: USER,
        join: |part| {
            let email = |column| Expr::col(("e", column));
            let is_it = email(Email::DirectoryId).eq(asked(User::DirectoryId));
            let is_it = is_it.and(email(Email::ValueKey).eq(key()));
            part.join_as(JoinType::Join, user_emails::Entity, "e", is_it);
            join_users(part, found(User::Id).eq(email(Email::UserId)));
        },
        columns: || &BY_KEY,
        pick: |directory, needs, rows| keys(directory, &needs.emails, rows),
    },
    // A deleted user manages nobody any more.
    Question {
        kind: USER,
        join: |part| join_users(part, found(User::ManagerId).eq(key())),
        columns: || &BY_KEY,
        pick: |directory, needs, rows| {
            for id in &needs.deleted {
                rows.push([Id(directory).into(), id.to_string().into()]);
            }
        },
    },
    Question {
        kind: GROUP,
        join: |part| join_groups(part, found(Group::Id).eq(asked(User::Id))),
        columns: || &BY_ID,
        pick: |directory, needs, rows| ids(directory, &needs.groups, rows),
    },
    Question {
        kind: GROUP,
        join: |part| join_groups(part, found(Group::DisplayNameKey).eq(key())),
        columns: || &BY_KEY,
        pick: |directory, needs, rows| keys(directory, &needs.group_names, rows),
    },
    // A deleted user or group leaves its groups, and they change by that.
    Question {
        kind: GROUP,
        join: |part| {
            join_members(part, member(Member::MemberId).eq(asked(User::Id)));
            join_groups(part, found(Group::Id).eq(member(Member::GroupId)));
        },
        columns: || &BY_ID,
        pick: |directory, needs, rows| ids(directory, &needs.deleted, rows),
    },
    // What members are and are called: those named by id, and all members of the groups that are wanted whole.
    Question {
        kind: USER_BRIEF,
        join: |part| join_users(part, found(User::Id).eq(asked(User::Id))),
        columns: || &BY_ID,
        pick: |directory, needs, rows| ids(directory, &needs.briefs, rows),
    },
    Question {
        kind: USER_BRIEF,
        join: |part| {
            join_members(part, member(Member::GroupId).eq(asked(User::Id)));
            join_users(part, found(User::Id).eq(member(Member::MemberId)));
        },
        columns: || &BY_ID,
        pick: |directory, needs, rows| ids(directory, &needs.all_members, rows),
    },
    Question {
        kind: GROUP_BRIEF,
        join: |part| join_groups(part, found(Group::Id).eq(asked(User::Id))),
        columns: || &BY_ID,
        pick: |directory, needs, rows| ids(directory, &needs.briefs, rows),
    },
    Question {
        kind: GROUP_BRIEF,
        join: |part| {
            join_members(part, member(Member::GroupId).eq(asked(User::Id)));
            join_groups(part, found(Group::Id).eq(member(Member::MemberId)));
        },
        columns: || &BY_ID,
        pick: |directory, needs, rows| ids(directory, &needs.all_members, rows),
    },
    Question {
        kind: MEMBERSHIP,
        join: |part| {
            let is_it = [Member::GroupId, Member::MemberId].map(|column| member(column).eq(Expr::col((ASKED, column))));
            let [is_group, is_member] = is_it;
            join_members(part, is_group.and(is_member));
        },
        columns: || &BY_PAIR,
        pick: |directory, needs, rows| {
            for (group, member) in &needs.pairs {
                rows.push([Id(directory).into(), Id(*group).into(), Id(*member).into()]);
            }
        },
    },
    Question {
        kind: MEMBERSHIP,
        join: |part| join_members(part, member(Member::GroupId).eq(asked(User::Id))),
        columns: || &BY_ID,
        pick: |directory, needs, rows| ids(directory, &needs.all_members, rows),
    },
    Question {
        kind: MEMBERSHIP,
        join: |part| join_members(part, member(Member::MemberId).eq(asked(User::Id))),
        columns: || &BY_ID,
        pick: |directory, needs, rows| ids(directory, &needs.memberships, rows),
    },
];

fn asked(column: User) -> Expr {
    Expr::col((ASKED, column))
}

fn key() -> Expr {
    Expr::col((ASKED, KEY))
}

fn member(column: Member) -> Expr {
    Expr::col((MEMBER, column))
}

fn found(column: impl IntoIden) -> Expr {
    Expr::col((FOUND, column))
}

fn join_users(part: &mut SelectStatement, by: Expr) {
    let is_here = found(User::DirectoryId).eq(asked(User::DirectoryId));
    part.join_as(JoinType::Join, users::Entity, FOUND, by.and(is_here));
}

fn join_groups(part: &mut SelectStatement, by: Expr) {
    let is_here = found(Group::DirectoryId).eq(asked(User::DirectoryId));
    part.join_as(JoinType::Join, groups::Entity, FOUND, by.and(is_here));
}

fn join_members(part: &mut SelectStatement, by: Expr) {
    let is_here = member(Member::DirectoryId).eq(asked(User::DirectoryId));
    part.join_as(JoinType::Join, group_members::Entity, MEMBER, by.and(is_here));
}

/// The columns of every part, after its kind. Their types are those of the first part.
const COLUMNS: [&str; 10] = [
    "directory_id",
    "id",
    "other_id",
    "a",
    "b",
    "c",
    "d",
    "n",
    "created_at",
    "updated_at",
];

fn select(kind: i64, from: TableRef) -> SelectStatement {
    let columns = match kind {
        USER | GROUP => whole(),
        USER_BRIEF => brief_of_user(),
        GROUP_BRIEF => brief_of_group(),
        _ => membership(),
    };
    let mut part = Query::select();
    part.expr_as(number(kind).cast_as("bigint"), "kind").from(from);
    for (name, column) in COLUMNS.into_iter().zip(columns) {
        part.expr_as(column, name);
    }
    part
}

fn no_text() -> Expr {
    null("text")
}

fn zero() -> Expr {
    number(0).cast_as("bigint")
}

/// A user or group: they have the same columns for this.
fn whole() -> [Expr; 10] {
    [
        found(User::DirectoryId),
        found(User::Id),
        null("uuid"),
        found(User::Resource),
        no_text(),
        no_text(),
        no_text(),
        found(User::Version),
        found(User::CreatedAt),
        found(User::UpdatedAt),
    ]
}

fn brief_of_user() -> [Expr; 10] {
    let is_active = Expr::case(found(User::Active), number(1)).finally(number(0));
    [
        found(User::DirectoryId),
        found(User::Id),
        null("uuid"),
        found(User::UserName),
        found(User::DisplayName),
        found(User::Email),
        found(User::ExternalId).cast_as("text"),
        is_active.cast_as("bigint"),
        zero(),
        zero(),
    ]
}

fn brief_of_group() -> [Expr; 10] {
    [
        found(Group::DirectoryId),
        found(Group::Id),
        null("uuid"),
        found(Group::DisplayName),
        no_text(),
        no_text(),
        found(Group::ExternalId).cast_as("text"),
        zero(),
        zero(),
        zero(),
    ]
}

fn membership() -> [Expr; 10] {
    [
        member(Member::DirectoryId),
        member(Member::GroupId),
        member(Member::MemberId),
        name_of_group(),
        no_text(),
        no_text(),
        no_text(),
        member(Member::Kind).cast_as("bigint"),
        zero(),
        zero(),
    ]
}

/// The name of a membership's group, by a look of its own: joined, the group could come before the membership, and then all
/// members of the group are read for each.
fn name_of_group() -> Expr {
    Query::select()
        .column(("g", Group::DisplayName))
        .from_as(groups::Entity, "g")
        .and_where(Expr::col(("g", Group::Id)).eq(member(Member::GroupId)))
        .take()
        .into()
}

/// The users of the groups [`ASKED`] by their ids, whole.
pub(super) fn people(groups: TableRef) -> SelectStatement {
    let mut people = select(USER, groups);
    join_people(&mut people);
    let is_it = found(User::Id).eq(Expr::col((PERSON, Member::MemberId)));
    let is_here = found(User::DirectoryId).eq(Expr::col((PERSON, Member::DirectoryId)));
    people
        .join_as(JoinType::Join, users::Entity, FOUND, is_it.and(is_here))
        .take()
}

/// All memberships of the users of the groups [`ASKED`] by their ids.
pub(super) fn memberships_of_people(groups: TableRef) -> SelectStatement {
    let mut memberships = select(MEMBERSHIP, groups);
    join_people(&mut memberships);
    let of_them = [Member::MemberId, Member::DirectoryId].map(|column| member(column).eq(Expr::col((PERSON, column))));
    let [is_member, is_here] = of_them;
    memberships
        .join_as(JoinType::Join, group_members::Entity, MEMBER, is_member.and(is_here))
        .take()
}

/// The membership of a user in one of the groups.
const PERSON: &str = "p";

fn join_people(groups: &mut SelectStatement) {
    let person = |column| Expr::col((PERSON, column));
    let is_of_it = person(Member::GroupId).eq(asked(User::Id));
    let is_here = person(Member::DirectoryId).eq(asked(User::DirectoryId));
    let is_user = person(Member::Kind).eq(number(0));
    groups.join_as(
        JoinType::Join,
        group_members::Entity,
        PERSON,
        is_of_it.and(is_here).and(is_user),
    );
}

fn ids<'n>(directory: DirectoryId, ids: impl IntoIterator<Item = &'n ResourceId>, rows: &mut Rows) {
    for id in ids {
        rows.push([Id(directory).into(), Id(*id).into()]);
    }
}

fn keys<'n>(directory: DirectoryId, keys: impl IntoIterator<Item = &'n String>, rows: &mut Rows) {
    for key in keys {
        rows.push([Id(directory).into(), key.as_str().into()]);
    }
}
