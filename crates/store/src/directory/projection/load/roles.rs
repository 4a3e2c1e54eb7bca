//! The people of groups that give a role and may lose all their members at once: each of them changes by that.

use super::parts::{ASKED, BY_ID, USER, memberships_of_people, people};
use super::{Tx, take, union};
use crate::{Dialect, StoreError};
use db::entity::column::Id;
use db::entity::{group_members, groups};
use db::expr::{Texts, count_up_to, fixed, number};
use db::rows::{Parameters, Rows};
use db::sql::ReadColumns;
use directory::{DirectoryRows, MOST_ROLE_CHANGES, Needs};
use events::{DirectoryId, ResourceId};
use sea_orm::sea_query::{Expr, ExprTrait as _, Query, SelectStatement, TableRef};
use std::collections::{HashMap, HashSet};

/// Loads the users in such groups, with all groups of those users; nobody of a group that has too many.
pub(super) async fn load(
    tx: &mut Tx,
    dialect: Dialect,
    wanted: &[(DirectoryId, Needs)],
    found: &mut HashMap<DirectoryId, DirectoryRows>,
) -> Result<(), StoreError> {
    let all = groups(wanted, found, |_| true);
    if all.is_empty() {
        return Ok(());
    }
    static SIZES: Texts<2> = Texts::new();
    let is_sqlite = dialect == Dialect::Sqlite;
    let sql = SIZES.get([is_sqlite], || {
        fixed(dialect, &sizes(Parameters::new(dialect).table(&BY_ID, ASKED)))
    });
    let mut told: HashSet<ResourceId> = HashSet::new();
    for row in tx.query(sql, all.into_values(dialect)).await? {
        let group: ResourceId = row.id("id")?;
        if usize::try_from(row.get::<i64>("people")?).unwrap_or(usize::MAX) <= MOST_ROLE_CHANGES {
            told.insert(group);
        } else if let Some(directory) = found.get_mut(&row.id("directory_id")?) {
            directory.leave_untold(group);
        }
    }
    let told = groups(wanted, found, |group| told.contains(group));
    if told.is_empty() {
        return Ok(());
    }
    static PEOPLE: Texts<2> = Texts::new();
    let sql = PEOPLE.get([is_sqlite], || {
        let groups = Parameters::new(dialect).table(&BY_ID, ASKED);
        fixed(dialect, &union([people(groups.clone()), memberships_of_people(groups)]))
    });
    for row in tx.query(sql, told.into_values(dialect)).await? {
        if let Some(directory) = found.get_mut(&row.id("directory_id")?) {
            if row.get::<i64>("kind")? == USER {
                directory.know_groups_of(row.id("id")?);
            }
            take(directory, &row)?;
        }
    }
    Ok(())
}

/// How many users each of these groups has, counted no further than it matters.
fn sizes(these: TableRef) -> SelectStatement {
    use group_members::Column::{GroupId, Kind};
    let people = Query::select()
        .from(group_members::Entity)
        .and_where(Expr::col(GroupId).eq(Expr::col((ASKED, groups::Column::Id))))
        .and_where(Expr::col(Kind).eq(number(0)))
        .take();
    Query::select()
        .columns([groups::Column::DirectoryId, groups::Column::Id].map(|column| (ASKED, column)))
        .expr_as(count_up_to(MOST_ROLE_CHANGES as u64 + 1, people), "people")
        .from(these)
        .take()
}

fn groups(
    wanted: &[(DirectoryId, Needs)],
    found: &HashMap<DirectoryId, DirectoryRows>,
    which: impl Fn(&ResourceId) -> bool,
) -> Rows {
    let mut rows = Rows::new(&BY_ID);
    for (directory, needs) in wanted.iter().filter(|(id, _)| found.contains_key(id)) {
        for group in needs.role_members.iter().filter(|group| which(group)) {
            rows.push([Id(*directory).into(), Id(*group).into()]);
        }
    }
    rows
}
