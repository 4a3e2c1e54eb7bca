//! Loading: one statement, whatever the number of commands and directories, made of a part for each kind of need that
//! the batch has.

mod parts;
mod roles;

use super::{DirectoryFacts, Tx, Way};
use crate::Dialect;
use crate::StoreError;
use db::expr::{Assembled, fixed};
use db::rows::{Parameters, Rows};
use db::sql::ReadColumns;
use directory::{DirectoryRows, Group, MemberBrief, Needs, User};
use events::{DirectoryId, GroupRef, ResourceKind};
use parts::{GROUP, GROUP_BRIEF, PARTS, USER, USER_BRIEF};
use sea_orm::QueryResult;
use sea_orm::sea_query::{SelectStatement, UnionType};
use serde_json::{Map, Value};
use std::collections::HashMap;
use std::sync::Arc;

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
    let mut chosen = Vec::new();
    let mut values = Vec::new();
    for (place, part) in PARTS.iter().enumerate() {
        let mut rows = Rows::new((part.columns)());
        for (directory, needs) in wanted.iter().filter(|(id, _)| facts.contains_key(id)) {
            (part.pick)(*directory, needs, &mut rows);
        }
        let mut sets: Vec<Rows> = rows.portions(way.most()).collect();
        let last = sets.pop();
        // What is more than goes into one statement goes before it.
        for rows in sets {
            let found_by_part = tx.query(&text(dialect, &[place]), rows.into_values(dialect)).await?;
            sort(&mut found, found_by_part)?;
        }
        if let Some(rows) = last {
            values.extend(rows.into_values(dialect));
            chosen.push(place);
        }
    }
    roles::load(tx, dialect, wanted, &mut found).await?;
    if chosen.is_empty() {
        return Ok(found);
    }
    sort(&mut found, tx.query(&text(dialect, &chosen), values).await?)?;
    Ok(found)
}

/// The statement of these of the [`PARTS`].
fn text(dialect: Dialect, chosen: &[usize]) -> Arc<str> {
    static TEXTS: Assembled<(Dialect, Vec<usize>)> = Assembled::new();
    TEXTS.get((dialect, chosen.to_vec()), || {
        let mut parameters = Parameters::new(dialect);
        let parts = chosen.iter().map(|place| PARTS[*place].select(&mut parameters));
        fixed(dialect, &union(parts))
    })
}

/// The rows of all of these.
fn union(parts: impl IntoIterator<Item = SelectStatement>) -> SelectStatement {
    let union = |mut all: SelectStatement, part| all.union(UnionType::All, part).take();
    parts.into_iter().reduce(union).unwrap_or_default()
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

fn attributes(row: &QueryResult) -> Result<Map<String, Value>, StoreError> {
    serde_json::from_str(&row.get::<String>("a")?).map_err(StoreError::corrupt)
}
