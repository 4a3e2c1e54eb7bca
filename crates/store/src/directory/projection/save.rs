//! Saving: deletions and names set free first, where there are any; then everything else.

pub(super) mod rows;

use super::part::{CLAIMED, MOVED, Part, ROWS, at_once, one_by_one};
use super::tables::Tables;
use super::{Batch, DirectoryFacts, SaveOutcome, Tx, Way};
use crate::directory::counts;
use crate::event_log::append::{self, EventDraft};
use crate::event_log::inbox;
use crate::{Dialect, StoreError};
use db::entity::column::Id;
use db::entity::{group_members, groups, sequences, user_emails, users};
use db::expr::{call, concat, number};
use db::rows::{Columns, Rows, ValueKind};
use directory::Writes;
use events::{DirectoryId, Event, ResourceId, Timestamp, Verdict};
use sea_orm::sea_query::{
    DynIden, Expr, ExprTrait as _, IntoIden, Query, SelectStatement, SubQueryStatement, TableRef,
};
use std::collections::{BTreeMap, HashMap};
use std::sync::LazyLock;

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
    one_by_one(tx, dialect, clearing(&writes)).await?;
    let (events, sequences) = number_events(facts, events)?;
    let mut parts = deletions(&writes);
    parts.extend(rows::parts(Tables::Live, &writes, now)?);
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

static IDS: LazyLock<Columns> = LazyLock::new(|| Columns::default().and("id", ValueKind::Id));

/// Rows of one id each, for [`delete_by`].
pub(in crate::directory::projection) fn ids<'i>(ids: impl IntoIterator<Item = &'i ResourceId>) -> Rows {
    let mut rows = Rows::new(&IDS);
    for id in ids {
        rows.push([Id(*id).into()]);
    }
    rows
}

fn all_ids(writes: &[(DirectoryId, Writes)], pick: fn(&Writes) -> &[ResourceId]) -> Rows {
    ids(writes.iter().flat_map(|(_, writes)| pick(writes)))
}

/// The ids of [`ids`].
pub(in crate::directory::projection) fn these(rows: TableRef) -> SelectStatement {
    Query::select().column((ROWS, "id")).from(rows).take()
}

/// Deletes the rows of a table that have one of the ids in a column.
pub(in crate::directory::projection) fn delete_by(
    table: DynIden,
    column: impl IntoIden,
    rows: TableRef,
) -> SubQueryStatement {
    Query::delete()
        .from_table(table)
        .and_where(Expr::col(column.into_iden()).in_subquery(these(rows)))
        .take()
        .into()
}

/// Gives rows a name that nobody can ask for.
fn free(dialect: Dialect, table: DynIden, name: impl IntoIden, rows: TableRef) -> SubQueryStatement {
    let id = || Expr::col("id");
    let nobodys = match dialect {
        Dialect::Postgres => concat(call("chr", [number(1)]), id().cast_as("text")),
        Dialect::Sqlite => concat(call("char", [number(1)]), call("hex", [id()])),
    };
    Query::update()
        .table(table)
        .value(name, nobodys)
        .and_where(id().in_subquery(these(rows)))
        .take()
        .into()
}

/// What must be gone before others can take its name.
///
/// A name that one row gives up may be taken by another in the same batch, and the unique index looks at each row as it is
/// written: renamed rows first take a name of nobody.
fn clearing(writes: &[(DirectoryId, Writes)]) -> [Part; 4] {
    let all = |pick| all_ids(writes, pick);
    [
        Part::live("groups_gone", all(|w| &w.deleted_groups), |_, to, rows| {
            delete_by(to.groups(), groups::Column::Id, rows)
        }),
        Part::live("users_gone", all(|w| &w.deleted_users), |_, to, rows| {
            delete_by(to.users(), users::Column::Id, rows)
        }),
        Part::live("users_renamed", all(|w| &w.renamed_users), |dialect, to, rows| {
            free(dialect, to.users(), users::Column::UserNameKey, rows)
        }),
        Part::live("groups_renamed", all(|w| &w.renamed_groups), |dialect, to, rows| {
            free(dialect, to.groups(), groups::Column::DisplayNameKey, rows)
        }),
    ]
}

