//! The first look: who holds the lanes, and what the directories are.

use super::{DirectoryFacts, PROJECTOR, Projection};
use crate::StoreError;
use crate::rows::{Column, Params, RowSet};
use crate::sql::Row;
use directory::Policy;
use events::DirectoryId;
use std::collections::HashMap;

impl Projection {
    /// The lanes among `held` that somebody else has taken over since, and the facts about the directories. A statement
    /// of its own after the locks: what it sees is no older than they are.
    pub(super) async fn open(
        &mut self,
        held: &[(u16, i64)],
        directories: &[DirectoryId],
    ) -> Result<Vec<u16>, StoreError> {
        let mut ids = RowSet::new(&[("id", Column::Id)]);
        for directory in directories {
            ids.push(vec![directory.uuid().into()]);
        }
        let mut params = Params::new(self.dialect);
        let role = params.text(PROJECTOR);
        let set = params.rows("r", ids);
        let none = "CAST(NULL AS uuid)";
        let sql = format!(
            "SELECT CAST(l.id AS bigint) AS lane, l.epoch AS number, {none} AS id, {none} AS organization_id, \
             CAST(NULL AS text) AS settings FROM lanes l WHERE l.role = {role} \
             UNION ALL \
             SELECT CAST(-1 AS bigint), s.last, d.id, d.organization_id, d.settings FROM {set} \
             JOIN directories d ON d.id = r.id JOIN sequences s ON s.directory_id = d.id"
        );
        let mut epochs = HashMap::new();
        for row in self.tx.query(&sql, params).await? {
            let lane: i64 = row.get("lane")?;
            let number: i64 = row.get("number")?;
            if lane >= 0 {
                epochs.insert(lane, number);
                continue;
            }
            let settings: String = row.get("settings")?;
            let facts = DirectoryFacts {
                organization_id: row.id("organization_id")?,
                policy: Policy::from_settings(&settings).map_err(StoreError::corrupt)?,
                last: number,
            };
            self.directories.insert(row.id("id")?, facts);
        }
        let is_mine = |(lane, epoch): &&(u16, i64)| epochs.get(&i64::from(*lane)) == Some(epoch);
        Ok(held
            .iter()
            .filter(|lane| !is_mine(lane))
            .map(|(lane, _)| *lane)
            .collect())
    }
}
