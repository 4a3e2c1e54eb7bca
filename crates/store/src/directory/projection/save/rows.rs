//! The rows of users, groups and memberships, as they are written.

use crate::directory::projection::part::{Part, ROWS};
use crate::directory::projection::tables::Tables;
use crate::{Dialect, StoreError};
use db::entity::column::{Id, Millis};
use db::entity::group_members::MemberKind;
use db::entity::{group_members, groups, user_emails, users};
use db::expr::{insert_from, number, truth};
use db::rows::{Columns, Rows, ValueKind};
use directory::{Group, User, Writes};
use events::{DirectoryId, ResourceId, ResourceKind, Timestamp};
use scim::schema::ResourceType;
use sea_orm::sea_query::{
    DynIden, Expr, ExprTrait as _, InsertStatement, IntoIden, OnConflict, Query, SubQueryStatement, TableRef,
};
use sea_orm::{ActiveEnum as _, Iterable as _, Value};
use serde_json::Map;
use std::sync::LazyLock;

static USERS: LazyLock<Columns> = LazyLock::new(|| Columns::of(users::Column::iter()));
static GROUPS: LazyLock<Columns> = LazyLock::new(|| Columns::of(groups::Column::iter()));
static EMAILS: LazyLock<Columns> = LazyLock::new(|| Columns::of(user_emails::Column::iter()));
/// A row of a user, and one of each of its addresses.
static KEPT_EMAILS: LazyLock<Columns> = LazyLock::new(|| {
    Columns::of([user_emails::Column::UserId]).and_nullable(user_emails::Column::ValueKey, ValueKind::Text)
});
static MEMBERS: LazyLock<Columns> = LazyLock::new(|| Columns::of(group_members::Column::iter()));

/// What is upserted; no rows for what is not.
pub(in crate::directory::projection) fn parts(
    tables: Tables,
    writes: &[(DirectoryId, Writes)],
    now: Timestamp,
) -> Result<Vec<Part>, StoreError> {
    let (mut users, mut groups) = (Rows::new(&USERS), Rows::new(&GROUPS));
    let (mut emails, mut kept) = (Rows::new(&EMAILS), Rows::new(&KEPT_EMAILS));
    let mut members = no_members();
    for (directory, writes) in writes {
        for user in &writes.users {
            users.push(user_row(*directory, writes.user_type(), user)?);
            addresses(*directory, user, &mut emails, &mut kept);
        }
        for group in &writes.groups {
            groups.push(group_row(*directory, group)?);
        }
        for (group, member, kind) in &writes.members_added {
            members.push(member_row(*directory, (*group, *member), *kind, now));
        }
    }
    let part = |name, rows, write| Part {
        name,
        tables,
        rows,
        write,
    };
    Ok(vec![
        part("users_written", users, |_, tables, rows| {
            upsert(tables.users(), &USERS, rows)
        }),
        part("emails_left", kept, delete_emails),
        part("emails_written", emails, |_, tables, rows| {
            add(tables.emails(), &EMAILS, rows)
        }),
        part("groups_written", groups, |_, tables, rows| {
            upsert(tables.groups(), &GROUPS, rows)
        }),
        part("members_written", members, insert_members),
    ])
}

/// Deletes the addresses that are not kept. Those that stay are not touched, so deleting and inserting never meet.
fn delete_emails(dialect: Dialect, tables: Tables, rows: TableRef) -> SubQueryStatement {
    use user_emails::Column::{UserId, ValueKey};
    let kept = |column| Expr::col((ROWS, column));
    let stored = |column| Expr::col((tables.emails(), column));
    let mut those = Query::select();
    those.from(rows.clone());
    let is_kept = match dialect {
        Dialect::Postgres => Expr::exists(
            those
                .expr(number(1))
                .and_where(kept(UserId).eq(stored(UserId)))
                .and_where(kept(ValueKey).eq(stored(ValueKey)))
                .take(),
        ),
        // A set that is made once; EXISTS would go through all rows for each address.
        Dialect::Sqlite => Expr::tuple([stored(UserId), stored(ValueKey)]).in_subquery(
            those
                .columns([(ROWS, UserId), (ROWS, ValueKey)])
                .and_where(kept(ValueKey).is_not_null())
                .take(),
        ),
    };
    let of_those = Query::select().column((ROWS, UserId)).from(rows).take();
    Query::delete()
        .from_table(tables.emails())
        .and_where(stored(UserId).in_subquery(of_those))
        .and_where(is_kept.not())
        .take()
        .into()
}

