//! Saving: deletions and names set free first, where there are any; then everything else.
//!
//! On PostgreSQL everything else is one statement with a part for each table, all of which see the tables as they were
//! before it. So no two parts may touch the same row: what makes room for others (deletions, names set free) is a
//! statement of its own before. SQLite has no such statements, and a round trip there is a function call: it runs the
//! parts one after the other.

pub(super) mod rows;

use super::{Batch, DirectoryFacts, SaveOutcome, Tx, Way};
use crate::append::{self, EventDraft};
use crate::counts;
use crate::inbox;
use crate::rows::{Column, Params, RowSet};
use crate::sql::Row;
use crate::{Dialect, StoreError};
use directory::Writes;
use events::{DirectoryId, Event, ResourceId, Timestamp, Verdict};
use std::collections::{BTreeMap, HashMap};

pub(super) async fn save(
    tx: &mut Tx,
    (dialect, way): (Dialect, Way),
    facts: &mut HashMap<DirectoryId, DirectoryFacts>,
    batch: Batch<'_>,
    now: Timestamp,
) -> Result<SaveOutcome, StoreError> {
    let Batch {
        writes,
        events,
        verdicts,
    } = batch;
    one_by_one(tx, dialect, clearing(dialect, &writes)).await?;
    let (events, sequences) = number(facts, events)?;
    let mut parts = deletions(&writes);
    parts.extend(rows::parts(dialect, rows::LIVE, &writes, now)?);
    parts.extend(log(&events, &sequences));
    parts.push(counted(&writes));
    parts.push(claim(verdicts, now));
    let written = match (&tx, way) {
        (Tx::Postgres(_), Way::AtOnce) => at_once(tx, dialect, parts).await?,
        _ => one_by_one(tx, dialect, parts).await?,
    };
    if written.claimed != verdicts.len() {
        return Ok(SaveOutcome::Settled);
    }
    if written.moved != sequences.len() {
        return Err(StoreError::overtaken());
    }
    Ok(SaveOutcome::Written(
        events.into_iter().map(|(_, event)| event).collect(),
    ))
}

/// The parts whose number of rows is looked at.
const CLAIMED: &str = "claimed";
const MOVED: &str = "moved";

/// A statement over a row set.
pub(in crate::projection) struct Part {
    /// What it is called within the one statement.
    pub(in crate::projection) name: &'static str,
    pub(in crate::projection) set: RowSet,
    /// `{rows}` stands for the row set under the name `r`; it may stand there several times.
    pub(in crate::projection) sql: String,
}

impl Part {
    /// Whether its rows may be written some at a time: those that may be very many, and know nothing of each other.
    fn is_divisible(&self) -> bool {
        matches!(self.name, "members_removed" | "members_written" | "logged")
    }
}

/// How many rows came back from the two parts that tell.
#[derive(Default)]
pub(in crate::projection) struct Written {
    claimed: usize,
    moved: usize,
}

/// Runs each part that has rows as a statement.
pub(in crate::projection) async fn one_by_one(
    tx: &mut Tx,
    dialect: Dialect,
    parts: impl IntoIterator<Item = Part>,
) -> Result<Written, StoreError> {
    let mut written = Written::default();
    for part in parts.into_iter().filter(|part| !part.set.is_empty()) {
        let most = if part.is_divisible() {
            Way::InPortions.most()
        } else {
            usize::MAX
        };
        for some in part.set.portions(most) {
            let mut params = Params::new(dialect);
            let set = params.rows("r", some);
            let rows = tx.query(&part.sql.replace("{rows}", &set), params).await?.len();
            match part.name {
                CLAIMED => written.claimed += rows,
                MOVED => written.moved += rows,
                _ => {}
            }
        }
    }
    Ok(written)
}

/// Runs all parts that have rows as one statement (PostgreSQL).
async fn at_once(tx: &mut Tx, dialect: Dialect, parts: Vec<Part>) -> Result<Written, StoreError> {
    let mut params = Params::new(dialect);
    let mut ctes = Vec::with_capacity(parts.len());
    let mut counts = [(CLAIMED, "0"), (MOVED, "0")];
    for part in parts.into_iter().filter(|part| !part.set.is_empty()) {
        let set = params.rows("r", part.set);
        ctes.push(format!("{} AS ({})", part.name, part.sql.replace("{rows}", &set)));
        for (_, count) in counts.iter_mut().filter(|(name, _)| *name == part.name) {
            *count = part.name;
        }
    }
    if ctes.is_empty() {
        return Ok(Written::default());
    }
    let counts = counts.map(|(name, from)| match from {
        "0" => format!("0::bigint AS {name}"),
        _ => format!("(SELECT count(*) FROM {from}) AS {name}"),
    });
    let sql = format!("WITH {} SELECT {}", ctes.join(", "), counts.join(", "));
    let rows = tx.query(&sql, params).await?;
    let row = rows.first().ok_or_else(|| StoreError::corrupt("no count returned"))?;
    let count = |name| Ok::<_, StoreError>(usize::try_from(row.get::<i64>(name)?).unwrap_or_default());
    Ok(Written {
        claimed: count(CLAIMED)?,
        moved: count(MOVED)?,
    })
}

