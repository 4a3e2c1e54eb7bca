//! The rows of users, groups and memberships, as they are written.

use super::Part;
use crate::rows::{Cell, Column, RowSet};
use crate::{Dialect, StoreError};
use directory::{Group, User, Writes};
use events::{DirectoryId, ResourceKind, Timestamp};
use scim::schema::ResourceType;
use serde_json::{Map, Value};

pub(in crate::projection) const USERS: &[(&str, Column)] = &[
    ("id", Column::Id),
    ("directory_id", Column::Id),
    ("user_name", Column::Text),
    ("user_name_key", Column::Text),
    ("external_id", Column::Text),
    ("display_name", Column::Text),
    ("display_name_key", Column::Text),
    ("email", Column::Text),
    ("active", Column::Bool),
    ("manager_id", Column::Text),
    ("resource", Column::Text),
    ("search", Column::Text),
    ("version", Column::Int),
    ("created_at", Column::Int),
    ("updated_at", Column::Int),
];

pub(in crate::projection) const GROUPS: &[(&str, Column)] = &[
    ("id", Column::Id),
    ("directory_id", Column::Id),
    ("display_name", Column::Text),
    ("display_name_key", Column::Text),
    ("external_id", Column::Text),
    ("resource", Column::Text),
    ("search", Column::Text),
    ("version", Column::Int),
    ("created_at", Column::Int),
    ("updated_at", Column::Int),
];

pub(in crate::projection) const EMAILS: &[(&str, Column)] = &[
    ("directory_id", Column::Id),
    ("value_key", Column::Text),
    ("user_id", Column::Id),
];

pub(in crate::projection) const MEMBERS: &[(&str, Column)] = &[
    ("directory_id", Column::Id),
    ("group_id", Column::Id),
    ("member_id", Column::Id),
    ("kind", Column::Int),
    ("added_at", Column::Int),
];

/// A set of tables that hold users and groups.
#[derive(Clone, Copy, Debug)]
pub(in crate::projection) struct Tables {
    pub(in crate::projection) users: &'static str,
    pub(in crate::projection) emails: &'static str,
    pub(in crate::projection) groups: &'static str,
    pub(in crate::projection) members: &'static str,
}

/// The tables that everybody reads.
pub(in crate::projection) const LIVE: Tables = Tables {
    users: "users",
    emails: "user_emails",
    groups: "groups",
    members: "group_members",
};

/// What is upserted; an empty row set for what is not.
pub(in crate::projection) fn parts(
    dialect: Dialect,
    tables: Tables,
    writes: &[(DirectoryId, Writes)],
    now: Timestamp,
) -> Result<Vec<Part>, StoreError> {
    let (mut users, mut groups, mut members) = (RowSet::new(USERS), RowSet::new(GROUPS), RowSet::new(MEMBERS));
    let (mut emails, mut kept) = (RowSet::new(EMAILS), RowSet::new(EMAILS));
    for (directory, writes) in writes {
        for user in &writes.users {
            users.push(user_row(*directory, writes.user_type(), user)?);
            addresses(*directory, user, &mut emails, &mut kept);
        }
        for group in &writes.groups {
            groups.push(group_row(*directory, group)?);
        }
        for (group, member, kind) in &writes.members_added {
            members.push(vec![
                directory.uuid().into(),
                group.uuid().into(),
                member.uuid().into(),
                i64::from(*kind == ResourceKind::Group).into(),
                now.millis().into(),
            ]);
        }
    }
    Ok(vec![
        upsert(dialect, "users_written", tables.users, users),
        emails_left(dialect, tables.emails, kept),
        Part {
            name: "emails_written",
            set: emails,
            sql: format!(
                "INSERT INTO {} (directory_id, value_key, user_id) \
                 SELECT r.directory_id, r.value_key, r.user_id FROM {{rows}} WHERE true ON CONFLICT DO NOTHING",
                tables.emails
            ),
        },
        upsert(dialect, "groups_written", tables.groups, groups),
        Part {
            name: "members_written",
            set: members,
            sql: insert_members(tables),
        },
    ])
}