/// Writes memberships, of [`member_row`]s.
pub(in crate::directory::projection) fn insert_members(
    _: Dialect,
    tables: Tables,
    rows: TableRef,
) -> SubQueryStatement {
    add(tables.members(), &MEMBERS, rows)
}

/// Room for [`member_row`]s.
pub(in crate::directory::projection) fn no_members() -> Rows {
    Rows::new(&MEMBERS)
}

pub(in crate::directory::projection) fn member_row(
    directory: DirectoryId,
    (group, member): (ResourceId, ResourceId),
    kind: ResourceKind,
    added_at: Timestamp,
) -> [Value; 5] {
    let kind = match kind {
        ResourceKind::User => MemberKind::User,
        ResourceKind::Group => MemberKind::Group,
    };
    [
        Id(directory).into(),
        Id(group).into(),
        Id(member).into(),
        kind.to_value().into(),
        Millis::from(added_at).into(),
    ]
}

/// The addresses that a user has now go to `emails`, and for a user that may have had others to `kept` as well, with a
/// row that names no address, so that users who have none any more are among them.
fn addresses(directory: DirectoryId, user: &User, emails: &mut Rows, kept: &mut Rows) {
    let stored_before = user.version > 1;
    if stored_before {
        kept.push([Id(user.id).into(), Value::String(None)]);
    }
    for email in user.emails() {
        let key = scim::fold(email);
        if stored_before {
            kept.push([Id(user.id).into(), key.clone().into()]);
        }
        emails.push([Id(directory).into(), key.into(), Id(user.id).into()]);
    }
}

/// Writes rows, and leaves those that are there.
fn add(table: DynIden, columns: &Columns, rows: TableRef) -> SubQueryStatement {
    insert(table, columns, rows)
        .on_conflict(OnConflict::new().do_nothing().to_owned())
        .take()
        .into()
}

/// Writes rows over those that have the same ids, which stay in their directory and keep their time of creation.
fn upsert(table: DynIden, columns: &Columns, rows: TableRef) -> SubQueryStatement {
    let kept = [users::Column::Id, users::Column::DirectoryId, users::Column::CreatedAt].map(IntoIden::into_iden);
    let changed = columns.names().filter(|name| !kept.contains(name));
    let over = OnConflict::column(users::Column::Id).update_columns(changed).to_owned();
    insert(table, columns, rows).on_conflict(over).take().into()
}

fn insert(table: DynIden, columns: &Columns, rows: TableRef) -> InsertStatement {
    let all = Query::select()
        .columns(columns.names().map(|name| (ROWS, name)))
        .from(rows)
        .and_where(truth(true))
        .take();
    insert_from(table, columns.names(), all)
}

fn user_row(directory: DirectoryId, kind: &ResourceType, user: &User) -> Result<[Value; 15], StoreError> {
    Ok([
        Id(user.id).into(),
        Id(directory).into(),
        user.user_name().into(),
        user.user_name_key().into(),
        user.external_id().into(),
        user.display_name().into(),
        user.display_name().map(scim::fold).into(),
        user.email().into(),
        user.is_active().into(),
        user.manager_id().into(),
        text(&user.attributes)?.into(),
        text(&scim::resource::search_document(kind, &user.attributes))?.into(),
        user.version.into(),
        Millis::from(user.created_at).into(),
        Millis::from(user.updated_at).into(),
    ])
}

fn group_row(directory: DirectoryId, group: &Group) -> Result<[Value; 10], StoreError> {
    let search = scim::resource::search_document(ResourceType::group(), &group.attributes);
    Ok([
        Id(group.id).into(),
        Id(directory).into(),
        group.display_name().into(),
        group.display_name_key().into(),
        group.external_id().into(),
        text(&group.attributes)?.into(),
        text(&search)?.into(),
        group.version.into(),
        Millis::from(group.created_at).into(),
        Millis::from(group.updated_at).into(),
    ])
}

fn text(attributes: &Map<String, serde_json::Value>) -> Result<String, StoreError> {
    serde_json::to_string(attributes)
        .map_err(|error| StoreError::Defect(format!("a resource cannot be written as JSON: {error}")))
}