fn all_ids(writes: &[(DirectoryId, Writes)], pick: fn(&Writes) -> &[ResourceId]) -> RowSet {
    let mut set = RowSet::new(&[("id", Column::Id)]);
    for id in writes.iter().flat_map(|(_, writes)| pick(writes)) {
        set.push(vec![id.uuid().into()]);
    }
    set
}

fn by_ids(name: &'static str, set: RowSet, sql: &str) -> Part {
    Part {
        name,
        set,
        sql: format!("{sql} IN (SELECT r.id FROM {{rows}})"),
    }
}

/// What must be gone before others can take its name.
fn clearing(dialect: Dialect, writes: &[(DirectoryId, Writes)]) -> [Part; 4] {
    let all = |pick| all_ids(writes, pick);
    // A name that one row gives up may be taken by another in the same batch, and the unique index looks at each row as
    // it is written: renamed rows first take a name that nobody can ask for.
    let nobodys = match dialect {
        Dialect::Postgres => "chr(1) || id::text",
        Dialect::Sqlite => "char(1) || hex(id)",
    };
    let free = |table: &str, column: &str| format!("UPDATE {table} SET {column} = {nobodys} WHERE id");
    [
        by_ids("groups_gone", all(|w| &w.deleted_groups), "DELETE FROM groups WHERE id"),
        by_ids("users_gone", all(|w| &w.deleted_users), "DELETE FROM users WHERE id"),
        by_ids(
            "users_renamed",
            all(|w| &w.renamed_users),
            &free("users", "user_name_key"),
        ),
        by_ids(
            "groups_renamed",
            all(|w| &w.renamed_groups),
            &free("groups", "display_name_key"),
        ),
    ]
}

/// What goes without anybody taking its place.
fn deletions(writes: &[(DirectoryId, Writes)]) -> Vec<Part> {
    let mut pairs = RowSet::new(&[("group_id", Column::Id), ("member_id", Column::Id)]);
    for (group, member) in writes.iter().flat_map(|(_, writes)| &writes.members_removed) {
        pairs.push(vec![group.uuid().into(), member.uuid().into()]);
    }
    let all = |pick| all_ids(writes, pick);
    vec![
        Part {
            name: "members_removed",
            set: pairs,
            sql:
                "DELETE FROM group_members WHERE (group_id, member_id) IN (SELECT r.group_id, r.member_id FROM {rows})"
                    .to_owned(),
        },
        by_ids(
            "members_gone",
            all(|w| &w.deleted_groups),
            "DELETE FROM group_members WHERE group_id",
        ),
        by_ids(
            "emails_gone",
            all(|w| &w.deleted_users),
            "DELETE FROM user_emails WHERE user_id",
        ),
    ]
}

/// The part that makes the kept numbers of the directories follow.
fn counted(writes: &[(DirectoryId, Writes)]) -> Part {
    Part {
        name: "counted",
        set: counts::rows(writes.iter().map(|(directory, writes)| (*directory, writes.counts))),
        sql: counts::FOLLOW.to_owned(),
    }
}

/// The part that writes the verdicts, and gives a row for each command that had none.
fn claim(verdicts: &[Verdict], now: Timestamp) -> Part {
    Part {
        name: CLAIMED,
        set: inbox::rows(verdicts, now),
        sql: "INSERT INTO inbox (command_id, status, result, created_at) \
              SELECT r.command_id, r.status, r.result, r.created_at FROM {rows} WHERE true \
              ON CONFLICT (command_id) DO NOTHING RETURNING 1 AS one"
            .to_owned(),
    }
}

type Numbered = Vec<(Timestamp, Event)>;
/// Of each directory the last sequence before and after.
type Sequences = BTreeMap<DirectoryId, (i64, i64)>;

/// Gives the events their sequences: the transaction holds the logs, so what it read of them still holds.
fn number(
    facts: &mut HashMap<DirectoryId, DirectoryFacts>,
    drafts: Vec<EventDraft>,
) -> Result<(Numbered, Sequences), StoreError> {
    let mut sequences = Sequences::new();
    let mut events = Vec::with_capacity(drafts.len());
    for draft in drafts {
        let facts = facts
            .get_mut(&draft.directory_id)
            .ok_or_else(|| append::no_log(draft.directory_id))?;
        let (_, last) = sequences.entry(draft.directory_id).or_insert((facts.last, facts.last));
        *last += 1;
        events.push(append::numbered(draft, *last)?);
    }
    for (directory, (_, last)) in &sequences {
        if let Some(facts) = facts.get_mut(directory) {
            facts.last = *last;
        }
    }
    Ok((events, sequences))
}

/// The parts that write the log.
fn log(events: &Numbered, sequences: &Sequences) -> [Part; 2] {
    let mut counters = RowSet::new(&[
        ("directory_id", Column::Id),
        ("before", Column::Int),
        ("after", Column::Int),
    ]);
    for (directory, (before, after)) in sequences {
        counters.push(vec![directory.uuid().into(), (*before).into(), (*after).into()]);
    }
    [
        Part {
            name: MOVED,
            set: counters,
            sql: "UPDATE sequences SET last = r.after FROM {rows} \
                  WHERE sequences.directory_id = r.directory_id AND sequences.last = r.before RETURNING 1 AS one"
                .to_owned(),
        },
        Part {
            name: "logged",
            set: append::rows(events),
            sql: append::INSERT.to_owned(),
        },
    ]
}
