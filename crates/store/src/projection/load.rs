//! Loading: one statement, whatever the number of commands and directories, made of a part for each kind of need that
//! the batch has.

mod roles;

use super::{DirectoryFacts, Tx, Way};
use crate::rows::{Cell, Column, Params, RowSet};
use crate::sql::Row;
use crate::{Dialect, StoreError};
use directory::{DirectoryRows, Group, MemberBrief, Needs, User};
use events::{DirectoryId, GroupRef, ResourceId, ResourceKind};
use sea_orm::QueryResult;
use serde_json::{Map, Value};
use std::collections::HashMap;

/// What the rows of a part are; the number stands in the row.
const USER: i64 = 0;
const GROUP: i64 = 1;
const USER_BRIEF: i64 = 2;
const GROUP_BRIEF: i64 = 3;
const MEMBERSHIP: i64 = 4;

/// One of the questions that a batch may have.
struct Part {
    /// What its rows are.
    kind: i64,
    /// From the row set `r` to the row `x`, or `m` of a membership.
    joins: &'static str,
    /// What the row set has beside the directory.
    columns: &'static [(&'static str, Column)],
    /// What one directory's needs put into the row set.
    pick: fn(&Needs) -> Vec<Vec<Cell>>,
}

const BY_ID: &[(&str, Column)] = &[("directory_id", Column::Id), ("id", Column::Id)];
const BY_KEY: &[(&str, Column)] = &[("directory_id", Column::Id), ("key", Column::Text)];
const BY_PAIR: &[(&str, Column)] = &[
    ("directory_id", Column::Id),
    ("id", Column::Id),
    ("member_id", Column::Id),
];

const PARTS: [Part; 14] = [
    Part {
        kind: USER,
        joins: "JOIN users x ON x.id = r.id AND x.directory_id = r.directory_id",
        columns: BY_ID,
        pick: |needs| ids(&needs.users),
    },
    Part {
        kind: USER,
        joins: "JOIN users x ON x.directory_id = r.directory_id AND x.user_name_key = r.key",
        columns: BY_KEY,
        pick: |needs| keys(&needs.user_names),
    },
    Part {
        kind: USER,
        joins: "JOIN user_emails e ON e.directory_id = r.directory_id AND e.value_key = r.key \
                JOIN users x ON x.id = e.user_id AND x.directory_id = r.directory_id",
        columns: BY_KEY,
        pick: |needs| keys(&needs.emails),
    },
    // A deleted user manages nobody any more.
    Part {
        kind: USER,
        joins: "JOIN users x ON x.directory_id = r.directory_id AND x.manager_id = r.key",
        columns: BY_KEY,
        pick: |needs| needs.deleted.iter().map(|id| vec![id.to_string().into()]).collect(),
    },
    Part {
        kind: GROUP,
        joins: "JOIN groups x ON x.id = r.id AND x.directory_id = r.directory_id",
        columns: BY_ID,
        pick: |needs| ids(&needs.groups),
    },
    Part {
        kind: GROUP,
        joins: "JOIN groups x ON x.directory_id = r.directory_id AND x.display_name_key = r.key",
        columns: BY_KEY,
        pick: |needs| keys(&needs.group_names),
    },
    // A deleted user or group leaves its groups, and they change by that.
    Part {
        kind: GROUP,
        joins: "JOIN group_members m ON m.member_id = r.id AND m.directory_id = r.directory_id \
                JOIN groups x ON x.id = m.group_id AND x.directory_id = r.directory_id",
        columns: BY_ID,
        pick: |needs| ids(&needs.deleted),
    },
    // What members are and are called: those named by id, and all members of the groups that are wanted whole.
    Part {
        kind: USER_BRIEF,
        joins: "JOIN users x ON x.id = r.id AND x.directory_id = r.directory_id",
        columns: BY_ID,
        pick: |needs| ids(&needs.briefs),
    },
    Part {
        kind: USER_BRIEF,
        joins: "JOIN group_members m ON m.group_id = r.id AND m.directory_id = r.directory_id \
                JOIN users x ON x.id = m.member_id AND x.directory_id = r.directory_id",
        columns: BY_ID,
        pick: |needs| ids(&needs.all_members),
    },
    Part {
        kind: GROUP_BRIEF,
        joins: "JOIN groups x ON x.id = r.id AND x.directory_id = r.directory_id",
        columns: BY_ID,
        pick: |needs| ids(&needs.briefs),
    },
    Part {
        kind: GROUP_BRIEF,
        joins: "JOIN group_members m ON m.group_id = r.id AND m.directory_id = r.directory_id \
                JOIN groups x ON x.id = m.member_id AND x.directory_id = r.directory_id",
        columns: BY_ID,
        pick: |needs| ids(&needs.all_members),
    },
    Part {
        kind: MEMBERSHIP,
        joins: "JOIN group_members m ON m.group_id = r.id AND m.member_id = r.member_id \
                AND m.directory_id = r.directory_id",
        columns: BY_PAIR,
        pick: |needs| {
            let pair = |(group, member): &(ResourceId, ResourceId)| vec![group.uuid().into(), member.uuid().into()];
            needs.pairs.iter().map(pair).collect()
        },
    },
    Part {
        kind: MEMBERSHIP,
        joins: "JOIN group_members m ON m.group_id = r.id AND m.directory_id = r.directory_id",
        columns: BY_ID,
        pick: |needs| ids(&needs.all_members),
    },
    Part {
        kind: MEMBERSHIP,
        joins: "JOIN group_members m ON m.member_id = r.id AND m.directory_id = r.directory_id",
        columns: BY_ID,
        pick: |needs| ids(&needs.memberships),
    },
];

