//! The fresh copy takes the place of what is stored, where they differ.

use super::{CopyName, LIVE, LogCopies, columns, pairs, run};
use crate::StoreError;
use crate::projection::save::rows::Tables;
use events::Timestamp;

/// What a rebuild changed, in rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RebuildReport {
    /// The last event that is contained.
    pub sequence: i64,
    /// Users that were wrong or too many.
    pub users_removed: usize,
    /// Users that were wrong or missing.
    pub users_written: usize,
    /// Groups that were wrong or too many.
    pub groups_removed: usize,
    /// Groups that were wrong or missing.
    pub groups_written: usize,
    /// Memberships that were wrong or too many.
    pub members_removed: usize,
    /// Memberships that were wrong or missing.
    pub members_written: usize,
}

impl RebuildReport {
    /// Whether everything was as the log tells it.
    #[must_use]
    pub const fn is_nothing(&self) -> bool {
        self.users_removed == 0
            && self.users_written == 0
            && self.groups_removed == 0
            && self.groups_written == 0
            && self.members_removed == 0
            && self.members_written == 0
    }
}

impl LogCopies<'_> {
    /// Replaces what is stored of the directory by the fresh copy, where they differ, and drops the copy, all in one
    /// transaction that holds the lane's log. `None` when the log has gone on: the copy must be extended first. With
    /// `dry_run` nothing is changed.
    ///
    /// # Errors
    /// What the database says.
    pub async fn swap(&self, lane: u16, dry_run: bool, now: Timestamp) -> Result<Option<RebuildReport>, StoreError> {
        let mut projection = self.open(&[lane]).await?;
        let last = projection.directories.get(&self.directory).map(|facts| facts.last);
        let sequence = self.sequence(CopyName::Fresh).await?;
        if last != Some(sequence) {
            projection.rollback().await?;
            return Ok(None);
        }
        let (dialect, directory) = (projection.dialect, self.directory);
        let fresh = CopyName::Fresh.tables();
        let tx = &mut projection.tx;
        run(tx, dialect, directory, &keep_versions(fresh, now)).await?;
        let mut removed = [0; 4];
        for (n, (from, to)) in pairs(fresh, LIVE).into_iter().enumerate() {
            removed[n] = run(tx, dialect, directory, &remove(from, to)).await?;
        }
        let mut written = [0; 4];
        for (n, (from, to)) in pairs(fresh, LIVE).into_iter().enumerate() {
            written[n] = run(tx, dialect, directory, &write(from, to)).await?;
        }
        run(tx, dialect, directory, COUNT).await?;
        for (from, _) in pairs(fresh, LIVE) {
            run(
                tx,
                dialect,
                directory,
                &format!("DELETE FROM {from} WHERE directory_id IN {{directory}}"),
            )
            .await?;
        }
        let forget = "DELETE FROM log_copies WHERE name = 'fresh' AND directory_id IN {directory}";
        run(tx, dialect, directory, forget).await?;
        if dry_run {
            projection.rollback().await?;
        } else {
            projection.commit().await?;
        }
        // E-mail rows only repeat what the users' rows say.
        Ok(Some(RebuildReport {
            sequence,
            users_removed: removed[0].max(removed[1]),
            users_written: written[0].max(written[1]),
            groups_removed: removed[2],
            groups_written: written[2],
            members_removed: removed[3],
            members_written: written[3],
        }))
    }
}

/// The kept numbers are made again as well.
const COUNT: &str = "UPDATE directory_counts SET \
     users = (SELECT COUNT(*) FROM users u WHERE u.directory_id = directory_counts.directory_id), \
     active_users = (SELECT COUNT(*) FROM users u WHERE u.directory_id = directory_counts.directory_id AND u.active), \
     groups = (SELECT COUNT(*) FROM groups g WHERE g.directory_id = directory_counts.directory_id) \
     WHERE directory_id IN {directory}";

/// A change of members raises a group's version without an image in the log, so the log cannot tell it exactly: a group
/// that is stored as the log tells it keeps its version, and one that is not gets a higher one than it ever had.
fn keep_versions(fresh: Tables, now: Timestamp) -> String {
    let (copy, live) = (fresh.groups, LIVE.groups);
    format!(
        "UPDATE {copy} SET \
         version = CASE WHEN x.resource = {copy}.resource THEN x.version \
                   WHEN x.version >= {copy}.version THEN x.version + 1 ELSE {copy}.version END, \
         updated_at = CASE WHEN x.resource = {copy}.resource THEN x.updated_at ELSE {} END \
         FROM {live} x WHERE x.id = {copy}.id AND {copy}.directory_id IN {{directory}} AND x.directory_id = {copy}.directory_id",
        now.millis()
    )
}

/// Rows that are not in the copy, or are there with other values.
fn remove(copy: &str, live: &str) -> String {
    let columns = columns(live, LIVE);
    let same: Vec<String> = columns
        .iter()
        // When a membership began is no part of what it is.
        .filter(|column| **column != "added_at")
        .map(|column| format!("f.{column} IS NOT DISTINCT FROM {live}.{column}"))
        .collect();
    format!(
        "DELETE FROM {live} WHERE directory_id IN {{directory}} AND NOT EXISTS (SELECT 1 FROM {copy} f WHERE {}) \
         RETURNING 1 AS one",
        same.join(" AND ")
    )
}

/// Rows of the copy that are not there.
fn write(copy: &str, live: &str) -> String {
    let columns = columns(live, LIVE);
    let key: &[&str] = match live {
        "user_emails" => &["directory_id", "value_key", "user_id"],
        "group_members" => &["group_id", "member_id"],
        _ => &["id"],
    };
    let same: Vec<String> = key.iter().map(|column| format!("x.{column} = f.{column}")).collect();
    let list = columns.join(", ");
    let read: Vec<String> = columns.iter().map(|column| format!("f.{column}")).collect();
    format!(
        "INSERT INTO {live} ({list}) SELECT {} FROM {copy} f WHERE f.directory_id IN {{directory}} \
         AND NOT EXISTS (SELECT 1 FROM {live} x WHERE {}) RETURNING 1 AS one",
        read.join(", "),
        same.join(" AND ")
    )
}
