//! The people of groups that give a role and may lose all their members at once: each of them changes by that.

use super::{BY_ID, MEMBERSHIP, Tx, USER, select, take};
use crate::rows::{Params, RowSet};
use crate::sql::Row;
use crate::{Dialect, StoreError};
use directory::{DirectoryRows, MOST_ROLE_CHANGES, Needs};
use events::{DirectoryId, ResourceId};
use std::collections::{HashMap, HashSet};

/// From a group of the row set `r` to its people.
const PEOPLE: &str = "JOIN group_members p ON p.group_id = r.id AND p.directory_id = r.directory_id AND p.kind = 0";

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
    let mut params = Params::new(dialect);
    let rows = params.rows("r", all);
    // Counts no further than it must.
    let sizes = format!(
        "SELECT r.directory_id AS directory_id, r.id AS id, (SELECT COUNT(*) FROM (SELECT 1 FROM group_members p \
         WHERE p.group_id = r.id AND p.kind = 0 LIMIT {}) counted) AS people FROM {rows}",
        MOST_ROLE_CHANGES + 1
    );
    let mut told: HashSet<ResourceId> = HashSet::new();
    for row in tx.query(&sizes, params).await? {
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
    let mut params = Params::new(dialect);
    let rows = params.rows("r", told);
    let sql = format!(
        "{} FROM {rows} {PEOPLE} JOIN users x ON x.id = p.member_id AND x.directory_id = p.directory_id UNION ALL \
         {} FROM {rows} {PEOPLE} JOIN group_members m ON m.member_id = p.member_id \
         AND m.directory_id = p.directory_id",
        select(USER),
        select(MEMBERSHIP)
    );
    for row in tx.query(&sql, params).await? {
        if let Some(directory) = found.get_mut(&row.id("directory_id")?) {
            if row.get::<i64>("kind")? == USER {
                directory.know_groups_of(row.id("id")?);
            }
            take(directory, &row)?;
        }
    }
    Ok(())
}

fn groups(
    wanted: &[(DirectoryId, Needs)],
    found: &HashMap<DirectoryId, DirectoryRows>,
    which: impl Fn(&ResourceId) -> bool,
) -> RowSet {
    let mut set = RowSet::new(BY_ID);
    for (directory, needs) in wanted.iter().filter(|(id, _)| found.contains_key(id)) {
        for group in needs.role_members.iter().filter(|group| which(group)) {
            set.push(vec![directory.uuid().into(), group.uuid().into()]);
        }
    }
    set
}