/// The columns of every part. The names and types are those of the first part.
fn select(kind: i64) -> String {
    let columns = match kind {
        USER | GROUP => {
            "x.directory_id AS directory_id, x.id AS id, CAST(NULL AS uuid) AS other_id, x.resource AS a, \
             CAST(NULL AS text) AS b, CAST(NULL AS text) AS c, CAST(NULL AS text) AS d, \
             x.version AS n, x.created_at AS created_at, x.updated_at AS updated_at"
        }
        USER_BRIEF => {
            "x.directory_id AS directory_id, x.id AS id, CAST(NULL AS uuid) AS other_id, x.user_name AS a, \
             x.display_name AS b, x.email AS c, CAST(x.external_id AS text) AS d, \
             CAST(CASE WHEN x.active THEN 1 ELSE 0 END AS bigint) AS n, \
             CAST(0 AS bigint) AS created_at, CAST(0 AS bigint) AS updated_at"
        }
        GROUP_BRIEF => {
            "x.directory_id AS directory_id, x.id AS id, CAST(NULL AS uuid) AS other_id, x.display_name AS a, \
             CAST(NULL AS text) AS b, CAST(NULL AS text) AS c, CAST(x.external_id AS text) AS d, \
             CAST(0 AS bigint) AS n, CAST(0 AS bigint) AS created_at, CAST(0 AS bigint) AS updated_at"
        }
        // The name by a look of its own: joined, it could come before the membership, and then all members of the group are
        // read for each.
        _ => {
            "m.directory_id AS directory_id, m.group_id AS id, m.member_id AS other_id, \
             (SELECT g.display_name FROM groups g WHERE g.id = m.group_id) AS a, \
             CAST(NULL AS text) AS b, CAST(NULL AS text) AS c, CAST(NULL AS text) AS d, \
             CAST(m.kind AS bigint) AS n, CAST(0 AS bigint) AS created_at, CAST(0 AS bigint) AS updated_at"
        }
    };
    format!("SELECT CAST({kind} AS bigint) AS kind, {columns}")
}