/// Deletes the addresses that are not kept. Those that stay are not touched, so deleting and inserting never meet.
fn emails_left(dialect: Dialect, emails: &str, kept: RowSet) -> Part {
    let is_kept = match dialect {
        Dialect::Postgres => format!(
            "EXISTS (SELECT 1 FROM {{rows}} WHERE r.user_id = {emails}.user_id AND r.value_key = {emails}.value_key)"
        ),
        // A set that is made once; EXISTS would go through all rows for each address.
        Dialect::Sqlite => {
            "(user_id, value_key) IN (SELECT r.user_id, r.value_key FROM {rows} WHERE r.value_key IS NOT NULL)"
                .to_owned()
        }
    };
    Part {
        name: "emails_left",
        set: kept,
        sql: format!("DELETE FROM {emails} WHERE user_id IN (SELECT r.user_id FROM {{rows}}) AND NOT {is_kept}"),
    }
}

/// The statement that writes memberships.
pub(in crate::projection) fn insert_members(tables: Tables) -> String {
    format!(
        "INSERT INTO {} (directory_id, group_id, member_id, kind, added_at) \
         SELECT r.directory_id, r.group_id, r.member_id, r.kind, r.added_at FROM {{rows}} WHERE true \
         ON CONFLICT DO NOTHING",
        tables.members
    )
}

/// The addresses that a user has now go to `emails`, and for a user that may have had others to `kept` as well, with a
/// row that names no address, so that users who have none any more are among them.
fn addresses(directory: DirectoryId, user: &User, emails: &mut RowSet, kept: &mut RowSet) {
    let row = |key: Option<String>| -> Vec<Cell> { vec![directory.uuid().into(), key.into(), user.id.uuid().into()] };
    let stored_before = user.version > 1;
    if stored_before {
        kept.push(row(None));
    }
    for email in user.emails() {
        let key = scim::fold(email);
        if stored_before {
            kept.push(row(Some(key.clone())));
        }
        emails.push(row(Some(key)));
    }
}

fn upsert(dialect: Dialect, name: &'static str, table: &str, set: RowSet) -> Part {
    let names = set.names();
    let kept = ["id", "directory_id", "created_at"];
    let assignments: Vec<String> = names
        .iter()
        .filter(|name| !kept.contains(*name))
        .map(|name| format!("{name} = excluded.{name}"))
        .collect();
    let read: Vec<String> = names
        .iter()
        .map(|name| match (*name, dialect) {
            ("search", Dialect::Postgres) => "r.search::jsonb".to_owned(),
            (name, _) => format!("r.{name}"),
        })
        .collect();
    Part {
        name,
        sql: format!(
            "INSERT INTO {table} ({}) SELECT {} FROM {{rows}} WHERE true ON CONFLICT (id) DO UPDATE SET {}",
            names.join(", "),
            read.join(", "),
            assignments.join(", ")
        ),
        set,
    }
}

fn user_row(directory: DirectoryId, kind: &ResourceType, user: &User) -> Result<Vec<Cell>, StoreError> {
    Ok(vec![
        user.id.uuid().into(),
        directory.uuid().into(),
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
        user.created_at.millis().into(),
        user.updated_at.millis().into(),
    ])
}

fn group_row(directory: DirectoryId, group: &Group) -> Result<Vec<Cell>, StoreError> {
    Ok(vec![
        group.id.uuid().into(),
        directory.uuid().into(),
        group.display_name().into(),
        group.display_name_key().into(),
        group.external_id().into(),
        text(&group.attributes)?.into(),
        text(&scim::resource::search_document(
            ResourceType::group(),
            &group.attributes,
        ))?
        .into(),
        group.version.into(),
        group.created_at.millis().into(),
        group.updated_at.millis().into(),
    ])
}

fn text(attributes: &Map<String, Value>) -> Result<String, StoreError> {
    serde_json::to_string(attributes)
        .map_err(|error| StoreError::Invalid(format!("a resource cannot be written as JSON: {error}")))
}
