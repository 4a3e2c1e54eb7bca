//! The mass-change brake in the projector's transaction: what is counted is never older than the lane's lock.

use super::BatchTx;
use crate::StoreError;
use crate::rows::{Column, Params, RowSet};
use crate::sql::Row;
use crate::tenancy::{DIRECTORIES, Directory, directory};
use directory::{BrakeFacts, BrakeSettings, BrakeWrites};
use events::{DirectoryId, Timestamp};
use sea_orm::QueryResult;
use std::collections::HashMap;
use std::time::Duration;

const MINUTE: i64 = 60_000;

impl BatchTx {
    /// What the brake of each of these directories has to know; with each the most users that the batch may take away.
    /// One statement; to be asked where that is any, and before the batch is saved.
    ///
    /// # Errors
    /// What the database says.
    pub async fn brakes(
        &mut self,
        directories: &[(DirectoryId, BrakeSettings, u64)],
        now: Timestamp,
    ) -> Result<HashMap<DirectoryId, BrakeFacts>, StoreError> {
        let mut set = RowSet::new(&[
            ("id", Column::Id),
            ("since", Column::Int),
            ("asked", Column::Int),
            ("minimum", Column::Int),
        ]);
        for (id, settings, asked) in directories {
            set.push(vec![
                id.uuid().into(),
                minute(now.minus(settings.window())).into(),
                i64::try_from(*asked).unwrap_or(i64::MAX).into(),
                i64::from(settings.minimum).into(),
            ]);
        }
        // So many may always go, however few there are: then nobody has to be counted, unless a refusal tells the count.
        let sql = "SELECT x.id, x.held_at, x.released_until, x.removed, \
             CASE WHEN x.held_at IS NOT NULL OR x.removed + x.asked > x.minimum \
             THEN COALESCE((SELECT c.active_users FROM directory_counts c WHERE c.directory_id = x.id), \
             (SELECT COUNT(*) FROM users u WHERE u.directory_id = x.id AND u.active)) ELSE 0 END AS active \
             FROM (SELECT d.id, d.held_at, d.released_until, r.asked, r.minimum, \
             CAST(COALESCE((SELECT SUM(m.removed) FROM directory_removals m \
             WHERE m.directory_id = d.id AND m.minute >= r.since), 0) AS bigint) AS removed \
             FROM {rows} JOIN directories d ON d.id = r.id) AS x";
        let mut found = HashMap::with_capacity(directories.len());
        for row in self.run(sql, set).await? {
            let count = |column: &str| row.get::<i64>(column).map(|count| u64::try_from(count).unwrap_or(0));
            let facts = BrakeFacts {
                held_at: row.opt_time("held_at")?,
                released_until: row.opt_time("released_until")?,
                removed: count("removed")?,
                active: count("active")?,
            };
            found.insert(row.id("id")?, facts);
        }
        Ok(found)
    }

    /// Stores what became of the brakes: those who went, and who is held from now on.
    ///
    /// # Errors
    /// What the database says.
    pub async fn save_brakes(
        &mut self,
        brakes: &[(DirectoryId, BrakeWrites)],
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut counted = RowSet::new(&[("id", Column::Id), ("minute", Column::Int), ("removed", Column::Int)]);
        let mut held = RowSet::new(&[("id", Column::Id), ("at", Column::Int)]);
        for (id, writes) in brakes {
            if writes.removed > 0 {
                let removed = i64::try_from(writes.removed).unwrap_or(i64::MAX);
                counted.push(vec![id.uuid().into(), minute(now).into(), removed.into()]);
            }
            if writes.held {
                held.push(vec![id.uuid().into(), now.millis().into()]);
            }
        }
        let sql = "INSERT INTO directory_removals (directory_id, minute, removed) \
             SELECT r.id, r.minute, r.removed FROM {rows} WHERE true ON CONFLICT (directory_id, minute) \
             DO UPDATE SET removed = directory_removals.removed + excluded.removed";
        self.run(sql, counted).await?;
        let sql = "UPDATE directories SET held_at = r.at, updated_at = r.at FROM {rows} WHERE directories.id = r.id";
        self.run(sql, held).await.map(drop)
    }

    /// These directories as their events show them.
    ///
    /// # Errors
    /// What the database says.
    pub async fn described(&mut self, ids: &[DirectoryId]) -> Result<Vec<Directory>, StoreError> {
        let mut set = RowSet::new(&[("id", Column::Id)]);
        for id in ids {
            set.push(vec![id.uuid().into()]);
        }
        let sql = format!("{DIRECTORIES} AND id IN (SELECT r.id FROM {{rows}})");
        self.run(&sql, set).await?.iter().map(directory).collect()
    }

    /// A statement over a row set, which `{rows}` stands for; none for no rows.
    async fn run(&mut self, sql: &str, set: RowSet) -> Result<Vec<QueryResult>, StoreError> {
        if set.is_empty() {
            return Ok(Vec::new());
        }
        let mut params = Params::new(self.dialect);
        let set = params.rows("r", set);
        self.tx.query(&sql.replace("{rows}", &set), params).await
    }
}

const fn minute(at: Timestamp) -> i64 {
    at.millis() / MINUTE
}

/// The first minute that no brake looks at any more.
pub(crate) fn oldest_minute(now: Timestamp) -> i64 {
    minute(now.minus(BrakeSettings::LONGEST_WINDOW + Duration::from_mins(1)))
}