/// A membership's group and member.
const PAIR: [group_members::Column; 2] = [group_members::Column::GroupId, group_members::Column::MemberId];

/// Rows of a group and a member each, for [`delete_pairs`].
pub(in crate::directory::projection) fn pairs<'p>(
    pairs: impl IntoIterator<Item = &'p (ResourceId, ResourceId)>,
) -> Rows {
    static COLUMNS: LazyLock<Columns> = LazyLock::new(|| Columns::of(PAIR));
    let mut rows = Rows::new(&COLUMNS);
    for (group, member) in pairs {
        rows.push([Id(*group).into(), Id(*member).into()]);
    }
    rows
}

/// Deletes the memberships of [`pairs`].
pub(in crate::directory::projection) fn delete_pairs(_: Dialect, from: Tables, rows: TableRef) -> SubQueryStatement {
    let pairs = Query::select()
        .columns(PAIR.map(|column| (ROWS, column)))
        .from(rows)
        .take();
    Query::delete()
        .from_table(from.members())
        .and_where(Expr::tuple(PAIR.map(Expr::col)).in_subquery(pairs))
        .take()
        .into()
}

/// What goes without anybody taking its place.
fn deletions(writes: &[(DirectoryId, Writes)]) -> Vec<Part> {
    let all = |pick| all_ids(writes, pick);
    let removed = pairs(writes.iter().flat_map(|(_, writes)| &writes.members_removed));
    vec![
        Part::live("members_removed", removed, delete_pairs),
        Part::live("members_gone", all(|w| &w.deleted_groups), |_, from, rows| {
            delete_by(from.members(), group_members::Column::GroupId, rows)
        }),
        Part::live("emails_gone", all(|w| &w.deleted_users), |_, from, rows| {
            delete_by(from.emails(), user_emails::Column::UserId, rows)
        }),
    ]
}

/// The part that makes the kept numbers of the directories follow.
fn counted(writes: &[(DirectoryId, Writes)]) -> Part {
    let changes = writes.iter().map(|(directory, writes)| (*directory, writes.counts));
    Part::live("counted", counts::rows(changes), |_, _, rows| {
        counts::follow(rows).into()
    })
}

/// The part that writes the verdicts, and gives a row for each command that had none.
fn claim(verdicts: &[Verdict], now: Timestamp) -> Part {
    Part::live(CLAIMED, inbox::rows(verdicts, now), |_, _, rows| {
        inbox::claim(rows).into()
    })
}

type Numbered = Vec<(Timestamp, Event)>;
/// Of each directory the last sequence before and after.
type Sequences = BTreeMap<DirectoryId, (i64, i64)>;

/// Gives the events their sequences: the transaction holds the logs, so what it read of them still holds.
fn number_events(
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

/// Where a directory's counter was, and where it goes.
const BEFORE: &str = "before";
const AFTER: &str = "after";

/// The parts that write the log.
fn log(events: &Numbered, sequences: &Sequences) -> [Part; 2] {
    static COLUMNS: LazyLock<Columns> = LazyLock::new(|| {
        Columns::of([sequences::Column::DirectoryId])
            .and(BEFORE, ValueKind::BigInt)
            .and(AFTER, ValueKind::BigInt)
    });
    let mut counters = Rows::new(&COLUMNS);
    for (directory, (before, after)) in sequences {
        counters.push([Id(*directory).into(), (*before).into(), (*after).into()]);
    }
    [
        Part::live(MOVED, counters, |_, _, rows| move_counters(rows)),
        Part::live("logged", append::rows(events), |_, _, rows| append::insert(rows).into()),
    ]
}

/// Moves counters from where they are known to be, and gives a row for each.
fn move_counters(rows: TableRef) -> SubQueryStatement {
    use sequences::Column::{DirectoryId, Last};
    let counter = |column| Expr::col((sequences::Entity, column));
    Query::update()
        .table(sequences::Entity)
        .value(Last, Expr::col((ROWS, AFTER)))
        .from(rows)
        .and_where(counter(DirectoryId).eq(Expr::col((ROWS, DirectoryId))))
        .and_where(counter(Last).eq(Expr::col((ROWS, BEFORE))))
        .returning(Query::returning().column((sequences::Entity, DirectoryId)))
        .take()
        .into()
}