pub(super) async fn load(
    tx: &mut Tx,
    (dialect, way): (Dialect, Way),
    facts: &HashMap<DirectoryId, DirectoryFacts>,
    wanted: &[(DirectoryId, Needs)],
) -> Result<HashMap<DirectoryId, DirectoryRows>, StoreError> {
    let mut found: HashMap<DirectoryId, DirectoryRows> = wanted
        .iter()
        .filter_map(|(id, needs)| {
            let facts = facts.get(id)?;
            Some((
                *id,
                DirectoryRows::new(*id, facts.organization_id, facts.policy.clone(), needs),
            ))
        })
        .collect();
    let mut params = Params::new(dialect);
    let mut parts = Vec::new();
    for part in &PARTS {
        let mut set = RowSet::new(part.columns);
        for (directory, needs) in wanted.iter().filter(|(id, _)| facts.contains_key(id)) {
            for mut row in (part.pick)(needs) {
                row.insert(0, directory.uuid().into());
                set.push(row);
            }
        }
        let mut sets: Vec<RowSet> = set.portions(way.most()).collect();
        let last = sets.pop();
        // What is more than goes into one statement goes before it.
        for set in sets {
            let mut params = Params::new(dialect);
            let set = params.rows("r", set);
            let sql = format!("{} FROM {set} {}", select(part.kind), part.joins);
            sort(&mut found, tx.query(&sql, params).await?)?;
        }
        if let Some(set) = last {
            let set = params.rows("r", set);
            parts.push(format!("{} FROM {set} {}", select(part.kind), part.joins));
        }
    }
    roles::load(tx, dialect, wanted, &mut found).await?;
    if parts.is_empty() {
        return Ok(found);
    }
    sort(&mut found, tx.query(&parts.join(" UNION ALL "), params).await?)?;
    Ok(found)
}

/// Puts rows into their directories.
fn sort(found: &mut HashMap<DirectoryId, DirectoryRows>, rows: Vec<QueryResult>) -> Result<(), StoreError> {
    for row in rows {
        if let Some(directory) = found.get_mut(&row.id("directory_id")?) {
            take(directory, &row)?;
        }
    }
    Ok(())
}

/// Puts a row where it belongs.
fn take(directory: &mut DirectoryRows, row: &QueryResult) -> Result<(), StoreError> {
    let id = row.id("id")?;
    match row.get::<i64>("kind")? {
        USER => directory.load_user(User {
            id,
            attributes: attributes(row)?,
            version: row.get("n")?,
            created_at: row.time("created_at")?,
            updated_at: row.time("updated_at")?,
        }),
        GROUP => directory.load_group(Group {
            id,
            attributes: attributes(row)?,
            version: row.get("n")?,
            created_at: row.time("created_at")?,
            updated_at: row.time("updated_at")?,
        }),
        USER_BRIEF => directory.load_brief(MemberBrief::User {
            id,
            user_name: row.get("a")?,
            display_name: row.get("b")?,
            email: row.get("c")?,
            external_id: row.get("d")?,
            active: row.get::<i64>("n")? == 1,
        }),
        GROUP_BRIEF => directory.load_brief(MemberBrief::Group {
            id,
            display_name: row.get("a")?,
            external_id: row.get("d")?,
        }),
        _ => {
            let kind = if row.get::<i64>("n")? == 1 {
                ResourceKind::Group
            } else {
                ResourceKind::User
            };
            let display_name = row.get("a")?;
            directory.load_membership(GroupRef { id, display_name }, row.id("other_id")?, kind);
        }
    }
    Ok(())
}

fn ids<'n>(ids: impl IntoIterator<Item = &'n ResourceId>) -> Vec<Vec<Cell>> {
    ids.into_iter().map(|id| vec![id.uuid().into()]).collect()
}

fn keys<'n>(keys: impl IntoIterator<Item = &'n String>) -> Vec<Vec<Cell>> {
    keys.into_iter().map(|key| vec![key.as_str().into()]).collect()
}

fn attributes(row: &QueryResult) -> Result<Map<String, Value>, StoreError> {
    serde_json::from_str(&row.get::<String>("a")?).map_err(StoreError::corrupt)
}
